package main

import (
	"github.com/spf13/cobra"

	benchmls "crossband/cmd/crossband/internal/bench/mls"
	"crossband/crypto/mls/suite"
)

type benchMLSFlags struct {
	members, suites []int
	rounds          int
	asJSON          bool
}

func newBenchMLSCommand(e env) *cobra.Command {
	var f benchMLSFlags
	c := &cobra.Command{
		Use:   "mls",
		Short: "Measure what a channel's group costs its members, by its size",
		Long: `Measure what a channel's group costs its members, by its size.

A group grows by devices that join one after the other, as in a channel, and is
measured at each size. Certificates, charter and their judgement are real; nothing
is sent or stored. Every time is the median of the rounds, in milliseconds:
  join     from group information and ratchet tree to a commit that joins; who joins
           has verified no certificate and no leaf before
  again    the same once more by the same device: what it verified is remembered
  welcome  from a welcome to the group, nothing verified before
  commit   renewing one's own keys: made, and merged
  process  following another's renewal; p95: 95 of 100 are faster
  add      following a commit that takes a member in
  remove   following a commit that takes it out again
  save     putting a member's whole state into octets; writing it is not measured
Sizes are octets:
  commit   of a renewal
  info     of the group information that goes with each commit and lets others join
  tree     of the ratchet tree, with every member's certificate, which who joins is
           handed beside it
  welcome  for one new member, the ratchet tree included
  state    of a member's saved state
Joining is shared by all processors that the program may use; everything else uses
one. The default takes some 70 s of processor time. Channels have 1,024
members at most; larger groups can be measured all the same.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o := benchmls.Options{Members: f.members, Rounds: f.rounds, Say: e.sooner()}
			for _, id := range f.suites {
				o.Suites = append(o.Suites, suite.ID(id))
			}
			if err := o.Check(); err != nil {
				return usageError{err}
			}
			rows, err := benchmls.Run(cmd.Context(), o)
			if err != nil {
				return err
			}
			return printRows(e, rows, f.asJSON)
		},
	}
	c.Flags().IntSliceVar(&f.members, "members", []int{2, 8, 32, 128, 512, 1000}, "sizes of the group")
	c.Flags().IntSliceVar(&f.suites, "suites", []int{2, 7}, "MLS cipher suites: 2 (P-256) and 7 (P-384)")
	c.Flags().IntVar(&f.rounds, "rounds", 3, "how often each thing is measured; renewals four times as often")
	c.Flags().BoolVar(&f.asJSON, "json", false, "print one JSON object a line")
	return c
}

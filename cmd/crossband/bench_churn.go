package main

import (
	"os"

	"github.com/spf13/cobra"

	"crossband/cmd/crossband/internal/bench/churn"
)

func newBenchChurnCommand(e env) *cobra.Command {
	o := churn.Options{}
	var faults []string
	var asJSON bool
	c := &cobra.Command{
		Use:   "churn",
		Short: "How long until all endpoints are back at a relay that was restarted",
		Long: `How long until all endpoints are back at a relay that was restarted.

A relay in a process of its own has so many endpoints, each with a certificate, a UDP
socket and a link of its own, and two whole ones: one talks, one listens. The relay
goes, and is started again at once. The endpoints are in this process, on the same
machine, and come back with the waits between tries that every endpoint has. All come
from one address. Before each fault all links get as old as --age says: those that did
not last 10 s are not taken for good ones by their endpoints, which then wait longer.

  kill  without a word, as by kill -9: endpoints notice when the relay answers them
        with a reset, or after 3 to 4 s of silence
  stop  it is asked to end, as for an update, and tells its endpoints

  down ms            from the fault until the relay listens again: the times that
                     follow are from then on
  back p50, p99, all until so many endpoints have a link, greeting included
  fault to all ms    from the fault until the last endpoint has one
  handshakes/s       links made, between the first and the last
  relay CPU ms each  of the relay's process until all are back, for each link
  relay RSS kB       memory of the relay's process with all back
  kB each            what it has more than before the first endpoint came, by endpoints
  first voice ms     until the listener plays the first frame; the talker presses from
                     the moment that the relay listens
  refused, lost      dials that the relay refused or turned away, and that timed out

It reads what the relay's process costs from Linux, and works on Linux only.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			exe, err := os.Executable()
			if err != nil {
				return err
			}
			for _, f := range faults {
				o.Faults = append(o.Faults, churn.Fault(f))
			}
			o.Relay = func(config string) []string { return []string{exe, "relay", "run", "--config", config} }
			o.Say = e.sooner()
			rows, err := churn.Run(cmd.Context(), o)
			if err != nil {
				return err
			}
			return printRows(e, rows, asJSON)
		},
	}
	c.Flags().IntVar(&o.Endpoints, "endpoints", 1000, "that have a link")
	c.Flags().StringSliceVar(&faults, "faults", []string{"kill", "stop"}, "how the relay goes, one after the other")
	c.Flags().DurationVar(&o.Age, "age", churn.UsualAge, "of all links when the relay goes")
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object for each row")
	return c
}

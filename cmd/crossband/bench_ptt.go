package main

import (
	"context"
	"os"
	"time"

	"github.com/spf13/cobra"

	"crossband/cmd/crossband/internal/bench/ptt"
)

func newBenchPTTCommand(e env) *cobra.Command {
	var o ptt.Options
	var asJSON bool
	c := &cobra.Command{
		Use:   "ptt",
		Short: "Measure push-to-talk across borders: access, mouth to ear, late entry, lost syllables",
		Long: `Measure push-to-talk across borders: access, mouth to ear, late entry, lost syllables.

Three agencies: the hub's, one behind a good border, which only delays, and one behind
a bad border, which delays unevenly and loses packets besides. Relays run in processes
of their own, devices are real sessions on real sockets with keys of suite 7, borders
are UDP proxies. All five paths are measured at once: within the hub's agency (home),
from it (out) and to it (back) over either border. What is said is recorded speech, and
every frame of 20 ms that is played is compared with what was said.

Columns, times as median / 95 % / longest, the number to reach in brackets:
  access        from the press until the talker is told that the floor is granted;
                speech is taken from the press on
  mouth to ear  from the first sound of a frame until the frame is given to the
                loudspeaker; all frames, those that waited for the floor too. The
                sound hardware's own delay is not in it
  late entry    from asking to join a channel on which somebody talks, by a device that
                was never in it, until the first frame is played: keys included
  failed        presses and entries that were refused, or heard nothing in 5 s
  concealed     times that something was played in place of a frame that was lost or late
  first lost    frames at the beginning of bursts, captured from the press on, that were
                not played; in brackets the bursts that lost 3 or more, a syllable
  last lost     likewise at the end`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runBenchPTT(cmd.Context(), e, o, asJSON) },
	}
	c.Flags().IntVar(&o.Bursts, "bursts", 40, "bursts on each path, and as many late entries")
	c.Flags().DurationVar(&o.Speech, "speech", 700*time.Millisecond, "in each burst")
	c.Flags().DurationVar(&o.Bad.Delay, "delay", 50*time.Millisecond, "of both borders, one way")
	c.Flags().DurationVar(&o.Bad.Jitter, "jitter", 20*time.Millisecond, "of the bad border: up to this much more, each packet by itself")
	c.Flags().Float64Var(&o.Bad.Loss, "loss", 0.03, "of the bad border: share of the packets, each way")
	c.Flags().Uint64Var(&o.Seed, "seed", 1, "of the bad border's jitter and loss")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON, one object a path")
	return c
}

func runBenchPTT(ctx context.Context, e env, o ptt.Options, asJSON bool) error {
	if err := o.Check(); err != nil {
		return usageError{err}
	}
	var err error
	if o.Relay, err = ownRelay(); err != nil {
		return err
	}
	o.Say = e.sooner()
	rows, err := ptt.Run(ctx, o)
	if err != nil {
		return err
	}
	return printRows(e, rows, asJSON)
}

// ownRelay makes command lines of relays that are this very program.
func ownRelay() (func(config string) []string, error) {
	exe, err := os.Executable()
	return func(config string) []string { return []string{exe, "relay", "run", "--config", config} }, err
}

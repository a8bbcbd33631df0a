package main

import (
	"github.com/spf13/cobra"

	"crossband/cmd/crossband/internal/bench"
)

func newBenchCommand(e env) *cobra.Command {
	c := group("bench", "Measure on this machine what relays, channels and stores cost",
		newBenchRelayCommand(e), newBenchMLSCommand(e), newBenchStoreCommand(e), newBenchChurnCommand(e), newBenchGrowthCommand(e),
	)
	c.Long = `Measure on this machine what relays, channels and stores cost.

Every benchmark prints a table, or with --json one object a line. What is compared
is measured in the same run, turn by turn, so that a busy machine is unfair to
nobody; absolute figures are worth as much as the machine was quiet. Traffic goes
to loopback only, and all processes end with the command.`
	return c
}

// printRows prints a benchmark's rows, for eyes or for scripts.
func printRows[R bench.Row](e env, rows []R, asJSON bool) error {
	if asJSON {
		for _, r := range rows {
			if err := e.jsonLine(r); err != nil {
				return err
			}
		}
		return nil
	}
	return bench.Print(e.out, rows)
}

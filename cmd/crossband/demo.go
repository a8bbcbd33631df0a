package main

import (
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"crossband/cmd/crossband/internal/demo"
)

func newDemoCommand(e env) *cobra.Command {
	var o demo.Options
	var headless bool
	c := &cobra.Command{
		Use:   "demo",
		Short: "Show the main job: a hail crosses the border",
		Long: `Show the main job with three agencies on this machine: three relays in processes
of their own, three authorities, units and desks enrolled by invitation; a hail
from a US unit to the Mexican desk, its acceptance, recorded speech both ways,
contention for the floor, text, and the Canadian desk brought in to observe; a call
that nobody answers and that climbs a ladder to the desk across the border; a change
that is announced; and the incident's record, signed by all three and verified. Then
the relays' memory, files and traffic are searched for what was said.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			exe, err := os.Executable()
			if err != nil {
				return err
			}
			o.Relay = func(config string) []string { return []string{exe, "relay", "run", "--config", config} }
			if o.Dir == "" {
				if o.Dir, err = os.MkdirTemp("", "crossband-demo-"); err != nil {
					return err
				}
			} else if o.Dir, err = filepath.Abs(o.Dir); err != nil {
				return err
			}
			o.Out = e.out
			return demo.Run(cmd.Context(), o)
		},
	}
	c.Flags().BoolVar(&headless, "headless", false, "never wait for anyone (this demo never does)")
	c.Flags().StringVar(&o.Report, "report", "", "file for a report in JSON")
	c.Flags().StringVar(&o.Dir, "dir", "", "folder to keep agencies, devices and audio in; a temporary one if empty")
	return c
}

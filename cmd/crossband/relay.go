package main

import (
	"log/slog"
	"net"

	"github.com/spf13/cobra"

	"crossband/cmd/internal/relayd"
	"crossband/cmd/internal/version"
)

func newRelayCommand(e env) *cobra.Command {
	return group("relay", "Run an agency's relay", newRelayRunCommand(e), newRelayHoldCommand(e), newRelayReleaseCommand(e))
}

func newRelayRunCommand(e env) *cobra.Command {
	var config string
	c := &cobra.Command{
		Use:   "run",
		Short: "Run the relay that a configuration file describes, until interrupted",
		Long:  "Run the relay that a configuration file describes, until interrupted.\nIt is the same relay as the program crossband-relay, which links nothing else.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log := slog.New(slog.NewTextHandler(e.err, nil))
			return relayd.Run(cmd.Context(), config, log, version.String(), func(a net.Addr) {
				e.printf("listening on %s\n", a)
			})
		},
	}
	c.Flags().StringVar(&config, "config", relayd.FileName, "configuration file")
	return c
}

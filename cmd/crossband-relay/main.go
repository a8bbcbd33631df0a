// Crossband-relay is an agency's relay and nothing else: it links no code that
// could open what it carries.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"crossband/cmd/internal/relayd"
	"crossband/cmd/internal/version"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := newCommand().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "crossband-relay:", err)
		os.Exit(1)
	}
}

func newCommand() *cobra.Command {
	var config string
	c := &cobra.Command{
		Use:           "crossband-relay",
		Short:         "Run an agency's relay",
		Version:       version.String(),
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
			return relayd.Run(cmd.Context(), config, log, version.String(), func(a net.Addr) {
				log.Info("listening", "address", a.String())
			})
		},
	}
	c.Flags().StringVar(&config, "config", relayd.FileName, "configuration file")
	return c
}

// Crossband-relay is an agency's relay and nothing else: it links no code that
// could open what it carries.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"crossband/cmd/internal/fips"
	"crossband/cmd/internal/nodump"
	"crossband/cmd/internal/processors"
	"crossband/cmd/internal/relayd"
	"crossband/cmd/internal/version"
)

func main() {
	if err := nodump.Cores(); err != nil && !errors.Is(err, nodump.ErrNotHere) {
		fmt.Fprintln(os.Stderr, "warning:", err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	processors.Govern(ctx)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// usageError marks errors of the command line.
type usageError struct{ error }

// run returns the exit code: 0 done, 1 failed, 2 wrong usage.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	c := newCommand()
	c.SetArgs(args)
	c.SetOut(out)
	c.SetErr(errs)
	err := c.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintln(errs, "error:", err)
	if errors.Is(err, fips.ErrOff) {
		fmt.Fprintln(errs, "hint: start it with GODEBUG=fips140=on in its environment, or use a build made with GOFIPS140=v1.0.0")
	}
	if errors.As(err, new(usageError)) {
		fmt.Fprintln(errs, "hint: crossband-relay --help shows what fits")
		return 2
	}
	return 1
}

func noArguments(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("unknown argument %q", args[0])}
	}
	return nil
}

func newCommand() *cobra.Command {
	var config string
	c := &cobra.Command{
		Use:           "crossband-relay",
		Short:         "Run an agency's relay",
		Version:       version.String() + "\n" + fips.Read().String(),
		Long:          "Run an agency's relay until interrupted: the same relay as crossband relay run,\nin a program that links no code which could open what it carries.\n\nExit codes: 0 done, 1 failed, 2 wrong usage.",
		Args:          noArguments,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
			return relayd.Run(cmd.Context(), config, log, version.String(), func(a net.Addr) {
				log.Info("listening", "address", a.String())
			})
		},
	}
	c.CompletionOptions.DisableDefaultCmd = true
	c.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	c.Flags().StringVar(&config, "config", relayd.FileName, "configuration file")
	return c
}

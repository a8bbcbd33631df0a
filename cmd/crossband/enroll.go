package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"crossband/cmd/crossband/internal/endpointdir"
	"crossband/crypto/identity"
)

func newEnrollCommand(e env) *cobra.Command {
	var home, text string
	var timeout time.Duration
	var small bool
	c := &cobra.Command{
		Use:   "enroll --token TOKEN",
		Short: "Make this device's key and get its certificate for an invitation",
		Long:  "Make this device's key, which never leaves it, and get its certificate for a\none-time invitation. --token - reads the invitation from standard input.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if text == "-" {
				b, err := io.ReadAll(io.LimitReader(e.in, identity.MaxToken+1))
				if err != nil {
					return err
				}
				text = string(b)
			}
			if strings.TrimSpace(text) == "" {
				return usageError{errors.New("--token is required")}
			}
			t, err := identity.ParseToken(text)
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
			defer cancel()
			e.note("asking %s for %s", strings.Join(t.Relays, ", "), t.Name)
			defer e.patience("waiting for the answer")()
			id, err := endpointdir.At(home).Enroll(ctx, t, small)
			if err != nil {
				return err
			}
			e.printf("%s\n", id.Name)
			return nil
		},
	}
	c.Flags().StringVar(&home, "home", endpointdir.Default(), "the device's folder, which is made")
	c.Flags().StringVar(&text, "token", "", "the invitation")
	c.Flags().DurationVar(&timeout, "timeout", 30*time.Second, "how long to wait")
	c.Flags().BoolVar(&small, "p256", false, "a P-256 key instead of P-384, for channels of MLS suite 2")
	return c
}

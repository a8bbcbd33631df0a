package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"crossband/client/phrase"
	"crossband/cmd/crossband/internal/agencydir"
	"crossband/cmd/internal/relayd"
	"crossband/proto"
)

func newRelayHoldCommand(e env) *cobra.Command {
	var config, reason string
	c := &cobra.Command{
		Use:   "hold [CHANNEL]",
		Short: "Put a legal hold on a channel, or list the holds",
		Long:  "Put a legal hold on a channel: nothing of it expires at this relay until the hold\nis released. A relay that runs sees it within a second. Without a channel it\nlists the holds. Partners' relays have holds of their own.",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			c, err := relayd.Load(config)
			if err != nil {
				return err
			}
			if len(args) == 0 {
				return listHolds(e, c)
			}
			id, err := proto.ParseChannelID(args[0])
			if err != nil {
				return usageError{err}
			}
			if strings.TrimSpace(reason) == "" {
				return usageError{errors.New("--reason is required: who ordered the hold, and why")}
			}
			h := relayd.Hold{Channel: id, Reason: fmt.Sprintf("%s %s: %s", time.Now().UTC().Format(time.RFC3339), agencydir.Administrator(), reason)}
			if err := c.SetHold(h); err != nil {
				return err
			}
			e.printf("%s is held\n", id)
			return nil
		},
	}
	c.Flags().StringVar(&config, "config", relayd.FileName, "configuration file")
	c.Flags().StringVar(&reason, "reason", "", "who ordered the hold, and why")
	return c
}

func listHolds(e env, c relayd.Config) error {
	list, err := relayd.ReadHolds(c.Holds)
	if err != nil {
		return err
	}
	for _, h := range list {
		e.printf("%s  %s\n", h.Channel, phrase.Inert(h.Reason))
	}
	if len(list) == 0 {
		e.note("no holds")
	}
	return nil
}

func newRelayReleaseCommand(e env) *cobra.Command {
	var config string
	c := &cobra.Command{
		Use:   "release CHANNEL",
		Short: "Release a channel from its legal hold",
		Long:  "Release a channel from its legal hold: what is older than its class allows\nexpires within a minute.",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			c, err := relayd.Load(config)
			if err != nil {
				return err
			}
			id, err := proto.ParseChannelID(args[0])
			if err != nil {
				return usageError{err}
			}
			if err := c.LiftHold(id); errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("%s is not held", id.Short())
			} else if err != nil {
				return err
			}
			e.printf("%s is held no more\n", id)
			return nil
		},
	}
	c.Flags().StringVar(&config, "config", relayd.FileName, "configuration file")
	return c
}

package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"crossband/client"
	"crossband/proto"
)

func newTextCommand(e env) *cobra.Command {
	var d device
	var f channelFlag
	var read time.Duration
	c := &cobra.Command{
		Use:   "text [WORDS...]",
		Short: "Send a text to a channel; without words, read what comes",
		Long:  "Send a text to a channel. It returns when the channel's hub has stored it.\nWithout words it reads what comes, until interrupted or for --for.",
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := d.open(cmd.Context(), e, nil)
			if err != nil {
				return err
			}
			defer s.close()
			ctx, cancel := context.WithTimeout(cmd.Context(), d.timeout)
			defer cancel()
			ch, err := f.join(ctx, s)
			if err != nil {
				return err
			}
			if len(args) == 0 {
				return readTexts(cmd.Context(), e, s, ch.ID(), read)
			}
			id, err := ch.Text(ctx, strings.Join(args, " "))
			if err != nil {
				return err
			}
			e.printf("%s\n", id)
			return nil
		},
	}
	d.addFlags(c)
	f.addFlags(c)
	c.Flags().DurationVar(&read, "for", 0, "how long to read; 0: until interrupted")
	return c
}

func readTexts(ctx context.Context, e env, s *station, id proto.ChannelID, long time.Duration) error {
	if long > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, long)
		defer cancel()
	}
	e.note("reading %s", s.title(id))
	for {
		ev, ok := s.next(ctx)
		if !ok {
			return s.out
		}
		if t, ok := ev.(client.TextReceived); ok && t.Channel == id {
			e.printf("%s\n", textLine(t))
			continue
		}
		s.mention(ev)
	}
}

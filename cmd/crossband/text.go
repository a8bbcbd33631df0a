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
		Long:  "Send a text to a channel. It returns when the channel's hub has stored it.\nWithout words it reads what comes, until interrupted or for --for.\n" + exitHelp,
		RunE: func(cmd *cobra.Command, args []string) error {
			s, closing, err := d.session(cmd.Context(), e, nil)
			if err != nil {
				return err
			}
			defer closing()
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

func readTexts(ctx context.Context, e env, s *client.Session, id proto.ChannelID, long time.Duration) error {
	if long > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, long)
		defer cancel()
	}
	e.note("reading")
	for {
		select {
		case <-ctx.Done():
			return nil
		case ev := <-s.Events():
			if t, ok := ev.(client.TextReceived); ok && t.Channel == id {
				e.printf("%s  %s: %s\n", t.At.UTC().Format(time.TimeOnly), shown(t.From), inert(t.Text))
			}
		}
	}
}

// shown is a name as people read it.
func shown(n proto.Name) string { return n.Short() + "@" + string(n.Agency) }

// inert takes the power out of what a peer wrote: no control character reaches
// the terminal.
func inert(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r < ' ' || r >= 0x7f && r < 0xa0, r >= 0x200b && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0xfeff:
			return '\uFFFD'
		}
		return r
	}, s)
}

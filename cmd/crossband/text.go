package main

import (
	"context"
	"fmt"
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
	var until string
	c := &cobra.Command{
		Use:   "text [WORDS...]",
		Short: "Send a text to a channel; without words, read what comes",
		Long: `Send a text to a channel. It returns when the own agency's relay has it on disk:
from then on it reaches the channel without this device. --until waits for more:
"log" for its place in the channel's log, "delivered" for another agency's relay,
"read" for somebody who was shown it. What cannot be sent waits in the outbox.
Without words it reads what comes, until interrupted or for --for.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			want, err := parseUntil(until)
			if err != nil {
				return err
			}
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
			return s.follow(ctx, ch, id, want)
		},
	}
	d.addFlags(c)
	f.addFlags(c)
	c.Flags().StringVar(&until, "until", "accepted", "how far the text must have come: accepted, log, delivered or read")
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
			s.shown(t)
			continue
		}
		s.mention(ev)
	}
}

// parseUntil reads how far a text must have come.
func parseUntil(s string) (client.MessageState, error) {
	switch s {
	case "accepted":
		return client.MessageKept, nil
	case "log":
		return client.MessageOrdered, nil
	case "delivered":
		return client.MessageDelivered, nil
	case "read":
		return client.MessageRead, nil
	}
	return 0, usageError{fmt.Errorf("--until %q: want accepted, log, delivered or read", s)}
}

// follow waits until a text has come far enough, and says how far it is.
func (st *station) follow(ctx context.Context, ch *client.Channel, id proto.MessageID, want client.MessageState) error {
	defer st.e.patience("waiting for the text to come further")()
	for d := ch.Delivery(id); d.State < want; d = ch.Delivery(id) {
		ev, ok := st.next(ctx)
		if !ok {
			return fmt.Errorf("the text is %s: %w", d.State, ctx.Err())
		}
		if m, is := ev.(client.MessageMoved); is && m.ID == id && m.State == client.MessageFailed {
			return m.Why
		}
		st.mention(ev)
	}
	d := ch.Delivery(id)
	switch {
	case d.State == client.MessageRead:
		st.e.note("read by %s", shownList(d.Read))
	case d.State == client.MessageDelivered:
		st.e.note("delivered to %s", joinAgencies(d.Delivered))
	default:
		st.e.note("%s", d.State)
	}
	return nil
}

func shownList(names []proto.Name) string {
	words := make([]string, len(names))
	for i, n := range names {
		words[i] = shown(n)
	}
	return strings.Join(words, ", ")
}

func joinAgencies(list []proto.Agency) string {
	words := make([]string, len(list))
	for i, a := range list {
		words[i] = string(a)
	}
	return strings.Join(words, ", ")
}

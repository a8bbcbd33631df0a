package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"crossband/client"
	"crossband/client/views"
	"crossband/proto"
)

func newChannelMembersCommand(e env) *cobra.Command {
	var d device
	var f channelFlag
	var asJSON bool
	var wait time.Duration
	c := &cobra.Command{
		Use:   "members",
		Short: "List who is in a channel, and whether they see the same members",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withChannel(cmd, e, d, f, func(ctx context.Context, ch *client.Channel) error {
				names, err := ch.Members()
				if err != nil {
					return err
				}
				listenForViews(ctx, ch, wait)
				return printMembers(e, ch, names, asJSON, wait > 0)
			})
		},
	}
	d.addFlags(c)
	f.addFlags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().DurationVar(&wait, "wait", 0, "listen so long at most for the others, and say who was heard; they speak within 15 s")
	return c
}

// listenForViews waits until the members' views agree or differ, or it has been
// long enough.
func listenForViews(ctx context.Context, ch *client.Channel, wait time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	for {
		if s := ch.Views().State; s == views.Agreed || s == views.Differ {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// memberInfo is a member as `channel members --wait --json` prints it.
type memberInfo struct {
	Name   string `json:"name"`
	Heard  string `json:"heard,omitempty"`
	Epoch  uint64 `json:"epoch,omitempty"`
	Agrees bool   `json:"agrees"`
	Differ bool   `json:"differs"`
	Until  string `json:"observer_until,omitempty"` // it only observes, up to then
}

// printMembers prints the names, and with listened who was heard when.
func printMembers(e env, ch *client.Channel, names []proto.Name, asJSON, listened bool) error {
	rules := ch.Charter()
	v, heard := ch.Views(), make(map[proto.Name]views.Heard)
	for _, h := range ch.LastHeard() {
		heard[h.Member] = h
	}
	list, infos := make([]string, len(names)), make([]memberInfo, len(names))
	for i, n := range names {
		h, other := heard[n]
		list[i], infos[i] = n.String(), memberInfo{Name: n.String(), Epoch: h.Epoch, Agrees: h.Agrees, Differ: h.Differ}
		if until, observes := rules.Observes(n.Agency); observes {
			infos[i].Until = stamp(until)
			if !asJSON {
				list[i] += "  observes until " + stamp(until)
			}
		}
		if !h.At.IsZero() {
			infos[i].Heard = h.At.UTC().Format(time.RFC3339)
		}
		if listened && other {
			list[i] += "  " + heardLine(h)
		}
	}
	switch {
	case asJSON && listened:
		return e.json(map[string]any{"views": v.State.String(), "members": infos})
	case asJSON:
		return e.json(list)
	}
	e.printf("%s\n", strings.Join(list, "\n"))
	if listened || v.State == views.Differ {
		e.note("%s", viewsLine(v))
	}
	return nil
}

func heardLine(h views.Heard) string {
	switch {
	case h.At.IsZero():
		return "not heard yet"
	case h.Differ:
		return fmt.Sprintf("DIFFERS, heard at %s in epoch %d", h.At.UTC().Format(time.TimeOnly), h.Epoch)
	case h.Agrees:
		return fmt.Sprintf("agrees, heard at %s in epoch %d", h.At.UTC().Format(time.TimeOnly), h.Epoch)
	}
	return fmt.Sprintf("heard at %s in epoch %d, not to be compared", h.At.UTC().Format(time.TimeOnly), h.Epoch)
}

// viewsLine says what is known of the members' views.
func viewsLine(v views.Views) string {
	switch v.State {
	case views.Agreed:
		return fmt.Sprintf("the members' views agree: %d of %d others heard", v.Agree, v.Others)
	case views.Differ:
		names := make([]string, len(v.Differ))
		for i, n := range v.Differ {
			names[i] = shown(n)
		}
		return "WARNING: the members' views differ; others may hear this channel than are listed: " + strings.Join(names, ", ")
	case views.Unconfirmed:
		if len(v.Silent) == 0 {
			return fmt.Sprintf("the members' views are not confirmed: none of %d others heard", v.Others)
		}
		agencies := make([]string, len(v.Silent))
		for i, a := range v.Silent {
			agencies[i] = string(a)
		}
		return fmt.Sprintf("the members' views are not confirmed: %d of %d others heard, of %s nobody", v.Agree, v.Others, strings.Join(agencies, ", "))
	}
	return "not a member"
}

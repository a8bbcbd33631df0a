package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"crossband/client"
	"crossband/client/phrase"
	"crossband/proto"
)

func newChannelCommand(e env) *cobra.Command {
	return group("channel", "List channels and their members, add and remove members",
		newChannelListCommand(e), newChannelMembersCommand(e), newChannelAddCommand(e), newChannelRemoveCommand(e))
}

// channelInfo is a channel as `channel list --json` prints it.
type channelInfo struct {
	ID      string   `json:"id"`
	Title   string   `json:"title"`
	Owner   string   `json:"owner"`
	Kind    string   `json:"kind"`
	Right   string   `json:"right"`
	Parties []string `json:"parties"`
	Expires string   `json:"expires"`
}

func describe(c proto.Charter, self proto.Name) channelInfo {
	i := channelInfo{ID: c.Channel.String(), Title: c.Title, Owner: string(c.Owner), Expires: c.Expires.UTC().Format(time.RFC3339)}
	i.Kind = map[proto.CharterKind]string{proto.KindCalling: "calling", proto.KindStanding: "standing", proto.KindIncident: "incident", proto.KindPatrol: "patrol"}[c.Kind]
	i.Right = map[proto.Right]string{proto.RightListen: "listen", proto.RightSend: "send"}[c.RightOf(self)]
	for _, p := range c.Parties {
		i.Parties = append(i.Parties, string(p.Agency))
	}
	return i
}

func newChannelListCommand(e env) *cobra.Command {
	var d device
	var asJSON bool
	c := &cobra.Command{
		Use:   "list",
		Short: "List the channels that this device may join",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := d.open(cmd.Context(), e, nil)
			if err != nil {
				return err
			}
			defer s.close()
			list := []channelInfo{}
			for _, ch := range s.Channels() {
				list = append(list, describe(ch.Charter(), s.Name()))
			}
			slices.SortFunc(list, func(a, b channelInfo) int { return strings.Compare(a.Kind+a.Title+a.ID, b.Kind+b.Title+b.ID) })
			if asJSON {
				return e.json(list)
			}
			for _, i := range list {
				e.printf("%s  %-8s %-6s %s (%s)\n", i.ID[:8], i.Kind, i.Right, phrase.Inert(i.Title), strings.Join(i.Parties, ", "))
			}
			return nil
		},
	}
	d.addFlags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// channelFlag names a channel by its title or the beginning of its identifier.
type channelFlag struct{ name string }

func (f *channelFlag) addFlags(c *cobra.Command) {
	c.Flags().StringVar(&f.name, "channel", "", "title or beginning of the identifier; may be left out when there is one only")
}

// join waits until the channel is known and joins it.
func (f channelFlag) join(ctx context.Context, s *station, kinds ...proto.CharterKind) (*client.Channel, error) {
	defer s.e.patience("joining %s", f.shown())()
	id, err := f.find(ctx, s, kinds)
	if err != nil {
		return nil, err
	}
	return s.Join(ctx, id)
}

// find waits for a channel that fits: its charter may be on its way.
func (f channelFlag) find(ctx context.Context, s *station, kinds []proto.CharterKind) (proto.ChannelID, error) {
	for {
		var found []*client.Channel
		for _, ch := range s.Channels() {
			c := ch.Charter()
			if len(kinds) > 0 && !slices.Contains(kinds, c.Kind) {
				continue
			}
			if f.name == "" || c.Title == f.name || strings.HasPrefix(ch.ID().String(), f.name) {
				found = append(found, ch)
			}
		}
		switch {
		case len(found) == 1:
			return found[0].ID(), nil
		case len(found) > 1:
			return proto.ChannelID{}, usageError{fmt.Errorf("%d channels fit; name one with --channel: %s", len(found), titles(found))}
		}
		select {
		case <-ctx.Done():
			return proto.ChannelID{}, proto.Refuse(proto.ReasonNoChannel, f.shown())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (f channelFlag) shown() string {
	if f.name == "" {
		return "the only channel"
	}
	return fmt.Sprintf("channel %q", f.name)
}

// titles lists channels as --channel takes them.
func titles(list []*client.Channel) string {
	words := make([]string, len(list))
	for i, ch := range list {
		words[i] = fmt.Sprintf("%q (%s)", ch.Charter().Title, ch.ID().String()[:8])
	}
	slices.Sort(words)
	return strings.Join(words, ", ")
}

// withChannel runs fn with a joined channel.
func withChannel(cmd *cobra.Command, e env, d device, f channelFlag, fn func(context.Context, *client.Channel) error) error {
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
	return fn(ctx, ch)
}

func newChannelAddCommand(e env) *cobra.Command {
	return newMemberCommand(e, "add", "Take a device into a channel", (*client.Channel).Add)
}

func newChannelRemoveCommand(e env) *cobra.Command {
	return newMemberCommand(e, "remove", "Take a member out of a channel", (*client.Channel).Remove)
}

func newMemberCommand(e env, verb, short string, act func(*client.Channel, context.Context, proto.Name) error) *cobra.Command {
	var d device
	var f channelFlag
	c := &cobra.Command{
		Use:   verb + " NAME",
		Short: short + "; NAME is desk/piedras-negras@gn.example or a SPIFFE ID",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := parseName(args[0])
			if err != nil {
				return err
			}
			return withChannel(cmd, e, d, f, func(ctx context.Context, ch *client.Channel) error {
				if err := act(ch, ctx, name); err != nil {
					return err
				}
				e.note("done: %s %s", verb, shown(name))
				return nil
			})
		},
	}
	d.addFlags(c)
	f.addFlags(c)
	return c
}

// parseName reads a SPIFFE ID, or the form role/label@agency that people type.
func parseName(s string) (proto.Name, error) {
	if short, agency, ok := strings.Cut(s, "@"); ok && !strings.Contains(s, "://") {
		s = "spiffe://" + agency + "/" + short
	}
	n, err := proto.ParseName(s)
	if err != nil {
		return n, usageError{err}
	}
	return n, nil
}

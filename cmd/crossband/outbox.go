package main

import (
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"crossband/cmd/crossband/internal/endpointdir"
	"crossband/cmd/internal/version"
	"crossband/proto"
)

// waiting is a message in the outbox as `outbox --json` prints it.
type waiting struct {
	Channel string    `json:"channel"`
	Message string    `json:"message"`
	Kind    string    `json:"kind"`
	Since   time.Time `json:"since"`
	Kept    bool      `json:"kept_by_relay"`
}

func newOutboxCommand(e env) *cobra.Command {
	var home string
	var asJSON bool
	c := &cobra.Command{
		Use:   "outbox",
		Short: "Show what this device has said and is not in its channel's log yet",
		Long:  "Show what this device has said and is not in its channel's log yet, with its\nage. What the own relay keeps goes out without the device; the rest goes out\nwhenever a command of this device has a link.",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			s, release, err := endpointdir.At(home).Session(nil, slog.New(slog.DiscardHandler), version.String())
			if err != nil {
				return err
			}
			list := []waiting{}
			for _, ch := range s.Channels() {
				for _, q := range ch.Outbox() {
					list = append(list, waiting{ch.Charter().Title, q.ID.String(), kindWord(q.Kind), q.At.UTC(), q.Kept})
				}
			}
			if err := release(); err != nil {
				return err
			}
			if asJSON {
				return e.json(list)
			}
			for _, w := range list {
				where := "on this device"
				if w.Kept {
					where = "at the own relay"
				}
				e.printf("%s  %s on %s, %s, waits %s\n", w.Message, w.Kind, w.Channel, where, time.Since(w.Since).Round(time.Second))
			}
			if len(list) == 0 {
				e.note("nothing waits")
			}
			return nil
		},
	}
	c.Flags().StringVar(&home, "home", endpointdir.Default(), "the device's folder")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func kindWord(k proto.Kind) string {
	switch k {
	case proto.KindText:
		return "text"
	case proto.KindHail:
		return "hail"
	case proto.KindHailReply:
		return "reply to a hail"
	case proto.KindPageResult:
		return "a page's result"
	case proto.KindIncidentAct:
		return "act on an incident"
	case proto.KindDuty:
		return "duty"
	}
	return "message"
}

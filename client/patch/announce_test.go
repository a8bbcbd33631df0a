package patch

import (
	"context"
	"strings"
	"testing"
	"time"

	"crossband/client"
	"crossband/client/voice"
	"crossband/proto"
)

// silent is a channel on which nothing is said.
type silent struct {
	id      byte
	title   string
	members []proto.Name
}

func (s silent) ID() proto.ChannelID            { return proto.ChannelID{s.id} }
func (s silent) Charter() proto.Charter         { return proto.Charter{Title: s.title} }
func (s silent) Members() ([]proto.Name, error) { return s.members, nil }
func (s silent) HubThere() bool                 { return true }
func (silent) Talk(context.Context, voice.Source, client.TalkOptions) (client.TalkReport, error) {
	return client.TalkReport{}, nil
}
func (silent) Text(context.Context, string) (proto.MessageID, error) { return proto.MessageID{}, nil }

// TestAPatchToAGatewayIsAnnouncedAsOne: those on a channel must know that what they say
// leaves the encryption on the other, in each language, and only then.
func TestAPatchToAGatewayIsAnnouncedAsOne(t *testing.T) {
	open := silent{1, "Analog", []proto.Name{{Agency: "us.example", Role: proto.RoleGateway, Label: "p25"}}}
	sealed := silent{2, "Sealed", []proto.Name{{Agency: "us.example", Role: proto.RoleUnit, Label: "a"}}}
	cfg := Config{Self: proto.Name{Agency: "us.example", Role: proto.RoleDesk, Label: "d"}, Legs: []Leg{open, sealed}, Until: time.Unix(0, 0)}
	for _, word := range []string{"“Analog” (ENCRYPTION ENDS", "“Analog” (allí EL CIFRADO TERMINA", "“Analog” (LE CHIFFREMENT S'ARRÊTE"} {
		if says := joined(cfg, sealed); !strings.Contains(says, word) {
			t.Errorf("%q is not in %q", word, says)
		}
	}
	if says := joined(cfg, open); strings.Contains(says, "ENCRYPTION") || !strings.Contains(says, "“Sealed”") {
		t.Errorf("said of the sealed one: %q", says)
	}
}

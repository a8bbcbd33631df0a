package deliver

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"crossband/formats/webhook"
	"crossband/proto"
)

// Kind says what happened.
type Kind string

// The kinds.
const (
	Hail       Kind = "hail"            // somebody calls a desk
	Reply      Kind = "reply"           // a hail was received, accepted or committed, or one of several desks declined
	LadderStep Kind = "ladder-step"     // nobody answered, and the next step is taken
	Opened     Kind = "opened"          // an incident has its channel
	HandedOver Kind = "handed-over"     // somebody else has the incident now
	Merged     Kind = "merged"          // the incident is a duplicate, and counts as another
	Rearmed    Kind = "re-armed"        // a person has the incident's hails ring again
	Ended      Kind = "incident-closed" // the incident is closed for good
	Closed     Kind = "closed"          // the hail is over: declined, cancelled, released, expired or closed with its incident
	Notice     Kind = "notice"          // anything else that a person should know of
)

// Kinds lists all kinds.
func Kinds() []Kind {
	return []Kind{Hail, Reply, LadderStep, Opened, HandedOver, Merged, Rearmed, Ended, Closed, Notice}
}

// ParseKind reads a kind.
func ParseKind(text string) (Kind, error) {
	if k := Kind(text); slices.Contains(Kinds(), k) {
		return k, nil
	}
	return "", fmt.Errorf("kind %q: known are %v", text, Kinds())
}

// Event is one thing that happened, as far as the open envelope tells it: who,
// which desk, which class, when. Nothing that was sealed belongs into it.
type Event struct {
	ID       string // names the event for ever; two with one ID are one. EventID makes it
	Incident proto.IncidentID
	Kind     Kind
	Exercise bool // goes to targets that want exercises only
	Page     bool // a step of a ladder: its first failure is reported at once
	At       time.Time

	Hail     proto.MessageID // the hail that it is about; zero: none
	From, To proto.Name      // of the hail, or To alone: who has the incident now; zero: not known
	By       proto.Name      // who did what happened
	Paged    []proto.Name    // whom a step of the ladder reaches
	Class    proto.Priority
	State    proto.HailState // where the hail stands now; 0: not known
	Said     proto.HailState // what By said, where that is something else; 0: nothing else
	Reason   proto.Reason    // why, if it was refused or declined
	Channel  proto.ChannelID // the incident's; zero: none
	Expires  time.Time       // of the hail; zero: not known
	Round    uint8           // of the ladder; 0: not known
	Step     uint8           // of the ladder, from 1 on; 0: none
	Into     proto.IncidentID
	As       proto.Disposition // with which the incident was closed; 0: it was not
	Text     string            // of a notice; at most MaxText octets
}

// MaxText bounds a notice's text, in octets.
const MaxText = 512

// ErrEvent: an event that cannot be delivered as it is. Nothing was changed.
var ErrEvent = errors.New("deliver: bad event")

// EventID makes an ID from what makes the event one of its own: the same parts
// always give the same ID, so that an event that is seen twice is delivered
// once.
func EventID(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return "cb_" + hex.EncodeToString(h.Sum(nil)[:16])
}

func (e Event) check() error {
	switch {
	case e.ID == "" || len(e.ID) > webhook.MaxID || !visible(e.ID) || strings.Contains(e.ID, "."):
		return fmt.Errorf("%w: ID %q", ErrEvent, e.ID)
	case !slices.Contains(Kinds(), e.Kind):
		return fmt.Errorf("%w: kind %q", ErrEvent, e.Kind)
	case e.At.IsZero() || e.At.Year() > 9999 || e.At.Year() < 1970:
		return fmt.Errorf("%w: at %v", ErrEvent, e.At)
	case e.Page && e.Exercise:
		return fmt.Errorf("%w: an exercise never pages", ErrEvent)
	case len(e.Paged) > proto.MaxPaged:
		return fmt.Errorf("%w: %d are paged", ErrEvent, len(e.Paged))
	case len(e.Text) > MaxText || e.Text != strings.ToValidUTF8(e.Text, ""):
		return fmt.Errorf("%w: text of %d octets", ErrEvent, len(e.Text))
	case e.Text != "" && e.Kind != Notice:
		return fmt.Errorf("%w: only a notice has a text", ErrEvent)
	}
	return nil
}

func visible(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return true
}

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
	Hail       Kind = "hail"        // somebody calls a desk
	Reply      Kind = "reply"       // a hail was received, accepted or committed
	LadderStep Kind = "ladder-step" // nobody answered, and the next step is taken
	Opened     Kind = "opened"      // an incident has its channel
	Closed     Kind = "closed"      // the hail is over: declined, cancelled, released or expired
	Notice     Kind = "notice"      // anything else that a person should know of
)

// Kinds lists all kinds.
func Kinds() []Kind { return []Kind{Hail, Reply, LadderStep, Opened, Closed, Notice} }

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
	From, To proto.Name      // of the hail; zero: not known
	By       proto.Name      // who did what happened
	Class    proto.Priority
	State    proto.HailState // where the hail stands now; 0: not known
	Reason   proto.Reason    // why, if it was refused or declined
	Channel  proto.ChannelID // the incident's; zero: none
	Expires  time.Time       // of the hail; zero: not known
	Step     uint8           // of the ladder, from 1 on; 0: none
	Text     string          // of a notice; at most MaxText octets
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

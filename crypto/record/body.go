package record

import (
	"strings"
	"time"

	"crossband/proto"
)

// Body is what an entry of one kind says: one of the types of this package.
// Who did it, where and when is the entry's, not the body's.
type Body interface {
	Kind() Kind
	fields(f *form)
}

// Unknown is the body of a kind that this version does not know.
type Unknown struct {
	Name Kind
	JSON string // the body as it stands in the entry
}

// Kind returns the kind as written.
func (u *Unknown) Kind() Kind   { return u.Name }
func (u *Unknown) fields(*form) {}

const maxNote = 200 // octets of a short text

// Opened begins every log.
type Opened struct {
	Incident proto.IncidentID
	Exercise bool
	Parties  []proto.Agency // whose relays are to cosign, the sequencer's among them; ascending
	Channel  proto.ChannelID
	Hail     proto.MessageID // that opened it; zero for none
}

// Kind returns KindOpened.
func (*Opened) Kind() Kind { return KindOpened }
func (b *Opened) fields(f *form) {
	f.channel("channel", &b.Channel, true)
	f.flag("exercise", &b.Exercise)
	f.message("hail", &b.Hail, true)
	f.incident("incident", &b.Incident)
	f.agencies("parties", &b.Parties)
}

// Hail is a call, by its open envelope; its content is sealed.
type Hail struct {
	Channel    proto.ChannelID
	Message    proto.MessageID
	To         proto.Name // the desk
	Urgency    proto.Priority
	Sealed     Digest // of the sealed message; zero if there is none
	Commitment Digest // to what it says, by its sender; zero if there is none
}

// Kind returns KindHail.
func (*Hail) Kind() Kind { return KindHail }
func (b *Hail) fields(f *form) {
	f.channel("channel", &b.Channel, false)
	f.optionalDigest("commitment", &b.Commitment)
	f.message("message", &b.Message, false)
	f.optionalDigest("sealed", &b.Sealed)
	f.name("to", &b.To)
	number(f, "urgency", &b.Urgency, 1, 5, false)
}

// Reply moves a hail to a state.
type Reply struct {
	Hail       proto.MessageID
	Message    proto.MessageID // the reply's own
	State      proto.HailState
	Reason     proto.Reason // of a decline; 0 for none
	Sealed     Digest       // zero if there is none
	Commitment Digest       // zero if there is none
}

// Kind returns KindReply.
func (*Reply) Kind() Kind { return KindReply }
func (b *Reply) fields(f *form) {
	f.optionalDigest("commitment", &b.Commitment)
	f.message("hail", &b.Hail, false)
	f.message("message", &b.Message, false)
	number(f, "reason", &b.Reason, 1, maxReason, true)
	f.optionalDigest("sealed", &b.Sealed)
	coded(f, "state", &b.State, false, stateWord, parseState)
}

const maxReason = 9999 // the largest reason code that an entry holds

func stateWord(s proto.HailState) string { return strings.ToLower(s.String()) }

func parseState(s string) (proto.HailState, error) {
	for state := proto.HailSent; state <= proto.HailExpired; state++ {
		if stateWord(state) == s {
			return state, nil
		}
	}
	return 0, refuse(Malformed, "no state %.40q", s)
}

// LadderStep is an unanswered hail that went on to the next who is called.
type LadderStep struct {
	Hail proto.MessageID
	Step uint16     // from 1
	To   proto.Name // desk or hook
}

// Kind returns KindLadderStep.
func (*LadderStep) Kind() Kind { return KindLadderStep }
func (b *LadderStep) fields(f *form) {
	f.message("hail", &b.Hail, false)
	number(f, "step", &b.Step, 1, 1000, false)
	f.name("to", &b.To)
}

// Acknowledged stops the ladder: a person, the entry's actor, has taken the call.
type Acknowledged struct{ Hail proto.MessageID }

// Kind returns KindAcknowledged.
func (*Acknowledged) Kind() Kind       { return KindAcknowledged }
func (b *Acknowledged) fields(f *form) { f.message("hail", &b.Hail, false) }

// Page is the result of one delivery to a hook.
type Page struct {
	Hail     proto.MessageID // zero if no hail is behind it
	Delivery string          // the delivery's identifier, at most 100 octets
	Hook     string          // whom, at most 100 octets
	Attempt  uint16          // from 1
	Outcome  string          // "delivered", "refused", "failed", "given-up", "suppressed": at most 32 octets
	Status   uint16          // of HTTP; 0 for none
}

// Kind returns KindPage.
func (*Page) Kind() Kind { return KindPage }
func (b *Page) fields(f *form) {
	number(f, "attempt", &b.Attempt, 1, 10_000, false)
	f.text("delivery", &b.Delivery, 100, false)
	f.message("hail", &b.Hail, true)
	f.text("hook", &b.Hook, 100, false)
	f.text("outcome", &b.Outcome, 32, false)
	number(f, "status", &b.Status, 100, 999, true)
}

// Handover is a role that another person took over, at a desk for instance.
type Handover struct {
	Role proto.Name // of the desk or unit
	From string     // who had it, at most 200 octets; empty for nobody
	To   string     // who has it now; empty for nobody
}

// Kind returns KindHandover.
func (*Handover) Kind() Kind { return KindHandover }
func (b *Handover) fields(f *form) {
	f.text("from", &b.From, maxNote, true)
	f.name("role", &b.Role)
	f.text("to", &b.To, maxNote, true)
}

// Merged says that another incident is the same one; its logs stay.
type Merged struct{ Incident proto.IncidentID }

// Kind returns KindMerged.
func (*Merged) Kind() Kind       { return KindMerged }
func (b *Merged) fields(f *form) { f.incident("incident", &b.Incident) }

// ReArmed says that the ladder runs again because nothing was resolved.
type ReArmed struct {
	Hail   proto.MessageID // zero for the whole incident
	Reason string          // at most 200 octets; may be empty
}

// Kind returns KindReArmed.
func (*ReArmed) Kind() Kind { return KindReArmed }
func (b *ReArmed) fields(f *form) {
	f.message("hail", &b.Hail, true)
	f.text("reason", &b.Reason, maxNote, true)
}

// Closed ends an incident. What comes late may still follow it in the log.
type Closed struct{ Disposition string } // at most 200 octets

// Kind returns KindClosed.
func (*Closed) Kind() Kind       { return KindClosed }
func (b *Closed) fields(f *form) { f.text("disposition", &b.Disposition, maxNote, false) }

// ClockSet says that the sequencer's clock was set back by more than Skew: the
// entries before it may bear later times than those after it.
type ClockSet struct{ Was time.Time } // what the clock had shown

// Kind returns KindClockSet.
func (*ClockSet) Kind() Kind       { return KindClockSet }
func (b *ClockSet) fields(f *form) { f.time("was", &b.Was, false) }

package report

import (
	"fmt"
	"strconv"
	"strings"

	"crossband/client/phrase"
	"crossband/crypto/record"
	"crossband/proto"
)

// maxSentence is how long a sentence is, in octets: shorter than the texts that forms
// and messages hold (ics.MaxText, edxl.MaxText), with what stands beside it.
const maxSentence = 14_000

// Sentence returns an event in one plain sentence, of 14,000 octets and a few; what
// is not shown of it is said in number. It never fails.
func (e *Event) Sentence(l phrase.Language) string { return shorten(maxSentence, e.sentence(l)) }

func (e *Event) sentence(l phrase.Language) string {
	if e.Entry == nil {
		return fill(table("")[unreadable].in(l), map[string]string{"index": strconv.Itoa(e.Index)})
	}
	key, values := e.values(l)
	values["actor"] = shown(e.Entry.Actor)
	values["said"] = e.saying(l)
	w, known := table(e.Entry.Kind())[key]
	if !known {
		w = table("")[unknown]
		values["kind"] = string(e.Entry.Kind())
	}
	return fill(w.in(l), values)
}

// saying is what was said, or why it is not shown.
func (e *Event) saying(l phrase.Language) string {
	switch e.Content {
	case ContentSealed:
		return sealedWord(l)
	case ContentFalse:
		return falseWord(l)
	case ContentShown:
		return e.Said.sentence(l)
	}
	return ""
}

// values returns which of a kind's sentences an entry takes, and what goes into
// its places.
func (e *Event) values(l phrase.Language) (variant, map[string]string) {
	switch b := e.Entry.Body.(type) {
	case *record.Opened:
		return plainOr(b.Exercise, exercise), map[string]string{"channel": channelOr(b.Channel), "parties": joined(b.Parties)}
	case *record.Hail:
		return plain, map[string]string{"to": shown(b.To), "urgency": urgency(b.Urgency, l), "channel": b.Channel.Short()}
	case *record.Reply:
		return variant(b.State.String()), map[string]string{"reason": reasonOr(b.Reason, l), "state": b.State.String()}
	case *record.LadderStep:
		return plain, map[string]string{"step": strconv.Itoa(int(b.Step)), "to": shown(b.To)}
	case *record.Acknowledged:
		return plain, map[string]string{}
	case *record.Page:
		status := ""
		if b.Status != 0 {
			status = fmt.Sprintf(" (HTTP %d)", b.Status)
		}
		return plain, map[string]string{"hook": quote(b.Hook, l), "attempt": strconv.Itoa(int(b.Attempt)), "outcome": quote(b.Outcome, l), "status": status}
	case *record.Handover:
		return plain, map[string]string{"role": shown(b.Role), "from": orNobody(b.From, l), "to": orNobody(b.To, l)}
	case *record.Merged:
		return plain, map[string]string{"incident": b.Incident.String()}
	case *record.ReArmed:
		return plainOr(b.Reason != "", why), map[string]string{"reason": quote(b.Reason, l)}
	case *record.Closed:
		return plain, map[string]string{"disposition": quote(b.Disposition, l)}
	}
	return e.channelValues(l)
}

// channelValues is values for what happens on channels and to the log itself.
func (e *Event) channelValues(l phrase.Language) (variant, map[string]string) {
	switch b := e.Entry.Body.(type) {
	case *record.Joined:
		return plainOr(b.Observer, observer), map[string]string{"member": shown(b.Member), "channel": b.Channel.Short()}
	case *record.Left:
		return plain, map[string]string{"member": shown(b.Member), "channel": b.Channel.Short()}
	case *record.Removed:
		return plainOr(b.Reason != 0, why), map[string]string{"member": shown(b.Member), "channel": b.Channel.Short(), "reason": reasonOr(b.Reason, l)}
	case *record.FloorGranted:
		return plainOr(b.Local, local), map[string]string{"channel": b.Channel.Short(), "urgency": urgency(b.Priority, l)}
	case *record.FloorReleased:
		return plainOr(b.Reason != 0, why), map[string]string{"channel": b.Channel.Short(), "reason": reasonOr(b.Reason, l)}
	case *record.FloorLost:
		return plain, map[string]string{"by": shown(b.By), "channel": b.Channel.Short(), "urgency": urgency(b.Priority, l)}
	case *record.FloorDenied:
		return plain, map[string]string{"channel": b.Channel.Short(), "reason": reasonOr(b.Reason, l)}
	case *record.Burst:
		return plain, map[string]string{"channel": b.Channel.Short(), "seconds": fmt.Sprintf("%.2f", float64(b.Milliseconds)/1000)}
	case *record.Text:
		return plain, map[string]string{"channel": b.Channel.Short()}
	case *record.Agreement:
		return plain, map[string]string{"document": b.Document.String()}
	case *record.Notice:
		return plain, map[string]string{"document": b.Document.String(), "title": quote(b.Title, l)}
	case *record.LinkGap:
		return plainOr(b.Back.IsZero(), away), map[string]string{"relay": shown(b.Relay), "lost": stamp(b.Lost), "back": stamp(b.Back)}
	case *record.Split:
		what := legible(b.Log)
		if what == "" {
			what = channelOr(b.Channel)
		}
		return plain, map[string]string{"relay": shown(b.Relay), "what": what, "at": strconv.FormatUint(b.At, 10)}
	case *record.ClockSet:
		return plain, map[string]string{"was": stamp(b.Was)}
	case *record.Unknown:
		return unknown, map[string]string{"body": legible(b.JSON)}
	}
	return unknown, map[string]string{}
}

func plainOr(other bool, v variant) variant {
	if other {
		return v
	}
	return plain
}

func channelOr(c proto.ChannelID) string {
	if c == (proto.ChannelID{}) {
		return "?"
	}
	return c.Short()
}

func reasonOr(r proto.Reason, l phrase.Language) string {
	if r == 0 {
		return words{"no reason given", "sin motivo indicado", "sans motif donné"}.in(l)
	}
	return fmt.Sprintf("%s (%d)", reason(r, l), uint16(r))
}

func orNobody(s string, l phrase.Language) string {
	if s == "" {
		return words{"nobody", "nadie", "personne"}.in(l)
	}
	return quote(s, l)
}

func joined(agencies []proto.Agency) string {
	list := make([]string, len(agencies))
	for n, a := range agencies {
		list[n] = string(a)
	}
	return strings.Join(list, ", ")
}

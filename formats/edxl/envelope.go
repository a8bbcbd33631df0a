package edxl

import (
	"fmt"
	"time"
)

// MaxMessages is how many messages one envelope holds.
const MaxMessages = 10_000

// Envelope is what EDXL-DE 1.0 (OASIS Standard, 1 May 2006) puts around
// messages. Its status is where the standard says that they are an exercise.
type Envelope struct {
	ID          MessageID // of the envelope
	Sender      string    // actor@domain, as the standard wants it
	Sent        time.Time
	Exercise    bool
	Sensitivity string // combinedConfidentiality, in words
	Description string // of the contents; optional
	Incident    string // its identifier; optional
}

// WriteEnvelope returns one XML document that holds the messages in the order
// given, each as the envelope's content of its own. All of them, and the
// envelope, are an exercise or none is. Errors wrap ErrMessage.
func WriteEnvelope(e Envelope, messages []Message) ([]byte, error) {
	if err := e.check(messages); err != nil {
		return nil, fmt.Errorf("%w: EDXLDistribution: %w", ErrMessage, err)
	}
	root := de("EDXLDistribution",
		deText("distributionID", string(e.ID)), deText("senderID", e.Sender), deText("dateTimeSent", timeText(e.Sent)),
		deText("distributionStatus", map[bool]string{true: "Exercise", false: "Actual"}[e.Exercise]),
		deText("distributionType", "Report"), deText("combinedConfidentiality", e.Sensitivity))
	for _, m := range messages {
		tree, err := treeOf(m)
		if err != nil {
			return nil, err
		}
		content := optional(nil, deText("contentDescription", e.Description))
		content = optional(content, deText("incidentID", e.Incident))
		root.in = append(root.in, de("contentObject", append(content, de("xmlContent", de("embeddedXMLContent", tree)))...))
	}
	out := document(root)
	if len(out) > MaxMessage {
		return nil, fmt.Errorf("%w: EDXLDistribution: %d octets, at most %d", ErrMessage, len(out), MaxMessage)
	}
	return out, nil
}

func (e Envelope) check(messages []Message) error {
	if len(messages) == 0 || len(messages) > MaxMessages {
		return fmt.Errorf("%d messages, want 1 to %d", len(messages), MaxMessages)
	}
	for n, m := range messages {
		if m.header().Exercise != e.Exercise {
			return fmt.Errorf("message %d and the envelope disagree on whether it is an exercise", n+1)
		}
	}
	return first(needID("envelope", string(e.ID)), needID("sender", e.Sender), checkTime("sent", e.Sent), needText("sensitivity", e.Sensitivity),
		checkText("description", e.Description), checkText("incident identifier", e.Incident))
}

func needText(what, s string) error {
	if s == "" {
		return fmt.Errorf("no %s", what)
	}
	return checkText(what, s)
}

func de(name string, in ...element) element { return element{nsEnvelope, name, "", in} }
func deText(name, text string) element      { return element{nsEnvelope, name, text, nil} }

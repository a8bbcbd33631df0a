package edxl

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// envelopeSchema has the facts of the OASIS schema file for EDXL-DE 1.0, as far
// as an envelope uses them.
func envelopeSchema() map[string]string {
	return map[string]string{
		"de:EDXLDistribution":        "de:distributionID de:senderID de:dateTimeSent de:distributionStatus de:distributionType de:combinedConfidentiality de:contentObject*",
		"de:distributionID":          "STRING",
		"de:senderID":                "STRING",
		"de:dateTimeSent":            "DATETIME",
		"de:distributionStatus":      "ONEOF Actual Exercise System Test",
		"de:distributionType":        "ONEOF Report Update Cancel Request Response Dispatch Ack Error",
		"de:combinedConfidentiality": "STRING",
		"de:contentObject":           "de:contentDescription? de:incidentID? de:xmlContent",
		"de:contentDescription":      "STRING",
		"de:incidentID":              "STRING",
		"de:xmlContent":              "de:embeddedXMLContent+",
	}
}

func envelope() Envelope {
	return Envelope{ID: "envelope-1", Sender: "desk.acuna@gn.example", Sent: at("2026-11-25T15:00:00Z"), Sensitivity: "restricted <to> the parties", Incident: "i-1"}
}

// TestEnvelopeFitsTheSchema: the envelope by its own schema, each message in it
// by that of its kind, in the order given.
func TestEnvelopeFitsTheSchema(t *testing.T) {
	messages := slices.DeleteFunc(everything(), func(m Message) bool { return m.header().Exercise })
	out, err := WriteEnvelope(envelope(), messages)
	if err != nil {
		t.Fatal(err)
	}
	root, err := load(out)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, child := range root.in {
		if child.name != "de:contentObject" {
			continue
		}
		embedded := child.in[len(child.in)-1].in[0]
		k := kind(strings.TrimPrefix(embedded.in[0].name, "msg:"))
		if n >= len(messages) || k != messages[n].kind() {
			t.Fatalf("content %d is %q", n+1, k)
		}
		if err := embedded.in[0].validate(schemaOf(k)); err != nil {
			t.Errorf("content %d: %v", n+1, err)
		}
		if got := embedded.in[0].in[0].text; got != string(messages[n].header().ID) {
			t.Errorf("content %d has the identifier %q", n+1, got)
		}
		embedded.in, embedded.text = nil, ""
		n++
	}
	schema := envelopeSchema()
	schema["de:embeddedXMLContent"] = "STRING"
	if err := root.validate(schema); err != nil || n != len(messages) {
		t.Errorf("%d of %d messages, error %v\n%s", n, len(messages), err, out)
	}
	if !strings.Contains(string(out), "<de:distributionStatus>Actual<") || !strings.Contains(string(out), "&lt;to&gt;") {
		t.Errorf("status or text is wrong in\n%s", out)
	}
}

func TestEnvelopeOfAnExercise(t *testing.T) {
	e := envelope()
	e.Exercise = true
	drill := &Request{header("a", ""), []Item{{ID: "1", Resource: Resource{Name: "any unit"}}}}
	drill.Exercise = true
	out, err := WriteEnvelope(e, []Message{drill})
	if err != nil || !strings.Contains(string(out), "<de:distributionStatus>Exercise<") || !strings.Contains(string(out), ExerciseMark) {
		t.Errorf("error %v\n%s", err, out)
	}
}

func TestInvalidEnvelopesAreRefused(t *testing.T) {
	real := &Request{header("a", ""), []Item{{ID: "1", Resource: Resource{Name: "any unit"}}}}
	for what, c := range map[string]struct {
		change   func(*Envelope)
		messages []Message
	}{
		"no message":                     {func(*Envelope) {}, nil},
		"an exercise around what is not": {func(e *Envelope) { e.Exercise = true }, []Message{real}},
		"no identifier":                  {func(e *Envelope) { e.ID = "" }, []Message{real}},
		"no sender":                      {func(e *Envelope) { e.Sender = "" }, []Message{real}},
		"no time":                        {func(e *Envelope) { e.Sent = at("0001-01-01T00:00:00Z") }, []Message{real}},
		"no sensitivity":                 {func(e *Envelope) { e.Sensitivity = "" }, []Message{real}},
		"a message that is not valid":    {func(*Envelope) {}, []Message{&Request{Header: header("a", "")}}},
		"a text over the limit":          {func(e *Envelope) { e.Description = strings.Repeat("x", MaxText+1) }, []Message{real}},
	} {
		e := envelope()
		c.change(&e)
		if out, err := WriteEnvelope(e, c.messages); !errors.Is(err, ErrMessage) || out != nil {
			t.Errorf("%s: %d octets, error %v", what, len(out), err)
		}
	}
}

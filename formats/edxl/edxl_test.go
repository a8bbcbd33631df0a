package edxl

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestMessagesFitTheSchema(t *testing.T) {
	for _, m := range everything() {
		out := written(t, m)
		if err := validate(out); err != nil {
			t.Errorf("%s: %v\n%s", m.kind(), err, out)
		}
		if again := written(t, m); string(again) != string(out) {
			t.Errorf("%s: written differently the second time", m.kind())
		}
	}
}

func TestMessagesReadBack(t *testing.T) {
	for _, m := range everything() {
		got, err := Read(written(t, m))
		if err != nil {
			t.Errorf("%s: %v", m.kind(), err)
		} else if !reflect.DeepEqual(got, m) {
			t.Errorf("%s: read back\n%+v, want\n%+v", m.kind(), got, m)
		}
	}
}

// TestRequestOctets pins the form, so that a change of it is seen.
func TestRequestOctets(t *testing.T) {
	m := &Request{
		Header{ID: "a/1", Sent: at("2026-11-25T14:30:07.259Z"), Exercise: true, Description: "<help> & \"soon\"", Originating: "a/1",
			Incident: Incident{ID: "i"}, Contacts: []Contact{{Role: RoleSender}}},
		[]Item{{ID: "1", Resource: Resource{Name: "unit"}}},
	}
	want := `<?xml version="1.0" encoding="UTF-8"?>
<rmsg:RequestResource xmlns:rm="urn:oasis:names:tc:emergency:EDXL:RM:1.0" xmlns:rmsg="urn:oasis:names:tc:emergency:EDXL:RM:1.0:msg">
  <rmsg:MessageID>a/1</rmsg:MessageID>
  <rmsg:SentDateTime>2026-11-25T14:30:07.25+00:00</rmsg:SentDateTime>
  <rmsg:MessageContentType>RequestResource</rmsg:MessageContentType>
  <rmsg:MessageDescription>EXERCISE EXERCISE EXERCISE &lt;help&gt; &amp; "soon"</rmsg:MessageDescription>
  <rmsg:OriginatingMessageID>a/1</rmsg:OriginatingMessageID>
  <rmsg:IncidentInformation>
    <rm:IncidentID>i</rm:IncidentID>
    <rm:IncidentDescription>EXERCISE EXERCISE EXERCISE</rm:IncidentDescription>
  </rmsg:IncidentInformation>
  <rmsg:ContactInformation>
    <rm:ContactRole>Sender</rm:ContactRole>
  </rmsg:ContactInformation>
  <rmsg:ResourceInformation>
    <rmsg:ResourceInfoElementID>1</rmsg:ResourceInfoElementID>
    <rmsg:Resource>
      <rmsg:Name>unit</rmsg:Name>
    </rmsg:Resource>
  </rmsg:ResourceInformation>
</rmsg:RequestResource>
`
	if got := string(written(t, m)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestScheduleTypes: a kind of message takes the schedule types that its
// schema lists, no more and no fewer.
func TestScheduleTypes(t *testing.T) {
	for _, k := range []kind{kindRequest, kindResponse, kindCommitment, kindRelease} {
		want := strings.Fields(strings.TrimPrefix(schemaOf(k)["msg:ScheduleType"], "ONEOF "))
		got := make([]string, 0, len(want))
		for _, s := range schedules(k) {
			got = append(got, string(s))
		}
		slices.Sort(want)
		slices.Sort(got)
		if len(want) < 6 || !slices.Equal(got, want) {
			t.Errorf("%s takes %q, want %q", k, got, want)
		}
	}
}

package edxl

import (
	"testing"
	"time"
)

// at is an instant with an offset and hundredths.
func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	_, offset := t.Zone()
	if offset == 0 {
		return t.UTC()
	}
	return t.In(time.FixedZone("", offset))
}

func header(id MessageID, preceding MessageID) Header {
	return Header{
		ID: id, Sent: at("2026-11-25T08:30:07.25-06:00"), Description: "Officer needs help", Originating: "usbp.example/hail/1", Preceding: preceding,
		Incident: Incident{"usbp.example/incident/1", "Eagle Pass, river mile 7"},
		Contacts: []Contact{
			{Description: "Unit del-rio-214", Role: RoleRequester, Radio: Radio{Term{"urn:example:radio", "Crossband"}, "incident 3fa9"}, Place: "Mile 7"},
			{Description: "Desk del-rio"}, {Role: RoleOwner},
		},
	}
}

func truck() Resource {
	return Resource{ID: "gn-114", Name: "Patrulla 114", Type: Term{"urn:example:resource", "patrol"}, Description: "two officers"}
}

// everything returns one message of each kind with all that it can say.
func everything() []Message {
	owned := truck()
	owned.Owner = "gn.example"
	recall := header("usbp.example/hail/1/cancel", "")
	recall.Recall = Recall{"usbp.example/hail/1", RecallCancel}
	drill := header("usbp.example/hail/2", "")
	drill.Exercise, drill.Description, drill.Incident.Description = true, "", " twice  spaced "
	wanted := []Item{{"1", truck(), "1 unit", "block the road", []Schedule{
		{RequestedArrival, at("2026-11-25T14:45:00Z"), "Mile 7"}, {ReportTo, time.Time{}, "the gate"}, {Route, time.Time{}, ""},
	}}}
	return []Message{
		&Request{header("usbp.example/hail/1", ""), wanted},
		&Request{recall, wanted},
		&Request{drill, []Item{{ID: "1", Resource: Resource{Name: "any unit"}}}},
		&Response{header("gn.example/reply/1", "usbp.example/hail/1"), []Reply{
			{Item{"1", owned, "1 unit", "block the road", []Schedule{{EstimatedArrival, at("2026-11-25T14:50:00.01Z"), ""}}}, "1", Accept, Reason{}},
			{Item{ID: "2"}, "1", Decline, Reason{Term{"urn:example:reason", "busy"}, "No unit free"}},
			{Item{ID: "3"}, "1", Provisional, Reason{Text: "if the bridge opens"}},
		}},
		&Commitment{header("gn.example/reply/2", "gn.example/reply/1"), []Committed{
			{Item{"1", owned, "1 unit", "", []Schedule{{ScheduleCommitted, at("2026-11-25T14:31:00Z"), ""}, {ActualDeparture, at("2026-11-25T14:32:00Z"), "post"}}}, "1"},
		}},
		&Release{header("usbp.example/hail/1/release", "gn.example/reply/2"), []Item{{"1", owned, "1 unit", "", []Schedule{{ActualReturnDeparture, at("2026-11-25T16:00:00+05:30"), ""}}}}},
		&Release{header("usbp.example/hail/1/release", ""), []Item{{ID: "1", Resource: owned}}},
	}
}

func written(t *testing.T, m Message) []byte {
	t.Helper()
	out, err := Write(m)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

package edxl

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestInvalidMessagesAreRefused(t *testing.T) {
	request := func(change func(*Request)) Message {
		m := everything()[0].(*Request)
		change(m)
		return m
	}
	response := func(change func(*Response)) Message {
		m := everything()[3].(*Response)
		change(m)
		return m
	}
	commitment := func(change func(*Commitment)) Message {
		m := everything()[4].(*Commitment)
		change(m)
		return m
	}
	for name, m := range map[string]Message{
		"no identifier":                     request(func(m *Request) { m.ID = "" }),
		"identifier with a blank":           request(func(m *Request) { m.ID = "a " }),
		"identifier with a control":         request(func(m *Request) { m.ID = "a\x00" }),
		"identifier with a line break":      request(func(m *Request) { m.ID = "a\nb" }),
		"identifier too long":               request(func(m *Request) { m.ID = MessageID(strings.Repeat("a", MaxID+1)) }),
		"no originating message":            request(func(m *Request) { m.Originating = "" }),
		"no time":                           request(func(m *Request) { m.Sent = time.Time{} }),
		"a year of five digits":             request(func(m *Request) { m.Sent = time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC) }),
		"a request that follows":            request(func(m *Request) { m.Preceding = "x" }),
		"a recall of nothing":               request(func(m *Request) { m.Recall.Type = RecallCancel }),
		"an unknown recall":                 request(func(m *Request) { m.Recall = Recall{"x", "Forget"} }),
		"no contact":                        request(func(m *Request) { m.Contacts = nil }),
		"too many contacts":                 request(func(m *Request) { m.Contacts = make([]Contact, MaxContacts+1) }),
		"an empty contact":                  request(func(m *Request) { m.Contacts[0] = Contact{} }),
		"an unknown role":                   request(func(m *Request) { m.Contacts[0].Role = "Chief" }),
		"a radio without a channel":         request(func(m *Request) { m.Contacts[0].Radio.Channel = "" }),
		"a list that is no URI":             request(func(m *Request) { m.Items[0].Resource.Type.List = "my list" }),
		"a list without a value":            request(func(m *Request) { m.Items[0].Resource.Type.Value = "" }),
		"no items":                          request(func(m *Request) { m.Items = nil }),
		"too many items":                    request(func(m *Request) { m.Items = make([]Item, MaxItems+1) }),
		"an item without an identifier":     request(func(m *Request) { m.Items[0].ID = "" }),
		"an item twice":                     request(func(m *Request) { m.Items = append(m.Items, m.Items[0]) }),
		"an item without a resource":        request(func(m *Request) { m.Items[0].Resource = Resource{} }),
		"a resource without a name":         request(func(m *Request) { m.Items[0].Resource = Resource{Description: "x"} }),
		"an owner of what is asked for":     request(func(m *Request) { m.Items[0].Resource.Owner = "x" }),
		"a schedule of another kind":        request(func(m *Request) { m.Items[0].Schedule[0].Type = ActualArrival }),
		"too many schedules":                request(func(m *Request) { m.Items[0].Schedule = make([]Schedule, MaxSchedule+1) }),
		"a text too long":                   request(func(m *Request) { m.Items[0].Function = strings.Repeat("a", MaxText+1) }),
		"a false exercise":                  request(func(m *Request) { m.Description = ExerciseMark + " ha" }),
		"a false exercise in the incident":  request(func(m *Request) { m.Incident.Description = ExerciseMark }),
		"an answer to no message":           response(func(m *Response) { m.Preceding = "" }),
		"an answer to no item":              response(func(m *Response) { m.Items[0].To = "" }),
		"an unknown answer":                 response(func(m *Response) { m.Items[0].Answer = "Maybe" }),
		"provisional for no reason":         response(func(m *Response) { m.Items[2].Reason = Reason{} }),
		"declined with a quantity":          response(func(m *Response) { m.Items[1].Quantity = "1" }),
		"accepted, a function, no quantity": response(func(m *Response) { m.Items[0].Quantity = "" }),
		"a commitment of no quantity":       commitment(func(m *Commitment) { m.Items[0].Quantity = "" }),
		"a commitment of no time":           commitment(func(m *Commitment) { m.Items[0].Schedule = nil }),
		"a commitment of nothing":           commitment(func(m *Commitment) { m.Items[0].Resource = Resource{} }),
	} {
		if out, err := Write(m); !errors.Is(err, ErrMessage) || out != nil {
			t.Errorf("%s: %d octets, error %v", name, len(out), err)
		}
	}
	huge := everything()[0].(*Request)
	for len(huge.Items) < MaxItems {
		huge.Items = append(huge.Items, Item{ItemID(fmt.Sprint(len(huge.Items) + 1)), Resource{Name: strings.Repeat("&", MaxText)}, "", "", nil})
	}
	if _, err := Write(huge); !errors.Is(err, ErrMessage) {
		t.Errorf("a message over the limit: %v", err)
	}
}

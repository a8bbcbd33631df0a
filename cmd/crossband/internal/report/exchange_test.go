package report_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"crossband/client/phrase"
	"crossband/cmd/crossband/internal/report"
	"crossband/cmd/crossband/internal/report/reporttest"
	"crossband/crypto/record"
	"crossband/formats/cap"
	"crossband/formats/edxl"
	"crossband/proto"
)

// TestCallsBecomeMessages: which reply becomes which message, and what each
// follows.
func TestCallsBecomeMessages(t *testing.T) {
	b := reporttest.NewBorder(t)
	i := inspected(t, b.Record(t, false, b.Everything(t)...))
	messages, err := i.EDXL(options(phrase.English))
	ok(t, err)
	var got []string
	for _, m := range messages {
		h := reflect.ValueOf(m).Elem().FieldByName("Header").Interface().(edxl.Header)
		short := func(id edxl.MessageID) string {
			return strings.TrimSuffix(strings.TrimPrefix(string(id), "urn:x-crossband:message:"), strings.Repeat("0", 28))
		}
		got = append(got, fmt.Sprintf("%s %s of %s after %q recalls %q", edxl.Kind(m), short(h.ID), short(h.Originating), short(h.Preceding), short(h.Recall.Message)))
	}
	want := []string{
		`RequestResource a100 of a100 after "" recalls ""`,
		`ResponseToRequestResource b002 of a100 after "a100" recalls ""`,
		`CommitResource b003 of a100 after "b002" recalls ""`,
		`ReleaseResource b006 of a100 after "b003" recalls ""`,
		`RequestResource a200 of a200 after "" recalls ""`,
		`ResponseToRequestResource b014 of a200 after "a200" recalls ""`,
		`RequestResource a201 of a201 after "" recalls ""`,
		`RequestResource b015 of a201 after "" recalls "a201"`,
		`RequestResource a202 of a202 after "" recalls ""`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	c := messages[2].(*edxl.Commitment).Items[0]
	at := reporttest.Noon().Add(5 * 1254e6)
	if c.Quantity != "persons: 4" || c.Resource.Owner != "gn.example" || len(c.Schedule) != 2 || !c.Schedule[0].At.Equal(at) || !c.Schedule[1].At.Equal(at.Add(12*60e9)) {
		t.Errorf("committed %+v", c)
	}
	if d := messages[5].(*edxl.Response).Items[0]; d.Answer != edxl.Decline || d.Reason.Code.Value != "501" || !strings.HasSuffix(d.Reason.Text, "(501)") {
		t.Errorf("declined %+v", d)
	}
	if place := messages[0].(*edxl.Request).Items[0].Schedule; len(place) != 1 || place[0].Type != edxl.ReportTo || !strings.HasPrefix(place[0].Place, "28.70910, -100.49950 (MGRS 14R") {
		t.Errorf("place %+v", place)
	}
}

// TestACancelHasTheItemsOfItsRequest, with all that the call said.
func TestACancelHasTheItemsOfItsRequest(t *testing.T) {
	b := reporttest.NewBorder(t)
	call := b.Ordinary(t)[0]
	cancel := reporttest.Entry{Actor: b.Unit(), Body: &record.Reply{Hail: call.Body.(*record.Hail).Message, Message: proto.MessageID{2}, State: proto.HailCancelled}}
	messages, err := inspected(t, b.Record(t, false, call, cancel)).EDXL(options(phrase.English))
	ok(t, err)
	asked, recalled := messages[0].(*edxl.Request), messages[1].(*edxl.Request)
	if len(asked.Items[0].Schedule) == 0 || !reflect.DeepEqual(asked.Items, recalled.Items) || recalled.Recall != (edxl.Recall{Message: asked.ID, Type: edxl.RecallCancel}) {
		t.Errorf("recalled %+v of %+v", recalled, asked)
	}
}

// TestAnswersWithoutTheCall: a log that begins after the call still makes
// messages, and no alert, which would refer to nothing.
func TestAnswersWithoutTheCall(t *testing.T) {
	b := reporttest.NewBorder(t)
	reply := func(n byte, s proto.HailState) reporttest.Entry {
		return reporttest.Entry{Actor: b.Desk, Body: &record.Reply{Hail: proto.MessageID{1}, Message: proto.MessageID{2, n}, State: s}}
	}
	i := inspected(t, b.Record(t, false, reply(1, proto.HailAccepted), reply(2, proto.HailCommitted), reply(3, proto.HailCancelled)))
	documents, err := i.EDXLDocuments(options(phrase.Spanish))
	ok(t, err)
	var names []string
	for _, d := range documents {
		names = append(names, d.Name)
		if _, err := edxl.Read(d.XML); err != nil {
			t.Errorf("%s: %v", d.Name, err)
		}
	}
	if want := []string{"01-ResponseToRequestResource.xml", "02-CommitResource.xml", "03-RequestResource.xml"}; !slices.Equal(names, want) {
		t.Errorf("documents %q, want %q", names, want)
	}
	if _, err := i.CAP(options(phrase.Spanish)); err == nil {
		t.Error("an alert without a call")
	}
}

// TestCallsBecomeAlerts: an alert for each call, and updates and cancels that
// refer to all before them, in three languages; read back by CAP's reader.
func TestCallsBecomeAlerts(t *testing.T) {
	b := reporttest.NewBorder(t)
	entries := b.Everything(t)
	open := slices.DeleteFunc(slices.Clone(entries[:15]), func(e reporttest.Entry) bool {
		r, ok := e.Body.(*record.Reply)
		return ok && r.State == proto.HailReleased
	})
	for _, c := range []struct {
		of       string
		exercise bool
		entries  []reporttest.Entry
		want     []string
	}{
		{"everything", false, entries, []string{"Alert Sent 0", "Update Received 1", "Update Accepted 2", "Update Committed 3", "Cancel Released 4",
			"Alert Sent 0", "Update Declined 1", "Alert Sent 0", "Cancel Cancelled 1", "Alert Sent 0", "Cancel Expired 1"}},
		{"an exercise that is closed", true, open, []string{"Alert Sent 0", "Update Received 1", "Update Accepted 2", "Update Committed 3", "Cancel Closed 4"}},
	} {
		out, err := inspected(t, b.Record(t, c.exercise, c.entries...)).CAPFeed(options(phrase.French))
		ok(t, err)
		d, err := cap.Parse(out, "")
		ok(t, err)
		var got []string
		for n, a := range d.Alerts {
			i := a.Infos[0]
			got = append(got, fmt.Sprintf("%s %s %d", a.MsgType, i.Parameters[0].Value, len(a.References)))
			if status := map[bool]cap.Status{true: cap.Exercise, false: cap.Actual}[c.exercise]; a.Status != status || len(a.Infos) != 3 {
				t.Errorf("%s: alert %d: status %s, %d infos", c.of, n+1, a.Status, len(a.Infos))
			}
			if languages := a.Infos[0].Language + a.Infos[1].Language + a.Infos[2].Language; languages != "enes-MXfr-CA" {
				t.Errorf("%s: alert %d: languages %s", c.of, n+1, languages)
			}
			if past := a.MsgType == cap.MsgCancel; past != (i.Urgency == cap.Past) {
				t.Errorf("%s: alert %d, %s: urgency %s", c.of, n+1, a.MsgType, i.Urgency)
			}
			if r := a.References; len(r) > 0 && (r[0].Identifier != d.Alerts[n-len(r)].Identifier || r[0].Sender != d.Alerts[n-len(r)].Sender) {
				t.Errorf("%s: alert %d refers to %+v", c.of, n+1, r)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.of, got, c.want)
		}
		i := d.Alerts[0].Infos[1]
		if i.Severity != cap.Extreme || d.Alerts[0].Infos[0].Urgency != cap.Immediate || !slices.Equal(i.Categories, []string{"Security", "Safety"}) || len(i.Areas) != 1 || !strings.Contains(i.Description, "emergencia") {
			t.Errorf("%s: the call reads %+v", c.of, i)
		}
	}
}

// TestReArmedIsNotClosed: a call of an incident that was closed and re-armed has
// not come to its end.
func TestReArmedIsNotClosed(t *testing.T) {
	b := reporttest.NewBorder(t)
	hail := b.Ordinary(t)[0]
	closed := reporttest.Entry{Actor: b.Desk, Body: &record.Closed{Disposition: "resolved"}}
	again := reporttest.Entry{Body: &record.ReArmed{}}
	for want, entries := range map[int][]reporttest.Entry{1: {hail, closed, again}, 2: {hail, closed, again, closed}} {
		alerts, err := inspected(t, b.Record(t, false, entries...)).CAP(report.Options{Now: reporttest.Noon()})
		ok(t, err)
		if len(alerts) != want {
			t.Errorf("%d alerts, want %d", len(alerts), want)
		}
	}
}

package cap_test

import (
	"strings"
	"testing"
	"time"

	"crossband/formats/cap"
)

func feed() cap.Feed {
	return cap.Feed{ID: "urn:example:feed", Title: "Incident <1>", Author: "desk & relay", Updated: time.Date(2026, 8, 15, 0, 0, 0, 0, time.UTC)}
}

// TestFeedReadsBack: every alert of a feed comes back whole, in order.
func TestFeedReadsBack(t *testing.T) {
	d, err := cap.Parse([]byte(good), "")
	if err != nil {
		t.Fatal(err)
	}
	alerts := []cap.Alert{d.Alerts[0], d.Alerts[0]}
	alerts[1].Identifier, alerts[1].MsgType = "ID-2", cap.MsgCancel
	alerts[1].References = []cap.Reference{{Sender: "s@example.gov", Identifier: "ID-1", Sent: alerts[0].Sent}}
	out, err := cap.MarshalFeed(feed(), alerts)
	if err != nil {
		t.Fatal(err)
	}
	back, err := cap.Parse(out, "")
	if err != nil || !back.Atom || len(back.Alerts) != len(alerts) {
		t.Fatalf("error %v, read %+v", err, back)
	}
	for n, a := range back.Alerts {
		want, err := alerts[n].Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := a.Marshal(); err != nil || string(got) != string(want) {
			t.Errorf("alert %d: error %v, got\n%s\nwant\n%s", n+1, err, got, want)
		}
	}
	if !strings.Contains(string(out), "<title>Incident &lt;1&gt;</title>") {
		t.Errorf("the title is not there as text in\n%s", out)
	}
}

func TestFeedIsRefused(t *testing.T) {
	d, err := cap.Parse([]byte(good), "")
	if err != nil {
		t.Fatal(err)
	}
	bad := d.Alerts[0]
	bad.Status = ""
	untitled := feed()
	untitled.Title = ""
	for what, c := range map[string]struct {
		f      cap.Feed
		alerts []cap.Alert
	}{
		"no alert":        {feed(), nil},
		"too many alerts": {feed(), make([]cap.Alert, cap.MaxAlerts+1)},
		"a bad alert":     {feed(), []cap.Alert{d.Alerts[0], bad}},
		"no title":        {untitled, d.Alerts},
	} {
		if out, err := cap.MarshalFeed(c.f, c.alerts); err == nil || out != nil {
			t.Errorf("%s: written, %d octets", what, len(out))
		}
	}
}

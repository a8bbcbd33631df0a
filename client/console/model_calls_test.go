package console

import (
	"slices"
	"strings"
	"testing"
	"time"

	"crossband/client"
	"crossband/client/phrase"
	"crossband/proto"
)

func TestACallRings(t *testing.T) {
	d := newDesk(t)
	d.ringing(1)
	rung := d.Ringing() // before anybody has looked
	v := d.view()
	c := v.Calls[0]
	if !c.Rings || c.For != "spiffe://"+me || c.State != "received" || c.Mine || c.Urgency != "emergency" || c.Note != "south bank" || c.Says == "" ||
		!slices.Equal(c.May, []string{"accepted", "declined"}) || c.FromShort != "desk/norte@mx.example" || c.Expires != stamp(d.now.Add(2*time.Minute)) {
		t.Errorf("%+v", c)
	}
	if len(rung) != 1 || rung[0].ID != c.ID || !rung[0].Rings {
		t.Errorf("begun to ring: %+v", rung)
	}
	if rung := d.Ringing(); len(rung) != 0 {
		t.Error("it begins to ring twice")
	}
	want := []Rung{{0, 0, []string{"spiffe://" + me}, true}, {1, 30, []string{"spiffe://" + super, "spiffe://" + pager}, false}}
	if len(c.Ladder) != 2 || c.Ladder[1].Reached || c.Ladder[1].AfterS != 30 || !slices.Equal(c.Ladder[1].To, want[1].To) || !c.Ladder[0].Reached {
		t.Errorf("ladder %+v", c.Ladder)
	}
	x := &d.board.calls[0]
	x.Call.Step, x.Call.State, x.Call.Holder, x.Rings, x.May = 1, proto.HailAccepted, name(super), false, nil
	d.fold(client.HailMoved{Channel: cid(1), Hail: mid(1), State: proto.HailAccepted, Said: proto.HailAccepted, By: name(super), At: d.now})
	c = d.view().Calls[0]
	if c.Rings || c.For != "" || c.State != "accepted" || !strings.Contains(c.StateSays, "desk/super") || len(c.May) != 0 || !c.Ladder[1].Reached || c.Holder != "spiffe://"+super {
		t.Errorf("%+v", c)
	}
}

// TestACallThatHasRungItselfOut: with the hub away nothing moves the log's time, and the
// bell stops all the same.
func TestACallThatHasRungItselfOut(t *testing.T) {
	d := newDesk(t)
	d.fold(client.Connected{Skew: time.Minute}) // the relay's clock is ahead
	d.ringing(1)
	d.now = start().Add(59 * time.Second)
	if c := d.view().Calls[0]; !c.Rings {
		t.Error("it does not ring in its time")
	}
	d.now = start().Add(60*time.Second + 500*time.Millisecond)
	if c := d.view().Calls[0]; c.Rings {
		t.Error("it rings after its end")
	}
	if rung := d.Ringing(); len(rung) != 0 {
		t.Errorf("it begins to ring after its end: %+v", rung)
	}
}

// TestACallForAnotherDeskDoesNotRing: it is seen, and told in its timeline.
func TestACallForAnotherDeskDoesNotRing(t *testing.T) {
	d := newDesk(t)
	c := callOf(1, d.now)
	c.Rings, c.Shown.To, c.Call.To = false, name(super), name(super)
	d.board.calls = []CallNow{c}
	d.board.incidents = []client.Incident{{ID: iid(1), Calling: cid(1), State: client.IncidentOpen, Hails: []client.HailInfo{{Call: c.Call, Shown: c.Shown}}}}
	d.fold(c.Shown)
	if rung := d.Ringing(); len(rung) != 0 {
		t.Errorf("%+v", rung)
	}
	if got := d.says(); len(got) != 1 || !strings.HasPrefix(got[0], "called desk/super") || d.view().Calls[0].Rings || d.view().Calls[0].For != "" {
		t.Errorf("%q", got)
	}
}

// TestCallsAreBounded: those that are over go first, however new.
func TestCallsAreBounded(t *testing.T) {
	var all []CallNow
	for i := range maxCalls + 50 {
		c := callOf(byte(i), start().Add(time.Duration(i)*time.Second))
		c.Call.ID[1] = byte(i >> 8)
		if i >= 50 {
			c.Call.State = proto.HailDeclined
		}
		all = append(all, c)
	}
	list := newestCalls(all)
	open := 0
	for i, c := range list {
		if !c.Call.State.Over() {
			open++
		}
		if i > 0 && c.Call.Made.After(list[i-1].Call.Made) {
			t.Fatal("not the newest first")
		}
	}
	if len(list) != maxCalls || open != 50 {
		t.Errorf("%d calls, %d of them open", len(list), open)
	}
	var incidents []client.Incident
	for i := range maxIncidents + 10 {
		k := client.Incident{ID: proto.IncidentID{byte(i), byte(i >> 8)}, State: client.IncidentClosed, Changed: start().Add(time.Duration(i) * time.Second)}
		if i < 10 {
			k.State = client.IncidentOpen
		}
		incidents = append(incidents, k)
	}
	if list := newestIncidents(incidents); len(list) != maxIncidents || list[9].State != client.IncidentOpen || list[10].State != client.IncidentClosed || list[10].Changed.Before(list[11].Changed) {
		t.Errorf("%d incidents", len(list))
	}
}

func TestWhereAHailStandsInWords(t *testing.T) {
	c := callOf(1, start())
	c.InLog = false
	c.Call.State = proto.HailSent
	if s := stateSays(&c, phrase.English); s != "waiting to be sent" {
		t.Error(s)
	}
	c.InLog = true
	c.Call.State, c.Call.Holder, c.Call.Round, c.Call.Running = proto.HailAccepted, name(norte), 2, true
	if s := stateSays(&c, phrase.English); !strings.Contains(s, "round 2") || !strings.Contains(s, "desk/norte") {
		t.Error(s)
	}
}

// says lists what an incident's timeline tells.
func (d *desk) says() (list []string) {
	for _, m := range d.view().Incidents[0].Timeline {
		list = append(list, m.Says)
	}
	return list
}

func TestTimeline(t *testing.T) {
	d := newDesk(t)
	d.ringing(1)
	after := func(n int) time.Time { d.now = start().Add(time.Duration(n) * time.Second); return d.now }
	d.fold(
		client.HailMoved{Hail: mid(1), Said: proto.HailDeclined, State: proto.HailReceived, By: name(super), For: name(me), Reason: proto.ReasonNoMeans, At: after(1)},
		client.Paged{Channel: cid(1), Hail: mid(1), Incident: iid(1), Round: 1, Step: 1, To: []proto.Name{name(super), name(pager)}, At: after(2)},
		client.PageAnswered{Hail: mid(1), By: name(pager), Delivered: true, At: after(3)},
		client.PageAnswered{Hail: mid(1), By: name(pager), Reason: proto.ReasonNoPage, At: after(4)},
	)
	d.view()
	d.fold(
		client.DutyChanged{Channel: cid(1), Role: name(me), On: true, At: name(super), By: name(me), Note: "lunch", Time: after(5)},
		client.DeskUnmanned{Channel: cid(1), Desk: name(super), Unmanned: true, At: after(6)},
		client.IncidentOpened{Incident: iid(1), Hail: mid(1), Channel: cid(5), By: name(norte)},
		client.MembersChanged{Channel: cid(5), By: name(norte), Added: []proto.Name{name(super)}, Removed: []proto.Name{name(unit)}},
	)
	d.fold(
		client.IncidentMoved{Channel: cid(1), Incident: iid(1), Act: proto.ActHandOver, By: name(me), To: name(super), Note: "yours", At: after(7)},
		client.IncidentMoved{Channel: cid(1), Incident: iid(1), Act: proto.ActClose, By: name(super), Disposition: proto.DispositionFalseAlarm, At: after(8)},
	)
	want := []string{
		"called desk/del-rio@us.example: ", "it rings here for desk/del-rio@us.example", "declined for desk/del-rio@us.example: ", "round 1, step 1 of the ladder: desk/super@mx.example, hook/pager@us.example",
		"delivered the page", "could not deliver the page: ", "desk/super@mx.example stands in for desk/del-rio@us.example. lunch", "nobody is found at desk/super",
		"opened the incident's channel", "came into the channel: desk/super", "left the channel: unit/u-1", "handed the incident over to desk/super@mx.example. yours", "closed the incident: false alarm",
	}
	got := d.says()
	if len(got) != len(want) {
		t.Fatalf("%d moments, want %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("moment %d reads %q, want %q", i, got[i], want[i])
		}
	}
	k := d.view().Incidents[0]
	if k.Channel != cid(5).String() || k.State != "open" || !slices.Equal(k.Calls, []string{mid(1).String()}) || k.Timeline[0].By != "spiffe://"+norte || len(k.Participants) != 1 {
		t.Errorf("%+v", k)
	}
	if a := d.view().Alarms; len(a) != 1 || !strings.Contains(a[0].Says, "nobody is found") {
		t.Errorf("alarms %+v", a)
	}
}

// TestOwnHailHasATimeline: no event tells of an own call, and what is read late has its
// place before others.
func TestOwnHailHasATimeline(t *testing.T) {
	d := newDesk(t)
	c := callOf(3, start())
	c.Shown.From, c.Shown.To, c.Call.From, c.Call.To, c.Rings, c.May = name(me), name(norte), name(me), name(norte), false, []proto.HailState{proto.HailCancelled}
	d.board.calls = []CallNow{c}
	d.board.incidents = []client.Incident{{ID: iid(3), Calling: cid(1), State: client.IncidentOpen, Hails: []client.HailInfo{{Call: c.Call, Shown: c.Shown}}}}
	d.fold(
		client.HailMoved{Channel: cid(1), Hail: mid(3), Said: proto.HailAccepted, By: name(norte), At: start().Add(9 * time.Second)},
		client.HailMoved{Channel: cid(1), Hail: mid(3), Said: proto.HailReceived, By: name(norte), At: start().Add(2 * time.Second)},
	)
	v := d.view()
	if got := d.says(); len(got) != 3 || !strings.HasPrefix(got[0], "called desk/norte") || got[1] != "the hail rings there" || got[2] != "accepted" {
		t.Errorf("%q", got)
	}
	if c := v.Calls[0]; !c.Mine || c.Rings || !slices.Equal(c.May, []string{"cancelled"}) {
		t.Errorf("%+v", c)
	}
	before := d.asked
	for range 100 { // of a hail that nobody knows
		d.fold(client.HailMoved{Hail: mid(99)}, client.PageAnswered{Hail: mid(99)})
	}
	if d.asked > before+1 {
		t.Errorf("the endpoint was asked %d times for a hail that it does not know", d.asked-before)
	}
}

func TestTimelinesAreBounded(t *testing.T) {
	d := newDesk(t)
	d.ringing(1)
	for i := range maxMoments + 20 {
		d.fold(client.Paged{Channel: cid(1), Incident: iid(1), Round: 1, Step: i, At: d.now.Add(time.Duration(i) * time.Second)})
	}
	list := d.view().Incidents[0].Timeline
	if len(list) != maxMoments || !strings.Contains(list[len(list)-1].Says, "219") {
		t.Errorf("%d moments, the last %+v", len(list), list[len(list)-1])
	}
	for i := range 500 { // of incidents that the endpoint has forgotten
		d.fold(client.Paged{Channel: cid(1), Incident: proto.IncidentID{9, byte(i), byte(i >> 8)}})
	}
	d.now = d.now.Add(time.Second)
	d.view()
	if len(d.timelines) != 1 {
		t.Errorf("%d timelines are kept", len(d.timelines))
	}
	for i := range maxRinging + 9 {
		d.fold(client.HailReceived{ID: proto.MessageID{7, byte(i), byte(i >> 8)}, Rings: true})
	}
	if len(d.Model.calls.rung) > maxRinging {
		t.Errorf("%d ringing calls wait to be fetched", len(d.Model.calls.rung))
	}
}

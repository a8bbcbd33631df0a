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

func TestAlarms(t *testing.T) {
	d := newDesk(t)
	d.fold(
		client.Gap{Channel: cid(1), From: name(norte), First: 3, Count: 2},
		client.Missed{Channel: cid(1), Count: 4}, client.Missed{Channel: cid(1), Count: 5, Origin: "mx.example"},
		client.Ending{Channel: cid(1), At: start().Add(time.Minute), Why: proto.Refuse(proto.ReasonWithdrawn, "")},
		client.ObserverThere{Channel: cid(1), Name: name(looker), Until: start().Add(time.Hour)},
		client.ObserverThere{Channel: cid(1), Name: name(looker), Until: start().Add(time.Hour)},
		client.Left{Channel: cid(1), Why: proto.Refuse(proto.ReasonCharter, "")},
	)
	want := []string{"you have left the channel: ", "desk/cornwall@ca.example observes", "the channel ends at 18:01:00 UTC", "5 entries", "4 entries of the channel cannot be read here", "2 messages of desk/norte@mx.example are missing"}
	list := d.view().Alarms
	if len(list) != len(want) {
		t.Fatalf("%+v", list)
	}
	for i, a := range list {
		if !strings.HasPrefix(a.Says, want[i]) || a.Channel != cid(1).String() || a.ID != len(want)-i {
			t.Errorf("alarm %d: %+v, want %q", i, a, want[i])
		}
	}
	if list[0].Code != int(proto.ReasonCharter) || list[2].Code != int(proto.ReasonWithdrawn) || list[3].Code != 0 {
		t.Errorf("codes %d, %d, %d", list[0].Code, list[2].Code, list[3].Code)
	}
	d.AlarmSeen(list[1].ID)
	d.AlarmSeen(9999)
	if after := d.view().Alarms; len(after) != len(want)-1 || slices.ContainsFunc(after, func(a Alarm) bool { return a.ID == list[1].ID }) {
		t.Errorf("put away, and %+v", after)
	}
	for range 2 * maxAlarms {
		d.fold(client.Alarm{Channel: cid(1), Why: proto.Refuse(proto.ReasonFull, "")})
	}
	if list := d.view().Alarms; len(list) != maxAlarms || list[0].ID != len(want)+2*maxAlarms {
		t.Errorf("%d alarms, the newest %d", len(list), list[0].ID)
	}
}

func TestPositions(t *testing.T) {
	d := newDesk(t)
	at := func(n int, who proto.Name) client.PositionReceived {
		fix := start().Add(time.Duration(n) * time.Second)
		return client.PositionReceived{Channel: cid(1), From: who, At: fix.Add(time.Second), Position: client.Position{
			Place: phrase.Place{Latitude: 28_700_000 + phrase.Microdegrees(n), Longitude: -100_500_000}, Accuracy: 12, Fix: fix, Course: 90, Speed: 10,
		}}
	}
	d.fold(at(5, name(norte)), at(3, name(norte)), at(4, name(unit)))
	list := d.view().Positions
	if len(list) != 2 || list[0].Name != "spiffe://"+norte || list[0].Fix != stamp(start().Add(5*time.Second)) || list[0].Meters != 12 || list[0].Lat != 28.700005 || list[0].Lon != -100.5 {
		t.Errorf("%+v", list)
	}
	if s := list[0].Says; !strings.HasPrefix(s, "28.70001, -100.50000 (MGRS ") || !strings.HasSuffix(s, ", within 12 m, course 090°, 36 km/h") {
		t.Error(s)
	}
	for i := range maxPositions + 5 {
		e := at(i, name(unit))
		e.From.Label = strings.Repeat("x", 1+i%50) + strings.Repeat("y", 1+i/50)
		d.fold(e)
	}
	if list := d.view().Positions; len(list) != maxPositions {
		t.Errorf("%d positions", len(list))
	}
}

func TestNotices(t *testing.T) {
	d := newDesk(t)
	n := proto.Notice{ID: proto.NoticeID{1}, Agency: "mx.example", Kind: proto.NoticeMaintenance, Title: "Power", Text: "an hour", Begins: start().Add(time.Hour), Ends: start().Add(2 * time.Hour)}
	other := n
	other.ID, other.Kind, other.Begins, other.Gateway = proto.NoticeID{2}, proto.NoticeGateway, start(), proto.GatewayChange{Name: name(radio), Up: true}
	d.fold(client.ChangeNotice{Notice: n, Stage: proto.StageDay}, client.ChangeNotice{Notice: other, Stage: proto.StageBegun}, client.ChangeNotice{Notice: n, Stage: proto.StageHour})
	list := d.view().Notices
	if len(list) != 2 || list[0].Stage != "begun" || list[1].Stage != "hour" || list[1].Says != "mx.example announces maintenance of its relay: within the hour" || !strings.HasSuffix(list[0].Says, "(spiffe://"+radio+" comes)") {
		t.Errorf("%+v", list)
	}
	d.fold(client.ChangeNotice{Notice: n, Stage: proto.StageHour, Off: true})
	if list := d.view().Notices; list[1].Stage != "off" || !strings.HasSuffix(list[1].Says, "taken back") {
		t.Errorf("%+v", list[1])
	}
	d.now = n.Ends.Add(proto.NoticeLife)
	if list := d.view().Notices; len(list) != 0 {
		t.Errorf("long over, and %+v", list)
	}
	for i := range maxNotices + 5 {
		n.ID, n.Ends = proto.NoticeID{3, byte(i), byte(i >> 8)}, d.now.Add(time.Duration(i+1)*time.Minute)
		d.fold(client.ChangeNotice{Notice: n})
	}
	if list := d.view().Notices; len(list) != maxNotices {
		t.Errorf("%d notices", len(list))
	}
}

func TestDesks(t *testing.T) {
	d := newDesk(t)
	ch := d.board.channels[cid(1)]
	ch.Duties = []client.Duty{{Role: name(super), StandsIn: name(norte)}, {Role: name(norte), Off: true}, {Role: name(pager), Unmanned: true}}
	d.board.channels[cid(1)] = ch
	d.fold(client.DutyChanged{Channel: cid(1)})
	list := d.view().Desks
	want := []Desk{
		{Channel: cid(1).String(), Role: "spiffe://" + norte, Short: "desk/norte@mx.example", Off: true},
		{Channel: cid(1).String(), Role: "spiffe://" + super, Short: "desk/super@mx.example", StandsIn: "spiffe://" + norte},
		{Channel: cid(1).String(), Role: "spiffe://" + me, Short: "desk/del-rio@us.example"},
		{Channel: cid(1).String(), Role: "spiffe://" + pager, Short: "hook/pager@us.example", Unmanned: true},
	}
	if !slices.Equal(list, want) {
		t.Errorf("%+v", list)
	}
}

// TestDutyInAnIncidentThatIsOver: it is none of its moments any more.
func TestDutyInAnIncidentThatIsOver(t *testing.T) {
	d := newDesk(t)
	d.ringing(1)
	d.view()
	d.board.incidents[0].State = client.IncidentClosed
	d.now = d.now.Add(time.Second)
	n := len(d.view().Incidents[0].Timeline)
	d.fold(client.DutyChanged{Channel: cid(1), Role: name(me), On: true}, client.DeskUnmanned{Channel: cid(1), Desk: name(super)})
	if got := len(d.view().Incidents[0].Timeline); got != n {
		t.Errorf("%d moments, before %d", got, n)
	}
}

func TestPacts(t *testing.T) {
	d := newDesk(t)
	a := proto.Agreement{ID: proto.AgreementID{1}, Title: "River", Parties: []proto.Agency{"us.example", "mx.example"}, Begins: start(), Ends: start().Add(time.Hour), Observers: []proto.AgreedObserver{{Agency: "ca.example"}}}
	a.Channels = []proto.AgreedChannel{{Name: "call", Kind: proto.KindCalling, Parties: []proto.Party{party("us.example")}}}
	d.board.pacts = []proto.Agreement{a}
	d.now = d.now.Add(time.Second)
	p := d.view().Pacts[0]
	if p.ID != a.ID.String() || p.Title != "River" || !slices.Equal(p.Observes, []string{"ca.example"}) || len(p.Lines) < 6 || p.Lines[0] != "agreement River" {
		t.Errorf("%+v", p)
	}
	if len(p.Mine) != 3 || !strings.HasPrefix(p.Mine[2], `desk/del-rio of us.example may hail on "call" (calling), until `) || !strings.Contains(p.Mine[1], "may speak") {
		t.Errorf("%q", p.Mine)
	}
	d.now = a.Ends
	if p := d.view().Pacts[0]; !strings.Contains(p.Mine[2], "may not hail") {
		t.Errorf("after its end it says %q", p.Mine)
	}
	a.Title, a.Digest = "River 2", [32]byte{2}
	d.board.pacts = []proto.Agreement{a}
	if p := d.view().Pacts[0]; p.Title != "River" {
		t.Error("agreements are asked for at every View")
	}
	d.now = d.now.Add(time.Second)
	if p := d.view().Pacts[0]; p.Title != "River 2" {
		t.Errorf("the next revision is not shown: %+v", p)
	}
}

// TestSectionsThatDoNotChange are the same slices, so that nobody looks at them again.
func TestSectionsThatDoNotChange(t *testing.T) {
	d := newDesk(t)
	d.fold(said(1, 1, d.now), client.Alarm{Why: proto.Refuse(proto.ReasonFull, "")})
	d.ringing(1)
	d.view()
	d.now = d.now.Add(100 * time.Millisecond)
	a, b := d.view(), d.view()
	if &a.Messages[0] != &b.Messages[0] || &a.Alarms[0] != &b.Alarms[0] || &a.Calls[0] != &b.Calls[0] || &a.Me.Phrases[0] != &b.Me.Phrases[0] || &a.Incidents[0] != &b.Incidents[0] {
		t.Error("a section is made anew although nothing has changed")
	}
	d.fold(client.Paged{Channel: cid(1), Incident: iid(1), Round: 1, Step: 1})
	if c := d.view(); len(c.Incidents[0].Timeline) != len(a.Incidents[0].Timeline)+1 || len(a.Incidents[0].Timeline) != 2 {
		t.Error("a View that was given out has been changed")
	}
}

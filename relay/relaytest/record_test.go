package relaytest_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"crossband/client"
	"crossband/crypto/identity"
	"crossband/crypto/record"
	"crossband/proto"
	"crossband/relay/relaytest"
)

// incident is a hail that was answered, with its channel and what was said there.
type incident struct {
	*desks
	id      proto.IncidentID
	channel proto.ChannelID
}

// happen runs an incident: hail, acceptance, commitment, two texts, a burst, and the
// third country's desk listening.
func happen(t *testing.T, b *border) *incident {
	t.Helper()
	d := newDesks(t, b)
	mine, theirs := ring(t, d.us, d.guard, client.HailOptions{Urgency: proto.PriorityEmergency})
	stands(t, proto.HailReceived, mine, theirs)
	reply(t, theirs, proto.HailAccepted, 0)
	reply(t, theirs, proto.HailCommitted, 0)
	id, err := mine.WaitIncident(minute(t))
	if err != nil {
		t.Fatal(err)
	}
	i := &incident{desks: d, id: mine.Incident(), channel: id}
	here, there := d.agent.Channel(id), d.guard.MustJoin(id)
	listener := b.ca.Endpoint("desk/cornwall")
	listener.MustJoin(id)
	for _, said := range []struct {
		ch   *client.Channel
		text string
	}{{here, "two injured at the gate"}, {there, "ambulancia en camino"}} {
		if _, err := said.ch.Text(minute(t), said.text); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(time.Second)
	push(t, here, 60, client.TalkOptions{}).well()
	time.Sleep(5 * time.Second)
	return i
}

func bundles(b *border) (list []*identity.Bundle) {
	for _, a := range b.agencies {
		list = append(list, a.Authority.Bundle())
	}
	return list
}

func fetched(t *testing.T, e *relaytest.Endpoint, id proto.IncidentID) *record.Export {
	t.Helper()
	x, err := e.Record(minute(t), id)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func verified(t *testing.T, b *border, exports ...*record.Export) *record.Report {
	t.Helper()
	r, err := record.Verify(exports, bundles(b))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func kinds(t *testing.T, x *record.Export) (list []record.Kind) {
	t.Helper()
	for _, l := range x.Logs {
		for _, line := range l.Entries {
			e, err := record.ParseEntry(line)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, e.Kind())
		}
	}
	return list
}

func TestBothSidesKeepTheSameRecord(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		i := happen(t, b)
		ours, theirs := fetched(t, i.agent, i.id), fetched(t, i.guard, i.id)
		if len(ours.Logs) != 1 || len(theirs.Logs) != 1 {
			t.Fatalf("%d logs here, %d there", len(ours.Logs), len(theirs.Logs))
		}
		if !slices.EqualFunc(ours.Logs[0].Entries, theirs.Logs[0].Entries, bytes.Equal) {
			t.Errorf("%d entries here, %d there, or others", len(ours.Logs[0].Entries), len(theirs.Logs[0].Entries))
		}
		for _, k := range []record.Kind{
			record.KindOpened, record.KindHail, record.KindReply, record.KindAcknowledged, record.KindJoined,
			record.KindText, record.KindFloorGranted, record.KindFloorReleased, record.KindBurst,
		} {
			if !slices.Contains(kinds(t, ours), k) {
				t.Errorf("no entry of kind %s in %v", k, kinds(t, ours))
			}
		}
		for name, x := range map[string]*record.Export{"ours": ours, "theirs": theirs} {
			r := verified(t, b, x)
			for _, f := range r.Findings {
				t.Errorf("%s: %s", name, f)
			}
			l := r.Logs[0]
			if len(l.Cosigned) != 2 || l.Cosigned[0].Size != l.Entries || l.Cosigned[1].Size != l.Entries || l.Bursts != 1 {
				t.Errorf("%s: %+v", name, l)
			}
		}
		if r := verified(t, b, ours, theirs); !r.Complete() {
			t.Errorf("compared: %v", r.Findings)
		}
	})
}

// What was said is in the record as a commitment, and can be shown by whoever was
// there; by nobody else, and nothing else can be shown for it.
func TestWhatWasSaidCanBeShownLater(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		i := happen(t, b)
		x := fetched(t, i.guard, i.id)
		if err := i.guard.Reveal(x); err != nil {
			t.Fatal(err)
		}
		r := verified(t, b, x)
		// The hail, three replies (received, accepted, committed) and two texts.
		if r.Logs[0].Revealed != 6 || !r.Complete() {
			t.Errorf("%d shown, findings %v", r.Logs[0].Revealed, r.Findings)
		}
		said := false
		for _, v := range x.Logs[0].Reveals {
			said = said || bytes.Contains(v.Content, []byte("two injured at the gate"))
		}
		if !said {
			t.Error("the text is not among what is shown")
		}
		for _, line := range x.Logs[0].Entries {
			if bytes.Contains(line, []byte("injured")) {
				t.Errorf("the record itself says what was said: %s", line)
			}
		}
		v := &x.Logs[0].Reveals[0]
		v.Content = append(bytes.Clone(v.Content), 'x')
		if r := verified(t, b, x); r.Intact() {
			t.Error("other words can be shown for what was said")
		}
		stranger := b.ca.Endpoint("recorder/ottawa")
		y := fetched(t, stranger, i.id)
		if err := stranger.Reveal(y); err != nil || len(y.Logs[0].Reveals) != 0 {
			t.Errorf("a device that was not there shows %d contents, %v", len(y.Logs[0].Reveals), err)
		}
	})
}

func TestRecordOutlivesRestartAndCut(t *testing.T) {
	long(t)
	run(t, func(t *testing.T, b *border) {
		i := happen(t, b)
		here := i.agent.Channel(i.channel)
		say := func(text string) {
			t.Helper()
			if _, err := here.Text(minute(t), text); err != nil {
				t.Fatal(err)
			}
		}
		b.Net.Cut(b.us.Addr, b.mx.Addr)
		time.Sleep(10 * time.Second)
		for range 700 { // more than one frame brings
			say("while the border is cut")
			time.Sleep(600 * time.Millisecond)
		}
		b.us.Crash()
		b.us.Restart()
		time.Sleep(time.Minute)
		say("after the restart")
		time.Sleep(5 * time.Second)
		x := fetched(t, i.agent, i.id)
		r := verified(t, b, x)
		if !r.Intact() || r.Complete() {
			t.Errorf("with a partner away: %v", r.Findings)
		}
		b.Net.Mend(b.us.Addr, b.mx.Addr)
		b.mx.Crash()
		b.mx.Restart()
		time.Sleep(2 * time.Minute)
		for _, e := range []*relaytest.Endpoint{i.agent, i.guard} {
			r := verified(t, b, fetched(t, e, i.id))
			if !r.Complete() || r.Logs[0].Entries < 700 {
				t.Errorf("%s has %d entries: %v", e.Name(), r.Logs[0].Entries, r.Findings)
			}
		}
	})
}

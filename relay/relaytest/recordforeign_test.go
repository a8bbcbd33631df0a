package relaytest_test

import (
	"testing"
	"time"

	"crossband/client"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
)

// A partner that knows the name of an incident of two others hears nothing of it by
// hailing under that name, writes nothing into its record, and is told why.
func TestAForeignIncidentIsNotTold(t *testing.T) {
	var m *relaytest.Middle
	var north proto.ChannelID
	runWith(t, 1, func(b *border) {
		m = b.Middle(b.mx, b.us)
		two := []*wire.Charter_Party{relaytest.Party(b.us), relaytest.Party(b.ca)}
		north = b.us.Calling("North", two, two)
	}, func(t *testing.T, b *border) {
		d := newDesks(t, b)
		cornwall := b.ca.Endpoint("desk/cornwall")
		here := d.agent.MustJoin(north)
		cornwall.MustJoin(north)
		time.Sleep(time.Second)
		mine, theirs := ring(t, here, cornwall, client.HailOptions{})
		stands(t, proto.HailReceived, mine, theirs)
		reply(t, theirs, proto.HailAccepted, 0)
		_, err := mine.WaitIncident(minute(t))
		ok(t, err)
		time.Sleep(5 * time.Second)
		before := len(fetched(t, d.agent, mine.Incident()).Logs[0].Entries)
		for _, again := range []bool{false, true} {
			if again {
				b.us.Crash()
				b.us.Restart()
				time.Sleep(20 * time.Second)
			}
			_, err = d.mx.Hail(minute(t), d.agent.Name(), phraseOf(t, "shots-fired"), client.HailOptions{Incident: mine.Incident()})
			if proto.ReasonOf(err) != proto.ReasonConflict {
				t.Errorf("after a restart %t: %v, want reason %d", again, err, proto.ReasonConflict)
			}
		}
		time.Sleep(10 * time.Second)
		for _, p := range m.Seen() {
			if e := p.Frame.GetRecordEntries(); e != nil && proto.IncidentID(e.Incident) == mine.Incident() {
				t.Fatal("the partner's relay is told of an incident that is not its own")
			}
		}
		if n := len(fetched(t, d.agent, mine.Incident()).Logs[0].Entries); n != before {
			t.Errorf("%d entries, %d before", n, before)
		}
	})
}

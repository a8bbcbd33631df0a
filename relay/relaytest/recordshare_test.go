package relaytest_test

import (
	"testing"
	"time"

	"crossband/crypto/identity"
	"crossband/crypto/record"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
)

// oneEntry is a log of one entry, signed, as the agency's relay would bring it.
func oneEntry(t *testing.T, id *identity.Identity, opened *record.Opened, signed bool) *wire.Frame {
	t.Helper()
	o := record.Origin{Agency: id.Name.Agency, Incident: proto.NewIncidentID()}
	opened.Incident = o.Incident
	l := record.NewLog(o)
	e, err := l.Append(time.Now(), id.Name, id.Name, opened)
	ok(t, err)
	m := &wire.RecordEntries{Incident: o.Incident[:], Agency: string(o.Agency), Lines: [][]byte{e.Line()}}
	c, err := l.Checkpoint(id, time.Now())
	ok(t, err)
	m.Checkpoint = c.Note()
	if signed {
		m.Chains = []*wire.CertificateChain{{Certificates: id.Chain}}
	}
	return &wire.Frame{Body: &wire.Frame_RecordEntries{RecordEntries: m}}
}

// A partner that begins thousands of records has a share of them: of channels that
// nobody here knows few, unsigned ones none. Beyond it it is refused, this side is told
// once, and the records of others go on.
func TestAPartnersRecordsTakeNobodyElsesRoom(t *testing.T) {
	long(t)
	var m *relaytest.Middle
	set := func(b *border) {
		m = b.Middle(b.mx, b.us)
		b.Link(b.ca, b.mx)
	}
	runWith(t, 1, set, func(t *testing.T, b *border) {
		newDesks(t, b)
		id := b.us.Identity("relay/r1")
		flood := func(n int, known, signed bool) (kept, refused int) {
			t.Helper()
			before, seen := stored(t, b.mx.Store), len(m.Seen())
			for k := range n {
				opened := &record.Opened{Parties: []proto.Agency{b.mx.Name, b.us.Name}, Channel: proto.ChannelID{7}}
				if known {
					opened.Channel = b.calling
				}
				m.Say(b.mx, oneEntry(t, id, opened, signed))
				if k%100 == 99 {
					time.Sleep(time.Second)
				}
			}
			time.Sleep(5 * time.Second)
			for _, p := range m.Seen()[seen:] {
				if a := p.Frame.GetRecordAnswer(); a != nil && a.Fault == string(record.TooLarge) {
					refused++
				}
			}
			return stored(t, b.mx.Store) - before, refused
		}
		const each = 6 // things in the store for one such log, at most
		if kept, _ := flood(50, true, false); kept != 0 {
			t.Errorf("of logs whose checkpoint nobody's certificate came with, %d things are stored", kept)
		}
		if kept, refused := flood(150, false, true); kept == 0 || kept > 100*each || refused != 50 {
			t.Errorf("of channels that are not known %d things are stored, %d logs refused; want 100 logs and 50", kept, refused)
		}
		if kept, refused := flood(2500, true, true); kept == 0 || kept > 2500*each || refused < 100 {
			t.Errorf("%d things are stored, %d logs refused; want 2,400 logs and 100", kept, refused)
		}
		if n := b.mx.Node.Stats().RecordFaults; n == 0 || n > 4 {
			t.Errorf("%d alarms about one partner", n)
		}
	})
}

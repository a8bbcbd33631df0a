package relaytest_test

import (
	"testing"
	"time"

	"crossband/crypto/agreement"
	"crossband/crypto/identity"
	"crossband/crypto/record"
	"crossband/proto"
	"crossband/relay/relaytest"
)

// named counts the entries of a record that name a document of each kind.
func named(t *testing.T, x *record.Export) (agreements, notices int) {
	t.Helper()
	for _, k := range kinds(t, x) {
		switch k {
		case record.KindAgreement:
			agreements++
		case record.KindNotice:
			notices++
		}
	}
	return agreements, notices
}

// TestTheRecordNamesWhatWasInForce: the agreement, with the document as every party
// signed it, and the change that a party had under way; each once, restart or not. A
// notice of what has not begun, or that is over, is not among them.
func TestTheRecordNamesWhatWasInForce(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		now := time.Now().Truncate(time.Second)
		announce(t, b.mx, proto.Notice{Kind: proto.NoticeMaintenance, Title: "Mast down", Begins: now.Add(time.Minute), Ends: now.Add(time.Hour)})
		announce(t, b.mx, proto.Notice{Kind: proto.NoticeMaintenance, Title: "Another day", Begins: now.Add(30 * time.Hour), Ends: now.Add(31 * time.Hour)})
		time.Sleep(2 * time.Minute)
		i := happen(t, b)
		for who, e := range map[string]*record.Export{"the hub's side": fetched(t, i.agent, i.id), "the other side": fetched(t, i.guard, i.id)} {
			if agreements, notices := named(t, e); agreements != 1 || notices != 1 {
				t.Errorf("%s: %d agreements and %d notices named in %v", who, agreements, notices, kinds(t, e))
			}
			if r := verified(t, b, e); !r.Complete() {
				t.Errorf("%s: %v", who, r.Findings)
			}
			if len(e.Agreements) != 1 {
				t.Fatalf("%s: %d agreements", who, len(e.Agreements))
			}
			list := bundles(b)
			trust, err := identity.NewTrustStore(list[0], list[1:]...)
			ok(t, err)
			if _, err := (agreement.Judge{Trust: trust}).Document(proto.DocumentAgreement, e.Agreements[0], time.Now()); err != nil {
				t.Errorf("%s: %v", who, err)
			}
			e.Agreements = nil
			if r := verified(t, b, e); !r.Intact() || r.Complete() {
				t.Errorf("%s, without the agreement: %v", who, r.Findings)
			}
		}
		b.us.Crash()
		b.us.Restart()
		time.Sleep(time.Minute)
		before := len(fetched(t, i.agent, i.id).Logs[0].Entries)
		if _, err := i.agent.Channel(i.channel).Text(minute(t), "after the restart"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		x := fetched(t, i.guard, i.id)
		if agreements, notices := named(t, x); agreements != 1 || notices != 1 || len(x.Logs[0].Entries) <= before {
			t.Errorf("after a restart %d agreements and %d notices are named, %d entries were %d", agreements, notices, len(x.Logs[0].Entries), before)
		}
	})
}

// TestTheRecordSaysThatARelayWasAway: at the hub while it is, and on both sides when it
// is back.
func TestTheRecordSaysThatARelayWasAway(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		i := happen(t, b)
		lost := time.Now()
		b.Net.Cut(b.us.Addr, b.mx.Addr)
		time.Sleep(2 * time.Minute)
		gaps := func(e *record.Export) (list []*record.LinkGap) {
			for _, line := range e.Logs[0].Entries {
				entry, err := record.ParseEntry(line)
				ok(t, err)
				if g, is := entry.Body.(*record.LinkGap); is {
					list = append(list, g)
				}
			}
			return list
		}
		if got := gaps(fetched(t, i.agent, i.id)); len(got) != 1 || got[0].Relay.Agency != b.mx.Name || !got[0].Back.IsZero() {
			t.Errorf("while it is away: %+v", got)
		}
		b.Net.Mend(b.us.Addr, b.mx.Addr)
		time.Sleep(2 * time.Minute)
		for _, e := range []*relaytest.Endpoint{i.agent, i.guard} {
			x := fetched(t, e, i.id)
			got := gaps(x)
			if len(got) != 2 || got[1].Back.Sub(got[1].Lost) < time.Minute || got[0].Lost.Before(lost) {
				t.Errorf("%s: %+v", e.Name(), got)
			}
			if r := verified(t, b, x); !r.Complete() {
				t.Errorf("%s: %v", e.Name(), r.Findings)
			}
		}
	})
}

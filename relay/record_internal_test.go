package relay

import (
	"log/slog"
	"testing"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/crypto/identity"
	"crossband/crypto/record"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/store"
)

// shelved is a recorder over a store that holds what begin writes.
func shelved(t *testing.T) *recorder {
	t.Helper()
	n := &Node{cfg: Config{Store: store.NewMemory()}, log: slog.New(slog.DiscardHandler)}
	n.cfg.Identity = &identity.Identity{Name: named(t, "spiffe://usbp.example/relay/eagle-pass-1")}
	n.identity.Store(n.cfg.Identity)
	return newRecorder(n)
}

func named(t *testing.T, word string) proto.Name {
	t.Helper()
	n, err := proto.ParseName(word)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// begun writes a log of one entry into the store.
func begun(t *testing.T, r *recorder, sequencer proto.Name, broken string) record.Origin {
	t.Helper()
	o := record.Origin{Agency: sequencer.Agency, Incident: proto.NewIncidentID()}
	l := record.NewLog(o)
	e, err := l.Append(time.Now(), sequencer, sequencer, &record.Opened{Incident: o.Incident, Parties: []proto.Agency{"gn.example", "usbp.example"}})
	if err != nil {
		t.Fatal(err)
	}
	octets, err := pb.Marshal(&wire.StoredRecord{State: l.State(), Told: []string{"gn.example", "usbp.example"}, Broken: broken})
	if err != nil {
		t.Fatal(err)
	}
	err = r.n.cfg.Store.Write(t.Context(), []store.Record{
		{Bucket: bucketRecords, Key: []byte(o.String()), Value: octets},
		{Bucket: store.Bucket(linesPrefix + o.String()), Key: indexKey(0), Value: e.Line()},
	})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// A start takes up what this relay has to sign, however much a partner has filled the
// store with, and says which of its records it has given up.
func TestAStartTakesUpOwnRecordsOnly(t *testing.T) {
	r := shelved(t)
	for range 12_000 {
		begun(t, r, named(t, "spiffe://gn.example/relay/one"), "")
	}
	own := begun(t, r, r.n.Name(), "")
	begun(t, r, r.n.Name(), "the store was put back")
	if err := r.load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(r.books) != 1 || r.books[own] == nil || len(r.work) != 1 {
		t.Errorf("%d logs are taken up, %d have work; want our own that is not settled", len(r.books), len(r.work))
	}
	if n := r.n.counters.recordFaults.Load(); n != 1 {
		t.Errorf("%d alarms about one record that was given up", n)
	}
}

// What is let go of is counted out, and nothing that waits for a partner is.
func TestIdleRecordsAreLetGo(t *testing.T) {
	r := shelved(t)
	own, theirs := begun(t, r, r.n.Name(), ""), begun(t, r, named(t, "spiffe://gn.example/relay/one"), "")
	for _, o := range []record.Origin{own, theirs} {
		if b, err := r.book(t.Context(), o); err != nil || b == nil {
			t.Fatalf("%s: %v", o, err)
		}
	}
	if r.shelves["gn.example"].logs != 1 {
		t.Errorf("a partner's share is %+v", r.shelves["gn.example"])
	}
	r.letGo(time.Now().Add(2 * bookIdle))
	if r.books[own] == nil || r.books[theirs] != nil || r.shelves["gn.example"].logs != 0 {
		t.Errorf("%d logs are left, the partner's share is %+v", len(r.books), r.shelves["gn.example"])
	}
}

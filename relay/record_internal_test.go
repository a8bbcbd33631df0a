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
	"crossband/relay/hub"
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

// Whatever channel something of an incident happens on, only the parties that its
// record began with are told of it.
func TestOnlyPartiesAreTold(t *testing.T) {
	r := shelved(t)
	e := hub.Recorded{
		Incident: proto.NewIncidentID(), Parties: []proto.Agency{"rcmp.example", "usbp.example"}, Told: []proto.Agency{"rcmp.example", "usbp.example"},
		Actor: r.n.Name(), What: hub.FloorMoved{Move: hub.FloorGranted, Priority: proto.PriorityRoutine},
	}
	for _, told := range []proto.Agency{"rcmp.example", "gn.example"} {
		e.Told = []proto.Agency{told}
		if err := r.add(t.Context(), e, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	b := r.books[record.Origin{Agency: "usbp.example", Incident: e.Incident}]
	if len(b.told) != 1 || b.told[0] != "rcmp.example" || b.log.Size() != 3 {
		t.Errorf("told are %v of %d entries", b.told, b.log.Size())
	}
}

// A calling channel and its template may have more parties together than one charter:
// they are all in the record.
func TestARecordHasThePartiesOfBothCharters(t *testing.T) {
	r := shelved(t)
	e := hub.Recorded{Incident: proto.NewIncidentID(), Actor: r.n.Name(), What: hub.FloorMoved{Move: hub.FloorGranted, Priority: proto.PriorityRoutine}}
	for c := range 2*proto.MaxParties - 1 {
		e.Parties = append(e.Parties, proto.Agency(string(rune('a'+c))+".example"))
	}
	e.Parties = append(e.Parties, "usbp.example")
	if err := r.add(t.Context(), e, time.Now()); err != nil {
		t.Fatal(err)
	}
	if b := r.books[record.Origin{Agency: "usbp.example", Incident: e.Incident}]; b.log.Size() != 2 || r.n.counters.recordFaults.Load() != 0 {
		t.Errorf("%d entries of %d parties, %d alarms", b.log.Size(), len(e.Parties), r.n.counters.recordFaults.Load())
	}
}

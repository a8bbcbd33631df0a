package relaytest_test

import (
	"encoding/binary"
	mrand "math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/crypto/record"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
	"crossband/relay/store"
)

// An export that is made while the incident goes on is of a record that nobody has
// touched, and verifies as that.
func TestAnExportOfALiveRecordIsIntact(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		i := happen(t, b)
		b.Net.Everywhere(relaytest.Path{Delay: 100 * time.Millisecond})
		done := make(chan struct{})
		go func() { // ends with its texts
			defer close(done)
			for range 120 {
				if _, err := i.guard.Channel(i.channel).Text(minute(t), "x"); err != nil {
					t.Error(err)
				}
				time.Sleep(time.Duration(mrand.Int64N(int64(500 * time.Millisecond))))
			}
		}()
		for range 100 {
			x := fetched(t, i.agent, i.id)
			if r := verified(t, b, x); !r.Intact() {
				t.Errorf("%d entries, %d checkpoints: %v", len(x.Logs[0].Entries), len(x.Logs[0].Checkpoints), r.Findings)
			}
			time.Sleep(time.Duration(mrand.Int64N(int64(400 * time.Millisecond))))
		}
		<-done
	})
}

// A line that the hub's store has lost is said once; what comes after it is recorded
// and signed, partners are not asked again and again, and the export shows the hole.
func TestALostLineIsSaidAndShown(t *testing.T) {
	var m *relaytest.Middle
	runWith(t, 1, func(b *border) { m = b.Middle(b.mx, b.us) }, func(t *testing.T, b *border) {
		i := happen(t, b)
		var cut atomic.Bool
		cut.Store(true)
		m.Tamper(func(p relaytest.Passing) []*wire.Frame {
			if p.Frame.GetRecordEntries() != nil && cut.Load() {
				return nil
			}
			return []*wire.Frame{p.Frame}
		})
		before := fetched(t, i.agent, i.id)
		lost := uint64(len(before.Logs[0].Entries)) + 2
		say := func(n int) {
			for range n {
				_, err := i.agent.Channel(i.channel).Text(minute(t), "later")
				ok(t, err)
				time.Sleep(2 * time.Second)
			}
		}
		say(5)
		o := record.Origin{Agency: b.us.Name, Incident: i.id}
		ok(t, b.us.Store.Write(t.Context(), []store.Record{{Bucket: store.Bucket("record/" + o.String()), Key: binary.BigEndian.AppendUint64(nil, lost)}}))
		cut.Store(false)
		time.Sleep(30 * time.Second)
		frames := answersOf(m)
		say(2)
		time.Sleep(10 * time.Minute)
		if n := answersOf(m) - frames; n > 2 {
			t.Errorf("%d frames in ten minutes about a record that cannot be brought", n)
		}
		if n := b.us.Node.Stats().RecordFaults; n != 1 {
			t.Errorf("%d alarms, want one", n)
		}
		x := fetched(t, i.agent, i.id)
		r := verified(t, b, x)
		found := false
		for _, f := range r.Findings {
			found = found || f.Fault == record.Deleted && f.Index == int64(lost)
		}
		if got, want := len(x.Logs[0].Entries), len(before.Logs[0].Entries)+6; got != want || !found {
			t.Errorf("%d entries, want %d with the hole at %d shown: %v", got, want, lost, r.Findings)
		}
		if held := len(fetched(t, i.guard, i.id).Logs[0].Entries); uint64(held) != lost {
			t.Errorf("the partner holds %d entries, want those up to the hole at %d", held, lost)
		}
	})
}

// The log of an agency that is a partner no more, or was never one of this relay's own
// trust list, is still this relay's to show.
func TestAFormerPartnersLogIsExported(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		i := happen(t, b)
		former := record.Origin{Agency: "former.example", Incident: i.id}
		place := proto.Name{Agency: former.Agency, Role: proto.RoleRelay, Label: "r1"}
		l := record.NewLog(former)
		e, err := l.Append(time.Now(), place, place, &record.Opened{Incident: i.id, Parties: []proto.Agency{former.Agency, b.mx.Name}})
		ok(t, err)
		replica := record.NewReplica(former)
		_, err = replica.Take(e.Line())
		ok(t, err)
		octets, err := pb.Marshal(&wire.StoredRecord{State: replica.State()})
		ok(t, err)
		ok(t, b.mx.Store.Write(t.Context(), []store.Record{
			{Bucket: "records", Key: []byte(former.String()), Value: octets},
			{Bucket: "record-incidents", Key: append(i.id[:], former.Agency...), Value: []byte{1}},
			{Bucket: store.Bucket("record/" + former.String()), Key: make([]byte, 8), Value: e.Line()},
		}))
		x := fetched(t, i.guard, i.id)
		if len(x.Logs) != 2 || x.Logs[0].Origin != former || len(x.Logs[0].Entries) != 1 {
			t.Errorf("the export has the logs %v", x.Logs)
		}
	})
}

package relaytest_test

import (
	"bytes"
	"sync/atomic"
	"testing"
	"time"

	"crossband/client"
	"crossband/crypto/record"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
	"crossband/relay/store"
)

// A relay that shows a partner another history gets no cosignature for it, and both
// administrators are told. What the partner has cosigned before stays good.
func TestAPartnerDoesNotCosignAnotherHistory(t *testing.T) {
	var m *relaytest.Middle
	runWith(t, 1, func(b *border) { m = b.Middle(b.mx, b.us) }, func(t *testing.T, b *border) {
		d := newDesks(t, b)
		var bend atomic.Bool
		m.Tamper(func(p relaytest.Passing) []*wire.Frame {
			if e := p.Frame.GetRecordEntries(); e != nil && p.Toward == b.mx.Name && bend.Load() {
				for i, line := range e.Lines {
					e.Lines[i] = bytes.Replace(line, []byte(`"state":"accepted"`), []byte(`"state":"declined"`), 1)
				}
			}
			return []*wire.Frame{p.Frame}
		})
		mine, theirs := ring(t, d.us, d.guard, client.HailOptions{})
		stands(t, proto.HailReceived, mine, theirs)
		time.Sleep(3 * time.Second)
		before := fetched(t, d.guard, mine.Incident())
		if r := verified(t, b, before); !r.Intact() || r.Logs[0].Entries < 3 {
			t.Fatalf("before: %+v, %v", r.Logs, r.Findings)
		}
		bend.Store(true)
		reply(t, theirs, proto.HailAccepted, 0)
		time.Sleep(10 * time.Second)
		if n := b.mx.Node.Stats().RecordFaults; n == 0 {
			t.Error("the partner's administrator is not told")
		}
		if n := b.us.Node.Stats().RecordFaults; n == 0 {
			t.Error("the hub's administrator is not told")
		}
		ours, kept := fetched(t, d.agent, mine.Incident()), fetched(t, d.guard, mine.Incident())
		r := verified(t, b, ours)
		if !r.Intact() {
			t.Errorf("the hub's own: %v", r.Findings)
		}
		for _, c := range r.Logs[0].Cosigned {
			if c.Agency == b.mx.Name && c.Size > uint64(len(before.Logs[0].Entries)) {
				t.Errorf("the partner has cosigned %d entries, of which it was shown others", c.Size)
			}
		}
		for i, line := range before.Logs[0].Entries {
			if !bytes.Equal(kept.Logs[0].Entries[i], line) {
				t.Errorf("entry %d, which the partner held, was changed", i)
			}
		}
	})
}

// copyStore is a backup of a relay's store.
func copyStore(t *testing.T, s store.Store) *store.Memory {
	t.Helper()
	c := store.NewMemory()
	buckets, err := s.Buckets(t.Context())
	ok(t, err)
	for _, b := range buckets {
		var list []store.Record
		ok(t, s.Scan(t.Context(), b, nil, func(k, v []byte) bool {
			list = append(list, store.Record{Bucket: b, Key: bytes.Clone(k), Value: bytes.Clone(v)})
			return true
		}))
		ok(t, c.Write(t.Context(), list))
	}
	return c
}

// A hub's relay whose store is put back to an old copy does not write a second
// history over what its partners hold: it stops, and says so.
func TestAPutBackStoreSignsNoSecondHistory(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		i := happen(t, b)
		old := copyStore(t, b.us.Store)
		if _, err := i.agent.Channel(i.channel).Text(minute(t), "after the backup"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Second)
		held := fetched(t, i.guard, i.id)
		b.us.Crash()
		b.us.Store = old
		b.Net.Cut(b.us.Addr, b.mx.Addr) // the partners cannot say at once what they hold
		b.Net.Cut(b.us.Addr, b.ca.Addr)
		b.us.Restart()
		time.Sleep(5 * time.Second)
		for range 3 { // more than was lost: the new history is the longer one
			push(t, i.agent.Channel(i.channel), 20, client.TalkOptions{}).well()
		}
		time.Sleep(5 * time.Second)
		b.Net.Mend(b.us.Addr, b.mx.Addr)
		b.Net.Mend(b.us.Addr, b.ca.Addr)
		time.Sleep(time.Minute)
		if n := b.us.Node.Stats().RecordFaults; n == 0 {
			t.Error("nobody is told that the store is old")
		}
		again := fetched(t, i.guard, i.id)
		if r := verified(t, b, held, again); !r.Intact() {
			t.Errorf("what the partner holds: %v", r.Findings)
		}
		r := verified(t, b, fetched(t, i.agent, i.id), again)
		for _, f := range r.Findings {
			if f.Fault == record.Forked || f.Fault == record.SplitView {
				t.Errorf("two histories were signed: %s", f)
			}
		}
	})
}

// A backup of the second between an entry and its checkpoint: the partner shows the
// checkpoint that was signed since, and the log goes on from it. No second one of as
// many entries is signed.
func TestABackupOfTheSecondBeforeACheckpointGoesOn(t *testing.T) {
	var m *relaytest.Middle
	runWith(t, 1, func(b *border) { m = b.Middle(b.mx, b.us) }, func(t *testing.T, b *border) {
		i := happen(t, b)
		_, err := i.agent.Channel(i.channel).Text(minute(t), "last")
		ok(t, err)
		time.Sleep(200 * time.Millisecond)
		old := copyStore(t, b.us.Store)
		time.Sleep(5 * time.Second)
		b.us.Crash()
		b.us.Store = old
		b.us.Restart()
		time.Sleep(30 * time.Second)
		before := answersOf(m)
		time.Sleep(10 * time.Minute)
		if n := answersOf(m) - before; n != 0 {
			t.Errorf("%d frames in ten quiet minutes", n)
		}
		_, err = i.agent.Channel(i.channel).Text(minute(t), "later")
		ok(t, err)
		time.Sleep(5 * time.Second)
		if r := verified(t, b, fetched(t, i.agent, i.id), fetched(t, i.guard, i.id)); !r.Complete() || b.us.Node.Stats().RecordFaults != 0 {
			t.Errorf("%d alarms; %v", b.us.Node.Stats().RecordFaults, r.Findings)
		}
	})
}

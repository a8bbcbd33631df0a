package relay

import (
	"context"
	"encoding/binary"
	"testing"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/proto/wire"
	"crossband/relay/hub"
	"crossband/relay/store"
)

// What waits for a hub has a rule of its own: however much of it there is, a sweep
// finds what has been ordered and is old.
func TestSweepLooksPastWhatWaits(t *testing.T) {
	now := time.Now()
	record := func(i, seq uint64) store.Record {
		v, err := pb.Marshal(&wire.StoredMessage{Frame: &wire.Frame{}, TimeMs: now.Add(-time.Hour).UnixMilli(), Seq: seq})
		if err != nil {
			t.Fatal(err)
		}
		return store.Record{Bucket: "origin/x", Key: binary.BigEndian.AppendUint64(nil, i), Value: v}
	}
	records := []store.Record{record(hub.MaxSweep+1, 7)}
	for i := range uint64(hub.MaxSweep) {
		records = append(records, record(i+1, 0))
	}
	kept := store.NewMemory()
	if err := kept.Write(context.Background(), records); err != nil {
		t.Fatal(err)
	}
	l := &loop{n: &Node{cfg: Config{Store: kept}}}
	found, err := l.sweep(context.Background(), hub.Sweep{Origin: "origin/x", Before: now})
	if err != nil || len(found.Messages) != 1 || found.Messages[0].Seq != 7 {
		t.Errorf("%d messages found, %v; want the one that was ordered", len(found.Messages), err)
	}
}

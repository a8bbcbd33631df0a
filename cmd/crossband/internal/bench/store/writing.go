package store

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"sync"
	"time"

	"crossband/proto"
	"crossband/relay/store"
)

// bucket is a channel's log, named as the relay names one; nothing else is here, so
// that growth can read it.
const bucket store.Bucket = "log/"

// writing puts messages into a store as a relay does: one record each, in a channel's
// log, under the next number.
type writing struct {
	store  store.Store
	octets int // of a record's value

	mu   sync.Mutex // guards next
	next uint64
}

func (w *writing) record(value []byte) store.Record {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.next++
	return store.Record{Bucket: bucket + store.Bucket(proto.ChannelID{}.String()), Key: binary.BigEndian.AppendUint64(nil, w.next), Value: value}
}

// slice has n writers store one message after the other for a time. Each waits until
// its message is kept.
func (w *writing) slice(ctx context.Context, n int, long time.Duration) (turn, error) {
	var wg sync.WaitGroup
	turns, failed := make([]turn, n), make([]error, n)
	start := time.Now()
	for i := range n {
		wg.Go(func() { turns[i], failed[i] = w.one(ctx, start, long) }) // ends after the slice
	}
	wg.Wait()
	all := turn{took: time.Since(start)}
	for i := range n {
		if failed[i] != nil {
			return all, failed[i]
		}
		all.count += turns[i].count
		all.waits = append(all.waits, turns[i].waits...)
	}
	return all, nil
}

func (w *writing) one(ctx context.Context, start time.Time, long time.Duration) (t turn, err error) {
	value := make([]byte, w.octets)
	rand.Read(value) // sealed texts cannot be compressed either
	for time.Since(start) < long {
		asked := time.Now()
		if err := w.store.Write(ctx, []store.Record{w.record(value)}); err != nil {
			return t, err
		}
		t.count++
		t.waits = append(t.waits, time.Since(asked))
		if err := ctx.Err(); err != nil {
			return t, err
		}
	}
	return t, nil
}

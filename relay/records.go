package relay

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/hub"
	"crossband/relay/store"
)

// load gives the hub what the last run wrote, before any link is there.
func (l *loop) load(ctx context.Context) error {
	start, records := time.Now(), 0
	var effects []hub.Effect
	buckets, err := l.n.cfg.Store.Buckets(ctx)
	if err != nil {
		return fmt.Errorf("relay: store: %w", err)
	}
	for _, want := range hub.Load() {
		for _, b := range buckets {
			if string(b) != want && !(strings.HasSuffix(want, "/") && strings.HasPrefix(string(b), want)) {
				continue
			}
			err := l.n.cfg.Store.Scan(ctx, b, nil, func(key, value []byte) bool {
				records++
				e := hub.Loaded{Bucket: string(b), Key: append([]byte(nil), key...), Value: append([]byte(nil), value...)}
				effects = append(effects, l.hub.Apply(time.Now(), e)...)
				return ctx.Err() == nil
			})
			if err != nil {
				return fmt.Errorf("relay: store: %w", err)
			}
		}
	}
	for _, d := range l.n.cfg.Store.Damaged() {
		effects = append(effects, l.hub.Apply(time.Now(), hub.Damaged{Bucket: string(d.Bucket), Key: d.Key})...)
	}
	for _, x := range effects {
		if a, ok := x.(hub.Audit); ok {
			l.audit(a)
		}
	}
	if err := l.write(ctx, effects); err != nil {
		return err
	}
	if records > 0 {
		l.n.log.Info("records loaded", "records", records, "took", time.Since(start).Round(time.Millisecond))
	}
	return ctx.Err()
}

// write makes all records of a batch durable.
func (l *loop) write(ctx context.Context, effects []hub.Effect) error {
	records := l.recorder.written()
	for _, e := range effects {
		if w, ok := e.(hub.Write); ok {
			records = append(records, store.Record{Bucket: store.Bucket(w.Bucket), Key: w.Key, Value: w.Value})
		}
	}
	return l.store(ctx, records)
}

// store writes. When it fails the node ends: what the hub has decided is not what
// the next start will load, so nothing of it may be acknowledged.
func (l *loop) store(ctx context.Context, records []store.Record) error {
	if len(records) == 0 {
		return nil
	}
	for _, r := range records {
		l.written += len(r.Value)
	}
	began := time.Now()
	err := l.n.cfg.Store.Write(ctx, records)
	if l.watch.stored(began, len(records), err); err != nil {
		return fmt.Errorf("relay: store: %w", err)
	}
	return nil
}

// readLog answers a FetchLog from the store.
func (l *loop) readLog(ctx context.Context, e hub.ReadLog) error {
	entries := e.Answer.GetEntries()
	size := 0
	err := l.n.cfg.Store.Scan(ctx, store.Bucket(e.Bucket), seqKey(e.After), func(_, value []byte) bool {
		v := new(wire.StoredEntry)
		if err := pb.Unmarshal(value, v); err != nil || v.Entry == nil {
			l.n.log.Error("log entry cannot be read", "channel", e.Channel.Short())
			return false
		}
		size += len(value)
		if len(entries.Entries) > 0 && size > e.Most {
			return false
		}
		entries.Entries = append(entries.Entries, v.Entry)
		return len(entries.Entries) < proto.MaxEntries
	})
	if err != nil {
		return fmt.Errorf("relay: store: %w", err)
	}
	l.send(e.Link, e.Answer)
	return nil
}

func seqKey(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }

// readSealed answers a FetchSealed from the store.
func (l *loop) readSealed(ctx context.Context, e hub.ReadSealed) error {
	answer, size := e.Answer.GetSealed(), 0
	for _, key := range e.Keys {
		value, err := l.n.cfg.Store.Get(ctx, store.Bucket(e.Bucket), key)
		if err != nil {
			return fmt.Errorf("relay: store: %w", err)
		}
		v := new(wire.StoredMessage)
		if value == nil || pb.Unmarshal(value, v) != nil {
			continue
		}
		envelope := proto.EnvelopeOf(v.Frame)
		if envelope == nil {
			continue
		}
		part := &wire.Sealed_Part{Id: key, Sealed: envelope.GetSealed()}
		if size += len(part.Sealed); size > proto.MaxEntriesBytes {
			break
		}
		answer.Parts = append(answer.Parts, part)
	}
	l.send(e.Link, e.Answer)
	return nil
}

// sweep finds what is older than the hub wants it to be.
func (l *loop) sweep(ctx context.Context, e hub.Sweep) (hub.Expired, error) {
	found := hub.Expired{Channel: e.Channel}
	if e.Log != "" {
		err := l.n.cfg.Store.Scan(ctx, store.Bucket(e.Log), nil, func(_, value []byte) bool {
			v := new(wire.StoredEntry)
			if pb.Unmarshal(value, v) != nil || v.Entry == nil || v.Entry.TimeMs >= e.Before.UnixMilli() {
				return false // entries lie in the order of their times
			}
			found.Entries = append(found.Entries, v)
			return len(found.Entries) < hub.MaxSweep
		})
		if err != nil {
			return found, fmt.Errorf("relay: store: %w", err)
		}
	}
	if e.Origin != "" {
		err := l.n.cfg.Store.Scan(ctx, store.Bucket(e.Origin), nil, func(_, value []byte) bool {
			v := new(wire.StoredMessage)
			if pb.Unmarshal(value, v) == nil && v.Frame != nil && v.Seq != 0 && v.TimeMs < e.Before.UnixMilli() { // what waits has its own rule
				found.Messages = append(found.Messages, v)
			}
			return len(found.Messages) < hub.MaxSweep
		})
		if err != nil {
			return found, fmt.Errorf("relay: store: %w", err)
		}
	}
	return found, nil
}

// drop deletes a bucket, a thousand records at a time.
func (l *loop) drop(ctx context.Context, bucket string) error {
	for {
		var records []store.Record
		err := l.n.cfg.Store.Scan(ctx, store.Bucket(bucket), nil, func(key, _ []byte) bool {
			records = append(records, store.Record{Bucket: store.Bucket(bucket), Key: append([]byte(nil), key...)})
			return len(records) < hub.MaxSweep
		})
		if err != nil {
			return fmt.Errorf("relay: store: %w", err)
		}
		if err := l.store(ctx, records); err != nil || len(records) < hub.MaxSweep {
			return err
		}
	}
}

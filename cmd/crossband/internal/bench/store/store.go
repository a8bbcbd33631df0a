// Package store measures how many messages a second a relay can accept, each on the
// disk before it is acknowledged, against what the disk itself gives.
package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"crossband/cmd/crossband/internal/bench"
	"crossband/proto"
	"crossband/relay/store"
)

// Options say what is measured. Dir, Writers, Octets, Slice, Rounds and Say are
// required.
type Options struct {
	Dir       string        // on the disk to try; everything made there is removed
	Postgres  string        // address of a PostgreSQL server to try too; empty: none
	Writers   []int         // how many store one message each, again and again
	Octets    int           // of one message as it is stored
	Slice     time.Duration // of one turn
	Rounds    int           // turns of each
	Endpoints int           // of the end to end part; 0 leaves it out
	Texts     int           // of each endpoint in each round
	Relay     func(config string) []string
	Say       func(format string, args ...any)
}

// Bounds of Options.
const (
	MaxWriters = 1024 // what the store's queue holds
	MaxOctets  = 1 << 20

	MaxEndpoints = proto.MaxAgreedChannels - 3 // the usual agreement has three channels besides talkgroups

	// MaxTextsEach is what a relay's quotas let one endpoint say at once, less what it
	// may say by itself (relay/hub's quota table).
	MaxTextsEach = 280
)

// Row is one engine with one number of writers. Rates are means over all rounds.
type Row struct {
	Engine        string  `json:"engine"` // sqlite, postgres, or relay: end to end
	Writers       int     `json:"writers"`
	MessagesPerS  float64 `json:"messages_per_s"`
	RawFsyncPerS  float64 `json:"raw_fsync_per_s"`    // of a write of Writers messages and an fsync
	RawPerS       float64 `json:"raw_messages_per_s"` // what those hold
	SingleFsyncPS float64 `json:"single_fsync_per_s"` // of a write of one message and an fsync
	Ratio         float64 `json:"ratio"`              // of messages_per_s to raw_messages_per_s
	P50MS         float64 `json:"p50_ms"`             // from asking for one message to be kept until it is
	P99MS         float64 `json:"p99_ms"`
	Octets        int     `json:"octets"` // of one message
}

// Cells implements bench.Row.
func (r Row) Cells() []bench.Cell {
	return []bench.Cell{
		{Heading: "engine", Text: r.Engine}, bench.Count("writers", r.Writers), bench.Count("octets", r.Octets),
		bench.Figure("messages/s", r.MessagesPerS, 0), bench.Figure("raw fsync/s", r.RawFsyncPerS, 0), bench.Figure("raw messages/s", r.RawPerS, 0),
		bench.Figure("single fsync/s", r.SingleFsyncPS, 0), bench.Figure("ratio", r.Ratio, 2), bench.Figure("p50 ms", r.P50MS, 2), bench.Figure("p99 ms", r.P99MS, 2),
	}
}

func (o Options) check() error {
	for _, w := range o.Writers {
		if w < 1 || w > MaxWriters {
			return fmt.Errorf("%d writers; 1 to %d are allowed", w, MaxWriters)
		}
	}
	switch {
	case o.Octets < 1 || o.Octets > MaxOctets:
		return fmt.Errorf("messages of %d octets; 1 to %d are allowed", o.Octets, MaxOctets)
	case o.Slice <= 0 || o.Rounds < 1 || o.Endpoints < 0:
		return errors.New("slice, rounds and endpoints must be positive")
	case o.Endpoints > MaxEndpoints:
		return fmt.Errorf("%d endpoints; at most %d have a talkgroup of their own in one agreement", o.Endpoints, MaxEndpoints)
	case o.Endpoints > 0 && (o.Texts < 1 || o.Texts*o.Rounds > MaxTextsEach):
		return fmt.Errorf("%d texts of each endpoint; a relay lets one say 1 to %d at once", o.Texts*o.Rounds, MaxTextsEach)
	}
	return nil
}

// Run measures every engine with every number of writers. What is compared takes
// turns: a write of one message, a write of a group, the store.
func Run(ctx context.Context, o Options) (rows []Row, err error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(o.Dir, "crossband-bench-store-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	o.Dir = dir
	sqlite, err := store.OpenSQLite(filepath.Join(dir, "relay.db"), store.Options{})
	if err != nil {
		return nil, err
	}
	rows, err = o.engine(ctx, "sqlite", sqlite)
	if err = errors.Join(err, sqlite.Close()); err != nil {
		return nil, err
	}
	if o.Postgres != "" {
		more, err := o.postgres(ctx)
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	if o.Endpoints > 0 {
		row, err := o.endToEnd(ctx)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// postgresSchema belongs to this benchmark alone. What it left there is deleted at
// the end, the empty tables stay.
const postgresSchema = "crossband_bench"

func (o Options) postgres(ctx context.Context) ([]Row, error) {
	s, err := store.OpenPostgres(ctx, o.Postgres, store.Options{Schema: postgresSchema})
	if err != nil {
		return nil, err
	}
	rows, err := o.engine(ctx, "postgres", s)
	return rows, errors.Join(err, erase(context.WithoutCancel(ctx), s), s.Close())
}

// erase deletes everything in a store.
func erase(ctx context.Context, s store.Store) error {
	buckets, err := s.Buckets(ctx)
	for _, b := range buckets {
		for more := err == nil; more; {
			var records []store.Record
			err = s.Scan(ctx, b, nil, func(key, _ []byte) bool {
				records = append(records, store.Record{Bucket: b, Key: append([]byte(nil), key...)})
				return len(records) < 1000
			})
			if more = err == nil && len(records) > 0; more {
				err = s.Write(ctx, records)
				more = err == nil
			}
		}
	}
	return err
}

// engine measures one store with every number of writers.
func (o Options) engine(ctx context.Context, name string, s store.Store) (rows []Row, err error) {
	raw, err := newRawFile(filepath.Join(o.Dir, "raw"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, raw.close()) }()
	w := &writing{store: s, octets: o.Octets}
	for _, n := range o.Writers {
		if _, err := w.slice(ctx, n, o.Slice/4); err != nil { // to warm up
			return nil, err
		}
		var m meter
		for range o.Rounds {
			if err := m.raw(ctx, raw, o, n); err != nil {
				return nil, err
			}
			t, err := w.slice(ctx, n, o.Slice)
			if err != nil {
				return nil, err
			}
			m.add(t)
		}
		o.Say("%s, %d writers: %.0f messages/s", name, n, m.messages.perSecond())
		rows = append(rows, m.row(name, n, o.Octets))
	}
	return rows, nil
}

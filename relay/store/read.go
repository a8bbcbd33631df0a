package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
)

// chunk is how many records one read transaction serves. A scan of any length
// by a slow caller so keeps neither SQLite's log from being folded into the
// file nor PostgreSQL's from being cleaned.
const chunk = 512

// reader serves Get, Scan and Buckets of both databases: their SQL is the same.
type reader struct {
	db  *sql.DB
	log *slog.Logger

	mu      sync.Mutex // guards what follows
	damaged []Damage
	seen    map[string]bool // names of those found since opening
}

func newReader(db *sql.DB, damaged []Damage, log *slog.Logger) *reader {
	return &reader{db: db, log: log, damaged: damaged, seen: make(map[string]bool)}
}

func (r *reader) get(ctx context.Context, bucket Bucket, key []byte) ([]byte, error) {
	var value []byte
	var stored int64
	err := r.db.QueryRowContext(ctx, `SELECT value, sum FROM record WHERE bucket = $1 AND key = $2`, []byte(bucket), key).Scan(&value, &stored)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("store: get from %q: %w", bucket, err)
	case int64(sum([]byte(bucket), key, value)) != stored:
		r.found(Damage{bucket, bytes.Clone(key), "checksum differs when read"})
		return nil, nil
	case value == nil:
		return []byte{}, nil // an empty value is a value
	}
	return value, nil
}

func (r *reader) scan(ctx context.Context, bucket Bucket, after []byte, fn func(key, value []byte) bool) error {
	last := append([]byte{}, after...) // not nil: NULL is greater than nothing
	for {
		n, more, err := r.scanChunk(ctx, bucket, &last, fn)
		if err != nil {
			return fmt.Errorf("store: scan %q: %w", bucket, err)
		}
		if !more || n < chunk {
			return nil
		}
	}
}

// scanChunk moves last to the last key that it read.
func (r *reader) scanChunk(ctx context.Context, bucket Bucket, last *[]byte, fn func(key, value []byte) bool) (n int, more bool, err error) {
	rows, err := r.db.QueryContext(ctx, `SELECT key, value, sum FROM record WHERE bucket = $1 AND key > $2 ORDER BY key LIMIT $3`, []byte(bucket), *last, chunk)
	if err != nil {
		return 0, false, err
	}
	defer rows.Close()
	var key, value sql.RawBytes
	var stored int64
	for rows.Next() {
		if err := rows.Scan(&key, &value, &stored); err != nil {
			return n, false, err
		}
		n++
		*last = append((*last)[:0], key...)
		if int64(sum([]byte(bucket), key, value)) != stored {
			r.found(Damage{bucket, bytes.Clone(key), "checksum differs when read"})
			continue
		}
		if value == nil {
			value = sql.RawBytes{} // an empty value is a value
		}
		if !fn(key, value) {
			return n, false, nil
		}
	}
	return n, true, rows.Err()
}

// buckets jumps from one to the next along the index, rather than reading the
// names of all records.
func (r *reader) buckets(ctx context.Context) (names []Bucket, err error) {
	last := []byte{}
	for {
		var next []byte
		err := r.db.QueryRowContext(ctx, `SELECT bucket FROM record WHERE bucket > $1 ORDER BY bucket LIMIT 1`, last).Scan(&next)
		if errors.Is(err, sql.ErrNoRows) {
			return names, nil
		}
		if err != nil {
			return nil, fmt.Errorf("store: buckets: %w", err)
		}
		names, last = append(names, Bucket(next)), next
	}
}

func (r *reader) found(d Damage) {
	r.mu.Lock()
	defer r.mu.Unlock()
	name := Record{Bucket: d.Bucket, Key: d.Key}.name()
	if r.seen[name] {
		return
	}
	r.seen[name] = true
	r.damaged = append(r.damaged, d)
	r.log.Error("stored record damaged", "bucket", d.Bucket, "key", fmt.Sprintf("%x", d.Key), "why", d.Why)
}

func (r *reader) list() []Damage {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Damage(nil), r.damaged...)
}

// Package store keeps what a relay must not lose: channels, their logs, key
// packages and welcomes, all of it sealed or public. It knows nothing of their
// meaning: records are octets under a bucket and a key. SQLite is the default,
// PostgreSQL serves an agency that already runs one, Memory forgets.
//
// Messages are lost in the gap between "written" and "on the disk", so there is
// none here: Write returns nil after the database has synced its log, and after
// one sync that failed a store accepts nothing more (docs/decisions/0014).
package store

import (
	"context"
	"errors"
	"log/slog"
)

// Bucket groups records that are read in the order of their keys.
type Bucket string

// Record is one value. A nil Value deletes; an empty one is a value.
type Record struct {
	Bucket Bucket // 1 to 255 octets
	Key    []byte // 1 to 1,024 octets
	Value  []byte // at most 16 MiB
}

// Store is durable, ordered storage for one relay. All methods may be called
// from several goroutines.
type Store interface {
	// Write stores all records or none; of two for one key the later counts.
	// When it returns nil they are durable. An error other than ErrFull,
	// ErrRecord and ErrClosed leaves open whether they were stored. ctx bounds
	// the wait for a place in the queue, not the commit: that cannot be
	// called back.
	Write(ctx context.Context, records []Record) error
	// Get returns a copy of the value under a key; nil when there is none or
	// when it is damaged.
	Get(ctx context.Context, bucket Bucket, key []byte) ([]byte, error)
	// Scan calls fn with the bucket's records whose key is greater than after,
	// in the order of their keys, until fn returns false. fn must not keep
	// the slices; it may call Write. Records written meanwhile may be seen or
	// not. Damaged records are left out.
	Scan(ctx context.Context, bucket Bucket, after []byte, fn func(key, value []byte) bool) error
	// Buckets lists the buckets that hold records.
	Buckets(ctx context.Context) ([]Bucket, error)
	// Usage costs little: it may be asked once a second.
	Usage(ctx context.Context) (Usage, error)
	// Damaged lists what was stored here and cannot be served, named where
	// the name survived. It does not shrink while the store is open.
	Damaged() []Damage
	Close() error
}

// Usage is how full a store is, in octets. New messages are refused by the
// caller when Full reports true, before they are accepted; what must go on
// then (a member's removal, the cut of a log) has the reserve. The store
// refuses with ErrFull only what would take Used above Limit, and never a
// Write that makes it smaller.
type Usage struct {
	Used    int64 // of records, with what the database needs for each
	Limit   int64 // the configured limit, or less when the disk holds less
	Reserve int64 // the part of Limit that new messages may not use
}

// Full reports whether new messages must be refused.
func (u Usage) Full() bool { return u.Used > u.Limit-u.Reserve }

// Damage is a record that was stored and cannot be served. Bucket and Key are
// empty when not even the name survived.
type Damage struct {
	Bucket Bucket
	Key    []byte
	Why    string
}

// Errors of every store.
var (
	ErrClosed = errors.New("store: closed")
	// ErrFull: the limit or the disk. Nothing was changed.
	ErrFull = errors.New("store: full")
	// ErrRecord: a record outside the limits. Nothing was changed.
	ErrRecord = errors.New("store: record outside the limits")
	// ErrBroken wraps the error of the commit or sync that failed. What that
	// Write held may or may not be stored. The store accepts nothing more:
	// after a failed sync the kernel may call the lost pages clean, and a
	// second sync then succeeds without having written them.
	ErrBroken = errors.New("store: broken")
	// ErrInUse: another process, or another store of this one, has it open.
	ErrInUse = errors.New("store: in use")
	// ErrNewer: a later version of the program has changed the layout.
	ErrNewer = errors.New("store: written by a newer version of this program")
)

// Options are common to all stores. The zero value is what most relays want.
type Options struct {
	// Limit bounds what the records may take, in octets, keys and the
	// database's own needs counted. 0 is 8 GiB.
	Limit int64
	// Reserve is the part of Limit that new messages may not use. SQLite also
	// keeps as much of the disk occupied, to give it up when others have
	// filled the disk. 0 is 64 MiB, or a quarter of Limit if that is less.
	Reserve int64
	// Schema is the PostgreSQL schema that belongs to this relay alone: lower
	// case letters, digits and underscores, at most 63. "" is "crossband".
	Schema string
	// Log is told of damage found and of a store that broke. nil is silence.
	Log *slog.Logger
}

func (o Options) filled() Options {
	if o.Limit == 0 {
		o.Limit = 8 << 30
	}
	if o.Reserve == 0 {
		o.Reserve = min(64<<20, o.Limit/4)
	}
	if o.Schema == "" {
		o.Schema = "crossband"
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

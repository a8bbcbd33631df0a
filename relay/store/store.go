// Package store keeps what a relay must not lose: channels, their logs, key
// packages and welcomes, all of it sealed or public. It knows nothing of their
// meaning: records are octets under a bucket and a key.
package store

import "context"

// Bucket groups records that are read in the order of their keys.
type Bucket string

// Record is one value. A nil Value deletes.
type Record struct {
	Bucket Bucket
	Key    []byte
	Value  []byte
}

// Store is durable, ordered storage for one relay.
type Store interface {
	// Write stores all records or none. When it returns nil they are durable.
	Write(ctx context.Context, records []Record) error
	// Scan calls fn with the bucket's records whose key is greater than after,
	// in the order of their keys, until fn returns false. fn must not keep
	// the slices.
	Scan(ctx context.Context, bucket Bucket, after []byte, fn func(key, value []byte) bool) error
	// Buckets lists the buckets that hold records.
	Buckets(ctx context.Context) ([]Bucket, error)
	Close() error
}

package store

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
)

// Memory is a Store that lasts as long as the process.
type Memory struct {
	limit, reserve int64

	mu      sync.Mutex // guards what follows; not held while Scan calls fn
	buckets map[Bucket][]Record
	used    int64
	closed  bool
}

// NewMemory returns an empty store with the default limit.
func NewMemory() *Memory { return OpenMemory(Options{}) }

// OpenMemory returns an empty store.
func OpenMemory(o Options) *Memory {
	o = o.filled()
	return &Memory{limit: o.Limit, reserve: o.Reserve, buckets: make(map[Bucket][]Record)}
}

// Write implements Store.
func (m *Memory) Write(_ context.Context, records []Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return ErrClosed
	}
	folded, err := fold(records)
	if err != nil {
		return err
	}
	grown := int64(0)
	for _, r := range folded {
		stored := absent
		if i, found := m.find(r.Bucket, r.Key); found {
			stored = len(m.buckets[r.Bucket][i].Value)
		}
		grown += growth(r, stored)
	}
	if grown > 0 && m.used+grown > m.limit {
		return fmt.Errorf("%w: %d octets used, %d more asked, limit %d", ErrFull, m.used, grown, m.limit)
	}
	m.used += grown
	for _, r := range folded {
		m.put(r)
	}
	return nil
}

func (m *Memory) find(b Bucket, key []byte) (int, bool) {
	return slices.BinarySearchFunc(m.buckets[b], key, byKey)
}

func (m *Memory) put(r Record) {
	list := m.buckets[r.Bucket]
	i, found := m.find(r.Bucket, r.Key)
	switch {
	case r.Value == nil && found:
		list = slices.Delete(list, i, i+1)
	case r.Value == nil:
	case found:
		list[i] = r
	default:
		list = slices.Insert(list, i, r)
	}
	if len(list) == 0 {
		delete(m.buckets, r.Bucket)
		return
	}
	m.buckets[r.Bucket] = list
}

func byKey(r Record, key []byte) int { return bytes.Compare(r.Key, key) }

// Get implements Store.
func (m *Memory) Get(_ context.Context, bucket Bucket, key []byte) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, ErrClosed
	}
	i, found := m.find(bucket, key)
	if !found {
		return nil, nil
	}
	return bytes.Clone(m.buckets[bucket][i].Value), nil
}

// Scan implements Store.
func (m *Memory) Scan(ctx context.Context, bucket Bucket, after []byte, fn func(key, value []byte) bool) error {
	for {
		list, err := m.page(bucket, after)
		if err != nil {
			return err
		}
		for _, r := range list {
			if err := ctx.Err(); err != nil {
				return err
			}
			if !fn(r.Key, r.Value) {
				return nil
			}
			after = r.Key
		}
		if len(list) < chunk {
			return nil
		}
	}
}

// page copies the next records of a bucket. Their octets are never changed
// once stored, so they need no copy.
func (m *Memory) page(bucket Bucket, after []byte) ([]Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, ErrClosed
	}
	i, found := m.find(bucket, after)
	if found {
		i++
	}
	list := m.buckets[bucket][i:]
	return slices.Clone(list[:min(len(list), chunk)]), nil
}

// Buckets implements Store.
func (m *Memory) Buckets(context.Context) ([]Bucket, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, ErrClosed
	}
	names := make([]Bucket, 0, len(m.buckets))
	for name := range m.buckets {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

// Usage implements Store.
func (m *Memory) Usage(context.Context) (Usage, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return Usage{}, ErrClosed
	}
	return Usage{Used: m.used, Limit: m.limit, Reserve: m.reserve}, nil
}

// Damaged implements Store: nothing outlives the process to be found damaged.
func (m *Memory) Damaged() []Damage { return nil }

// Close implements Store.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	m.buckets = nil
	return nil
}

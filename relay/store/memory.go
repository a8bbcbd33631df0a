package store

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
)

// Memory is a Store that lasts as long as the process.
type Memory struct {
	mu      sync.Mutex // held for the whole of every method
	buckets map[Bucket][]Record
	closed  bool
}

// ErrClosed is returned after Close.
var ErrClosed = errors.New("store: closed")

// NewMemory returns an empty store.
func NewMemory() *Memory { return &Memory{buckets: make(map[Bucket][]Record)} }

// Write implements Store.
func (m *Memory) Write(_ context.Context, records []Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return ErrClosed
	}
	for _, r := range records {
		m.put(r)
	}
	return nil
}

func (m *Memory) put(r Record) {
	list := m.buckets[r.Bucket]
	i, found := slices.BinarySearchFunc(list, r.Key, byKey)
	switch {
	case r.Value == nil && found:
		list = slices.Delete(list, i, i+1)
	case r.Value == nil:
	case found:
		list[i].Value = bytes.Clone(r.Value)
	default:
		list = slices.Insert(list, i, Record{r.Bucket, bytes.Clone(r.Key), bytes.Clone(r.Value)})
	}
	if len(list) == 0 {
		delete(m.buckets, r.Bucket)
		return
	}
	m.buckets[r.Bucket] = list
}

func byKey(r Record, key []byte) int { return bytes.Compare(r.Key, key) }

// Scan implements Store.
func (m *Memory) Scan(_ context.Context, bucket Bucket, after []byte, fn func(key, value []byte) bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return ErrClosed
	}
	list := m.buckets[bucket]
	i, found := slices.BinarySearchFunc(list, after, byKey)
	if found {
		i++
	}
	for ; i < len(list); i++ {
		if !fn(list[i].Key, list[i].Value) {
			break
		}
	}
	return nil
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

// Close implements Store.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	m.buckets = nil
	return nil
}

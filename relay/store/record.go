package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// Limits of one record, in octets. A frame, and so a value, is far smaller;
// the limit keeps one mistake from filling a transaction.
const (
	maxBucket = 255
	maxKey    = 1024
	maxValue  = 16 << 20
)

// overhead is what a database needs for a record beyond its octets: row and
// index headers, the checksum, and pages that are not full. Measured with
// SQLite and 300-octet records (BenchmarkOpen).
const overhead = 48

func (r Record) check() error {
	switch {
	case len(r.Bucket) == 0 || len(r.Bucket) > maxBucket:
		return fmt.Errorf("%w: bucket of %d octets", ErrRecord, len(r.Bucket))
	case len(r.Key) == 0 || len(r.Key) > maxKey:
		return fmt.Errorf("%w: key of %d octets", ErrRecord, len(r.Key))
	case len(r.Value) > maxValue:
		return fmt.Errorf("%w: value of %d octets, limit %d", ErrRecord, len(r.Value), maxValue)
	}
	return nil
}

// size is what a record with a value of so many octets counts. Bucket and key
// stand in the table and in its index.
func (r Record) size(value int) int64 {
	return int64(2*(len(r.Bucket)+len(r.Key)) + value + overhead)
}

// name identifies a record among all buckets.
func (r Record) name() string {
	b := make([]byte, 0, 1+len(r.Bucket)+len(r.Key))
	b = append(b, byte(len(r.Bucket)))
	return string(append(append(b, r.Bucket...), r.Key...))
}

// sum is CRC-32C over bucket, key and value, lengths first so that octets
// cannot move from one to the next. It finds what happens by accident: flipped
// bits, torn or swapped pages, a value under a wrong key; one in four thousand
// million of such records slips through. It is not meant against someone who
// edits the file: they could compute any sum that this process could, and what
// the records hold is sealed and signed by devices. Processors have an
// instruction for it, so checking costs less than reading.
func sum(bucket, key, value []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli) // made once by the library
	var lengths [12]byte
	binary.BigEndian.PutUint32(lengths[0:], uint32(len(bucket)))
	binary.BigEndian.PutUint32(lengths[4:], uint32(len(key)))
	binary.BigEndian.PutUint32(lengths[8:], uint32(len(value)))
	c := crc32.Update(0, table, lengths[:])
	c = crc32.Update(c, table, bucket)
	c = crc32.Update(c, table, key)
	return crc32.Update(c, table, value)
}

// fold copies the records and leaves out those that a later one of the same
// key replaces.
func fold(records []Record) ([]Record, error) {
	folded := make([]Record, 0, len(records))
	var at map[string]int
	if len(records) > 1 {
		at = make(map[string]int, len(records))
	}
	for _, r := range records {
		if err := r.check(); err != nil {
			return nil, err
		}
		r.Key, r.Value = bytes.Clone(r.Key), bytes.Clone(r.Value)
		if at == nil {
			return append(folded, r), nil
		}
		if i, twice := at[r.name()]; twice {
			folded[i] = r
			continue
		}
		at[r.name()] = len(folded)
		folded = append(folded, r)
	}
	return folded, nil
}

// Package syntax is the presentation language of MLS (RFC 9420 2.1): TLS
// structs with variable-size vectors whose length is a QUIC-style integer.
//
// The reader is strict, so that every accepted input has exactly one encoding:
// lengths must be minimal, optional markers must be 0 or 1, nothing may follow
// the last field. It never allocates by a claimed length: a vector is a view
// into the input, found to be present before it is looked at.
package syntax

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// MaxVectorLen is the largest length a vector header can state (RFC 9420 2.1.2).
const MaxVectorLen = 1<<30 - 1

// The ways in which input can break the presentation language.
var (
	ErrTruncated  = errors.New("mls syntax: input ends inside a field")
	ErrTrailing   = errors.New("mls syntax: bytes follow the last field")
	ErrNotMinimal = errors.New("mls syntax: vector length is not minimally encoded")
	ErrLength     = errors.New("mls syntax: vector length has the forbidden prefix 11")
	ErrOptional   = errors.New("mls syntax: optional marker is neither 0 nor 1")
	ErrValue      = errors.New("mls syntax: value is not allowed here")
)

// Reader consumes one encoded value. The first error sticks: later reads
// return zero values, so decoders are written straight through and ask Err
// once. Returned slices alias the input and have no spare capacity.
type Reader struct {
	rest []byte
	err  error
}

// NewReader reads b, which must not change while decoded values are in use.
func NewReader(b []byte) *Reader { return &Reader{rest: b} }

// Err is the first error met.
func (r *Reader) Err() error { return r.err }

// Fail records err, unless an earlier error is already recorded.
func (r *Reader) Fail(err error) {
	if r.err == nil {
		r.err = err
		r.rest = nil
	}
}

// Refuse records ErrValue with the name of the field.
func (r *Reader) Refuse(field string, value uint64) {
	r.Fail(fmt.Errorf("%w: %s %d", ErrValue, field, value))
}

// More reports whether unread bytes are left and no error has happened.
func (r *Reader) More() bool { return r.err == nil && len(r.rest) > 0 }

// Rest is what has not been read.
func (r *Reader) Rest() []byte { return r.rest }

// End is the result of a decoder: the first error, or ErrTrailing.
func (r *Reader) End() error {
	if r.err == nil && len(r.rest) > 0 {
		r.Fail(ErrTrailing)
	}
	return r.err
}

// Fixed reads n octets.
func (r *Reader) Fixed(n int) []byte {
	if r.err != nil {
		return nil
	}
	if n < 0 || n > len(r.rest) {
		r.Fail(ErrTruncated)
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

// Uint8 reads one octet.
func (r *Reader) Uint8() uint8 {
	b := r.Fixed(1)
	if b == nil {
		return 0
	}
	return b[0]
}

// Uint16 reads a big-endian integer.
func (r *Reader) Uint16() uint16 {
	b := r.Fixed(2)
	if b == nil {
		return 0
	}
	return binary.BigEndian.Uint16(b)
}

// Uint32 reads a big-endian integer.
func (r *Reader) Uint32() uint32 {
	b := r.Fixed(4)
	if b == nil {
		return 0
	}
	return binary.BigEndian.Uint32(b)
}

// Uint64 reads a big-endian integer.
func (r *Reader) Uint64() uint64 {
	b := r.Fixed(8)
	if b == nil {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}

// Optional reads the presence octet of optional<T> (RFC 9420 2.1.1).
func (r *Reader) Optional() bool {
	switch r.Uint8() {
	case 0:
		return false
	case 1:
		return r.err == nil
	}
	r.Fail(ErrOptional)
	return false
}

// Length reads a vector header. RFC 9420 2.1.2: the length is encoded in one,
// two or four octets, the fewest possible; the prefix 11 is an error.
func (r *Reader) Length() int {
	first := r.Uint8()
	var n, least int
	switch first >> 6 {
	case 0:
		return int(first)
	case 1:
		n, least = int(first&0x3f)<<8|int(r.Uint8()), 1<<6
	case 2:
		high := int(first & 0x3f)
		b := r.Fixed(3)
		if b == nil {
			return 0
		}
		n, least = high<<24|int(b[0])<<16|int(b[1])<<8|int(b[2]), 1<<14
	default:
		r.Fail(ErrLength)
		return 0
	}
	if r.err == nil && n < least {
		r.Fail(ErrNotMinimal)
		return 0
	}
	return n
}

// Bytes reads opaque<V>.
func (r *Reader) Bytes() []byte {
	n := r.Length()
	return r.Fixed(n)
}

// Vector reads T<V>: it calls item until the vector is used up. An item that
// does not fit into its vector is an error.
func (r *Reader) Vector(item func(*Reader)) {
	body := r.Bytes()
	if r.err != nil {
		return
	}
	inner := Reader{rest: body}
	for inner.More() {
		before := len(inner.rest)
		item(&inner)
		if inner.err == nil && len(inner.rest) == before {
			inner.Fail(ErrValue)
		}
	}
	if inner.err != nil {
		r.Fail(inner.err)
	}
}

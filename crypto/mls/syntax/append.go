package syntax

import "encoding/binary"

// AppendUint16 appends a big-endian integer.
func AppendUint16(b []byte, v uint16) []byte { return binary.BigEndian.AppendUint16(b, v) }

// AppendUint32 appends a big-endian integer.
func AppendUint32(b []byte, v uint32) []byte { return binary.BigEndian.AppendUint32(b, v) }

// AppendUint64 appends a big-endian integer.
func AppendUint64(b []byte, v uint64) []byte { return binary.BigEndian.AppendUint64(b, v) }

// AppendLength appends the shortest vector header for n (RFC 9420 2.1.2). More
// than MaxVectorLen cannot be encoded; no caller can hold that much.
func AppendLength(b []byte, n int) []byte {
	switch {
	case n < 1<<6:
		return append(b, byte(n))
	case n < 1<<14:
		return AppendUint16(b, uint16(n)|1<<14)
	case n <= MaxVectorLen:
		return AppendUint32(b, uint32(n)|1<<31)
	}
	panic("mls syntax: internal error: vector beyond 2^30-1 octets")
}

// AppendBytes appends opaque<V>.
func AppendBytes(b, v []byte) []byte {
	return append(AppendLength(b, len(v)), v...)
}

// AppendString appends opaque<V> holding s.
func AppendString(b []byte, s string) []byte {
	return append(AppendLength(b, len(s)), s...)
}

// AppendVector appends T<V>, whose items body appends. The items are put in place at
// once and make room for a longer header afterwards: large vectors hold others, and
// none of it is copied from a buffer of its own.
func AppendVector(b []byte, body func([]byte) []byte) []byte {
	start := len(b)
	b = body(append(b, 0))
	items := len(b) - start - 1
	var room [4]byte
	header := AppendLength(room[:0], items)
	b = append(b, header[1:]...)
	copy(b[start+len(header):], b[start+1:start+1+items])
	copy(b[start:], header)
	return b
}

// AppendOptional appends the presence octet of optional<T>.
func AppendOptional(b []byte, present bool) []byte {
	if present {
		return append(b, 1)
	}
	return append(b, 0)
}

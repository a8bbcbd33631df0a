package identity

import (
	"encoding/binary"
	"time"
)

// Documents are encoded with fixed-width big-endian integers and byte strings
// under a 32-bit length. There is one form for every value, so bytes that
// decode re-encode to themselves. Every document begins with docVersion.
const docVersion = 1

// lastSecond is 9999-12-31 23:59:59 UTC, the latest time a document may hold.
const lastSecond = 253402300799

type encoder struct{ b []byte }

func newEncoder() *encoder { return &encoder{[]byte{docVersion}} }

func (e *encoder) u8(v uint8)     { e.b = append(e.b, v) }
func (e *encoder) u64(v uint64)   { e.b = binary.BigEndian.AppendUint64(e.b, v) }
func (e *encoder) fixed(p []byte) { e.b = append(e.b, p...) }
func (e *encoder) text(s string)  { e.bytes([]byte(s)) }

func (e *encoder) bytes(p []byte) {
	e.b = binary.BigEndian.AppendUint32(e.b, uint32(len(p)))
	e.b = append(e.b, p...)
}

// time writes whole seconds since 1970; the zero time is 0 and means none.
func (e *encoder) time(t time.Time) {
	if t.IsZero() {
		e.u64(0)
		return
	}
	e.u64(uint64(t.Unix()))
}

// A decoder keeps its first error; what it returns after that is zero.
type decoder struct {
	what string
	b    []byte
	err  error
}

// newDecoder starts on a document of at most most octets; what names it in errors.
func newDecoder(what string, b []byte, most int) *decoder {
	d := &decoder{what: what, b: b}
	if len(b) > most {
		d.err = refuse(TooLarge, "%s of %d octets, at most %d are read", what, len(b), most)
	} else if v := d.u8(); d.err == nil && v != docVersion {
		d.err = refuse(Malformed, "%s of version %d, only %d is known", what, v, docVersion)
	}
	return d
}

func (d *decoder) fixed(n int) []byte {
	if d.err == nil && len(d.b) < n {
		d.err = refuse(Malformed, "%s ends early: %d octets wanted, %d left", d.what, n, len(d.b))
	}
	if d.err != nil {
		return make([]byte, min(n, 64))
	}
	p := d.b[:n:n]
	d.b = d.b[n:]
	return p
}

func (d *decoder) u8() uint8   { return d.fixed(1)[0] }
func (d *decoder) u64() uint64 { return binary.BigEndian.Uint64(d.fixed(8)) }

// bytes reads a string of at most most octets.
func (d *decoder) bytes(most int) []byte {
	n := binary.BigEndian.Uint32(d.fixed(4))
	if d.err == nil && uint64(n) > uint64(most) {
		d.err = refuse(TooLarge, "%s has a part of %d octets, at most %d are read", d.what, n, most)
	}
	if d.err != nil {
		return nil
	}
	return append([]byte(nil), d.fixed(int(n))...)
}

func (d *decoder) text(most int) string { return string(d.bytes(most)) }

func (d *decoder) time() time.Time {
	v := d.u64()
	if d.err == nil && v > lastSecond {
		d.err = refuse(Malformed, "%s holds a time after the year 9999", d.what)
	}
	if d.err != nil || v == 0 {
		return time.Time{}
	}
	return time.Unix(int64(v), 0).UTC()
}

// count reads how many parts follow, at most most.
func (d *decoder) count(most int) int {
	n := d.u64()
	if d.err == nil && n > uint64(most) {
		d.err = refuse(TooLarge, "%s lists %d entries, at most %d are read", d.what, n, most)
	}
	if d.err != nil {
		return 0
	}
	return int(n)
}

// end reports the first error, or that octets are left over.
func (d *decoder) end() error {
	if d.err == nil && len(d.b) != 0 {
		d.err = refuse(Malformed, "%s has %d octets after its end", d.what, len(d.b))
	}
	return d.err
}

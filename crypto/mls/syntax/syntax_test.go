package syntax

import (
	"bytes"
	"errors"
	"testing"
)

func TestLength(t *testing.T) {
	cases := []struct {
		name string
		in   []byte
		n    int
		err  error
	}{
		{"one octet, zero", []byte{0x00}, 0, nil},
		{"one octet, most", []byte{0x3f}, 63, nil},
		{"two octets, least", []byte{0x40, 0x40}, 64, nil},
		{"two octets, most", []byte{0x7f, 0xff}, 16383, nil},
		{"four octets, least", []byte{0x80, 0x00, 0x40, 0x00}, 16384, nil},
		{"four octets, most", []byte{0xbf, 0xff, 0xff, 0xff}, MaxVectorLen, nil},
		{"two octets for 63", []byte{0x40, 0x3f}, 0, ErrNotMinimal},
		{"four octets for 16383", []byte{0x80, 0x00, 0x3f, 0xff}, 0, ErrNotMinimal},
		{"prefix 11", []byte{0xc0, 0, 0, 0, 0, 0, 0, 0}, 0, ErrLength},
		{"empty", nil, 0, ErrTruncated},
		{"cut in two", []byte{0x40}, 0, ErrTruncated},
		{"cut in four", []byte{0x80, 0, 1}, 0, ErrTruncated},
	}
	for _, c := range cases {
		r := NewReader(c.in)
		n := r.Length()
		if n != c.n || !errors.Is(r.End(), c.err) {
			t.Errorf("%s: got %d %v, want %d %v", c.name, n, r.End(), c.n, c.err)
		}
		if c.err == nil && !bytes.Equal(AppendLength(nil, c.n), c.in) {
			t.Errorf("%s: %d encodes as %x", c.name, c.n, AppendLength(nil, c.n))
		}
	}
}

// TestErrorsStick: after the first error everything reads as zero.
func TestErrorsStick(t *testing.T) {
	r := NewReader([]byte{1, 2})
	if r.Uint32() != 0 || !errors.Is(r.Err(), ErrTruncated) {
		t.Errorf("short integer: %v", r.Err())
	}
	if r.Uint8() != 0 || r.Bytes() != nil || r.Optional() || r.More() {
		t.Error("something was read after an error")
	}
	r.Fail(ErrValue)
	if !errors.Is(r.End(), ErrTruncated) {
		t.Errorf("the first error was replaced by %v", r.End())
	}
}

func TestOptional(t *testing.T) {
	for in, want := range map[byte]error{0: nil, 1: nil, 2: ErrOptional, 255: ErrOptional} {
		r := NewReader([]byte{in})
		if got := r.Optional(); got != (in == 1) || !errors.Is(r.End(), want) {
			t.Errorf("%d: got %v %v", in, got, r.End())
		}
	}
}

func TestVector(t *testing.T) {
	read := func(in []byte) (list []uint16, err error) {
		r := NewReader(in)
		r.Vector(func(r *Reader) { list = append(list, r.Uint16()) })
		return list, r.End()
	}
	if list, err := read([]byte{4, 0, 1, 0, 2}); err != nil || len(list) != 2 || list[1] != 2 {
		t.Errorf("got %v %v", list, err)
	}
	if _, err := read([]byte{3, 0, 1, 0}); !errors.Is(err, ErrTruncated) {
		t.Errorf("item cut by its vector: %v", err)
	}
	if _, err := read([]byte{0xbf, 0xff, 0xff, 0xff, 0}); !errors.Is(err, ErrTruncated) {
		t.Errorf("huge vector: %v", err)
	}
	if _, err := read([]byte{0, 7}); !errors.Is(err, ErrTrailing) {
		t.Errorf("trailing octet: %v", err)
	}
	r := NewReader([]byte{1, 9})
	r.Vector(func(*Reader) {})
	if !errors.Is(r.End(), ErrValue) {
		t.Errorf("an item that reads nothing: %v", r.End())
	}
}

// TestNoSpareCapacity: appending to a decoded field cannot overwrite the next.
func TestNoSpareCapacity(t *testing.T) {
	in := []byte{1, 'a', 1, 'b'}
	r := NewReader(in)
	first := r.Bytes()
	_ = append(first, 'x')
	if got := r.Bytes(); string(got) != "b" {
		t.Errorf("second field became %q", got)
	}
}

package proto_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"testing"

	pb "google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"crossband/proto"
	"crossband/proto/wire"
)

func anyFrame(proto.Kind, int) error { return nil }

// frames returns one frame of every kind, with every scalar field filled.
func frames() []*wire.Frame {
	var list []*wire.Frame
	bodies := new(wire.Frame).ProtoReflect().Descriptor().Oneofs().ByName("body").Fields()
	for i := range bodies.Len() {
		f := &wire.Frame{Id: 7, Re: 8, Endpoint: "spiffe://usbp.example/unit/a", Hops: 1}
		m := f.ProtoReflect()
		fill(m.Mutable(bodies.Get(i)).Message())
		list = append(list, f)
	}
	return list
}

func fill(m protoreflect.Message) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		value, ok := scalar(f.Kind())
		switch {
		case !ok:
		case f.IsList():
			m.Mutable(f).List().Append(value)
		default:
			m.Set(f, value)
		}
	}
}

func scalar(k protoreflect.Kind) (protoreflect.Value, bool) {
	switch k {
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(true), true
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes([]byte{1, 2, 3}), true
	case protoreflect.StringKind:
		return protoreflect.ValueOfString("abc"), true
	case protoreflect.Uint32Kind:
		return protoreflect.ValueOfUint32(300), true
	case protoreflect.Uint64Kind:
		return protoreflect.ValueOfUint64(301), true
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(302), true
	}
	return protoreflect.Value{}, false
}

func encode(t testing.TB, f *wire.Frame) []byte {
	t.Helper()
	b, err := proto.AppendFrame(nil, f)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestFramesOfEveryKind(t *testing.T) {
	for _, f := range frames() {
		kind := proto.KindOf(f)
		b := encode(t, f)
		if got := binary.BigEndian.Uint16(b); proto.Kind(got) != kind {
			t.Errorf("kind %d: header says %d", kind, got)
		}
		if got := binary.BigEndian.Uint32(b[2:]); int(got) != len(b)-6 {
			t.Errorf("kind %d: header says %d octets of %d", kind, got, len(b)-6)
		}
		r := bytes.NewReader(append(b, 0xee))
		back, err := proto.ReadFrame(r, anyFrame)
		if err != nil || !pb.Equal(back, f) || r.Len() != 1 {
			t.Errorf("kind %d came back as %v, %v, %d octets left", kind, back, err, r.Len())
		}
		for cut := range b {
			want := io.ErrUnexpectedEOF
			if cut == 0 {
				want = io.EOF // a clean end between frames
			}
			if got, err := proto.ReadFrame(bytes.NewReader(b[:cut]), anyFrame); got != nil || err != want {
				t.Errorf("kind %d cut to %d octets: %v, %v, want %v", kind, cut, got, err, want)
			}
		}
	}
}

func TestFrameHeaderMustAgree(t *testing.T) {
	for _, f := range frames() {
		b := encode(t, f)
		other := proto.KindHello
		if proto.KindOf(f) == other {
			other = proto.KindText
		}
		binary.BigEndian.PutUint16(b, uint16(other))
		if _, err := proto.ReadFrame(bytes.NewReader(b), anyFrame); proto.ReasonOf(err) != proto.ReasonMalformed {
			t.Errorf("kind %d under a header of kind %d: %v", proto.KindOf(f), other, err)
		}
	}
	empty := make([]byte, 6)
	binary.BigEndian.PutUint16(empty, uint16(proto.KindText))
	if _, err := proto.ReadFrame(bytes.NewReader(empty), anyFrame); proto.ReasonOf(err) != proto.ReasonMalformed {
		t.Errorf("empty body: %v", err)
	}
}

// TestClaimedLengthIsNotAllocated claims far more than it sends.
func TestClaimedLengthIsNotAllocated(t *testing.T) {
	for _, length := range []uint32{proto.MaxFrame + 1, 1 << 31, math.MaxUint32} {
		for _, kind := range []proto.Kind{proto.KindText, proto.KindOptional | 900} {
			b := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(nil, uint16(kind)), length)
			asked := false
			_, err := proto.ReadFrame(bytes.NewReader(b), func(proto.Kind, int) error { asked = true; return nil })
			if proto.ReasonOf(err) != proto.ReasonTooLarge || asked {
				t.Errorf("kind %d of %d octets: %v, permission asked: %v", kind, length, err, asked)
			}
		}
	}
	b := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(nil, uint16(proto.KindText)), proto.MaxFrame)
	got := testing.AllocsPerRun(10, func() {
		proto.ReadFrame(bytes.NewReader(b), func(proto.Kind, int) error { return io.ErrNoProgress })
	})
	if got > 5 {
		t.Errorf("%.0f allocations for a header that was refused", got)
	}
}

func TestTooLargeFrameIsNotEncoded(t *testing.T) {
	f := &wire.Frame{Body: &wire.Frame_Text{Text: &wire.Text{Sealed: make([]byte, proto.MaxFrame)}}}
	b, err := proto.AppendFrame([]byte{1, 2}, f)
	if proto.ReasonOf(err) != proto.ReasonTooLarge || !bytes.Equal(b, []byte{1, 2}) {
		t.Errorf("%d octets, %v", len(b), err)
	}
}

func TestOptionalKindsAreSkipped(t *testing.T) {
	optional := binary.BigEndian.AppendUint16(nil, uint16(proto.KindOptional|900))
	optional = append(binary.BigEndian.AppendUint32(optional, 3), 1, 2, 3)
	want := frames()[0]
	got, err := proto.ReadFrame(bytes.NewReader(append(optional, encode(t, want)...)), anyFrame)
	if err != nil || !pb.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	for cut := 1; cut < len(optional); cut++ {
		if got, err := proto.ReadFrame(bytes.NewReader(optional[:cut]), anyFrame); err != io.ErrUnexpectedEOF {
			t.Errorf("cut to %d octets: %v, %v", cut, got, err)
		}
	}
}

func FuzzReadFrame(f *testing.F) {
	for _, frame := range frames() {
		f.Add(encode(f, frame))
	}
	f.Add([]byte{0, 61, 0xff, 0xff, 0xff, 0xff})
	f.Add([]byte{0x80, 1, 0, 0, 0, 1, 9, 0, 13, 0, 0, 0, 2, 0x6a, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := proto.ReadFrame(bytes.NewReader(b), func(k proto.Kind, n int) error {
			return proto.Permit(k, n, proto.Name{Agency: "a.b", Role: proto.RoleRelay}, proto.Name{Agency: "a.b", Role: proto.RoleUnit}, proto.Greeted)
		})
		if err != nil {
			return
		}
		again, err := proto.AppendFrame(nil, got)
		if err != nil {
			t.Fatalf("%x was read and cannot be written: %v", b, err)
		}
		if back, err := proto.ReadFrame(bytes.NewReader(again), anyFrame); err != nil || !pb.Equal(back, got) {
			t.Fatalf("%x came back as %v, %v", b, back, err)
		}
	})
}

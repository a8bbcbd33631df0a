package proto_test

import (
	"bytes"
	"errors"
	"math"
	"testing"

	"crossband/proto"
)

func TestSFrameHeaderLayout(t *testing.T) {
	for _, tt := range []struct {
		h    proto.SFrameHeader
		want []byte
	}{
		{proto.SFrameHeader{}, []byte{0x00}},
		{proto.SFrameHeader{KID: 7, CTR: 7}, []byte{0x77}},
		{proto.SFrameHeader{KID: 8, CTR: 7}, []byte{
			0x87, // X=1, one octet of KID; CTR 7 in place
			0x08, // KID
		}},
		{proto.SFrameHeader{KID: 0x0123, CTR: 0x4567}, []byte{0x99, 0x01, 0x23, 0x45, 0x67}},
		{proto.SFrameHeader{KID: 3, CTR: 256}, []byte{0x39, 0x01, 0x00}},
		{proto.SFrameHeader{KID: math.MaxUint64, CTR: 1 << 56}, []byte{
			0xff,
			0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, // KID
			0x01, 0, 0, 0, 0, 0, 0, 0, // CTR
		}},
	} {
		got := tt.h.AppendTo([]byte{0xaa})
		if !bytes.Equal(got[1:], tt.want) || got[0] != 0xaa {
			t.Errorf("%+v: %x, want aa %x", tt.h, got, tt.want)
		}
		if tt.h.Len() != len(tt.want) || tt.h.Len() > proto.MaxSFrameHeaderLen {
			t.Errorf("%+v: Len %d, want %d", tt.h, tt.h.Len(), len(tt.want))
		}
		back, n, err := proto.ParseSFrameHeader(append(tt.want, 0x55))
		if err != nil || back != tt.h || n != len(tt.want) {
			t.Errorf("%x: %+v, %d, %v, want %+v", tt.want, back, n, err, tt.h)
		}
		for cut := range tt.want {
			if _, _, err := proto.ParseSFrameHeader(tt.want[:cut]); !errors.Is(err, proto.ErrSFrameHeader) {
				t.Errorf("%x cut to %d octets: %v", tt.want, cut, err)
			}
		}
	}
}

func TestSFrameHeaderRefusesLongForms(t *testing.T) {
	for name, b := range map[string][]byte{
		"KID 7 in one octet":      {0x80, 0x07},
		"KID 0 in one octet":      {0x80, 0x00},
		"KID 8 in two octets":     {0x90, 0x00, 0x08},
		"CTR 7 in one octet":      {0x08, 0x07},
		"CTR 255 in two octets":   {0x09, 0x00, 0xff},
		"CTR 1 in eight octets":   {0x0f, 0, 0, 0, 0, 0, 0, 0, 1},
		"KID good, CTR too long":  {0x89, 0x08, 0x00, 0x01},
		"KID of 2^32 with a zero": {0xd0, 0x00, 0x01, 0, 0, 0, 0},
	} {
		if h, _, err := proto.ParseSFrameHeader(b); !errors.Is(err, proto.ErrSFrameHeader) {
			t.Errorf("%s: accepted as %+v (%v)", name, h, err)
		}
	}
}

func TestKIDLayout(t *testing.T) {
	l := proto.ChannelKIDLayout()
	kid, err := l.Compose(proto.KIDParts{Epoch: 0x1234, Leaf: 5, Context: 3})
	if err != nil || kid != 3<<18|5<<8|0x34 {
		t.Fatalf("kid %#x, %v", kid, err)
	}
	if got, want := l.Split(kid), (proto.KIDParts{Epoch: 0x34, Leaf: 5, Context: 3}); got != want {
		t.Errorf("split into %+v, want %+v", got, want)
	}
	most := proto.KIDParts{Epoch: 0xff, Leaf: 1<<10 - 1, Context: 1<<46 - 1}
	if kid, err := l.Compose(most); err != nil || kid != math.MaxUint64 || l.Split(kid) != most {
		t.Errorf("largest parts: %#x, %v", kid, err)
	}
	for name, p := range map[string]proto.KIDParts{
		"leaf":    {Leaf: 1 << 10},
		"context": {Context: 1 << 46},
	} {
		if kid, err := l.Compose(p); !errors.Is(err, proto.ErrKID) {
			t.Errorf("%s too large gave %#x, %v", name, kid, err)
		}
	}
	for _, bad := range []proto.KIDLayout{{}, {EpochBits: 8}, {SenderBits: 8}, {EpochBits: 33, SenderBits: 4}, {EpochBits: 4, SenderBits: 32}} {
		if _, err := bad.Compose(proto.KIDParts{}); !errors.Is(err, proto.ErrKID) {
			t.Errorf("layout %+v accepted", bad)
		}
	}
}

func FuzzParseSFrameHeader(f *testing.F) {
	f.Add([]byte{0x00})
	f.Add([]byte{0x99, 0x01, 0x23, 0x45, 0x67})
	f.Add([]byte{0x80, 0x07})
	f.Add(proto.SFrameHeader{KID: math.MaxUint64, CTR: math.MaxUint64}.AppendTo(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, n, err := proto.ParseSFrameHeader(b)
		if err != nil {
			return
		}
		if back := h.AppendTo(nil); !bytes.Equal(back, b[:n]) {
			t.Fatalf("%x read as %+v, which is written %x", b[:n], h, back)
		}
		l := proto.ChannelKIDLayout()
		if kid, err := l.Compose(l.Split(h.KID)); err != nil || kid != h.KID {
			t.Fatalf("KID %#x came back as %#x, %v", h.KID, kid, err)
		}
	})
}

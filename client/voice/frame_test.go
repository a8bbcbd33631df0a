package voice

import (
	"bytes"
	"errors"
	"testing"
)

func audioFrame(index uint32, payload ...byte) Frame {
	return Frame{Kind: KindAudio, Codec: CodecOpus, Burst: BurstID{1, 2, 3, 4, 5, 6, 7, 8}, Index: index, Stamp: Stamp{0x77, 0x010203040506}, First: index == 0, Payload: payload}
}

func TestFrameLayout(t *testing.T) {
	f := audioFrame(0x0203, 0xaa, 0xbb)
	f.Last = true
	b, err := f.AppendTo([]byte{0xee})
	want := []byte{
		0xee,                   // what was there
		0x21,                   // version 2, audio
		0x21,                   // last, Opus
		1, 2, 3, 4, 5, 6, 7, 8, // burst
		0, 2, 3, // index
		0x77,             // run of the clock
		1, 2, 3, 4, 5, 6, // time
		0xaa, 0xbb, // payload
	}
	if err != nil || !bytes.Equal(b, want) {
		t.Fatalf("%x, %v, want %x", b, err, want)
	}
	for cut := range len(want) - 1 {
		got, err := ParseFrame(want[1 : 1+cut])
		if cut <= FrameHeaderLen && !errors.Is(err, ErrFrame) {
			t.Errorf("cut to %d octets: %+v, %v", cut, got, err)
		}
	}
}

func TestFrameRefuses(t *testing.T) {
	good, err := audioFrame(5, 1, 2, 3).AppendTo(nil)
	if err != nil {
		t.Fatal(err)
	}
	with := func(at int, v byte) []byte { b := bytes.Clone(good); b[at] = v; return b }
	for why, b := range map[string][]byte{
		"version 1":           with(0, 0x11),
		"version 3":           with(0, 0x31),
		"kind 0":              with(0, 0x20),
		"kind 3":              with(0, 0x23),
		"audio of no codec":   with(1, 0),
		"codec 3":             with(1, 3),
		"short G.711":         with(1, byte(CodecPCMU)),
		"unknown flag":        with(1, 4<<codecBits|byte(CodecOpus)),
		"first, index 5":      with(1, flagFirst<<codecBits|byte(CodecOpus)),
		"index 0, not first":  with(12, 0),
		"index out of range":  with(10, 4),
		"signature and codec": with(0, 0x22),
		"long":                append(bytes.Clone(good), make([]byte, MaxPayload)...),
	} {
		if f, err := ParseFrame(b); !errors.Is(err, ErrFrame) {
			t.Errorf("%s: %+v, %v", why, f, err)
		}
	}
	for why, f := range map[string]Frame{
		"no payload":           audioFrame(1),
		"first without 0":      {Kind: KindAudio, Codec: CodecOpus, Index: 1, First: true, Payload: []byte{1}},
		"signature with flags": {Kind: KindSignature, Last: true, Payload: []byte{1}},
		"time beyond 48 bits":  {Kind: KindSignature, Stamp: Stamp{Millis: 1 << 48}, Payload: []byte{1}},
	} {
		if _, err := f.AppendTo(nil); !errors.Is(err, ErrFrame) {
			t.Errorf("writing %s: %v", why, err)
		}
	}
}

func TestTalker(t *testing.T) {
	talker := NewTalker(BurstID{9}, CodecOpus)
	for i, last := range []bool{false, false, true} {
		f, err := talker.Next([]byte{byte(i)}, last, Stamp{3, uint64(20 * i)})
		if err != nil || int(f.Index) != i || f.First != (i == 0) || f.Last != last || f.Stamp != (Stamp{3, uint64(20 * i)}) || f.Burst != (BurstID{9}) {
			t.Errorf("frame %d: %+v, %v", i, f, err)
		}
	}
	if _, err := talker.Next([]byte{1}, false, Stamp{}); !errors.Is(err, ErrBurstOver) {
		t.Errorf("after the last frame: %v", err)
	}
	f := talker.Signature(SignedBlock{Number: 2, Bytes: []byte{7}}, Stamp{4, 5})
	if b, err := f.AppendTo(nil); err != nil || b[0] != 0x22 || f.Index != 2 || f.Stamp != (Stamp{4, 5}) {
		t.Errorf("signature frame %x, %v", b, err)
	}
	if _, err := NewTalker(BurstID{}, CodecPCMU).Next([]byte{1}, false, Stamp{}); !errors.Is(err, ErrFrame) {
		t.Errorf("a payload that is no G.711: %v", err)
	}
	if _, err := NewBurstID(bytes.NewReader(make([]byte, 7))); err == nil {
		t.Error("a burst id out of seven octets")
	}
}

func FuzzParseFrame(f *testing.F) {
	for _, frame := range []Frame{
		audioFrame(0, 1), audioFrame(77, 1, 2, 3),
		{Kind: KindAudio, Codec: CodecPCMU, Index: 3, Stamp: Stamp{255, maxMillis}, Last: true, Payload: make([]byte, pcmuLen)},
		{Kind: KindSignature, Index: 1, Payload: make([]byte, 900)},
	} {
		b, err := frame.AppendTo(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		frame, err := ParseFrame(b)
		if err != nil {
			return
		}
		if back, err := frame.AppendTo(nil); err != nil || !bytes.Equal(back, b) {
			t.Fatalf("%x read as %+v, which is written %x (%v)", b, frame, back, err)
		}
	})
}

package voice

import (
	"bytes"
	"testing"
	"time"
)

// tickOf is one of a Player's, with copies of what is good for a tick only.
func tickOf(p *Player, now time.Time) Heard {
	h := p.Tick(now)
	h.Payload, h.Before = bytes.Clone(h.Payload), bytes.Clone(h.Before)
	return h
}

// Who passes voice on as it came gets each frame's payload once, in order, whether it
// was played alone or merged with the next; for a lost one there is none.
func TestPlayerGivesWhatCame(t *testing.T) {
	p := NewPlayer(JitterConfig{})
	enc, talker := newPCMUEncoder(), NewTalker(BurstID{1}, CodecPCMU)
	const lost = 40
	var sent, got [][]byte
	skips, holes := 0, 0
	for i := range 101 {
		b, err := enc.Encode(tone(FrameSamples, 100+float64(i), 9000))
		if err != nil {
			t.Fatal(err)
		}
		f, err := talker.Next(b, i == 100, Stamp{})
		if err != nil {
			t.Fatal(err)
		}
		now := begin.Add(time.Duration(max(i, 15)) * FrameDuration) // the first fifteen come at once
		if i != lost {
			sent = append(sent, b)
			p.Push(f, now)
		}
		if i < 15 {
			continue
		}
		h := tickOf(p, now)
		if h.Codec != CodecPCMU && len(h.Payload)+len(h.Before) > 0 {
			t.Errorf("tick %d: a payload of %v", i, h.Codec)
		}
		switch h.Action {
		case Play:
			got = append(got, h.Payload)
		case Skip:
			skips++
			got = append(got, h.Before, h.Payload)
		case Conceal:
			holes++
			if h.Payload != nil || h.Before != nil || h.PCM == nil {
				t.Errorf("tick %d: %d and %d octets in place of a lost frame", i, len(h.Payload), len(h.Before))
			}
		}
	}
	if skips < 5 || holes == 0 {
		t.Fatalf("%d merged, %d lost: the test looks at the wrong thing", skips, holes)
	}
	for i := range got {
		if !bytes.Equal(got[i], sent[i]) {
			t.Fatalf("frame %d of %d is another", i, len(got))
		}
	}
	if len(got) < 80 {
		t.Errorf("%d frames", len(got))
	}
}

// What cannot be decoded is not passed on either.
func TestPlayerKeepsBackWhatItCannotDecode(t *testing.T) {
	p := NewPlayer(JitterConfig{})
	talker := NewTalker(BurstID{1}, CodecOpus)
	ticks := 0
	for i := range 20 {
		f, err := talker.Next([]byte{0x0c, 1, 2}, i == 19, Stamp{}) // stereo
		if err != nil {
			t.Fatal(err)
		}
		now := begin.Add(time.Duration(i) * FrameDuration)
		p.Push(f, now)
		h := p.Tick(now)
		if h.PCM != nil {
			ticks++
		}
		if h.Payload != nil || h.Before != nil {
			t.Errorf("tick %d gives %d octets", i, len(h.Payload))
		}
	}
	if ticks == 0 {
		t.Error("nothing was played at all")
	}
}

func TestCheckPayload(t *testing.T) {
	for _, c := range []struct {
		codec   Codec
		payload []byte
		ok      bool
	}{
		{CodecOpus, []byte{0x48, 1, 2}, true}, // SILK, wide band, 20 ms
		{CodecOpus, nil, false},
		{CodecOpus, []byte{0x4c, 1}, false},      // stereo
		{CodecOpus, []byte{0x50, 1}, false},      // 40 ms
		{CodecOpus, []byte{0x4b}, false},         // number of frames cut off
		{CodecOpus, []byte{0x43, 2, 1, 1}, true}, // twice 10 ms
		{CodecOpus, make([]byte, 2000), false},   // beyond MaxPayload
		{CodecPCMU, make([]byte, 160), true},     //
		{CodecPCMU, make([]byte, 159), false},    //
		{CodecPCMU, nil, false},                  //
		{CodecNone, []byte{1}, false},            //
		{Codec(9), make([]byte, 160), false},     //
	} {
		if err := CheckPayload(c.codec, c.payload); (err == nil) != c.ok {
			t.Errorf("%v, %d octets %x: %v", c.codec, len(c.payload), c.payload[:min(4, len(c.payload))], err)
		}
	}
}

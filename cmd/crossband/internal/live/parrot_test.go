package live

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"crossband/client"
	"crossband/client/voice"
	"crossband/proto"
)

func person() proto.Name {
	return proto.Name{Agency: "usbp.example", Role: proto.RoleDesk, Label: "del-rio"}
}

func played(b proto.BurstID, payload ...byte) client.Played {
	return client.Played{From: person(), Burst: b, Codec: voice.CodecOpus, Payload: payload}
}

func said(t *testing.T, s voice.Source) (frames [][]byte) {
	t.Helper()
	if s == nil {
		t.Fatal("nothing is said back")
	}
	for {
		b, err := s.Next()
		if errors.Is(err, io.EOF) {
			return frames
		}
		if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, b)
	}
}

// TestAParrotSaysBackWhatItHeard: each burst by itself, as it came, once; what was lost
// stays out, and nothing of others.
func TestAParrotSaysBackWhatItHeard(t *testing.T) {
	p := newParrot([]proto.Name{person()})
	first, second := proto.NewBurstID(), proto.NewBurstID()
	buffer := []byte{1, 2}
	p.Play(client.Played{From: person(), Burst: first, Codec: voice.CodecOpus, Payload: buffer})
	buffer[0] = 99 // it is the player's again
	p.Play(played(second, 7))
	p.Play(client.Played{From: person(), Burst: first, Conceal: true})
	skipped := played(first, 4)
	skipped.Before = []byte{3}
	p.Play(skipped)
	stranger := played(first, 66)
	stranger.From.Label = "eagle-pass"
	p.Play(stranger)

	s := p.take(first)
	if got := bytes.Join(said(t, s), []byte{0}); !bytes.Equal(got, []byte{1, 2, 0, 3, 0, 4}) || s.Codec() != voice.CodecOpus {
		t.Errorf("says back %v", got)
	}
	if p.take(first) != nil {
		t.Error("says it twice")
	}
	if got := said(t, p.take(second)); len(got) != 1 || got[0][0] != 7 {
		t.Errorf("of the other burst says back %v", got)
	}
	if p.take(proto.NewBurstID()) != nil {
		t.Error("says back what it never heard")
	}
}

// TestAParrotIsBounded: of bursts that never end the oldest goes, and one burst is kept
// for as long as a talker may talk.
func TestAParrotIsBounded(t *testing.T) {
	p := newParrot([]proto.Name{person()})
	long := proto.NewBurstID()
	for range maxFrames + 10 {
		p.Play(played(long, 1))
	}
	if n := len(said(t, p.take(long))); n != maxFrames {
		t.Errorf("keeps %d frames of a burst, of %d", n, maxFrames)
	}
	var all []proto.BurstID
	for range maxBursts + 1 {
		all = append(all, proto.NewBurstID())
		p.Play(played(all[len(all)-1], 1))
	}
	if len(p.kept) != maxBursts || p.take(all[0]) != nil || p.take(all[1]) == nil {
		t.Errorf("keeps %d bursts, and not the newest ones", len(p.kept))
	}
}

package parrot

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

func said(t *testing.T, s *Said) (frames [][]byte) {
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
	p := New(person())
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

	s := p.Take(first)
	if got := bytes.Join(said(t, s), []byte{0}); !bytes.Equal(got, []byte{1, 2, 0, 3, 0, 4}) || s.Codec() != voice.CodecOpus {
		t.Errorf("says back %v", got)
	}
	if p.Take(first) != nil {
		t.Error("says it twice")
	}
	if got := said(t, p.Take(second)); len(got) != 1 || got[0][0] != 7 {
		t.Errorf("of the other burst says back %v", got)
	}
	if p.Take(proto.NewBurstID()) != nil {
		t.Error("says back what it never heard")
	}
}

// TestAParrotIsBounded: of bursts that never end the oldest goes, and one burst is kept
// for as long as a talker may talk.
func TestAParrotIsBounded(t *testing.T) {
	p := New(person())
	long := proto.NewBurstID()
	for range maxFrames + 10 {
		p.Play(played(long, 1))
	}
	if n := len(said(t, p.Take(long))); n != maxFrames {
		t.Errorf("keeps %d frames of a burst, of %d", n, maxFrames)
	}
	var all []proto.BurstID
	for range maxBursts + 1 {
		all = append(all, proto.NewBurstID())
		p.Play(played(all[len(all)-1], 1))
	}
	if len(p.kept) != maxBursts || p.Take(all[0]) != nil || p.Take(all[1]) == nil {
		t.Errorf("keeps %d bursts, and not the newest ones", len(p.kept))
	}
}

// TestParrotsDoNotAnswerEachOther: what one says back the other says once, and then it
// is quiet; a person who says the same again is heard again only if the sound differs.
func TestParrotsDoNotAnswerEachOther(t *testing.T) {
	a, b := New(), New()
	say := func(p *Parrot, from string, frames ...[]byte) *Said {
		id := proto.NewBurstID()
		for _, f := range frames {
			h := played(id, f...)
			h.From.Label = from
			p.Play(h)
		}
		return p.Take(id)
	}
	words := [][]byte{{1}, {2}, {3}, {0}, {0}, {0}, {4}}
	fromA, fromB := say(a, "del-rio", words...), say(b, "del-rio", words...)
	if fromA == nil || fromB == nil {
		t.Fatal("a person is not said back")
	}
	if say(b, "parrot-a", said(t, fromA)[1:]...) != nil || say(a, "parrot-b", said(t, fromB)...) != nil {
		t.Error("they answer each other, though a frame was lost")
	}
	if say(a, "del-rio", []byte{0}, []byte{0}, []byte{0}, []byte{0}) == nil {
		t.Error("silence, which is always alike, counts as an echo")
	}
	if say(a, "del-rio", []byte{7}, []byte{8}, []byte{9}, []byte{1}) == nil {
		t.Error("new words count as an echo")
	}
	for i := range 2 * maxEchoes {
		a.know(digest([]byte{byte(i), byte(i >> 8), byte(i >> 16)}))
	}
	if len(a.ours) > maxEchoes || len(a.order) > maxEchoes {
		t.Errorf("%d frames are kept for ever", len(a.ours))
	}
}

// TestWhatIsHeardCanBeJudged: its sound is kept beside its frames.
func TestWhatIsHeardCanBeJudged(t *testing.T) {
	p, id := New(), proto.NewBurstID()
	h := played(id, 1)
	h.PCM = make([]int16, voice.FrameSamples)
	h.PCM[5] = 7
	p.Play(h)
	h.PCM[5] = 0 // it is the player's again
	if k := p.Take(id); len(k.PCM) != voice.FrameSamples || k.PCM[5] != 7 || k.From != person() {
		t.Errorf("%d samples of %v", len(k.PCM), k.From)
	}
}

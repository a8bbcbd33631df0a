package ptt

import (
	"errors"
	"slices"
	"testing"
	"time"

	"crossband/client"
	"crossband/proto"
)

func TestTheClipsFramesCanBeToldApart(t *testing.T) {
	words, err := speech()
	if err != nil {
		t.Fatal(err)
	}
	for i := range words {
		if slices.Equal(words[i], words[(i+1)%len(words)]) {
			t.Errorf("frame %d is as the one after it", i)
		}
	}
}

func someone(t *testing.T, frames int) *mouth {
	t.Helper()
	words, err := speech()
	if err != nil {
		t.Fatal(err)
	}
	return &mouth{words: words, from: 5, length: frames, start: time.Now()}
}

// hears plays frames of a mouth, each a second after it was spoken.
func hears(m *mouth, indices ...uint32) (h heard) {
	for _, i := range indices {
		h.frames = append(h.frames, frame{i, m.said(i), m.spoken(i).Add(time.Second)})
	}
	return h
}

func TestJudgeFindsWhatIsMissingWhere(t *testing.T) {
	m := someone(t, 6)
	for _, c := range []struct {
		why  string
		h    heard
		want verdict
	}{
		{"all", hears(m, 0, 1, 2, 3, 4, 5), verdict{said: 6, played: 6}},
		{"first two", hears(m, 2, 3, 4, 5), verdict{said: 6, played: 4, first: 2}},
		{"last three", hears(m, 0, 1, 2), verdict{said: 6, played: 3, last: 3}},
		{"within", hears(m, 0, 1, 4, 5), verdict{said: 6, played: 4}},
		{"everything", heard{concealed: 2}, verdict{said: 6, first: 6, concealed: 2}},
		{"twice", hears(m, 0, 1, 2, 3, 4, 5, 5), verdict{said: 6, played: 6, wrong: 1}},
		{"never said", hears(m, 0, 1, 2, 3, 4, 5, 6), verdict{said: 6, played: 6, wrong: 1}},
	} {
		got := judge(m, c.h)
		for _, d := range got.delays {
			if d != time.Second {
				t.Errorf("%s: a delay of %v", c.why, d)
			}
		}
		if len(got.delays) != got.played {
			t.Errorf("%s: %d delays of %d frames", c.why, len(got.delays), got.played)
		}
		got.delays = nil
		if got.said != c.want.said || got.played != c.want.played || got.first != c.want.first || got.last != c.want.last || got.concealed != c.want.concealed || got.wrong != c.want.wrong {
			t.Errorf("%s: %+v, want %+v", c.why, got, c.want)
		}
	}
	other := hears(m, 0, 1, 2, 3, 4, 5)
	other.frames[3].payload = m.said(4)
	if got := judge(m, other); got.wrong != 1 || got.played != 5 {
		t.Errorf("another frame's sound: %+v", got)
	}
}

// TestTheEarKnowsBothFramesOfASkip: two frames are played in the time of one.
func TestTheEarKnowsBothFramesOfASkip(t *testing.T) {
	m, e, id := someone(t, 3), newEar(), proto.NewBurstID()
	e.Play(client.Played{Burst: id, Index: 0, Payload: m.said(0)})
	e.Play(client.Played{Burst: id, Conceal: true})
	e.Play(client.Played{Burst: id, Index: 2, Payload: m.said(2), Before: m.said(1)})
	if v := judge(m, e.burst(id)); v.played != 3 || v.wrong != 0 || v.concealed != 1 {
		t.Errorf("%+v", v)
	}
	if v := judge(m, e.burst(proto.NewBurstID())); v.played != 0 {
		t.Errorf("another burst: %+v", v)
	}
}

// TestAMouthGivesNothingThatIsNotYetSpoken.
func TestAMouthGivesNothingThatIsNotYetSpoken(t *testing.T) {
	m := someone(t, 4)
	for n := uint32(0); ; n++ {
		b, err := m.Next()
		if err != nil {
			if n != 4 {
				t.Errorf("%d frames: %v", n, err)
			}
			break
		}
		if time.Now().Before(m.spoken(n + 1)) {
			t.Errorf("frame %d is there while it is spoken", n)
		}
		if !slices.Equal(b, m.said(n)) {
			t.Errorf("frame %d is not what is said", n)
		}
	}
	endless := someone(t, 0)
	if _, err := endless.Next(); err != nil {
		t.Error(err)
	}
	endless.hush()
	if _, err := endless.Next(); err == nil {
		t.Error("it goes on")
	}
}

// TestAPathOnWhichNothingIsHeardHasNoFigures, for they would be 0.
func TestAPathOnWhichNothingIsHeardHasNoFigures(t *testing.T) {
	for _, c := range []struct {
		why    string
		spoil  func(p *path, h *heard)
		silent bool
	}{
		{"all is well", func(*path, *heard) {}, false},
		{"every press fails", func(p *path, _ *heard) { p.bursts, p.failed = nil, 1 }, true},
		{"nothing is played", func(_ *path, h *heard) { h.frames = nil }, true},
		{"nobody comes in", func(p *path, _ *heard) { p.entries, p.entryFailed = nil, 1 }, true},
	} {
		m, e, id := someone(t, 3), newEar(), proto.NewBurstID()
		h := hears(m, 0, 1, 2)
		p := &path{name: "home", listener: e, bursts: []burst{{m, id, time.Millisecond}}, entries: []time.Duration{time.Millisecond}}
		c.spoil(p, &h)
		e.bursts[id] = &h
		if r, err := p.row(); errors.Is(err, errSilent) != c.silent {
			t.Errorf("%s: %+v, %v", c.why, r, err)
		}
	}
}

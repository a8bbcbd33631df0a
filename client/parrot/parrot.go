// Package parrot keeps what is said on channels so that a device can say it back: for
// who wants to know how others hear him.
package parrot

import (
	"bytes"
	"crypto/sha256"
	"io"
	"slices"
	"sync"
	"time"

	"crossband/client"
	"crossband/client/voice"
	"crossband/proto"
)

// Waits is how long a parrot waits after a burst, for whoever spoke to let go and listen.
const Waits = 600 * time.Millisecond

// Bounds of a Parrot.
const (
	maxBursts = 8                                       // kept at a time; the oldest goes
	maxFrames = int(proto.TalkLimit / proto.VoiceFrame) // of one: what comes beyond is not said back
	maxEchoes = 4 * maxFrames                           // frames that are known as said here; the oldest goes
)

// Parrot is a client.Sink that keeps bursts as they came.
type Parrot struct {
	of []proto.Name // whom it hears; empty: everybody

	mu    sync.Mutex // guards what follows
	kept  []*Said
	ours  map[[8]byte]struct{} // frames that have been said back
	order [][8]byte            // the same, oldest first
}

// Said is one burst, as far as it has come. As a voice.Source it says it again; what was
// lost stays out.
type Said struct {
	Channel proto.ChannelID
	From    proto.Name
	PCM     []int16 // as it was heard

	burst  proto.BurstID
	codec  voice.Codec
	frames [][]byte
}

// New returns a Parrot that hears the devices named, or all if none is.
func New(of ...proto.Name) *Parrot { return &Parrot{of: of, ours: make(map[[8]byte]struct{})} }

// Play implements client.Sink.
func (p *Parrot) Play(h client.Played) {
	if h.Payload == nil || len(p.of) > 0 && !slices.Contains(p.of, h.From) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	k := p.find(h.Burst)
	if k == nil {
		if len(p.kept) == maxBursts {
			p.kept = slices.Delete(p.kept, 0, 1)
		}
		k = &Said{Channel: h.Channel, From: h.From, burst: h.Burst, codec: h.Codec}
		p.kept = append(p.kept, k)
	}
	for _, f := range [][]byte{h.Before, h.Payload} {
		if f != nil && h.Codec == k.codec && len(k.frames) < maxFrames {
			k.frames = append(k.frames, bytes.Clone(f))
		}
	}
	if len(k.PCM) < maxFrames*voice.FrameSamples {
		k.PCM = append(k.PCM, h.PCM...)
	}
}

func (p *Parrot) find(id proto.BurstID) *Said {
	for _, k := range p.kept {
		if k.burst == id {
			return k
		}
	}
	return nil
}

// Take gives out a burst that is over, to be said again; nil if there is none, or if it
// is what this Parrot has said itself: another one has repeated it, and two of them would
// never end.
func (p *Parrot) Take(id proto.BurstID) *Said {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := p.find(id)
	if k == nil {
		return nil
	}
	p.kept = slices.DeleteFunc(p.kept, func(other *Said) bool { return other == k })
	if p.echoes(k) {
		return nil
	}
	for _, f := range k.frames {
		p.know(digest(f))
	}
	return k
}

// echoes reports whether most of a burst has been said here before, octet for octet.
// Frames that are alike, as silence is, count once.
func (p *Parrot) echoes(k *Said) bool {
	different := make(map[[8]byte]struct{})
	known := 0
	for _, f := range k.frames {
		d := digest(f)
		if _, again := different[d]; again {
			continue
		}
		different[d] = struct{}{}
		if _, said := p.ours[d]; said {
			known++
		}
	}
	return len(different) > 2 && 2*known > len(different)
}

func (p *Parrot) know(d [8]byte) {
	if _, known := p.ours[d]; known {
		return
	}
	if len(p.order) == maxEchoes {
		delete(p.ours, p.order[0])
		p.order = p.order[1:]
	}
	p.ours[d] = struct{}{}
	p.order = append(p.order, d)
}

func digest(frame []byte) [8]byte {
	sum := sha256.Sum256(frame)
	return [8]byte(sum[:8])
}

// Codec implements voice.Source.
func (s *Said) Codec() voice.Codec { return s.codec }

// Next implements voice.Source.
func (s *Said) Next() ([]byte, error) {
	if len(s.frames) == 0 {
		return nil, io.EOF
	}
	f := s.frames[0]
	s.frames = s.frames[1:]
	return f, nil
}

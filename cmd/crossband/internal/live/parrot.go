package live

import (
	"bytes"
	"io"
	"slices"
	"sync"
	"time"

	"crossband/client"
	"crossband/client/voice"
	"crossband/proto"
)

// How a parrot listens.
const (
	parrotWaits = 600 * time.Millisecond                  // after a burst, for whoever spoke to let go and listen
	maxBursts   = 8                                       // kept at a time; the oldest goes
	maxFrames   = int(proto.TalkLimit / proto.VoiceFrame) // of one: what comes beyond is not said back
)

// parrot is a Sink that keeps what some devices say, as it came.
type parrot struct {
	of []proto.Name // never changed

	mu   sync.Mutex // guards kept
	kept []*heard
}

// heard is one burst, as far as it has come. As a voice.Source it says it again; what was
// lost stays out.
type heard struct {
	burst  proto.BurstID
	codec  voice.Codec
	frames [][]byte
}

func newParrot(of []proto.Name) *parrot { return &parrot{of: of} }

// Play implements client.Sink.
func (p *parrot) Play(h client.Played) {
	if h.Payload == nil || !slices.Contains(p.of, h.From) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	k := p.find(h.Burst)
	if k == nil {
		if len(p.kept) == maxBursts {
			p.kept = slices.Delete(p.kept, 0, 1)
		}
		k = &heard{burst: h.Burst, codec: h.Codec}
		p.kept = append(p.kept, k)
	}
	for _, f := range [][]byte{h.Before, h.Payload} {
		if f != nil && h.Codec == k.codec && len(k.frames) < maxFrames {
			k.frames = append(k.frames, bytes.Clone(f))
		}
	}
}

func (p *parrot) find(id proto.BurstID) *heard {
	for _, k := range p.kept {
		if k.burst == id {
			return k
		}
	}
	return nil
}

// take gives out a burst that is over, to be said again; nil if there is none.
func (p *parrot) take(id proto.BurstID) voice.Source {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := p.find(id)
	if k == nil {
		return nil
	}
	p.kept = slices.DeleteFunc(p.kept, func(other *heard) bool { return other == k })
	return k
}

// Codec implements voice.Source.
func (h *heard) Codec() voice.Codec { return h.codec }

// Next implements voice.Source.
func (h *heard) Next() ([]byte, error) {
	if len(h.frames) == 0 {
		return nil, io.EOF
	}
	f := h.frames[0]
	h.frames = h.frames[1:]
	return f, nil
}

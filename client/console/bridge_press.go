package console

import (
	"io"
	"time"

	"crossband/client/voice"
	"crossband/proto"
)

const (
	silentAfter = 500 * time.Millisecond // without a packet of the page's, a press ends
	pressTail   = 5 * proto.VoiceFrame   // after the release still said: the page's audio is behind its keys

	maxPresses      = 16
	maxPressSources = MaxVoiceTracks
	sourceEarly     = 75 // frames that wait until they are asked for the first time: 1.5 s
	sourceLive      = 10 // and later: 200 ms
)

// Press is one press of push-to-talk on a page: what the microphone says from now on,
// for as many channels as take a Source of it.
type Press struct {
	b     *Bridge
	codec voice.Codec
	done  chan struct{}

	// Under the Bridge's mutex:
	sources  []*micSource
	released bool
	err      error // why it is over; io.EOF: it was released
	heard    time.Time
	timer    *time.Timer
}

// Press begins a press. If no page can speak, its sources fail with the reason.
func (b *Bridge) Press() *Press {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := &Press{b: b, codec: voice.CodecOpus, done: make(chan struct{}), heard: time.Now()}
	err := b.microphoneLocked()
	if err == nil && len(b.presses) >= maxPresses {
		err = ErrManyPresses
	}
	if err != nil {
		p.endLocked(err)
		return p
	}
	if b.page.codec != voice.CodecNone {
		p.codec = b.page.codec
	}
	b.presses[p] = struct{}{}
	p.timer = time.AfterFunc(silentAfter, p.look)
	return p
}

// Microphone returns why a press would say nothing, as far as that is known before.
func (b *Bridge) Microphone() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.microphoneLocked()
}

func (b *Bridge) microphoneLocked() error {
	switch {
	case b.closed:
		return ErrBridgeClosed
	case b.page == nil:
		return ErrNoVoicePage
	case !b.page.speaks:
		return ErrSilent
	}
	return nil
}

// Source returns the press's voice for one channel. It ends with io.EOF after the
// release, or with the reason why the press ended. Whoever reads it late, or not at all,
// loses the oldest of it and holds up nobody.
func (p *Press) Source() voice.Source {
	p.b.mu.Lock()
	defer p.b.mu.Unlock()
	s := &micSource{p: p, most: sourceEarly, wake: make(chan struct{}, 1)}
	if len(p.sources) >= maxPressSources {
		s.err = ErrManyPresses
		return s
	}
	p.sources = append(p.sources, s)
	return s
}

// Release ends the press. What was said up to now is still given: the page's audio
// comes a little later than its keys.
func (p *Press) Release() {
	p.b.mu.Lock()
	defer p.b.mu.Unlock()
	if p.released || p.err != nil {
		return
	}
	p.released = true
	p.timer.Reset(pressTail)
}

// Done is closed when nothing more comes: Err says why.
func (p *Press) Done() <-chan struct{} { return p.done }

// Err returns why the press is over: nil if it is not, or was released.
func (p *Press) Err() error {
	p.b.mu.Lock()
	defer p.b.mu.Unlock()
	if p.err == io.EOF {
		return nil
	}
	return p.err
}

// look is called when the timer goes off: nothing came of the microphone for too long,
// or the tail of a released press is over.
func (p *Press) look() {
	p.b.mu.Lock()
	defer p.b.mu.Unlock()
	quiet := time.Since(p.heard)
	switch {
	case p.released:
		p.endLocked(io.EOF)
	case quiet >= silentAfter:
		p.endLocked(ErrSilent)
	default:
		p.timer.Reset(silentAfter - quiet)
	}
}

// endLocked ends the press, once.
func (p *Press) endLocked(why error) {
	if p.err != nil {
		return
	}
	p.err = why
	if p.timer != nil {
		p.timer.Stop()
	}
	delete(p.b.presses, p)
	close(p.done)
	for _, s := range p.sources {
		s.rouse()
	}
}

func (b *Bridge) endPressesLocked(why error) {
	for p := range b.presses {
		p.endLocked(why)
	}
}

// sayLocked takes a frame of the microphone. It keeps the payload, which nobody changes.
func (p *Press) sayLocked(c voice.Codec, payload []byte) {
	p.heard = time.Now()
	for _, s := range p.sources {
		if c != p.codec || s.push(payload) {
			p.b.stats.UpDropped++
		}
	}
}

// micSource is a press's voice for one channel. It is a voice.Source for one goroutine.
type micSource struct {
	p    *Press
	wake chan struct{}

	// Under the Bridge's mutex:
	frames [][]byte
	most   int
	asked  bool
	behind bool // frames were dropped since the last was fetched
	err    error
}

// Codec implements voice.Source.
func (s *micSource) Codec() voice.Codec { return s.p.codec }

// Next implements voice.Source.
func (s *micSource) Next() ([]byte, error) {
	for {
		payload, err := s.take()
		if payload != nil || err != nil {
			return payload, err
		}
		<-s.wake
	}
}

// take returns the next frame, why there is none any more, or neither.
func (s *micSource) take() ([]byte, error) {
	s.p.b.mu.Lock()
	defer s.p.b.mu.Unlock()
	if s.err != nil {
		return nil, s.err
	}
	if !s.asked { // what was said before is to be said: it is behind by that from now on
		s.asked, s.most, s.behind = true, max(sourceLive, len(s.frames)), false
	}
	if s.behind { // the channel was not free, and what waits here was not meant for it
		s.p.b.stats.UpDropped += uint64(max(len(s.frames)-2, 0))
		s.frames, s.behind = s.frames[max(len(s.frames)-2, 0):], false
	}
	if len(s.frames) > 0 {
		payload := s.frames[0]
		s.frames = s.frames[1:]
		return payload, nil
	}
	return nil, s.p.err
}

// push keeps a frame until it is asked for, and reports whether the oldest had to go.
func (s *micSource) push(payload []byte) (dropped bool) {
	if len(s.frames) >= s.most {
		s.frames = s.frames[1:]
		s.behind, dropped = true, true
	}
	s.frames = append(s.frames, payload)
	s.rouse()
	return dropped
}

func (s *micSource) rouse() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

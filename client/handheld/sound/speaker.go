package sound

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	pulse "github.com/jfreymuth/pulse/proto"

	"crossband/client"
	"crossband/client/voice"
	"crossband/proto"
)

// aheadFrames is how much the sound server holds of what it is to play: 60 ms, the
// least that servers keep to without gaps.
const aheadFrames = 3

// Speaker plays all channels on one output device. It is a client.Sink.
type Speaker struct {
	s     *Server
	index uint32
	wake  chan struct{}
	end   chan struct{}
	once  sync.Once
	done  chan struct{} // closed when its goroutine has ended

	mu     sync.Mutex // guards what follows; held for a few microseconds only
	mix    *mix
	want   int // octets that the server asks for
	levels map[proto.ChannelID]heard
}

// heard is how loud a channel was lately.
type heard struct {
	percent int
	at      time.Time
}

// Speaker opens an output device; the empty name is the server's default.
func (s *Server) Speaker(device string) (*Speaker, error) {
	if err := s.known(device, false); err != nil {
		return nil, err
	}
	var reply pulse.CreatePlaybackStreamReply
	err := s.c.Request(&pulse.CreatePlaybackStream{
		SampleSpec: format(), ChannelMap: mono(), SinkIndex: pulse.Undefined, SinkName: device,
		BufferMaxLength: 2 * aheadFrames * frameOctets, BufferTargetLength: aheadFrames * frameOctets,
		BufferPrebufferLength: 0, BufferMinimumRequest: frameOctets, AdjustLatency: true,
		ChannelVolumes: pulse.ChannelVolumes{uint32(pulse.VolumeNorm)},
		Properties:     pulse.PropList{"media.name": pulse.PropListString("channels")},
	}, &reply)
	if err != nil {
		return nil, fmt.Errorf("loudspeaker: %w", err)
	}
	p := &Speaker{
		s: s, index: reply.StreamIndex, wake: make(chan struct{}, 1), end: make(chan struct{}), done: make(chan struct{}),
		mix: newMix(), want: int(reply.Missing), levels: make(map[proto.ChannelID]heard),
	}
	if err := s.add(p.index|playBit, p); err != nil {
		return nil, err
	}
	go p.run() // ends with Close, or when the server or the device has gone away
	p.stir()
	return p, nil
}

// Play implements client.Sink.
func (p *Speaker) Play(v client.Played) {
	level := Percent(Measure(v.PCM).RMS)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mix.put(v.Channel, v.PCM, v.End)
	if _, known := p.levels[v.Channel]; known || len(p.levels) < mixMost {
		p.levels[v.Channel] = heard{level, v.At}
	}
}

// levelLasts is how long a level counts as the present one.
const levelLasts = 200 * time.Millisecond

// Level is how loud a channel is at a time, in percent as a meter shows it.
func (p *Speaker) Level(ch proto.ChannelID, now time.Time) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if h := p.levels[ch]; now.Sub(h.at) < levelLasts {
		return h.percent
	}
	return 0
}

// Dropped is how many frames gave way at a bound of the mix.
func (p *Speaker) Dropped() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.mix.dropped
}

// Close ends playing and gives the device back.
func (p *Speaker) Close() error {
	p.ended()
	<-p.done
	p.s.remove(p.index | playBit)
	return p.s.c.Request(&pulse.DeletePlaybackStream{StreamIndex: p.index}, nil)
}

// Gone reports whether the device or the server has gone away: nothing is played.
func (p *Speaker) Gone() bool {
	select {
	case <-p.end:
		return true
	default:
		return false
	}
}

func (p *Speaker) arrived([]byte) {}

func (p *Speaker) ended() { p.once.Do(func() { close(p.end) }) }

func (p *Speaker) wanted(octets int) {
	p.mu.Lock()
	p.want += octets
	p.mu.Unlock()
	p.stir()
}

func (p *Speaker) stir() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// run gives the server what it asks for: what the channels say, and silence.
func (p *Speaker) run() {
	defer close(p.done)
	for {
		select {
		case <-p.end:
			return
		case <-p.wake:
		}
		for raw := p.next(); raw != nil; raw = p.next() {
			if p.s.c.Send(p.index, raw) != nil {
				return
			}
		}
	}
}

// next is one frame for the server, or nil when it wants none.
func (p *Speaker) next() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.want < frameOctets {
		return nil
	}
	p.want -= frameOctets
	var pcm [voice.FrameSamples]int16
	p.mix.take(pcm[:])
	return octets(pcm[:])
}

func octets(pcm []int16) []byte {
	raw := make([]byte, 0, 2*len(pcm))
	for _, s := range pcm {
		raw = binary.LittleEndian.AppendUint16(raw, uint16(s))
	}
	return raw
}

// Say plays a recording by itself, in real time, and returns when it has been heard or
// ctx ends.
func (p *Speaker) Say(ctx context.Context, pcm []int16) error {
	var line proto.ChannelID // of no channel: two recordings at once do not cut into each other
	rand.Read(line[:])
	tick := time.NewTicker(voice.FrameDuration)
	defer tick.Stop()
	for len(pcm) > 0 {
		n := min(len(pcm), voice.FrameSamples)
		p.say(line, pcm[:n], n == len(pcm))
		pcm = pcm[n:]
		if err := p.pause(ctx, tick.C); err != nil {
			return err
		}
	}
	for range mixAhead + aheadFrames {
		if err := p.pause(ctx, tick.C); err != nil {
			return err
		}
	}
	return nil
}

func (p *Speaker) say(line proto.ChannelID, pcm []int16, end bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mix.put(line, pcm, end)
}

func (p *Speaker) pause(ctx context.Context, tick <-chan time.Time) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-p.end:
		return errLost
	case <-tick:
		return nil
	}
}

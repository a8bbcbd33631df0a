package sound

import (
	"encoding/binary"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	pulse "github.com/jfreymuth/pulse/proto"

	"crossband/client/voice"
)

// Bounds of a recording.
const (
	heldFrames = 250                     // of a recording that nobody reads: 5 s; beyond it the oldest goes
	lastWord   = 2 * voice.FrameDuration // what is said as the button goes up is still on its way for so long
)

// Microphone is an input device, made ready, that hears nothing until it is pressed.
type Microphone struct {
	s     *Server
	index uint32
	level atomic.Int64 // percent, of the newest piece
	gone  atomic.Bool

	mu  sync.Mutex // guards what follows
	now *Recording // nil: not pressed
}

// Microphone makes an input device ready; the empty name is the server's default.
func (s *Server) Microphone(device string) (*Microphone, error) {
	if err := s.known(device, true); err != nil {
		return nil, err
	}
	var reply pulse.CreateRecordStreamReply
	err := s.c.Request(&pulse.CreateRecordStream{
		SampleSpec: format(), ChannelMap: mono(), SourceIndex: pulse.Undefined, SourceName: device, Corked: true,
		BufferMaxLength: pulse.Undefined, BufferFragSize: frameOctets, AdjustLatency: true,
		DirectOnInputIndex: pulse.Undefined, Properties: pulse.PropList{"media.name": pulse.PropListString("push-to-talk")},
		ChannelVolumes: pulse.ChannelVolumes{uint32(pulse.VolumeNorm)},
	}, &reply)
	if err != nil {
		return nil, fmt.Errorf("microphone: %w", err)
	}
	m := &Microphone{s: s, index: reply.StreamIndex}
	return m, s.add(m.index, m)
}

// Level is how loud the newest piece of a press was, in percent as a meter shows it; 0
// while nothing is pressed.
func (m *Microphone) Level() int { return int(m.level.Load()) }

// Press begins a recording. Only one is under way: an older one ends.
func (m *Microphone) Press() (*Recording, error) {
	r := &Recording{m: m, more: make(chan struct{}, 1)}
	m.mu.Lock()
	old := m.now
	m.now = r
	m.mu.Unlock()
	if old != nil {
		old.finish(nil)
	}
	err := m.s.c.Request(&pulse.FlushRecordStream{StreamIndex: m.index}, nil)
	if err == nil {
		err = m.s.c.Request(&pulse.CorkRecordStream{StreamIndex: m.index, Corked: false}, nil)
	}
	if err != nil {
		m.stop(r)
		return nil, fmt.Errorf("microphone: %w", err)
	}
	return r, nil
}

// stop ends a recording and has the device hear nothing, unless another has begun.
func (m *Microphone) stop(r *Recording) {
	m.mu.Lock()
	mine := m.now == r
	if mine {
		m.now = nil
	}
	m.mu.Unlock()
	if mine {
		_ = m.s.c.Request(&pulse.CorkRecordStream{StreamIndex: m.index, Corked: true}, nil) // a server that is gone hears nothing either
		m.level.Store(0)
	}
	r.finish(nil)
}

// Close gives the device back.
func (m *Microphone) Close() error {
	m.ended()
	m.s.remove(m.index)
	return m.s.c.Request(&pulse.DeleteRecordStream{StreamIndex: m.index}, nil)
}

func (m *Microphone) pressed() *Recording {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

func (m *Microphone) wanted(int) {}

func (m *Microphone) arrived(raw []byte) {
	if r := m.pressed(); r != nil {
		m.level.Store(int64(Percent(Measure(samples(raw)).RMS)))
		r.add(raw)
	}
}

// Gone reports whether the device or the server has gone away: nothing will be heard.
func (m *Microphone) Gone() bool { return m.gone.Load() }

func (m *Microphone) ended() {
	m.gone.Store(true)
	if r := m.pressed(); r != nil {
		r.finish(errLost)
	}
}

// Recording is what one press hears: raw PCM, as voice.NewStreamSource takes it. One
// goroutine reads it.
type Recording struct {
	m    *Microphone
	more chan struct{} // something has changed

	mu      sync.Mutex // guards what follows
	raw     []byte
	came    int  // octets, all in all
	skip    bool // what comes is thrown away
	over    bool
	why     error
	dropped int // octets that nobody read in time
}

// Read waits for voice. After Release it gives what is left, then io.EOF.
func (r *Recording) Read(b []byte) (int, error) {
	for {
		r.mu.Lock()
		n := copy(b, r.raw)
		r.raw = r.raw[n:]
		over, why := r.over, r.why
		r.mu.Unlock()
		switch {
		case n > 0:
			return n, nil
		case over && why != nil:
			return 0, why
		case over:
			return 0, io.EOF
		}
		<-r.more
	}
}

// Release ends the recording, after what was said as the button went up has come.
func (r *Recording) Release() {
	select {
	case <-time.After(lastWord):
	case <-r.m.s.lost:
	}
	r.m.stop(r)
}

// Skip has what comes from now on thrown away, as while one waits for one's turn, or
// kept again.
func (r *Recording) Skip(on bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.skip = on
	if on {
		r.raw = nil
	}
}

// Heard reports whether anything has come, be it silence: a device that gives nothing
// does not work.
func (r *Recording) Heard() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.came > 0
}

// Dropped is how many octets gave way at the bound, because nobody read them in time.
func (r *Recording) Dropped() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.dropped
}

// Source encodes the recording.
func (r *Recording) Source() (voice.Source, error) {
	enc, err := voice.NewEncoder()
	if err != nil {
		return nil, err
	}
	return voice.NewStreamSource(r, enc), nil
}

func (r *Recording) add(raw []byte) {
	r.mu.Lock()
	if !r.over {
		r.came += len(raw)
		if !r.skip {
			r.raw = append(r.raw, raw...)
		}
		if extra := len(r.raw) - heldFrames*frameOctets; extra > 0 {
			r.raw, r.dropped = r.raw[extra:], r.dropped+extra
		}
	}
	r.mu.Unlock()
	r.wake()
}

func (r *Recording) finish(why error) {
	r.mu.Lock()
	if !r.over {
		r.over, r.why = true, why
	}
	r.mu.Unlock()
	r.wake()
}

func (r *Recording) wake() {
	select {
	case r.more <- struct{}{}:
	default:
	}
}

// samples reads little-endian 16-bit PCM.
func samples(raw []byte) []int16 {
	pcm := make([]int16, len(raw)/2)
	for i := range pcm {
		pcm[i] = int16(binary.LittleEndian.Uint16(raw[2*i:]))
	}
	return pcm
}

package voice

import (
	"math"
	"time"
)

// Player turns the frames of one channel into PCM: a Jitter, and a decoder for
// the burst being played.
type Player struct {
	jitter  *Jitter
	burst   BurstID
	codec   Codec
	decoder Decoder
	loud    float64 // recent loudness of speech, decaying
	pcm     [FrameSamples]int16
	stats   PlayerStats
}

// PlayerStats adds to the buffer's counters what decoding met with.
type PlayerStats struct {
	JitterStats
	Undecodable int // frames whose payload the codec refused: covered up as lost
}

// Heard is what one tick plays.
type Heard struct {
	PCM    []int16 // FrameSamples samples, good until the next tick; nil while nobody talks
	Burst  BurstID
	Index  uint32 // of the frame played; meaningless while Action is Idle or Conceal
	Stamp  Stamp  // when it was captured; likewise
	Action Action
	End    bool // the burst is over with this frame

	// What was decoded, as it came, for who passes it on as it is. Both are nil when
	// there was nothing, or it could not be decoded, and are good until the next tick.
	Codec   Codec
	Payload []byte
	Before  []byte // of Skip: the frame that Payload follows
}

// NewPlayer returns a Player with its buffer empty.
func NewPlayer(cfg JitterConfig) *Player { return &Player{jitter: NewJitter(cfg)} }

// Push takes a frame that arrived now.
func (p *Player) Push(f Frame, now time.Time) { p.jitter.Push(f, now) }

// EndAt tells how many frames a burst has: see Jitter.EndAt.
func (p *Player) EndAt(id BurstID, frames uint32) { p.jitter.EndAt(id, frames) }

// Stats returns the counters.
func (p *Player) Stats() PlayerStats {
	s := p.stats
	s.JitterStats = p.jitter.Stats()
	return s
}

// Tick plays the next 20 ms. It is to be called every 20 ms of the listener's
// clock, whether anybody talks or not. A payload that cannot be decoded is
// covered up and counted, and is no error.
func (p *Player) Tick(now time.Time) Heard {
	out := p.jitter.Pop(now)
	h := Heard{Burst: out.Burst, Index: out.Frame.Index, Stamp: out.Frame.Stamp, Action: out.Action, End: out.End}
	switch out.Action {
	case Play:
		h.Codec = out.Frame.Codec
		h.PCM, h.Payload = p.decode(out.Frame)
	case Skip:
		h.Codec = out.Frame.Codec
		var before, after []int16
		before, h.Before = p.decode(out.Before)
		copy(p.pcm[:], before)
		after, h.Payload = p.decode(out.Frame)
		h.PCM = mergeFrames(p.pcm[:], after)
	case Conceal:
		h.PCM = p.conceal(out)
	case Idle:
		return h
	}
	p.listen(h.PCM)
	return h
}

// decode decodes a frame of the current burst, or of a new one. It returns the
// payload too, unless it could not be decoded and was covered up.
func (p *Player) decode(f Frame) (pcm []int16, payload []byte) {
	if p.decoder == nil || p.burst != f.Burst || p.codec != f.Codec {
		d, err := NewDecoder(f.Codec)
		if err != nil {
			p.stats.Undecodable++
			return make([]int16, FrameSamples), nil
		}
		p.decoder, p.burst, p.codec = d, f.Burst, f.Codec
	}
	pcm, err := p.decoder.Decode(f.Payload)
	if err != nil {
		p.stats.Undecodable++
		return p.repair(nil), nil
	}
	return pcm, f.Payload
}

func (p *Player) conceal(out Playout) []int16 {
	if p.decoder == nil || p.burst != out.Burst {
		return make([]int16, FrameSamples) // nothing heard yet that could be continued
	}
	if out.Next != nil && out.Next.Codec == p.codec {
		return p.repair(out.Next.Payload)
	}
	return p.repair(nil)
}

func (p *Player) repair(next []byte) []int16 {
	pcm, err := p.decoder.Conceal(next)
	if err != nil {
		return make([]int16, FrameSamples)
	}
	return pcm
}

// listen tells the buffer about silence: a frame 30 dB below recent speech, or
// below -56 dB of full scale.
func (p *Player) listen(pcm []int16) {
	const (
		share = 0.03
		floor = 50.0
		decay = 0.995 // half gone after three seconds
	)
	level := rms(pcm)
	p.loud = max(p.loud*decay, level)
	p.jitter.Quiet(level < max(floor, p.loud*share))
}

func rms(pcm []int16) float64 {
	if len(pcm) == 0 {
		return 0
	}
	sum := 0.0
	for _, s := range pcm {
		sum += float64(s) * float64(s)
	}
	return math.Sqrt(sum / float64(len(pcm)))
}

// mergeFrames plays two frames in the time of one: from a it fades over to b
// at the place where the two are most alike, so that a period of the voice is
// left out and nothing else is heard. It works in a.
func mergeFrames(a, b []int16) []int16 {
	const seam = SampleRate / 200 // 5 ms
	best, at := math.Inf(-1), 0
	for from := 0; from+seam <= FrameSamples; from += 8 {
		var cross, power float64
		for i := from; i < from+seam; i += 4 {
			cross += float64(a[i]) * float64(b[i])
			power += float64(a[i])*float64(a[i]) + float64(b[i])*float64(b[i])
		}
		if score := cross / (power + 1); score > best {
			best, at = score, from
		}
	}
	for i := range seam {
		w := float32(i+1) / (seam + 1)
		a[at+i] = toInt16((1-w)*float32(a[at+i]) + w*float32(b[at+i]))
	}
	copy(a[at+seam:], b[at+seam:])
	return a
}

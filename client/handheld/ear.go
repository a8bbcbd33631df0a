package handheld

import (
	"slices"
	"sync"
	"time"

	"crossband/client"
	"crossband/client/console"
	"crossband/client/handheld/sound"
	"crossband/client/voice"
	"crossband/proto"
)

// Bounds of what an Ear keeps; beyond them the oldest burst goes.
const (
	keepFor    = 10 * time.Minute
	keepOctets = 24 << 20 // about four minutes of speech
	keepBursts = 200
	levelLasts = 200 * time.Millisecond // how long a level counts as the present one
	maxLevels  = 64                     // channels
)

// Ear hears for a person: it plays what comes, and keeps it so that it can be heard
// again, and late when nobody could hear it. It is a client.Sink and a console.Voice.
type Ear struct {
	mu     sync.Mutex // guards what follows; never held while playing
	out    client.Sink
	muted  bool
	bursts []*kept // oldest first
	octets int
	levels map[proto.ChannelID]level
	now    func() time.Time
}

type kept struct {
	console.Spoken
	pcm []int16
}

type level struct {
	percent int
	at      time.Time
}

// NewEar returns an Ear that plays nowhere yet.
func NewEar(now func() time.Time) *Ear {
	return &Ear{now: now, levels: make(map[proto.ChannelID]level)}
}

// Plays has what comes from now on played by a sink; nil plays nowhere.
func (e *Ear) Plays(out client.Sink) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.out = out
}

// Mute has nothing played until it is taken back. What comes meanwhile is missed, and
// kept.
func (e *Ear) Mute(on bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.muted = on
}

// Muted reports whether nothing is played because a person wants it so.
func (e *Ear) Muted() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.muted
}

// Play implements client.Sink.
func (e *Ear) Play(p client.Played) {
	if out := e.keep(p, sound.Percent(sound.Measure(p.PCM).RMS)); out != nil {
		out.Play(p)
	}
}

// Late implements client.LateSink: what was missed is kept, to be heard late.
func (e *Ear) Late(l client.LateBurst) {
	pcm := decode(l)
	e.mu.Lock()
	defer e.mu.Unlock()
	k := e.burst(client.Played{Channel: l.Channel, From: l.From, Burst: l.Burst, At: l.At}, false)
	k.pcm = append(k.pcm, pcm...)
	k.Length += time.Duration(len(l.Payloads)) * voice.FrameDuration
	k.Over, k.Heard = true, false
	e.octets += 2 * len(pcm)
	e.forget()
}

// decode gives the sound of a burst; what is missing is silence.
func decode(l client.LateBurst) []int16 {
	pcm := make([]int16, 0, len(l.Payloads)*voice.FrameSamples)
	d, err := voice.NewDecoder(l.Codec)
	for _, payload := range l.Payloads {
		frame := make([]int16, voice.FrameSamples)
		if err == nil && payload != nil {
			if got, bad := d.Decode(payload); bad == nil {
				frame = got
			}
		}
		pcm = append(pcm, frame...)
	}
	return pcm
}

// keep notes a frame and returns who is to play it.
func (e *Ear) keep(p client.Played, percent int) client.Sink {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := e.out
	if e.muted {
		out = nil
	}
	if _, known := e.levels[p.Channel]; known || len(e.levels) < maxLevels {
		e.levels[p.Channel] = level{percent, p.At}
	}
	k := e.burst(p, out != nil)
	k.pcm = append(k.pcm, p.PCM...)
	k.Length += voice.FrameDuration
	k.Over = k.Over || p.End
	k.Heard = k.Heard && out != nil
	e.octets += 2 * len(p.PCM)
	e.forget()
	return out
}

// burst is the burst that a frame is of.
func (e *Ear) burst(p client.Played, heard bool) *kept {
	for _, k := range slices.Backward(e.bursts) {
		if k.ID == p.Burst && k.Channel == p.Channel {
			return k
		}
	}
	k := &kept{Spoken: console.Spoken{ID: p.Burst, Channel: p.Channel, From: p.From, At: p.At, Heard: heard}}
	e.bursts = append(e.bursts, k)
	return k
}

// forget lets go what is old or too much, but never the newest burst.
func (e *Ear) forget() {
	old := e.now().Add(-keepFor)
	for len(e.bursts) > 1 && (e.octets > keepOctets || len(e.bursts) > keepBursts || e.bursts[0].At.Before(old)) {
		e.octets -= 2 * len(e.bursts[0].pcm)
		e.bursts = slices.Delete(e.bursts, 0, 1)
	}
	if k := e.bursts[len(e.bursts)-1]; 2*len(k.pcm) > keepOctets { // one that never ends: its older half goes
		cut := len(k.pcm) / 2
		k.pcm = slices.Clone(k.pcm[cut:])
		e.octets -= 2 * cut
	}
}

// Level implements console.Voice.
func (e *Ear) Level(ch proto.ChannelID) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	if l, ok := e.levels[ch]; ok && e.now().Sub(l.at) < levelLasts {
		return l.percent
	}
	return 0
}

// Bursts implements console.Voice.
func (e *Ear) Bursts() []console.Spoken {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.forgetOld()
	list := make([]console.Spoken, 0, len(e.bursts))
	for _, k := range e.bursts {
		list = append(list, k.Spoken)
	}
	return list
}

func (e *Ear) forgetOld() {
	old := e.now().Add(-keepFor)
	for len(e.bursts) > 0 && e.bursts[0].At.Before(old) {
		e.octets -= 2 * len(e.bursts[0].pcm)
		e.bursts = slices.Delete(e.bursts, 0, 1)
	}
}

// Recall returns what was said in a burst, and notes that it has been heard.
func (e *Ear) Recall(id proto.BurstID) ([]int16, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, k := range e.bursts {
		if k.ID == id {
			k.Heard = true
			return slices.Clone(k.pcm), true
		}
	}
	return nil, false
}

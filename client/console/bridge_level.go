package console

import (
	"math"
	"time"

	"crossband/client"
	"crossband/proto"
)

const (
	levelFloor = -60.0                  // dB of full scale that count as nothing
	levelLife  = 200 * time.Millisecond // after which nothing is heard any more
	levelEvery = 100 * time.Millisecond // at least, between two signals that one has changed
)

// level is how loud a channel was last.
type level struct {
	value int
	at    time.Time
}

// Level returns how loud a channel is now: 0 is -60 dB of full scale and less, 100 is
// full scale.
func (b *Bridge) Level(ch proto.ChannelID) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.levels[ch]
	if b.cfg.Clock().Sub(l.at) > levelLife {
		return 0
	}
	return l.value
}

// levelLocked notes how loud a frame is, and reports whether it is time to say so.
func (b *Bridge) levelLocked(p client.Played) bool {
	if p.End {
		delete(b.levels, p.Channel)
		return true
	}
	if _, known := b.levels[p.Channel]; known || len(b.levels) < maxLevels {
		b.levels[p.Channel] = level{loudness(p.PCM), p.At}
	}
	if p.At.Sub(b.signaled) < levelEvery && !p.At.Before(b.signaled) {
		return false
	}
	b.signaled = p.At
	return true
}

const maxLevels = 1024 // channels whose level is noted; of others it is 0

// loudness is the level of samples, 0 to 100 (see Bridge.Level).
func loudness(pcm []int16) int {
	sum := 0.0
	for _, s := range pcm {
		sum += float64(s) * float64(s)
	}
	if sum == 0 {
		return 0
	}
	const fullScale = 32768.0 * 32768 / 2 // the power of the loudest tone
	db := 10 * math.Log10(sum/float64(len(pcm))/fullScale)
	return int(math.Round(100 * min(max(1-db/levelFloor, 0), 1)))
}

package voice

import "time"

// burstQueue holds the frames of one burst that have not been played.
type burstQueue struct {
	id        BurstID
	frames    map[uint32]Frame // indices from next on
	next      uint32           // index to be played; frames below it are late
	newest    uint32
	newestAt  time.Time // when that came
	length    uint32    // frames in the burst, once that is known; else 0
	playing   bool      // else frames gather
	since     time.Time // when they began to gather
	heard     time.Time // when a frame came last
	concealed int       // frames covered up in a row
	held      int       // of them, those for which the place of next was kept
	log       []arrival // while the burst waits for its turn
	silent    bool      // nothing has come for too long: it is over as far as we can hear

	newestStamp Stamp // when the newest frame was captured
}

type arrival struct {
	index uint32
	at    time.Time
}

func newBurstQueue(id BurstID) *burstQueue {
	return &burstQueue{id: id, frames: make(map[uint32]Frame)}
}

// syllable is how many frames of speech at the start are worth waiting for.
const syllable = 3

type pushResult uint8

const (
	pushed pushResult = iota
	pushedLate
	pushedTwice
)

func (q *burstQueue) push(f Frame, most int, now time.Time) pushResult {
	q.heard = now
	if f.Index < q.next || int64(f.Index) <= int64(q.newest)-int64(most) {
		return pushedLate
	}
	if _, twice := q.frames[f.Index]; twice {
		return pushedTwice
	}
	if len(q.frames) == 0 && !q.playing {
		q.since = now
	}
	q.frames[f.Index] = f
	if f.Index >= q.newest {
		q.newest, q.newestAt, q.newestStamp = f.Index, now, f.Stamp
	}
	if f.Last {
		q.end(f.Index + 1)
	}
	return pushed
}

// end records the burst's length; the first word counts.
func (q *burstQueue) end(frames uint32) {
	if q.length == 0 {
		q.length = frames
	}
}

// ended reports whether the last frame has been played, or given up.
func (q *burstQueue) ended() bool { return q.length != 0 && q.next >= q.length }

// trim drops the oldest frames beyond the limit and returns their number.
func (q *burstQueue) trim(most int) int {
	floor := int64(q.newest) - int64(most) + 1
	if floor <= int64(q.next) {
		return 0
	}
	q.next = uint32(floor)
	dropped := 0
	for i := range q.frames {
		if i < q.next {
			delete(q.frames, i)
			dropped++
		}
	}
	return dropped
}

// start begins to play, at the oldest frame there, once the frames at hand
// last for the delay wanted, or the first of them has waited that long.
//
// A burst whose first syllable is missing waits longer for it: what was said
// before the floor was granted is sent again after the grant, a round trip
// later. For a frame or two it does not wait, and a burst that is older than
// what is sent again is entered late, at once.
func (q *burstQueue) start(now time.Time, target time.Duration, cfg JitterConfig) bool {
	if len(q.frames) == 0 {
		return false
	}
	oldest := q.newest
	for i := range q.frames {
		oldest = min(oldest, i)
	}
	held := time.Duration(q.newest-oldest) * FrameDuration // the newest frame has not waited at all
	whole := q.length != 0 && q.newest+1 == q.length
	if held < target && now.Sub(q.since) < target && !whole {
		return false
	}
	headless := q.next == 0 && oldest >= syllable && int64(oldest) < int64(cfg.MaxFrames)
	if headless && now.Sub(q.since) < cfg.MaxDelay {
		return false
	}
	q.next, q.playing, q.concealed, q.held = oldest, true, 0, 0
	return true
}

// giveUpHeld moves on from a frame that was waited for in vain: its followers
// have come, and its time has been filled already.
func (q *burstQueue) giveUpHeld() bool {
	if q.held == 0 || len(q.frames) == 0 {
		return false
	}
	q.held--
	q.next++
	return true
}

// take removes the frame at next, which must be there.
func (q *burstQueue) take() Frame {
	f := q.frames[q.next]
	delete(q.frames, q.next)
	q.next++
	q.concealed, q.held = 0, 0
	return f
}

// note keeps an arrival for when the burst's turn comes.
func (q *burstQueue) note(index uint32, at time.Time, most int) {
	if len(q.log) < most {
		q.log = append(q.log, arrival{index, at})
	}
}

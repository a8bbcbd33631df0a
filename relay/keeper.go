package relay

import (
	"context"
	"sync/atomic"
	"time"

	"crossband/proto"
)

// keeper has the sealed voice of the last minutes, for devices that come back
// from where no link reaches. It is in memory only. Link readers hand frames
// over and never wait; everything else is its one goroutine's.
type keeper struct {
	in     chan saidFrame // full: the oldest goes
	ask    chan voiceAsk  // full: the request is refused
	limits keeperLimits
	tally  keeperTally

	shelves map[proto.ChannelID]*voiceShelf
	arrived fifo[arrival] // all that came, oldest first; some of it is gone
	frames  int           // on all shelves
	octets  int           // of all shelves
	last    uint64        // number of the newest frame
}

// keeperLimits bound what is kept. Octets count keptOverhead for each frame.
type keeperLimits struct {
	channel, all int           // octets
	life         time.Duration // how long a frame is kept
}

const (
	keptOfChannel = 2 << 20  // octets of a channel: more than three minutes of talk without a pause
	keptOfAll     = 64 << 20 // octets of a relay
	keptOverhead  = 96       // octets that a frame costs beside its own: what points at it, and what its block of memory is too large
	keptQueue     = 1024     // frames that wait for the keeper: twenty talkers' second
	keptAsks      = 64       // requests that wait for it
	keptLook      = time.Second
)

// saidFrame is a frame on its way to the keeper.
type saidFrame struct {
	channel proto.ChannelID
	frame   []byte // SFrame; nobody changes it
}

// keptFrame is one that is kept.
type keptFrame struct {
	number uint64
	at     int64 // when it came, in nanoseconds since 1970
	frame  []byte
}

func (f keptFrame) octets() int { return len(f.frame) + keptOverhead }

func (f keptFrame) age(now time.Time) time.Duration { return time.Duration(now.UnixNano() - f.at) }

// arrival says where a frame went.
type arrival struct {
	shelf  *voiceShelf
	number uint64
}

// voiceShelf has one channel's frames, oldest first.
type voiceShelf struct {
	channel proto.ChannelID
	frames  fifo[keptFrame]
	octets  int
}

// keeperTally is what the keeper counts; others read it.
type keeperTally struct {
	kept   atomic.Uint64 // frames taken
	missed atomic.Uint64 // frames that were never taken: the queue was full
	early  atomic.Uint64 // frames that went before their time: the room was used up
	given  atomic.Uint64 // frames given to devices that came back
	octets atomic.Int64  // in use now
}

func newKeeper(l keeperLimits) *keeper {
	return &keeper{in: make(chan saidFrame, keptQueue), ask: make(chan voiceAsk, keptAsks), limits: l, shelves: make(map[proto.ChannelID]*voiceShelf)}
}

// keep hands a frame over, which nobody may change from then on. It never waits.
func (k *keeper) keep(ch proto.ChannelID, frame []byte) {
	for {
		select {
		case k.in <- saidFrame{ch, frame}:
			return
		default:
		}
		select {
		case <-k.in:
			k.tally.missed.Add(1)
		default:
		}
	}
}

// run is the keeper's goroutine. It ends with the context.
func (k *keeper) run(ctx context.Context) {
	look := time.NewTicker(keptLook)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case s := <-k.in:
			k.take(s, time.Now())
		case a := <-k.ask:
			a.answer(k.page(a.ReadVoice, time.Now()))
		case <-look.C:
			k.expire(time.Now())
		}
	}
}

// take keeps a frame. The oldest of its channel make room for it, then the oldest
// of all.
func (k *keeper) take(s saidFrame, now time.Time) {
	k.last++
	f := keptFrame{k.last, now.UnixNano(), s.frame}
	sh := k.shelves[s.channel]
	if sh == nil {
		sh = &voiceShelf{channel: s.channel}
		k.shelves[s.channel] = sh
	}
	sh.frames.push(f)
	k.arrived.push(arrival{sh, f.number})
	k.grow(sh, 1, f.octets())
	k.tally.kept.Add(1)
	for sh.octets > k.limits.channel {
		k.tally.early.Add(1)
		k.drop(sh)
	}
	for k.octets > k.limits.all && k.dropOldest() {
		k.tally.early.Add(1)
	}
	if k.arrived.len() > 2*k.frames+keptQueue {
		k.tidy()
	}
}

// tidy takes arrivals out of the list whose frames are gone.
func (k *keeper) tidy() {
	var left fifo[arrival]
	for _, a := range k.arrived.list() {
		if f, ok := a.shelf.frames.front(); ok && f.number <= a.number {
			left.push(a)
		}
	}
	k.arrived = left
}

// expire forgets what is too old.
func (k *keeper) expire(now time.Time) {
	for {
		a, ok := k.arrived.front()
		if !ok {
			return
		}
		f, there := a.oldest()
		if there && f.age(now) < k.limits.life {
			return
		}
		k.arrived.pop()
		if there {
			k.drop(a.shelf)
		}
	}
}

// dropOldest drops the oldest frame of all; false when there is none.
func (k *keeper) dropOldest() bool {
	for {
		a, ok := k.arrived.front()
		if !ok {
			return false
		}
		_, there := a.oldest()
		k.arrived.pop()
		if there {
			k.drop(a.shelf)
			return true
		}
	}
}

// oldest returns the frame of an arrival if it is still there: then it is its
// channel's oldest, if the arrival is the oldest of all.
func (a arrival) oldest() (keptFrame, bool) {
	f, ok := a.shelf.frames.front()
	return f, ok && f.number == a.number
}

// drop forgets a channel's oldest frame.
func (k *keeper) drop(sh *voiceShelf) {
	f, ok := sh.frames.pop()
	if !ok {
		return
	}
	if k.grow(sh, -1, -f.octets()); sh.frames.len() == 0 {
		delete(k.shelves, sh.channel)
	}
}

func (k *keeper) grow(sh *voiceShelf, frames, octets int) {
	sh.octets += octets
	k.frames += frames
	k.octets += octets
	k.tally.octets.Store(int64(k.octets))
}

package voice

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// mouth makes the frames of one talker, whose clock is off.
type mouth struct {
	clock TalkClock
	off   time.Duration
	ahead time.Duration // of its relay
}

func (m *mouth) press(now time.Time) { m.clock.Burst(now.Add(m.off), m.ahead) }

func (m *mouth) frame(index uint32, now time.Time) Frame {
	return Frame{Kind: KindAudio, Index: index, Stamp: m.clock.Stamp(now.Add(m.off))}
}

// say judges n frames said in real time from the time given on, each of which
// arrives as late as way says, in the order of arrival. It returns those that
// are not live.
func say(f *Freshness, m *mouth, from time.Time, n int, way func(i int, said time.Duration) time.Duration) (stale []uint32) {
	m.press(from)
	type arrived struct {
		Frame
		at time.Time
	}
	var list []arrived
	for i := range n {
		said := time.Duration(i) * FrameDuration
		fr := m.frame(uint32(i), from.Add(said))
		list = append(list, arrived{fr, from.Add(said + way(i, said))})
	}
	slices.SortStableFunc(list, func(a, b arrived) int { return a.at.Compare(b.at) })
	for _, a := range list {
		if !f.Judge(a.Frame, a.at, 0) {
			stale = append(stale, a.Index)
		}
	}
	return stale
}

func takes(d time.Duration) func(int, time.Duration) time.Duration {
	return func(int, time.Duration) time.Duration { return d }
}

// Nothing that only a bad path does to voice makes it old: jitter, loss, clocks
// that are wrong, drift and a grant that comes late.
func TestLiveVoiceIsLive(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	jitter := func(int, time.Duration) time.Duration {
		return 50*time.Millisecond + time.Duration(random.Int64N(int64(200*time.Millisecond)))
	}
	for _, off := range []time.Duration{0, 10 * time.Minute, -90 * time.Second, -10 * time.Minute} {
		var f Freshness
		m := &mouth{off: off, ahead: -off} // its relay, which is right, has told it so
		for k := range 30 {
			now := begin.Add(time.Duration(k) * 30 * time.Second)
			if stale := say(&f, m, now, 500, jitter); stale != nil {
				t.Errorf("clock %v off, burst %d: frames %v were refused", off, k, stale)
			}
			m.off += 3 * time.Millisecond // 100 in a million
		}
	}
	for _, waited := range []time.Duration{200 * time.Millisecond, time.Second, EarlyLife} {
		var f Freshness
		m := &mouth{}
		say(&f, m, begin, 50, takes(50*time.Millisecond))
		again := int(waited / FrameDuration)
		for _, d := range []time.Duration{0, 300 * time.Millisecond} { // with what sending again takes
			if stale := say(&f, m, begin.Add(time.Minute), 300, func(i int, said time.Duration) time.Duration {
				if i < again {
					return waited - said + 50*time.Millisecond + d
				}
				return 50 * time.Millisecond
			}); stale != nil {
				t.Errorf("granted after %v: frames %v were refused", waited, stale)
			}
		}
	}
}

// A path that holds everything for five seconds and then lets it go: what was
// said more than Staleness before is refused, what is live is not.
func TestHeldVoiceIsStale(t *testing.T) {
	const from, to = 4 * time.Second, 9 * time.Second // held meanwhile, well after the press
	for _, off := range []time.Duration{0, 10 * time.Minute, -10 * time.Minute} {
		var f Freshness
		m := &mouth{off: off, ahead: -off}
		say(&f, m, begin, 50, takes(50*time.Millisecond))
		stale := say(&f, m, begin.Add(time.Minute), 600, func(_ int, said time.Duration) time.Duration {
			if said < from {
				return 50 * time.Millisecond
			}
			return max(to-said, 0) + 50*time.Millisecond
		})
		var want []uint32
		for i := range uint32(600) {
			said := time.Duration(i) * FrameDuration
			if said >= from && to-said > Staleness {
				want = append(want, i)
			}
		}
		if !slices.Equal(stale, want) {
			t.Errorf("clock %v off: refused %v, want %v", off, stale, want)
		}
		if stale := say(&f, m, begin.Add(2*time.Minute), 100, takes(70*time.Millisecond)); stale != nil {
			t.Errorf("clock %v off: after the path came back %v were refused", off, stale)
		}
	}
}

// What was said before is played back: to one who has heard its sender, and to
// one who has just begun.
func TestPlayedBackVoiceIsStale(t *testing.T) {
	m := &mouth{}
	for later, want := range map[time.Duration][2]int{ // refused: known sender, stranger
		5 * time.Second:    {20, 0},
		90 * time.Second:   {20, 0}, // below StrangerSkew: a stranger cannot be told
		3 * time.Minute:    {20, 20},
		5 * 24 * time.Hour: {20, 20},
	} {
		var known, stranger Freshness
		if later < PaceMemory {
			say(&known, m, begin, 20, takes(50*time.Millisecond))
		}
		if n := len(say(&known, m, begin.Add(time.Second), 20, takes(later))); n != want[0] {
			t.Errorf("%v later: %d of 20 refused by one who knows the sender, want %d", later, n, want[0])
		}
		if n := len(say(&stranger, m, begin.Add(time.Second), 20, takes(later))); n != want[1] {
			t.Errorf("%v later: %d of 20 refused by one who does not, want %d", later, n, want[1])
		}
	}
}

// A stranger whose old frames were taken is found out by its first live one.
func TestFirstLiveFrameEndsAPlayback(t *testing.T) {
	var f Freshness
	m := &mouth{}
	m.press(begin)
	live := begin.Add(30 * time.Second)
	for i := range uint32(20) {
		at := live.Add(time.Duration(i) * FrameDuration)
		old := m.frame(i, begin.Add(time.Duration(i)*FrameDuration))
		if got, want := f.Judge(old, at, 0), i <= 10; got != want {
			t.Errorf("old frame %d: taken %t, want %t", i, got, want)
		}
		if i == 10 && !f.Judge(m.frame(1500, at), at, 0) {
			t.Error("a live frame was refused")
		}
	}
}

// A refused frame teaches nothing, and a sender who is not heard for long is a
// stranger again: a path that has become slower for good does not silence it
// for ever.
func TestPaceIsForgotten(t *testing.T) {
	var f Freshness
	m := &mouth{}
	say(&f, m, begin, 20, takes(50*time.Millisecond))
	slow := takes(5 * time.Second)
	if n := len(say(&f, m, begin.Add(PaceMemory-time.Minute), 20, slow)); n != 20 {
		t.Errorf("%d of 20 refused", n)
	}
	if stale := say(&f, m, begin.Add(PaceMemory+time.Minute), 20, slow); stale != nil {
		t.Errorf("after the pace is forgotten %v were refused", stale)
	}
	if stale := say(&f, m, begin.Add(PaceMemory+2*time.Minute), 20, slow); stale != nil {
		t.Errorf("at the new pace %v were refused", stale)
	}
}

// A path that becomes slower by less than Staleness is the new measure after
// two windows.
func TestPaceFollowsThePath(t *testing.T) {
	var f Freshness
	m := &mouth{}
	for k, way := range []time.Duration{50 * time.Millisecond, time.Second, time.Second, time.Second, 1900 * time.Millisecond} {
		now := begin.Add(time.Duration(k) * paceWindow)
		if stale := say(&f, m, now, 200, takes(way)); stale != nil {
			t.Errorf("burst %d: %v were refused", k, stale)
		}
	}
	m.press(begin.Add(5 * time.Minute))
	fr := m.frame(0, begin.Add(5*time.Minute))
	if age := f.Age(fr.Stamp, begin.Add(5*time.Minute+1500*time.Millisecond)); age != 500*time.Millisecond {
		t.Errorf("a frame that came 500 ms after the fastest is %v old", age)
	}
}

// A talker's clock that is set goes on in a new run: who hears it takes neither
// direction for a delay. Within a burst nothing is set.
func TestClockThatIsSet(t *testing.T) {
	for _, step := range []time.Duration{-time.Hour, -100 * time.Second, -2 * time.Second, 2 * time.Second, 100 * time.Second} {
		var f Freshness
		m := &mouth{off: -step}
		if stale := say(&f, m, begin, 50, takes(50*time.Millisecond)); stale != nil {
			t.Errorf("before it is set by %v: %v were refused", step, stale)
		}
		run := m.clock.Stamp(begin).Run
		m.off, m.clock.steady = 0, m.clock.steady.Add(step) // the steady clock is not set
		if stale := say(&f, m, begin.Add(time.Minute), 50, takes(50*time.Millisecond)); stale != nil {
			t.Errorf("set by %v: %v were refused", step, stale)
		}
		if m.clock.Stamp(begin).Run != run+1 {
			t.Errorf("set by %v: run %d after %d", step, m.clock.Stamp(begin).Run, run)
		}
	}
	var c TalkClock
	c.Burst(begin, 0)
	before := c.Stamp(begin)
	c.Burst(begin.Add(time.Hour+clockStep/2), clockStep/2)
	if c.Stamp(begin).Run != before.Run {
		t.Error("a clock that drifts begins a new run")
	}
	c.Burst(time.Unix(-10, 0), 0)
	if s := c.Stamp(time.Unix(-10, 0)); s.Millis != 0 {
		t.Errorf("before 1970: %+v", s)
	}
}

// Two runs are remembered, whoever makes how many.
func TestRunsAreBounded(t *testing.T) {
	var f Freshness
	for run := range 10 {
		at := begin.Add(time.Duration(run) * time.Second)
		if !f.Judge(Frame{Kind: KindAudio, Stamp: Stamp{uint8(run), uint64(at.UnixMilli())}}, at, 0) {
			t.Errorf("run %d refused", run)
		}
	}
	for _, run := range []int{9, 8, 7} { // the last one is a stranger again, whose coming makes one of the others forgotten
		want := run == 7
		said, at := begin.Add(-10*time.Second), begin.Add(20*time.Second)
		if got := f.Judge(Frame{Kind: KindAudio, Index: 999, Stamp: Stamp{uint8(run), uint64(said.UnixMilli())}}, at, 0); got != want {
			t.Errorf("run %d: taken %t, want %t", run, got, want)
		}
	}
}

package voice

import (
	"slices"
	"testing"
	"time"
)

const ms = time.Millisecond

var begin = time.Unix(1_800_000_000, 0)

// rng is a small generator with a fixed seed: a failure repeats.
type rng uint64

func (r *rng) below(n int) int {
	*r = *r*6364136223846793005 + 1442695040888963407
	return int(uint64(*r>>33) % uint64(n))
}

// delivery is a frame under way.
type delivery struct {
	at    time.Duration
	frame Frame
}

// network says when each frame of a burst arrives; a negative time is a loss.
type network func(index int, sent time.Duration) time.Duration

// steady delivers after 50 ms.
func steady(_ int, sent time.Duration) time.Duration { return sent + 50*ms }

// rough delivers after 50 ms and up to so much jitter, and loses some.
func rough(seed uint64, jitter time.Duration, lossPercent int) network {
	r := rng(seed)
	return func(_ int, sent time.Duration) time.Duration {
		wait := time.Duration(r.below(int(jitter/ms)+1)) * ms
		if r.below(100) < lossPercent {
			return -1
		}
		return sent + 50*ms + wait
	}
}

// heldUntil sends everything before the grant in one go, as a talker does.
func heldUntil(grant time.Duration, n network) network {
	return func(i int, sent time.Duration) time.Duration { return n(i, max(sent, grant)) }
}

// burst makes the deliveries of a burst of so many frames that starts at from.
func burst(id byte, frames int, from time.Duration, n network) []delivery {
	var out []delivery
	for i := range frames {
		f := Frame{Kind: KindAudio, Codec: CodecOpus, Burst: BurstID{id}, Index: uint32(i), First: i == 0, Last: i == frames-1, Payload: []byte{0x48, id}}
		if at := n(i, from+time.Duration(i)*FrameDuration); at >= 0 {
			out = append(out, delivery{at, f})
		}
	}
	return out
}

// listen plays deliveries for a time, with ticks at 7 ms past each 20, and
// returns what each tick played.
func listen(j *Jitter, deliveries []delivery, length time.Duration) []Playout {
	slices.SortStableFunc(deliveries, func(a, b delivery) int { return int(a.at - b.at) })
	var out []Playout
	for tick := 7 * ms; tick < length; tick += FrameDuration {
		for len(deliveries) > 0 && deliveries[0].at <= tick {
			j.Push(deliveries[0].frame, begin.Add(deliveries[0].at))
			deliveries = deliveries[1:]
		}
		out = append(out, j.Pop(begin.Add(tick)))
	}
	return out
}

// heard lists the indices played of a burst, in order.
func heard(out []Playout, id byte) []int {
	var got []int
	for _, p := range out {
		if p.Burst != (BurstID{id}) {
			continue
		}
		if p.Action == Skip {
			got = append(got, int(p.Before.Index))
		}
		if p.Action == Skip || p.Action == Play {
			got = append(got, int(p.Frame.Index))
		}
	}
	return got
}

func upTo(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func wantHeard(t *testing.T, why string, got, want []int) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: heard %v, want %v", why, got, want)
	}
}

func TestJitterSteadyNetwork(t *testing.T) {
	j := NewJitter(JitterConfig{})
	out := listen(j, burst(1, 100, 0, steady), 3*time.Second)
	wantHeard(t, "every frame, once, in order", heard(out, 1), upTo(100))
	s := j.Stats()
	if s.Played != 100 || s.Concealed+s.Late+s.Duplicate+s.Dropped+s.Skipped != 0 || s.Bursts != 1 {
		t.Errorf("%+v", s)
	}
	if s.Target != 40*ms || s.Delay < 20*ms || s.Delay > 60*ms {
		t.Errorf("delay %v, target %v: want about 40 ms", s.Delay, s.Target)
	}
	ends := 0
	for _, p := range out {
		if p.End {
			ends++
		}
	}
	if ends != 1 {
		t.Errorf("the burst ended %d times", ends)
	}
}

func TestJitterAdaptsToTheNetwork(t *testing.T) {
	j := NewJitter(JitterConfig{})
	listen(j, burst(1, 500, 0, rough(3, 20*ms, 0)), 11*time.Second)
	mild := j.Stats()
	if mild.Target > 60*ms || mild.Late > 5 {
		t.Errorf("20 ms of jitter: %+v", mild)
	}
	j = NewJitter(JitterConfig{})
	out := listen(j, burst(1, 1000, 0, rough(3, 120*ms, 0)), 21*time.Second)
	wild := j.Stats()
	if wild.Target < 100*ms || wild.Target > 140*ms {
		t.Errorf("120 ms of jitter: %+v", wild)
	}
	late := 0
	played := heard(out[500:], 1)
	for i := 1; i < len(played); i++ {
		late += played[i] - played[i-1] - 1
	}
	if late*100 > 5*len(played) {
		t.Errorf("after adapting, %d of %d frames still come too late", late, len(played))
	}
	j = NewJitter(JitterConfig{})
	listen(j, burst(1, 500, 0, rough(3, 400*ms, 0)), 11*time.Second)
	if s := j.Stats(); s.Target != 200*ms || s.Late == 0 {
		t.Errorf("the delay has a limit: %+v", s)
	}
}

func TestJitterLossIsConcealedInPlace(t *testing.T) {
	j := NewJitter(JitterConfig{})
	lose := func(i int, sent time.Duration) time.Duration {
		if i == 30 || i >= 50 && i < 53 {
			return -1
		}
		return sent + 50*ms
	}
	out := listen(j, burst(1, 100, 0, lose), 3*time.Second)
	s := j.Stats()
	if s.Played != 96 || s.Concealed != 4 || s.Late+s.Skipped+s.Dropped != 0 || s.Delay > 60*ms {
		t.Errorf("%+v", s)
	}
	for i, p := range out {
		if p.Action == Conceal && out[i+1].Action == Play {
			if p.Next == nil || p.Next.Index != out[i+1].Frame.Index {
				t.Errorf("tick %d: the next frame was there, but not offered for repair", i)
			}
		}
	}
}

func TestJitterReordersAndDropsDuplicates(t *testing.T) {
	j := NewJitter(JitterConfig{})
	swap := func(i int, sent time.Duration) time.Duration {
		if i%5 == 2 {
			return sent + 75*ms // behind its follower
		}
		return sent + 50*ms
	}
	all := burst(1, 100, 0, swap)
	out := listen(j, append(all, burst(1, 100, 5*ms, swap)...), 3*time.Second)
	wantHeard(t, "swapped frames", heard(out, 1), upTo(100))
	if s := j.Stats(); s.Duplicate+s.Late != 100 || s.Duplicate < 90 || s.Concealed != 0 {
		t.Errorf("each frame came twice: %+v", s)
	}
}

// Speech is captured from the press. What was said before the grant of the
// floor arrives all at once and is heard whole.
func TestJitterKeepsTheCatchUp(t *testing.T) {
	for _, grant := range []time.Duration{100 * ms, 300 * ms, 600 * ms, 1400 * ms} {
		j := NewJitter(JitterConfig{})
		out := listen(j, burst(1, 300, 0, heldUntil(grant, rough(5, 20*ms, 0))), 9*time.Second)
		wantHeard(t, "held for "+grant.String(), heard(out, 1), upTo(300))
		s := j.Stats()
		if s.Dropped+s.Late != 0 {
			t.Errorf("held for %v: %+v", grant, s)
		}
		if s.Delay > s.Target+max(100*ms, grant/3) {
			t.Errorf("held for %v: six seconds later the delay is still %v, target %v", grant, s.Delay, s.Target)
		}
		if s.Target > 60*ms {
			t.Errorf("held for %v: the catch-up was taken for jitter: target %v", grant, s.Target)
		}
	}
}

func TestJitterSkipsRarelyInSpeechAtOnceInSilence(t *testing.T) {
	run := func(quiet bool) (ticks int) {
		j := NewJitter(JitterConfig{})
		j.Quiet(quiet)
		out := listen(j, burst(1, 200, 0, heldUntil(300*ms, steady)), 5*time.Second)
		last := 0
		for i, p := range out {
			if p.Action == Skip {
				if !quiet && last != 0 && i-last < 10 {
					t.Errorf("in speech, frames skipped at ticks %d and %d", last, i)
				}
				last = i
			}
		}
		return last
	}
	if loud, quiet := run(false), run(true); quiet >= loud || quiet == 0 {
		t.Errorf("delay was made up for by tick %d in silence, %d in speech", quiet, loud)
	}
}

func TestJitterLateEntry(t *testing.T) {
	j := NewJitter(JitterConfig{})
	all := burst(1, 200, -2*time.Second, steady) // frame 100 is said at 0
	out := listen(j, slices.DeleteFunc(all, func(d delivery) bool { return d.at < 0 }), 3*time.Second)
	got := heard(out, 1)
	if len(got) == 0 || got[0] != 98 || got[len(got)-1] != 199 || len(got) != 102 {
		t.Errorf("heard %v", got)
	}
	first := slices.IndexFunc(out, func(p Playout) bool { return p.Action == Play })
	if first > 4 {
		t.Errorf("first sound on tick %d", first)
	}
}

func TestJitterOverflowDropsTheOldest(t *testing.T) {
	j := NewJitter(JitterConfig{})
	for _, d := range burst(1, 200, 0, steady) {
		j.Push(d.frame, begin)
	}
	if s := j.Stats(); s.Dropped != 125 || len(j.current.frames) != 75 {
		t.Errorf("%+v, %d held", s, len(j.current.frames))
	}
	if p := j.Pop(begin); p.Action == Idle || p.Frame.Index != 125 && p.Before.Index != 125 {
		t.Errorf("%+v", p)
	}
	far := audioFrame(MaxBurstFrames-1, 0x48)
	far.Burst = BurstID{1}
	j.Push(far, begin)
	if len(j.current.frames) != 1 {
		t.Errorf("%d frames held after one from far ahead", len(j.current.frames))
	}
}

func TestJitterSilentTalkerAndLostEnd(t *testing.T) {
	j := NewJitter(JitterConfig{})
	all := burst(1, 50, 0, steady)
	out := listen(j, all[:40], 4*time.Second) // the last ten are lost
	if s := j.Stats(); s.Concealed > 6 || s.Played != 40 {
		t.Errorf("%+v", s)
	}
	if j.current != nil || out[len(out)-1].Action != Idle {
		t.Error("the burst never ends")
	}
	j.Push(all[45].frame, begin.Add(4*time.Second))
	if p := j.Pop(begin.Add(4100 * ms)); p.Action != Idle || j.Stats().Late != 1 || j.Stats().Bursts != 1 {
		t.Errorf("a straggler starts the burst again: %+v, %+v", p, j.Stats())
	}
}

func TestJitterEndFromTheSignature(t *testing.T) {
	j := NewJitter(JitterConfig{})
	all := burst(1, 50, 0, steady)[:49] // the last frame is lost
	for _, d := range all {
		j.Push(d.frame, begin.Add(d.at))
		j.Pop(begin.Add(d.at))
	}
	j.EndAt(BurstID{2}, 10) // another burst: nothing
	j.EndAt(BurstID{1}, 50)
	at := begin.Add(49*FrameDuration + 50*ms)
	for range 8 {
		j.Pop(at)
		at = at.Add(FrameDuration)
	}
	if j.current != nil {
		t.Errorf("the burst goes on: %+v", j.Stats())
	}
}

// A link that stands still for a second: what comes after is played, and the
// listener hears silence rather than a long buzz.
func TestJitterOutage(t *testing.T) {
	j := NewJitter(JitterConfig{Timeout: 3 * time.Second})
	cut := func(i int, sent time.Duration) time.Duration {
		if sent > 1000*ms && sent < 2000*ms {
			return -1
		}
		return sent + 50*ms
	}
	out := listen(j, burst(1, 200, 0, cut), 5*time.Second)
	want := slices.Concat(upTo(200)[:51], upTo(200)[100:])
	wantHeard(t, "before and after the outage", heard(out, 1), want)
	if s := j.Stats(); s.Concealed > 8 {
		t.Errorf("%+v", s)
	}
}

// A path that was away for longer than the timeout: a talker who talks on is
// heard again, with nothing of what was held up meanwhile, and it is one burst.
func TestJitterBurstGoesOnAfterATimeout(t *testing.T) {
	away := func(held bool) network {
		return func(i int, sent time.Duration) time.Duration {
			switch {
			case sent <= 1000*ms || sent >= 5000*ms:
				return sent + 50*ms
			case held && sent < 3500*ms:
				return 5000 * ms
			}
			return -1
		}
	}
	for _, held := range []bool{false, true} {
		j := NewJitter(JitterConfig{})
		all := burst(1, 400, 0, away(held))
		for i := range all {
			all[i].frame.Stamp = Stamp{Run: 9, Millis: uint64(1e12) + 20*uint64(all[i].frame.Index)}
		}
		out := listen(j, all, 10*time.Second)
		wantHeard(t, "before and after", heard(out, 1), slices.Concat(upTo(400)[:51], upTo(400)[250:]))
		if s := j.Stats(); s.Bursts != 1 || held && s.Late < 100 {
			t.Errorf("%+v", s)
		}
		if j.current != nil {
			t.Error("the burst never ends")
		}
	}
}

// A stall that ends in a flood: nothing that came within the limit is lost.
func TestJitterStall(t *testing.T) {
	j := NewJitter(JitterConfig{})
	stall := func(i int, sent time.Duration) time.Duration {
		if sent > 1000*ms && sent < 1120*ms {
			return 1170 * ms
		}
		return sent + 50*ms
	}
	out := listen(j, burst(1, 300, 0, stall), 7*time.Second)
	wantHeard(t, "a stall of 120 ms", heard(out, 1), upTo(300))
	if s := j.Stats(); s.Late != 0 || s.Delay > s.Target+100*ms {
		t.Errorf("%+v", s)
	}
}

func TestJitterNextTalker(t *testing.T) {
	j := NewJitter(JitterConfig{})
	first := burst(1, 50, 0, steady)
	second := burst(2, 50, 1000*ms, steady) // begins the moment the first ends
	out := listen(j, append(first, second...), 3*time.Second)
	wantHeard(t, "the first to its end", heard(out, 1), upTo(50))
	wantHeard(t, "the second from its start", heard(out, 2), upTo(50))

	j = NewJitter(JitterConfig{})
	out = listen(j, append(burst(1, 200, 0, steady)[:30], burst(2, 50, 600*ms, steady)...), 3*time.Second)
	wantHeard(t, "cut off by the second", heard(out, 1), upTo(30))
	wantHeard(t, "which is heard whole", heard(out, 2), upTo(50))
	if s := j.Stats(); s.Concealed > 2 {
		t.Errorf("the one cut off lingers: %+v", s)
	}
}

// The last talker fell silent without an end: the next one need not wait for
// the timeout.
func TestJitterNextTalkerAfterALostEnd(t *testing.T) {
	j := NewJitter(JitterConfig{})
	out := listen(j, append(burst(1, 200, 0, steady)[:30], burst(2, 50, 1000*ms, steady)...), 3*time.Second)
	first := slices.IndexFunc(out, func(p Playout) bool { return p.Burst == BurstID{2} && p.Action == Play })
	if at := time.Duration(first) * FrameDuration; at < 1050*ms || at > 1140*ms {
		t.Errorf("the second is heard from %v", at)
	}
}

func TestJitterManyBurstsStayBounded(t *testing.T) {
	j := NewJitter(JitterConfig{})
	for i := range 1000 {
		f := audioFrame(uint32(i%80)+1, 0x48)
		f.Burst = BurstID{byte(i), byte(i >> 8), 1}
		j.Push(f, begin)
	}
	held := len(j.current.frames) + len(j.waiting.frames)
	if held > 2 || j.Stats().Bursts != 1000 || j.Stats().Dropped != 998 {
		t.Errorf("%d held, %+v", held, j.Stats())
	}
}

func TestJitterIgnoresSignatures(t *testing.T) {
	j := NewJitter(JitterConfig{})
	j.Push(Frame{Kind: KindSignature, Burst: BurstID{1}, Payload: []byte{1}}, begin)
	if p := j.Pop(begin.Add(time.Second)); p.Action != Idle || j.Stats().Bursts != 0 {
		t.Errorf("%+v, %+v", p, j.Stats())
	}
}

// Whatever the network does, frames come out in order, at most once, and the
// counts add up.
func TestJitterInvariants(t *testing.T) {
	for seed := range uint64(40) {
		j := NewJitter(JitterConfig{})
		n := heldUntil(time.Duration(seed%5)*100*ms, rough(seed+1, time.Duration(seed%7)*40*ms, int(seed%4)*5))
		all := burst(1, 200, 0, n)
		sent := len(all)
		out := listen(j, all, 8*time.Second)
		got := heard(out, 1)
		if !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != len(got) {
			t.Errorf("seed %d: out of order or twice: %v", seed, got)
		}
		s := j.Stats()
		if s.Played+s.Late+s.Dropped+s.Skipped != sent || len(got) != s.Played+s.Skipped {
			t.Errorf("seed %d: %d came, %+v", seed, sent, s)
		}
	}
}

// What was said before the grant comes again a round trip after it: a burst
// whose first syllable is missing waits for it.
func TestFirstSyllableIsWaitedFor(t *testing.T) {
	for _, c := range []struct {
		missing int
		back    time.Duration // when the missing frames come, after the others began
		first   uint32        // played first
		why     string
	}{
		{8, 120 * ms, 0, "the frames said before the grant come again: nothing is lost"},
		{8, 400 * ms, 8, "they do not come again in time: the rest is not held up for ever"},
		{2, 120 * ms, 2, "two frames are no syllable: no delay for their sake"},
		{80, 0, 80, "a burst of more than a second and a half ago is entered late, at once"},
	} {
		j := NewJitter(JitterConfig{})
		all := burst(1, 140, 0, steady)
		gone := time.Duration(c.missing) * FrameDuration
		played := false
		for at := time.Duration(0); at < time.Second && !played; at += 10 * ms {
			now := begin.Add(at)
			for _, d := range all {
				i := int(d.frame.Index)
				if i >= c.missing && d.at-gone <= at && d.at-gone > at-10*ms || i < c.missing && i < 75 && c.back == at && c.back > 0 {
					j.Push(d.frame, now)
				}
			}
			if at%FrameDuration != 0 {
				continue
			}
			if p := j.Pop(now); p.Action == Play || p.Action == Skip {
				first := p.Frame.Index
				if p.Action == Skip {
					first = p.Before.Index
				}
				if played = true; first != c.first {
					t.Errorf("%s: frame %d was played first, want %d at %v", c.why, first, c.first, at)
				}
				if c.missing == 80 && at > 150*ms {
					t.Errorf("%s: began after %v", c.why, at)
				}
			}
		}
		if !played {
			t.Errorf("%s: nothing was played", c.why)
		}
	}
}

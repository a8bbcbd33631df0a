package views

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"crossband/proto"
)

// crowd is a channel's members without a network: each hears what another says
// after a tenth of a second. Signatures are left out.
type crowd struct {
	now   time.Time
	books []*Book
	off   map[int]bool
	names []proto.Name
	sent  []int         // beats of each member
	last  []time.Time   // its last one
	gap   time.Duration // longest between two of one member
	beats int
}

func newCrowd(n int) *crowd {
	c := &crowd{now: time.Unix(1_750_000_000, 0), off: make(map[int]bool), sent: make([]int, n), last: make([]time.Time, n)}
	random := rand.New(rand.NewPCG(1, uint64(n)))
	pick := func(d time.Duration) time.Duration { return time.Duration(random.Int64N(int64(d))) }
	for i := range n {
		c.names = append(c.names, proto.Name{Agency: proto.Agency(fmt.Sprintf("a%d.example", i%3)), Role: proto.RoleUnit, Label: fmt.Sprint(i)})
		c.books = append(c.books, NewBook(proto.ChannelID{}, c.names[i], pick))
	}
	return c
}

// enter brings everybody into an epoch.
func (c *crowd) enter(epoch uint64) {
	var seats []Member
	for _, n := range c.names {
		seats = append(seats, Member{Name: n})
	}
	for _, b := range c.books {
		b.Enter(epoch, Digest{byte(epoch)}, seats, c.now)
	}
}

// run lets time pass. Members look at the clock once a second, each at its own
// part of it.
func (c *crowd) run(d time.Duration) {
	for end := c.now.Add(d); c.now.Before(end); {
		c.now = c.now.Add(100 * time.Millisecond)
		var said []int
		for i := int(c.now.UnixMilli()/100) % 10; i < len(c.books); i += 10 {
			if !c.off[i] && c.books[i].Due(c.now) {
				said = append(said, i)
			}
		}
		for _, i := range said {
			c.say(i)
		}
	}
}

func (c *crowd) say(i int) {
	if !c.last[i].IsZero() {
		c.gap = max(c.gap, c.now.Sub(c.last[i]))
	}
	c.last[i] = c.now
	c.sent[i]++
	c.beats++
	for j, b := range c.books {
		if m := b.members[c.names[i]]; j != i && m != nil {
			m.heard, m.epoch = c.now, c.books[i].epoch
			b.compare(c.names[i], m, c.books[i].epoch, Digest{byte(c.books[i].epoch)}, c.now)
		}
	}
}

// TestCostDoesNotGrowWithTheGroup: what members send in a minute, at rest and
// while epochs follow each other.
func TestCostDoesNotGrowWithTheGroup(t *testing.T) {
	for _, c := range []struct{ members, least, most, moving int }{
		{2, 7, 9, 26}, // 4 a minute each
		{16, 60, 68, 180},
		{200, 50, 100, 300}, // about 16 in each 15 s
		{1000, 50, 110, 300},
	} {
		if testing.Short() && c.members > 200 {
			continue
		}
		w := newCrowd(c.members)
		w.enter(1)
		w.run(time.Minute)
		w.beats = 0
		w.run(2 * time.Minute)
		rest := w.beats / 2
		w.beats = 0
		for epoch := range uint64(6) {
			w.enter(2 + epoch)
			w.run(10 * time.Second)
		}
		t.Logf("%d members: %d heartbeats a minute at rest, %d with a new epoch every 10 s", c.members, rest, w.beats)
		if rest < c.least || rest > c.most {
			t.Errorf("%d members: %d heartbeats a minute, want %d to %d", c.members, rest, c.least, c.most)
		}
		if w.beats > c.moving {
			t.Errorf("%d members: %d heartbeats in a minute of new epochs, want at most %d", c.members, w.beats, c.moving)
		}
	}
}

// TestEveryMemberHasItsTurn: the rotation forgets nobody, and no member waits
// longer than one round and two intervals.
func TestEveryMemberHasItsTurn(t *testing.T) {
	for _, n := range []int{1, 2, 16, 17, 33, 200} {
		for place := range n {
			turns := 0
			for i := range rounds(n) {
				if myTurn(place, n, time.Unix(int64(i)*15, 0)) {
					turns++
				}
			}
			if turns != 1 {
				t.Fatalf("of %d members the one at %d has %d turns in a round of %d", n, place, turns, rounds(n))
			}
		}
		w := newCrowd(n)
		w.enter(1)
		w.run(time.Duration(3*rounds(n)) * Interval)
		if limit := time.Duration(rounds(n)+1)*Interval + MinGap; w.gap > limit {
			t.Errorf("%d members: one was silent for %v, want at most %v", n, w.gap, limit)
		}
		for i, s := range w.sent {
			if s < 2 {
				t.Errorf("%d members: the one at %d beat %d times in three rounds", n, i, s)
			}
		}
	}
}

// TestFewSpeakUp: where most of a large group is off, or most of it is in
// another view, those who are left do not wait for their turn.
func TestFewSpeakUp(t *testing.T) {
	w := newCrowd(200)
	for i := range 200 {
		w.off[i] = i%50 != 7 // four are on
	}
	w.enter(1)
	w.run(time.Minute)
	w.beats = 0
	w.run(time.Minute)
	if w.beats < 14 {
		t.Errorf("4 of 200 members that are on sent %d heartbeats in a minute, want about 16", w.beats)
	}
	for i, b := range w.books {
		if !w.off[i] {
			if v := b.Views(w.now); v.Agree != 3 {
				t.Errorf("%s has heard %d of 3 others", w.names[i].Label, v.Agree)
			}
		}
	}
}

// TestBeatsKeepTheirDistance: relays let one through in 5 s.
func TestBeatsKeepTheirDistance(t *testing.T) {
	w := newCrowd(2)
	for epoch := range uint64(100) {
		w.enter(1 + epoch)
		before, at := w.sent[0], w.last[0]
		w.run(300 * time.Millisecond)
		if w.sent[0] > before && !at.IsZero() && w.last[0].Sub(at) < MinGap {
			t.Fatalf("two beats %v apart", w.last[0].Sub(at))
		}
	}
	if w.sent[0] < 4 {
		t.Errorf("%d beats in 30 s of a new epoch every 300 ms: a beat must come however fast they follow", w.sent[0])
	}
}

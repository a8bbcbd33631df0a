package hub_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"crossband/proto"
	"crossband/relay/hub"
)

var onlySeed = flag.Uint64("seed", 0, "play the property tests with this seed only")

func seeds(n uint64) []uint64 {
	if *onlySeed != 0 {
		return []uint64{*onlySeed}
	}
	var list []uint64
	for s := range n {
		list = append(list, s+1)
	}
	return list
}

// TestFloorHoldsUnderAnyInterleaving plays random presses, releases, losses,
// departures and time at a hub. After every event at most one party holds the
// floor, voice enters from the holder's link alone, the queue is within its
// limit, whoever was granted the floor has been told, and so has whoever lost
// it without having let go. When all have let go, the floor is idle.
func TestFloorHoldsUnderAnyInterleaving(t *testing.T) {
	for _, seed := range seeds(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			newFloorPlay(t, seed, false).run(200)
		})
	}
}

// TestFollowersFloorHoldsUnderAnyInterleaving plays the same at a follower whose
// hub comes and goes.
func TestFollowersFloorHoldsUnderAnyInterleaving(t *testing.T) {
	for _, seed := range seeds(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			newFloorPlay(t, seed, true).run(200)
		})
	}
}

// floorPlay is one random play. Every party is up or down, subscribed or not,
// and has pressed a number of times.
type floorPlay struct {
	w        *world
	rng      *rand.Rand
	seed     uint64
	follower bool
	alone    bool // a follower whose hub never comes: many press, few let go
	parties  []*floorParty
	steps    []string
	asked    uint64 // requests that the follower has sent
}

type floorParty struct {
	name  string
	link  string // its own, or its relay's
	burst int
}

func newFloorPlay(t *testing.T, seed uint64, follower bool) *floorPlay {
	p := &floorPlay{w: newWorld(t), rng: rand.New(rand.NewPCG(seed, 1)), seed: seed, follower: follower}
	p.w.mute = true
	names := []string{"us/unit/a", "us/unit/b", "us/unit/c", "us/desk/d"}
	owner := "mx"
	if follower { // enough to fill the queue
		names = append(names, "us/unit/e", "us/unit/f", "us/unit/g", "us/unit/h", "us/unit/i", "us/unit/j", "us/unit/k")
	}
	if !follower {
		names, owner = append(names, "mx/desk/m", "mx/desk/n"), "us"
	}
	for _, n := range names {
		link := n
		if strings.HasPrefix(n, "mx") {
			link = "mx/relay"
		}
		p.parties = append(p.parties, &floorParty{name: n, link: link})
	}
	p.do("charter border owner=%s talk-limit=8s party=us:send=unit+desk party=mx:send=desk", owner)
	for _, c := range p.parties {
		if c.link == c.name {
			p.do("up %s", c.name)
		}
	}
	p.do("up mx/relay")
	if follower {
		p.do("from mx/relay: channel-offer border created=true")
		if p.alone = seed%3 == 0; p.alone {
			p.do("down mx/relay")
			for _, c := range p.parties {
				p.do("from %s: subscribe border alias=1", c.link)
			}
		}
	} else {
		p.do("channel border %s", strings.Join(names, " "))
	}
	return p
}

// do plays one line of a script and keeps it for the report.
func (p *floorPlay) do(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	p.steps = append(p.steps, line)
	s := script{w: p.w}
	if err := s.command(line); err != nil {
		p.w.t.Fatalf("seed %d: %s: %v", p.seed, line, err)
	}
}

func (p *floorPlay) run(steps int) {
	w := p.w
	for i := range steps {
		w.deep = i%8 == 0
		p.step()
		if w.t.Failed() {
			w.t.Fatalf("seed %d (go test -run %s -seed %d), after:\n%s", p.seed, strings.Split(w.t.Name(), "/")[0], p.seed, strings.Join(p.steps, "\n"))
		}
	}
	for _, c := range p.parties { // everybody lets go of everything
		if p.up(c.link) {
			for b := range c.burst + 1 {
				p.fromParty(c, fmt.Sprintf("floor-release border burst=%s%d", short(c.name), b))
			}
		}
	}
	v := w.hub.View()[0]
	if v.Arbitrates && (v.Holder != proto.Name{} || len(v.Queue) > 0) {
		w.t.Errorf("seed %d: all have let go, and %s holds the floor with %d waiting:\n%s", p.seed, v.Holder, len(v.Queue), strings.Join(p.steps, "\n"))
	}
}

func short(name string) string { return name[len(name)-1:] }

func (p *floorPlay) up(link string) bool { _, ok := p.w.links[link]; return ok }

func (p *floorPlay) fromParty(c *floorParty, frame string) {
	if c.link == c.name {
		p.do("from %s: %s", c.link, frame)
		return
	}
	p.do("from %s as %s: %s", c.link, c.name, frame)
}

// step does one random thing and checks what was said about the floor.
func (p *floorPlay) step() {
	c := p.parties[p.rng.IntN(len(p.parties))]
	n := p.rng.IntN(100)
	if !p.up(c.link) && n < 90 {
		p.do("up %s", c.link)
		n = 80
	}
	switch {
	case n < 45 || p.alone && n < 70:
		p.press(c)
	case n < 70:
		p.judged(c, func() {
			p.fromParty(c, fmt.Sprintf("floor-release border burst=%s%d", short(c.name), c.burst-p.rng.IntN(2)))
		})
	case n < 86:
		p.judged(c, func() { p.do("from %s: subscribe border alias=%d", c.link, 1+p.rng.IntN(3)) })
	case n < 89:
		p.judged(c, func() { p.do("from %s: unsubscribe border", c.link) })
	case n < 92 && p.up(c.link):
		p.judged(c, func() { p.do("down %s", c.link) })
	case n < 94:
		p.judged(c, func() { p.do("up %s", c.link) })
	case n < 97:
		p.judged(nil, func() { p.do("talk border %v", time.Duration(p.rng.IntN(40))*100*time.Millisecond) })
	default:
		p.judged(nil, func() { p.do("tick %v", time.Duration(p.rng.IntN(25))*100*time.Millisecond) })
	}
	if p.follower && !p.alone {
		p.hubSays()
	}
}

func (p *floorPlay) press(c *floorParty) {
	if p.rng.IntN(4) > 0 {
		c.burst++
	}
	prio := 1 + p.rng.IntN(5)
	p.judged(c, func() {
		p.fromParty(c, fmt.Sprintf("floor-request border burst=%s%d priority=%d queue=%t", short(c.name), c.burst, prio, p.alone || p.rng.IntN(3) > 0))
	})
}

// hubSays lets the follower's hub come, go, answer and decide, at random.
func (p *floorPlay) hubSays() {
	switch n := p.rng.IntN(10); {
	case n == 0 && p.up("mx/relay"):
		p.do("down mx/relay")
	case n < 4 && !p.up("mx/relay"):
		p.do("up mx/relay")
	case n < 6 && p.up("mx/relay"):
		p.asked++
		p.do("from mx/relay re=%d: subscribed border alias=%d head=1 epoch=1", 1+p.rng.Uint64N(p.asked), 1+p.rng.IntN(9))
	case n < 8 && p.up("mx/relay"):
		c := p.parties[p.rng.IntN(len(p.parties))]
		kind := []string{"floor-deny border burst=%s%d", "floor-revoke border burst=%s%d", "floor-taken border burst=%s%d leaf=2 priority=1 holder=" + c.name}[p.rng.IntN(3)]
		as := " as " + c.name
		if strings.HasPrefix(kind, "floor-taken") {
			as = ""
		}
		p.do("from mx/relay"+as+": "+kind, short(c.name), c.burst)
	case n == 8 && p.up("mx/relay"):
		p.do("from mx/relay: floor-idle border")
	}
}

// judged does something of c and checks that nobody got or lost the floor
// without being told. Whoever let go, left or pressed anew need not be.
func (p *floorPlay) judged(c *floorParty, do func()) {
	w := p.w
	before := w.hub.View()[0]
	var said []hub.Effect
	w.watch = func(effects []hub.Effect) { said = append(said, effects...) }
	do()
	w.watch = nil
	after := w.hub.View()[0]
	if !before.Arbitrates || !after.Arbitrates {
		return
	}
	changed := before.Holder != after.Holder || before.Burst != after.Burst
	if changed && (after.Holder != proto.Name{}) && !told(said, after.HolderLink, after.Burst, proto.KindFloorGranted) {
		w.t.Errorf("%s was granted the floor and not told", after.Holder)
	}
	own := c != nil && (w.plain(before.Holder.String()) == c.name || p.linkOf(before.Holder) == c.link)
	if changed && (before.Holder != proto.Name{}) && !own && !told(said, before.HolderLink, before.Burst, proto.KindFloorRevoke) {
		w.t.Errorf("%s lost the floor and was not told why", before.Holder)
	}
}

func (p *floorPlay) linkOf(n proto.Name) string {
	for _, c := range p.parties {
		if c.name == p.w.plain(n.String()) {
			return c.link
		}
	}
	return ""
}

func told(said []hub.Effect, link hub.LinkID, burst proto.BurstID, kind proto.Kind) bool {
	return slices.ContainsFunc(said, func(x hub.Effect) bool {
		s, ok := x.(hub.Send)
		if !ok || s.Link != link || proto.KindOf(s.Frame) != kind {
			return false
		}
		return string(s.Frame.GetFloorGranted().GetBurst()) == string(burst[:]) || string(s.Frame.GetFloorRevoke().GetBurst()) == string(burst[:])
	})
}

package hub_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/hub"
)

// TestAcknowledgementStopsEveryPendingStep lets hails, replies, acts, duty, ticks,
// restarts and lost links come in any order, and then reads the log as a stranger
// would, with rules of its own: no page after an acceptance that nothing has undone,
// each step of each round once and in order, none before its time, and none missing
// or late where nobody acknowledged.
func TestAcknowledgementStopsEveryPendingStep(t *testing.T) {
	t.Parallel()
	pages, stopped, restarts := 0, 0, 0
	for _, seed := range seeds(40) {
		x := newLadderPlay(t, seed)
		for range 200 {
			x.step()
		}
		x.settle()
		c := x.check()
		pages, stopped, restarts = pages+c.pages, stopped+c.stopped, restarts+x.restarts
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	if *onlySeed == 0 && (pages < 1000 || stopped < 100 || restarts < 100) {
		t.Errorf("%d pages, %d acceptances with steps still to come, %d restarts: this shows too little", pages, stopped, restarts)
	}
}

// ladderPlay is a world in which anything may happen.
type ladderPlay struct {
	t        *testing.T
	w        *world
	s        script
	rand     *rand.Rand
	hails    int
	said     int
	restarts int
	ticks    []time.Time // when the hub was awake
}

const ladderCharter = "charter calling kind=calling party=us:send=unit+desk+hook party=mx:send=desk+unit expires=300h " +
	"ladder=10s:mx/desk/s ladder=20s:us/desk/d ladder=35s:us/hook/p rearm=1m"

func newLadderPlay(t *testing.T, seed uint64) *ladderPlay {
	w := newWorld(t)
	w.mute, w.deep = true, false
	x := &ladderPlay{t: t, w: w, s: script{w: w}, rand: rand.New(rand.NewPCG(seed, 1))}
	x.do(ladderCharter)
	for _, l := range []string{"us/desk/d", "us/unit/a", "us/hook/p", "mx/relay"} {
		x.do("up " + l)
	}
	x.do("channel calling us/desk/d us/unit/a us/hook/p mx/desk/m mx/desk/s mx/unit/u")
	return x
}

func (x *ladderPlay) do(command string) {
	x.t.Helper()
	if err := x.s.command(command); err != nil {
		x.t.Fatalf("%s: %v", command, err)
	}
}

// links brings every link up again and tells who is there.
func (x *ladderPlay) links() {
	for _, l := range []string{"us/desk/d", "us/unit/a", "us/hook/p", "mx/relay"} {
		if _, up := x.w.links[l]; !up {
			x.do("up " + l)
		}
		x.do("from " + l + ": subscribe calling alias=1")
	}
	x.do("from mx/relay: progress calling present=mx/desk/m,mx/desk/s")
}

func (x *ladderPlay) pick(list ...string) string { return list[x.rand.IntN(len(list))] }

// say sends a frame for somebody, if there is a link for it. Much of it is refused.
func (x *ladderPlay) say(who, frame string) {
	link := who
	if who[:2] == "mx" {
		link = "mx/relay"
	}
	if _, up := x.w.links[link]; !up {
		return
	}
	if link != who {
		link += " as " + who
	}
	x.said++
	x.do("from " + link + ": " + fmt.Sprintf(frame, x.said, who))
}

// hail names one of the hails, more often one of the newest.
func (x *ladderPlay) hail() string {
	n := max(1, x.hails)
	if x.rand.IntN(3) > 0 {
		return fmt.Sprintf("h%d", max(1, n-x.rand.IntN(3)))
	}
	return fmt.Sprintf("h%d", 1+x.rand.IntN(n))
}

func (x *ladderPlay) incident() string { return "i" + x.hail()[1:] }

func (x *ladderPlay) step() {
	switch n := x.rand.IntN(100); {
	case n < 14 && x.hails < 60:
		x.hails++
		from, to := x.pick("us/unit/a", "us/desk/d", "mx/unit/u"), x.pick("mx/desk/m", "us/desk/d")
		if from == to {
			from = "us/unit/a"
		}
		exercise := x.pick("", "", " exercise=true")
		x.say(from, fmt.Sprintf("hail calling h%d incident=i%d from=%%[2]s to=%s urgency=urgent expires-ms=%dms%s", x.hails, x.hails, to, 1000+x.rand.IntN(60_000), exercise))
	case n < 46:
		state := x.pick("received", "accepted", "accepted", "accepted", "committed", "declined", "cancelled", "released")
		x.say(x.pick("us/unit/a", "us/desk/d", "mx/desk/m", "mx/desk/m", "mx/desk/s"), "hail-reply calling s%d hail="+x.hail()+" from=%s state="+state)
	case n < 52:
		x.say("us/hook/p", fmt.Sprintf("page-result calling s%%d hail=%s from=%%s round=%d step=3 reason=%d", x.hail(), 1+x.rand.IntN(3), 513*x.rand.IntN(2)))
	case n < 60:
		act := x.pick("re-arm", "re-arm", "hand-over to="+x.pick("us/desk/d", "mx/desk/s", "us/unit/a"), "merge into="+x.incident(), "close disposition=resolved")
		x.say(x.pick("us/unit/a", "us/desk/d", "mx/desk/m"), "incident calling s%d incident="+x.incident()+" from=%s act="+act+x.pick("", "", " exercise=true"))
	case n < 64:
		role := x.pick("mx/desk/m", "mx/desk/s")
		x.say("mx/desk/s", "duty calling s%d from=%s role="+role+" act="+x.pick("on", "off"))
	case n < 70:
		x.do("restart now")
		x.restarts++
		if x.w.now = x.w.now.Add(time.Duration(x.rand.IntN(40)) * time.Second); x.rand.IntN(4) > 0 {
			x.links()
		}
	case n < 74:
		if l := x.pick("us/desk/d", "us/unit/a", "us/hook/p", "mx/relay"); x.w.links[l] != 0 {
			x.do("down " + l)
		}
	case n < 80:
		x.links()
	default:
		x.tick(time.Duration(1+x.rand.IntN(120)) * hub.TickEvery)
	}
}

func (x *ladderPlay) tick(d time.Duration) {
	for ; d > 0; d -= hub.TickEvery {
		x.w.now = x.w.now.Add(hub.TickEvery)
		x.ticks = append(x.ticks, x.w.now)
		x.w.apply(hub.Tick{})
	}
}

// settle lets every ladder come to its end.
func (x *ladderPlay) settle() { x.tick(4 * time.Minute) }

// entries reads the log off the disk.
func (x *ladderPlay) entries() []*wire.StoredEntry {
	log := x.w.disk["log/"+x.w.made.channels["calling"].String()]
	var list []*wire.StoredEntry
	for _, key := range slices.Sorted(maps.Keys(log)) {
		v := new(wire.StoredEntry)
		if err := pb.Unmarshal(log[key], v); err != nil {
			x.t.Fatal(err)
		}
		list = append(list, v)
	}
	return list
}

// calls is what a stranger knows of a hail.
type calls struct {
	made, began, held, last time.Time
	incident, to            string
	exercise                bool
	acknowledged, over      bool
	merged                  bool // part of another incident
	round, step             uint32
	rearm, early, touched   bool // a person asked; a step may come before its time; something but time moved it
}

type counts struct{ pages, stopped int }

func (x *ladderPlay) check() (n counts) {
	after := []time.Duration{0, 10 * time.Second, 20 * time.Second, 35 * time.Second}
	all, off, unmanned, standsIn := map[string]*calls{}, map[string]bool{}, map[string]bool{}, map[string]string{}
	of := func(incident string) (list []*calls) {
		for _, k := range slices.Sorted(maps.Keys(all)) {
			if all[k].incident == incident {
				list = append(list, all[k])
			}
		}
		return list
	}
	for _, v := range x.entries() {
		at := time.UnixMilli(v.Entry.TimeMs)
		switch item := v.Entry.Item.(type) {
		case *wire.Entry_Hail:
			all[string(item.Hail.Id)] = &calls{made: at, began: at, last: at, incident: string(item.Hail.Incident), to: item.Hail.To, exercise: item.Hail.Exercise, round: 1}
		case *wire.Entry_HailReply:
			c := all[string(item.HailReply.Hail)]
			switch s := proto.HailState(item.HailReply.State); {
			case c.over:
				x.t.Errorf("%s went to %s when it was over", idName(item.HailReply.Hail), s)
			case s == proto.HailAccepted:
				if !c.acknowledged && c.step < 3 {
					n.stopped++
				}
				c.acknowledged, c.held, c.rearm, c.touched = true, at, false, true
			case s == proto.HailDeclined:
				if c.acknowledged {
					c.acknowledged = false
				}
				c.early, c.touched = true, true
			case s == proto.HailCommitted:
				c.acknowledged, c.held, c.touched = true, at.Add(1000*time.Hour), true // no clock re-arms it
			case s == proto.HailExpired:
				if !c.touched && c.step != 3 {
					x.t.Errorf("%s expired after step %d of 3", idName(item.HailReply.Hail), c.step)
				}
				c.over = true
			default:
				c.over = c.over || s.Over()
			}
		case *wire.Entry_PageResult:
			all[string(item.PageResult.Hail)].early = true
		case *wire.Entry_Duty:
			switch role := item.Duty.Role; proto.DutyAct(item.Duty.Act) {
			case proto.DutyOn, proto.DutyOff:
				off[role] = item.Duty.Act == uint32(proto.DutyOff)
				if !off[role] {
					standsIn[role] = item.Duty.From
				}
			case proto.DutyUnmanned, proto.DutyManned:
				unmanned[role] = item.Duty.Act == uint32(proto.DutyUnmanned)
			}
		case *wire.Entry_Incident:
			for _, c := range of(string(item.Incident.Incident)) {
				switch c.touched = true; proto.Act(item.Incident.Act) {
				case proto.ActHandOver:
					c.held = at
				case proto.ActRearm:
					c.rearm = true
				case proto.ActMerge:
					c.merged = true
				case proto.ActClose:
					c.over = true
				}
			}
		case *wire.Entry_Page:
			n.pages++
			c := all[string(item.Page.Hail)]
			reached := []string{c.to, "spiffe://gn.example/desk/s", "spiffe://usbp.example/desk/d", ""}[c.step]
			c.early = c.early || off[reached] || off[standsIn[reached]] || unmanned[reached]
			x.checkPage(c, item.Page, at, after)
		}
	}
	for id, c := range all {
		if !c.over && !c.touched && c.step != 3 {
			x.t.Errorf("%s, which nobody acknowledged, has come to step %d of 3", idName([]byte(id)), c.step)
		}
	}
	return n
}

func (x *ladderPlay) checkPage(c *calls, p *wire.Page, at time.Time, after []time.Duration) {
	what := fmt.Sprintf("page %d.%d of %s at %v", p.Round, p.Step, idName(p.Hail), at.Sub(start()))
	if c.over || c.merged {
		x.t.Errorf("%s: it is over, or another's duplicate", what)
	}
	if c.exercise != p.Exercise || c.exercise && slices.ContainsFunc(p.To, func(s string) bool { return s == "spiffe://usbp.example/hook/p" }) {
		x.t.Errorf("%s: exercise %v, to %v", what, p.Exercise, p.To)
	}
	if p.Step == 0 {
		due := c.held
		if c.last.After(due) {
			due = c.last
		}
		if p.Round != c.round+1 || !c.rearm && (at.Before(due.Add(time.Minute)) || c.held.IsZero()) {
			x.t.Errorf("%s begins a round that nothing calls for", what)
		}
		c.round, c.step, c.began, c.last, c.acknowledged, c.rearm, c.early = p.Round, 0, at, at, false, false, true
		if c.touched = true; !c.held.IsZero() {
			c.held = at
		}
		return
	}
	due := c.began.Add(after[p.Step])
	switch {
	case c.acknowledged:
		x.t.Errorf("%s: it is acknowledged", what)
	case p.Round != c.round || p.Step != c.step+1:
		x.t.Errorf("%s follows %d.%d", what, c.round, c.step)
	case at.Before(due) && !c.early && !c.touched:
		x.t.Errorf("%s is %v early, and nobody has declined, failed or gone", what, due.Sub(at))
	}
	if i, _ := slices.BinarySearchFunc(x.ticks, due, time.Time.Compare); !c.touched && i < len(x.ticks) && at.After(x.ticks[i]) {
		x.t.Errorf("%s is late: it was due at %v and the relay awake at %v", what, due.Sub(start()), x.ticks[i].Sub(start()))
	}
	c.step, c.last, c.early = p.Step, at, false
}

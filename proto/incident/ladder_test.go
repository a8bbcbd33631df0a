package incident_test

import (
	"testing"
	"time"

	"crossband/proto"
	"crossband/proto/wire"
)

func TestALadderIsClimbedToItsEnd(t *testing.T) {
	p := newPlay(t, charter(true))
	p.ok(p.hail("h", "i", "us/unit/a", "mx/desk/m"))
	p.did(p.run(20*time.Minute), "1m0s 1.1 super", "2m0s 1.2 near far", "3m0s 1.3 pager", "8m0s expired")
	p.stands("h", proto.HailExpired)

	p = newPlay(t, charter(false))
	p.ok(p.hail("h", "i", "us/unit/a", "mx/desk/m"))
	p.did(p.run(20*time.Minute), "5m0s expired")
}

func TestReceivedIsNotAccepted(t *testing.T) {
	p := newPlay(t, charter(true))
	p.ok(p.hail("h", "i", "us/unit/a", "mx/desk/m"))
	p.ok(p.reply("h", "mx/desk/m", proto.HailReceived))
	p.did(p.run(90*time.Second), "1m0s 1.1 super")
	p.ok(p.reply("h", "mx/desk/super", proto.HailReceived))
	p.want("a second time", p.reply("h", "mx/desk/super", proto.HailReceived), proto.ReasonHailState)
	p.want("a desk that was not reached", p.reply("h", "us/desk/near", proto.HailReceived), proto.ReasonHailState)
	p.did(p.run(45*time.Second), "2m0s 1.2 near far")
	p.stands("h", proto.HailReceived)
}

func TestAnAcceptanceStopsEveryStep(t *testing.T) {
	for _, by := range []string{"mx/desk/m", "mx/desk/super", "us/desk/near"} {
		p := newPlay(t, charter(true))
		p.ok(p.hail("h", "i", "us/unit/a", "mx/desk/m"))
		p.run(130 * time.Second)
		p.ok(p.reply("h", by, proto.HailAccepted))
		p.ok(p.reply("h", by, proto.HailCommitted))
		p.did(p.run(24 * time.Hour))
		p.ok(p.reply("h", by, proto.HailReleased))
		p.did(p.run(time.Hour))
	}
}

func TestTwoAcceptAtOnceAndOneHasIt(t *testing.T) {
	p := newPlay(t, charter(true))
	p.ok(p.hail("h", "i", "us/unit/a", "mx/desk/m"))
	p.run(130 * time.Second)
	p.ok(p.reply("h", "us/desk/near", proto.HailAccepted))
	err := p.reply("h", "mx/desk/m", proto.HailAccepted)
	p.want("the second", err, proto.ReasonTaken)
	if want := "spiffe://us.example/desk/near has it"; proto.AsRefusal(err).Detail != want {
		t.Errorf("the second is told %q, want %q", proto.AsRefusal(err).Detail, want)
	}
	p.want("the first again", p.reply("h", "us/desk/near", proto.HailAccepted), proto.ReasonHailState)
	p.want("the second does not commit either", p.reply("h", "mx/desk/m", proto.HailCommitted), proto.ReasonTaken)
	p.want("nor decline", p.reply("h", "mx/desk/m", proto.HailDeclined), proto.ReasonTaken)
	p.ok(p.reply("h", "us/desk/far", proto.HailCommitted)) // the holder's own agency
	p.want("nor release", p.reply("h", "mx/desk/m", proto.HailReleased), proto.ReasonTaken)
}

func TestARefusalBringsTheNextStep(t *testing.T) {
	p := newPlay(t, charter(true))
	p.ok(p.hail("h", "i", "us/unit/a", "mx/desk/m"))
	p.run(9 * time.Second)
	p.ok(p.reply("h", "mx/desk/m", proto.HailDeclined))
	p.stands("h", proto.HailSent)
	p.want("twice", p.reply("h", "mx/desk/m", proto.HailDeclined), proto.ReasonHailState)
	p.did(p.run(time.Second), "10s 1.1 super")
	p.ok(p.reply("h", "mx/desk/super", proto.HailDeclined))
	p.did(p.run(time.Second), "12s 1.2 near far")
	p.ok(p.reply("h", "us/desk/near", proto.HailDeclined)) // the other may still come
	p.did(p.run(3*time.Minute), "3m0s 1.3 pager")
	p.ok(p.result("h", "us/hook/pager", 1, 3, 0))
	p.ok(p.reply("h", "us/desk/far", proto.HailDeclined)) // whom the hook called may still come
	p.did(p.run(time.Hour), "8m0s expired")

	p = newPlay(t, charter(true)) // with the hook failed nobody is left
	p.ok(p.hail("h", "i", "us/unit/a", "mx/desk/m"))
	p.run(3*time.Minute + time.Second)
	p.ok(p.result("h", "us/hook/pager", 1, 3, proto.ReasonNoPage))
	for _, by := range []string{"mx/desk/m", "mx/desk/super", "us/desk/near", "us/desk/far"} {
		p.stands("h", proto.HailSent)
		p.ok(p.reply("h", by, proto.HailDeclined))
	}
	p.stands("h", proto.HailDeclined)
	p.did(p.run(time.Hour))
	if c, _ := p.book.Call(mid("h")); c.Reason != proto.ReasonNoMeans {
		t.Errorf("declined for %d, want the last one's reason", c.Reason)
	}
}

func TestWhoHadAcceptedGivesItBack(t *testing.T) {
	p := newPlay(t, charter(true))
	p.ok(p.hail("h", "i", "us/unit/a", "mx/desk/m"))
	p.ok(p.reply("h", "mx/desk/m", proto.HailAccepted))
	p.run(5*time.Minute - time.Second)
	p.ok(p.reply("h", "mx/desk/m", proto.HailDeclined))
	p.stands("h", proto.HailReceived)
	if k, _ := p.book.Case(iid("i")); k.Holder != (proto.Name{}) {
		t.Errorf("%s still has it", k.Holder)
	}
	p.did(p.run(10*time.Minute), "5m0s 1.1 super", "6m0s 1.2 near far", "7m0s 1.3 pager", "12m0s expired")

	p = newPlay(t, charter(false)) // without a ladder it is over, as ever
	p.ok(p.hail("h", "i", "us/unit/a", "mx/desk/m"))
	p.ok(p.reply("h", "mx/desk/m", proto.HailAccepted))
	p.ok(p.reply("h", "mx/desk/m", proto.HailDeclined))
	p.stands("h", proto.HailDeclined)
}

func TestAFailingHookEscalates(t *testing.T) {
	c := charter(true)
	c.Ladder[0].Page = []proto.Name{name("us/hook/pager")}
	c.Ladder = c.Ladder[:2]
	p := newPlay(t, c)
	p.ok(p.hail("h", "i", "us/unit/a", "mx/desk/m"))
	p.run(61 * time.Second)
	p.want("of another step", p.result("h", "us/hook/pager", 1, 2, 0), proto.ReasonLadder)
	p.want("of a hook that was not paged", p.result("h", "us/hook/other", 1, 1, 0), proto.ReasonLadder)
	p.want("of a desk", p.result("h", "mx/desk/m", 1, 0, proto.ReasonNoPage), proto.ReasonLadder)
	p.want("of a hail that is not", p.result("x", "us/hook/pager", 1, 1, 0), proto.ReasonNoHail)
	p.ok(p.result("h", "us/hook/pager", 1, 1, proto.ReasonNoPage))
	p.want("twice", p.result("h", "us/hook/pager", 1, 1, proto.ReasonNoPage), proto.ReasonLadder)
	p.did(p.run(0), "1m2s 1.2 near far")
	p.ok(p.result("h", "us/hook/pager", 1, 1, 0)) // a later try went well
	p.want("delivered is delivered", p.result("h", "us/hook/pager", 1, 1, proto.ReasonNoPage), proto.ReasonLadder)

	p = newPlay(t, c) // one that says nothing has failed as well
	p.ok(p.hail("h", "i", "us/unit/a", "mx/desk/m"))
	p.did(p.run(100*time.Second), "1m0s 1.1 pager", "1m30s 1.2 near far")

	p = newPlay(t, c) // one that has delivered lets the timer run
	p.ok(p.hail("h", "i", "us/unit/a", "mx/desk/m"))
	p.run(61 * time.Second)
	p.ok(p.result("h", "us/hook/pager", 1, 1, 0))
	p.did(p.run(time.Minute), "2m0s 1.2 near far")
}

func TestAnUnmannedDeskIsPassedAtOnce(t *testing.T) {
	p := newPlay(t, charter(true))
	p.ok(p.duty("mx/desk/m", "mx/desk/m", proto.DutyOff, ""))
	p.ok(p.hail("h", "i", "us/unit/a", "mx/desk/m"))
	p.did(p.run(0), "0s 1.1 super")
	p.ok(p.duty("", "mx/desk/super", proto.DutyUnmanned, "")) // the hub does not find it
	p.did(p.run(0), "1s 1.2 near far")
	p.ok(p.duty("", "us/desk/near", proto.DutyUnmanned, ""))
	p.did(p.run(time.Minute)) // the other desk is there
	p.ok(p.duty("", "us/desk/far", proto.DutyUnmanned, ""))
	p.did(p.run(time.Second), "1m3s 1.3 pager")
	p.ok(p.reply("h", "us/desk/far", proto.HailAccepted)) // it is there after all
}

func TestAnExercisePagesNoHook(t *testing.T) {
	for _, drill := range []bool{false, true} {
		c := charter(true)
		c.Exercise = drill
		p := newPlay(t, c)
		p.ok(p.hail("h", "i", "us/unit/a", "mx/desk/m", func(m *wire.Hail) { m.Exercise = true }))
		p.did(p.run(4*time.Minute), "1m0s 1.1 super", "2m0s 1.2 near far", "3m0s 1.3 ")
		p.want("nor does one answer", p.result("h", "us/hook/pager", 1, 3, 0), proto.ReasonExercise)
	}
}

func TestAnAcceptanceThatNothingFollowsIsRearmed(t *testing.T) {
	p := newPlay(t, charter(true))
	p.ok(p.hail("h", "i", "us/unit/a", "mx/desk/m"))
	p.run(9 * time.Second)
	p.ok(p.reply("h", "mx/desk/m", proto.HailAccepted))
	p.did(p.run(10*time.Minute - time.Second))
	p.did(p.run(2*time.Minute), "10m10s 2.0 m", "11m10s 2.1 super", "12m10s 2.2 near far")
	p.stands("h", proto.HailAccepted)
	p.ok(p.reply("h", "us/desk/near", proto.HailReceived))
	p.ok(p.reply("h", "us/desk/near", proto.HailAccepted))
	if k, _ := p.book.Case(iid("i")); k.Holder != name("us/desk/near") {
		t.Errorf("%s has it, want who accepted last", k.Holder)
	}
	p.ok(p.reply("h", "us/desk/near", proto.HailCommitted))
	p.did(p.run(12 * time.Hour))

	p = newPlay(t, charter(true)) // nobody answers the second round either: there is a third
	p.ok(p.hail("h", "i", "us/unit/a", "mx/desk/m"))
	p.ok(p.reply("h", "mx/desk/m", proto.HailAccepted))
	p.did(p.run(30*time.Minute), "10m0s 2.0 m", "11m0s 2.1 super", "12m0s 2.2 near far", "13m0s 2.3 pager",
		"23m0s 3.0 m", "24m0s 3.1 super", "25m0s 3.2 near far", "26m0s 3.3 pager")
}

func TestRoundsAreBounded(t *testing.T) {
	c := charter(true)
	c.Ladder, c.Rearm = c.Ladder[:1], time.Minute
	p := newPlay(t, c)
	p.ok(p.hail("h", "i", "us/unit/a", "mx/desk/m"))
	p.ok(p.reply("h", "mx/desk/m", proto.HailAccepted))
	n := len(p.run(5 * time.Hour))
	if want := 2 * (proto.MaxRounds - 1); n != want {
		t.Errorf("%d pages in five hours, want %d", n, want)
	}
	p.want("a person cannot either", p.act("i", "us/unit/a", proto.ActRearm), proto.ReasonIncident)
}

// TestAHubThatDoesNotKeepTheLadderIsSeen: what a page must not be, and whether it
// still counts: whom it reached it has reached.
func TestAHubThatDoesNotKeepTheLadderIsSeen(t *testing.T) {
	page := func(p *play, round, step int) *wire.Page {
		m := &wire.Page{Hail: id("h"), Round: uint32(round), Step: uint32(step)}
		for _, n := range p.book.Targets(mid("h"), step) {
			m.To = append(m.To, n.String())
		}
		return m
	}
	for _, c := range []struct {
		why     string
		before  func(*play)
		page    func(*play) *wire.Page
		applied bool
		good    bool
	}{
		{"in time", func(p *play) { p.now = p.now.Add(time.Minute) }, func(p *play) *wire.Page { return page(p, 1, 1) }, true, true},
		{"late, because the relay was down", func(p *play) { p.now = p.now.Add(time.Hour) }, func(p *play) *wire.Page { return page(p, 1, 1) }, true, true},
		{"early", func(p *play) { p.now = p.now.Add(59 * time.Second) }, func(p *play) *wire.Page { return page(p, 1, 1) }, true, false},
		{"a step left out", func(p *play) { p.now = p.now.Add(2 * time.Minute) }, func(p *play) *wire.Page { return page(p, 1, 2) }, true, false},
		{"a step that there is not", func(p *play) { p.now = p.now.Add(time.Hour) }, func(p *play) *wire.Page { return page(p, 1, 4) }, false, false},
		{"a number out of all bounds", nil, func(p *play) *wire.Page { return page(p, 1<<31, 1<<31) }, false, false},
		{"others than the charter says", func(p *play) { p.now = p.now.Add(time.Minute) }, func(p *play) *wire.Page {
			m := page(p, 1, 1)
			m.To = []string{name("ca/desk/c").String()}
			return m
		}, true, false},
		{"an actual hail as an exercise", func(p *play) { p.now = p.now.Add(time.Minute) }, func(p *play) *wire.Page {
			m := page(p, 1, 1)
			m.Exercise = true
			return m
		}, true, false},
		{"accepted", func(p *play) {
			p.ok(p.reply("h", "mx/desk/m", proto.HailAccepted))
			p.now = p.now.Add(time.Minute)
		}, func(p *play) *wire.Page { return page(p, 1, 1) }, false, false},
		{"a new round of its own", func(p *play) {
			p.ok(p.reply("h", "mx/desk/m", proto.HailAccepted))
			p.now = p.now.Add(time.Minute)
		}, func(p *play) *wire.Page { return page(p, 2, 0) }, false, false},
		{"over", func(p *play) { p.ok(p.reply("h", "us/unit/a", proto.HailCancelled)) }, func(p *play) *wire.Page { return page(p, 1, 1) }, false, false},
	} {
		p := newPlay(t, charter(true))
		p.ok(p.hail("h", "i", "us/unit/a", "mx/desk/m"))
		if c.before != nil {
			c.before(p)
		}
		applied, err := p.book.Page(c.page(p), p.now)
		if applied != c.applied || (err == nil) != c.good || err != nil && proto.ReasonOf(err) != proto.ReasonLadder {
			t.Errorf("%s: applied %v, %v", c.why, applied, err)
		}
	}
	p := newPlay(t, charter(true)) // who could not read an entry does not cry wolf
	p.ok(p.hail("h", "i", "us/unit/a", "mx/desk/m"))
	p.book.DoubtAll()
	if _, ok := p.book.Next(mid("h")); ok {
		t.Error("what comes next is not known")
	}
	if list := p.book.Due(p.now.Add(10 * time.Minute)); len(list) > 0 {
		t.Errorf("what comes next is not known, and %v is due", list)
	}
	p.ok(p.reply("h", "mx/desk/m", proto.HailCommitted))
	p.stands("h", proto.HailCommitted)
	if applied, err := p.book.Page(page(p, 3, 2), p.now); !applied || err != nil {
		t.Errorf("the hub's word on where the ladder stands: %v, %v", applied, err)
	}
	if applied, err := p.book.Page(page(p, 3, 2), p.now); applied || err == nil {
		t.Error("after that it is known, and the same page is refused")
	}
	p = newPlay(t, charter(true))
	p.ok(p.hail("h", "i", "us/unit/a", "mx/desk/m"))
	if early, err := p.book.Expire(mid("h"), p.now.Add(7*time.Minute)); !early || err != nil {
		t.Errorf("a hail that expired before its ladder's end: early %v, %v", early, err)
	}
	if _, err := p.book.Expire(mid("h"), p.now); err == nil {
		t.Error("a hail expired twice")
	}
}

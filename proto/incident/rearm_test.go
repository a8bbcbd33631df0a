package incident_test

import (
	"fmt"
	"testing"
	"time"

	"crossband/proto"
)

// TestARearmDoesNotHoldTheLadder: who has been called, and asks again and again for
// the ladder to begin again, keeps nobody else from being called.
func TestARearmDoesNotHoldTheLadder(t *testing.T) {
	p := newPlay(t, charter(true))
	p.ok(p.hail("h", "i", "us/unit/a", "mx/desk/m"))
	for range 3 {
		p.run(50 * time.Second)
		p.want("steps are to come", p.act("i", "mx/desk/m", proto.ActRearm), proto.ReasonIncident)
	}
	p.did(p.run(time.Minute), "3m0s 1.3 pager")
	p.ok(p.act("i", "mx/desk/m", proto.ActRearm))
	p.did(p.run(time.Minute), "3m34s 2.0 m", "4m34s 2.1 super")
}

// TestRoundsThatPeopleAskForAreAMinuteApart: however often, and of however many hails.
func TestRoundsThatPeopleAskForAreAMinuteApart(t *testing.T) {
	p := newPlay(t, charter(false))
	for i := range 5 {
		p.ok(p.hail(fmt.Sprint("h", i), "i", "mx/unit/u", "us/desk/near"))
		p.ok(p.reply(fmt.Sprint("h", i), "us/desk/near", proto.HailAccepted))
	}
	acts, pages := 0, 0
	for range 601 {
		if p.act("i", "mx/unit/u", proto.ActRearm) == nil {
			acts++
		}
		pages += len(p.run(0))
	}
	if acts != 10 || pages != 5*acts {
		t.Errorf("%d rounds with %d pages in ten minutes, want 10 with 50", acts, pages)
	}
	p.now = p.now.Add(proto.MinRearm)
	p.ok(p.act("i", "mx/unit/u", proto.ActRearm))
	p.want("one is due already", p.act("i", "mx/unit/u", proto.ActRearm), proto.ReasonIncident)
}

// TestOpenHailsAreBounded: of one incident and of one sender. What is over makes
// room, what somebody has committed to does for its sender, and what is more urgent
// has its own.
func TestOpenHailsAreBounded(t *testing.T) {
	p := newPlay(t, charter(true))
	may := func(inc, by string) error { return p.book.MayOpen(iid(inc), name(by), proto.PriorityUrgent) }
	for i := range proto.MaxOpenHails {
		p.ok(may("i", "us/desk/d"))
		p.ok(p.hail(fmt.Sprint("h", i), "i", "us/desk/d", "mx/desk/m"))
	}
	p.want("one more of the incident", may("i", "us/unit/a"), proto.ReasonQuota)
	p.want("one more of the sender", may("j", "us/desk/d"), proto.ReasonQuota)
	p.ok(may("j", "us/unit/a"))
	p.ok(p.book.MayOpen(iid("i"), name("us/desk/d"), proto.PriorityEmergency))
	p.ok(p.reply("h0", "mx/desk/m", proto.HailAccepted))
	p.want("accepted, it still waits", may("j", "us/desk/d"), proto.ReasonQuota)
	p.ok(p.reply("h0", "mx/desk/m", proto.HailCommitted))
	p.ok(may("j", "us/desk/d"))
	p.want("committed, it is not over", may("i", "us/unit/a"), proto.ReasonQuota)
	p.ok(p.reply("h0", "us/desk/d", proto.HailCancelled))
	p.ok(may("i", "us/desk/d"))
}

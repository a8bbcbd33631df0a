package incident_test

import (
	"fmt"
	"testing"
	"time"

	"crossband/proto"
	"crossband/proto/wire"
)

func to(s string) func(*wire.Incident) {
	return func(m *wire.Incident) { m.To = name(s).String() }
}
func into(s string) func(*wire.Incident) { return func(m *wire.Incident) { m.Into = id(s) } }
func as(d proto.Disposition) func(*wire.Incident) {
	return func(m *wire.Incident) { m.Disposition = uint32(d) }
}
func exercise(m *wire.Incident) { m.Exercise = true }
func drill(m *wire.Hail)        { m.Exercise = true }

// TestWhoMayDoWhatWithAnIncident is the table: act × who.
func TestWhoMayDoWhatWithAnIncident(t *testing.T) {
	who := []string{"us/unit/a", "us/unit/b", "us/desk/d", "mx/desk/m", "mx/desk/other", "mx/unit/u", "ca/desk/c", "us/unit/holder"}
	acts := []struct {
		word string
		act  proto.Act
		with func(*wire.Incident)
		may  string // y, or the reason's first letter: I no part, T another has it
	}{
		{"hand over", proto.ActHandOver, to("us/desk/d"), "TIyTTIIy"},
		{"merge", proto.ActMerge, into("j"), "yIyyyIIy"},
		{"re-arm", proto.ActRearm, func(*wire.Incident) {}, "yIyyyIIy"},
		{"close", proto.ActClose, as(proto.DispositionResolved), "yIyyyIIy"},
	}
	for _, a := range acts {
		for i, by := range who {
			p := newPlay(t, charter(true))
			p.ok(p.hail("h", "i", "us/unit/a", "mx/desk/m"))
			p.ok(p.hail("g", "j", "us/unit/a", "mx/desk/m"))
			p.ok(p.reply("h", "mx/desk/m", proto.HailAccepted))
			p.ok(p.reply("g", "mx/desk/m", proto.HailAccepted))
			p.ok(p.act("i", "mx/desk/other", proto.ActHandOver, to("us/unit/holder")))
			p.ok(p.act("j", "mx/desk/m", proto.ActHandOver, to("us/unit/holder")))
			p.now = p.now.Add(proto.MinRearm)
			want := map[byte]proto.Reason{'y': 0, 'I': proto.ReasonIncident, 'T': proto.ReasonTaken}[a.may[i]]
			p.want(fmt.Sprintf("%s by %s", a.word, by), p.act("i", by, a.act, a.with), want)
		}
	}
}

func TestAnIncidentIsHandedOver(t *testing.T) {
	p := newPlay(t, charter(true))
	p.ok(p.hail("h", "i", "us/unit/a", "mx/desk/m"))
	p.want("nobody has it", p.act("i", "mx/desk/m", proto.ActHandOver, to("us/desk/d")), proto.ReasonIncident)
	p.ok(p.reply("h", "mx/desk/m", proto.HailAccepted))
	p.want("to itself", p.act("i", "mx/desk/m", proto.ActHandOver, to("mx/desk/m")), proto.ReasonHailTo)
	p.want("to a hook", p.act("i", "mx/desk/m", proto.ActHandOver, to("us/hook/pager")), proto.ReasonHailTo)
	p.want("to a stranger", p.act("i", "mx/desk/m", proto.ActHandOver, to("fr/desk/f")), proto.ReasonHailTo)
	p.ok(p.duty("us/desk/d", "us/desk/d", proto.DutyOff, ""))
	p.want("to an empty desk", p.act("i", "mx/desk/m", proto.ActHandOver, to("us/desk/d")), proto.ReasonOffDuty)
	p.now = p.now.Add(9 * time.Minute)
	p.ok(p.act("i", "mx/desk/m", proto.ActHandOver, to("us/unit/b")))
	p.want("it is another's now", p.reply("h", "mx/desk/m", proto.HailCommitted), proto.ReasonTaken)
	p.did(p.run(10*time.Minute - time.Second)) // who took it over has its whole time
	p.ok(p.reply("h", "us/unit/b", proto.HailCommitted))
	p.ok(p.reply("h", "us/unit/b", proto.HailReleased))
}

func TestADuplicateCountsAsTheOther(t *testing.T) {
	p := newPlay(t, charter(true))
	p.ok(p.hail("h1", "i1", "us/unit/a", "mx/desk/m"))
	p.ok(p.hail("h2", "i2", "us/unit/b", "mx/desk/m"))
	p.ok(p.hail("h3", "i3", "us/unit/b", "mx/desk/m", drill))
	p.want("into itself", p.act("i2", "mx/desk/m", proto.ActMerge, into("i2")), proto.ReasonIncident)
	p.want("into nothing", p.act("i2", "mx/desk/m", proto.ActMerge, into("x")), proto.ReasonIncident)
	p.want("an actual one into an exercise", p.act("i2", "mx/desk/m", proto.ActMerge, into("i3")), proto.ReasonExercise)
	p.want("by who has no part in the other", p.act("i2", "us/unit/b", proto.ActMerge, into("i1")), proto.ReasonIncident)
	p.ok(p.act("i2", "mx/desk/m", proto.ActMerge, into("i1")))
	p.want("twice", p.act("i2", "mx/desk/m", proto.ActMerge, into("i1")), proto.ReasonIncident)
	p.want("in a ring", p.act("i1", "mx/desk/m", proto.ActMerge, into("i2")), proto.ReasonIncident)
	if _, rings := p.book.Rings(mid("h2"), name("mx/desk/m")); rings {
		t.Error("a duplicate rings")
	}
	own := len(p.run(4 * time.Minute)) // the ladders of i1 and of the exercise
	if own != 6 {
		t.Errorf("%d pages, want those of two hails of three", own)
	}
	p.ok(p.act("i1", "us/unit/b", proto.ActRearm)) // the duplicate's caller has a part in it now
	p.ok(p.act("i1", "mx/desk/m", proto.ActClose, as(proto.DispositionNoAction)))
	for _, h := range []string{"h1", "h2"} {
		p.stands(h, proto.HailClosed)
	}
	if k, _ := p.book.Case(iid("i2")); !k.Closed || k.Disposition != proto.DispositionNoAction {
		t.Errorf("the duplicate is left open: %+v", k)
	}
}

func TestAClosedIncidentIsQuietForGood(t *testing.T) {
	p := newPlay(t, charter(true))
	p.ok(p.hail("h", "i", "us/unit/a", "mx/desk/m"))
	p.ok(p.reply("h", "mx/desk/m", proto.HailAccepted))
	p.want("without a disposition", p.act("i", "mx/desk/m", proto.ActClose), proto.ReasonMalformed)
	p.want("one that is none", p.act("i", "mx/desk/m", proto.ActClose, as(8)), proto.ReasonMalformed)
	p.want("as an exercise", p.act("i", "mx/desk/m", proto.ActClose, as(proto.DispositionExerciseOver)), proto.ReasonExercise)
	p.want("as an exercise would be", p.act("i", "mx/desk/m", proto.ActClose, as(proto.DispositionResolved), exercise), proto.ReasonExercise)
	p.want("with another act's field", p.act("i", "mx/desk/m", proto.ActClose, as(proto.DispositionResolved), to("us/desk/d")), proto.ReasonMalformed)
	p.ok(p.act("i", "mx/desk/m", proto.ActClose, as(proto.DispositionResolved)))
	p.did(p.run(24 * time.Hour))
	p.want("no reply", p.reply("h", "mx/desk/m", proto.HailCommitted), proto.ReasonNoHail)
	p.want("no act", p.act("i", "us/unit/a", proto.ActRearm), proto.ReasonIncident)
	p.want("no second end", p.act("i", "us/unit/a", proto.ActClose, as(proto.DispositionResolved)), proto.ReasonIncident)
	p.want("no further hail", p.hail("h2", "i", "us/unit/a", "mx/desk/m"), proto.ReasonIncident)
	p.want("of what there is not", p.act("x", "us/unit/a", proto.ActRearm), proto.ReasonIncident)
}

func TestAPersonRearms(t *testing.T) {
	p := newPlay(t, charter(true))
	p.ok(p.hail("h", "i", "us/unit/a", "mx/desk/m"))
	p.ok(p.reply("h", "mx/desk/m", proto.HailAccepted))
	p.ok(p.reply("h", "mx/desk/m", proto.HailCommitted))
	p.run(time.Hour - time.Second)
	p.ok(p.act("i", "us/unit/a", proto.ActRearm))
	p.did(p.run(time.Minute), "1h0m0s 2.0 m", "1h1m0s 2.1 super")
	p.ok(p.reply("h", "mx/desk/m", proto.HailAccepted)) // I still have it
	p.did(p.run(9 * time.Minute))

	p = newPlay(t, charter(false)) // without a ladder the addressee is called again
	p.ok(p.hail("h", "i", "us/unit/a", "mx/desk/m"))
	p.run(time.Minute - time.Second)
	p.ok(p.act("i", "us/unit/a", proto.ActRearm))
	p.did(p.run(10*time.Minute), "1m0s 2.0 m", "6m0s expired")
	p.want("what has expired is called anew", p.act("i", "us/unit/a", proto.ActRearm), proto.ReasonIncident)
	p.ok(p.act("i", "us/unit/a", proto.ActClose, as(proto.DispositionNoAction)))
}

func TestHailsThatMayNotBe(t *testing.T) {
	p := newPlay(t, charter(true))
	p.ok(p.hail("h", "i", "us/unit/a", "us/desk/d")) // the own agency's desk comes first in many places
	p.want("the same again", p.hail("h", "i", "us/unit/a", "us/desk/d"), proto.ReasonConflict)
	p.want("of another's incident", p.hail("h2", "i", "ca/unit/c", "mx/desk/m"), proto.ReasonIncident)
	p.want("an exercise in an actual one", p.hail("h2", "i", "us/unit/a", "mx/desk/m", drill), proto.ReasonExercise)
	p.want("to oneself", p.hail("h2", "j", "us/desk/d", "us/desk/d"), proto.ReasonHailTo)
	p.want("to a unit", p.hail("h2", "j", "us/unit/a", "mx/unit/u"), proto.ReasonHailTo)
	p.ok(p.hail("h2", "i", "us/unit/a", "mx/desk/m")) // a second hail of one incident
	p.ok(p.hail("h3", "j", "us/hook/sensor", "us/desk/d"))
}

func TestDutyIsToldByItsAgency(t *testing.T) {
	p := newPlay(t, charter(true))
	p.want("by another agency", p.duty("us/desk/d", "mx/desk/m", proto.DutyOff, ""), proto.ReasonForbidden)
	p.want("by a unit", p.duty("mx/unit/u", "mx/desk/m", proto.DutyOff, ""), proto.ReasonForbidden)
	p.want("by a member in the hub's words", p.duty("mx/desk/m", "mx/desk/m", proto.DutyUnmanned, ""), proto.ReasonSpokenFor)
	p.want("by the hub in a member's", p.duty("", "mx/desk/m", proto.DutyOff, ""), proto.ReasonSpokenFor)
	p.want("to another agency", p.duty("mx/desk/m", "mx/desk/m", proto.DutyHandOver, "us/desk/d"), proto.ReasonHailTo)
	p.want("to nobody", p.duty("mx/desk/m", "mx/desk/m", proto.DutyHandOver, ""), proto.ReasonMalformed)
	p.want("of a unit", p.duty("mx/desk/m", "mx/unit/u", proto.DutyOff, ""), proto.ReasonHailTo)

	// At the change of shifts another console takes the desk over: it rings there.
	p.ok(p.duty("mx/desk/m", "mx/desk/m", proto.DutyHandOver, "mx/desk/night"))
	p.ok(p.hail("h", "i", "us/unit/a", "mx/desk/m"))
	for desk, want := range map[string]bool{"mx/desk/m": false, "mx/desk/night": true, "mx/desk/other": false} {
		if _, rings := p.book.Rings(mid("h"), name(desk)); rings != want {
			t.Errorf("it rings at %s: %v", desk, rings)
		}
	}
	if r := p.book.RoleOf(mid("h"), name("mx/desk/night")); r != name("mx/desk/m") {
		t.Errorf("the night desk answers for %q", r)
	}
	p.ok(p.duty("mx/desk/m", "mx/desk/m", proto.DutyOn, "")) // the day shift is back
	if _, rings := p.book.Rings(mid("h"), name("mx/desk/m")); !rings {
		t.Error("it does not ring at the desk that has come back")
	}
	p.ok(p.duty("", "us/hook/pager", proto.DutyUnmanned, ""))
	p.want("told twice", p.duty("", "us/hook/pager", proto.DutyUnmanned, ""), proto.ReasonBadRequest)
	p.ok(p.duty("", "us/hook/pager", proto.DutyManned, ""))
}

func TestDutiesAreBounded(t *testing.T) {
	p := newPlay(t, charter(true))
	const share = proto.MaxDuties / proto.MaxParties
	for i := range share {
		p.now = p.now.Add(time.Second)
		p.ok(p.duty("mx/desk/m", fmt.Sprintf("mx/desk/d%d", i), proto.DutyOn, ""))
	}
	p.want("one more", p.duty("mx/desk/m", "mx/desk/m", proto.DutyOff, ""), proto.ReasonFull)
	p.ok(p.duty("us/desk/d", "us/desk/d", proto.DutyOff, "")) // another's share is its own
	p.ok(p.duty("", "mx/desk/super", proto.DutyUnmanned, "")) // and what a ladder needs is always told
	p.ok(p.duty("", "mx/desk/super", proto.DutyManned, ""))
	p.now = p.now.Add(time.Second)
	p.ok(p.duty("mx/desk/d9", "mx/desk/d9", proto.DutyOn, "")) // as it would be were nothing known
	p.ok(p.duty("mx/desk/m", "mx/desk/m", proto.DutyOff, ""))
	for _, d := range p.book.Duties() {
		if d.Role == name("mx/desk/super") {
			t.Errorf("%+v is still known, for the longest time as if nothing were", d)
		}
	}
	if !p.book.DutyOf(name("mx/desk/m")).Off {
		t.Error("the desk is not off duty")
	}
}

// TestOneAgencyDoesNotFillTheBook: with hails that somebody has committed to and nobody
// ends, it fills its own share. What is over makes room, and for an emergency the
// oldest that is committed.
func TestOneAgencyDoesNotFillTheBook(t *testing.T) {
	p := newPlay(t, charter(true))
	may := func(by string, u proto.Priority) error { return p.book.MayOpen(iid("more"), name(by), u) }
	for i := range proto.MaxCalls / proto.MaxParties {
		h := fmt.Sprint("h", i)
		p.ok(may("us/unit/a", proto.PriorityRoutine))
		p.ok(p.hail(h, fmt.Sprint("i", i), "us/unit/a", "mx/desk/m"))
		p.ok(p.reply(h, "mx/desk/m", proto.HailAccepted))
		p.ok(p.reply(h, "mx/desk/m", proto.HailCommitted))
	}
	p.ok(may("mx/unit/u", proto.PriorityRoutine))
	p.want("one more", may("us/unit/a", proto.PriorityImminentPeril), proto.ReasonFull)
	p.want("of any of its names", may("us/unit/b", proto.PriorityRoutine), proto.ReasonFull)
	p.ok(may("us/unit/b", proto.PriorityEmergency))
	p.ok(p.hail("e", "ie", "us/unit/b", "mx/desk/m"))
	if _, known := p.book.Call(mid("h0")); known {
		t.Error("the oldest did not make room for an emergency")
	}
	p.ok(p.reply("h7", "mx/desk/m", proto.HailReleased))
	p.ok(may("us/unit/a", proto.PriorityRoutine))
	p.ok(p.hail("more", "more", "us/unit/a", "mx/desk/m"))
	if _, known := p.book.Call(mid("h7")); known {
		t.Error("what is over did not make room")
	}
	if _, known := p.book.Call(mid("h1")); !known {
		t.Error("what is not over has made room for what is no emergency")
	}
}

// TestAStandInOffDuty: a desk that another stands in for is as that one is.
func TestAStandInOffDuty(t *testing.T) {
	p := newPlay(t, charter(true))
	p.ok(p.duty("mx/desk/m", "mx/desk/m", proto.DutyHandOver, "mx/desk/night"))
	p.ok(p.duty("mx/desk/night", "mx/desk/night", proto.DutyOff, ""))
	p.ok(p.hail("h", "i", "us/unit/a", "mx/desk/m"))
	p.did(p.run(0), "0s 1.1 super") // no ladder waits for it
	p.ok(p.reply("h", "mx/desk/super", proto.HailAccepted))
	p.want("an incident is not handed to it", p.act("i", "mx/desk/super", proto.ActHandOver, to("mx/desk/m")), proto.ReasonOffDuty)
	p.want("nor a desk to who is off", p.duty("mx/desk/other", "mx/desk/other", proto.DutyHandOver, "mx/desk/night"), proto.ReasonOffDuty)
	p.want("nor does that take one", p.duty("mx/desk/night", "mx/desk/other", proto.DutyOn, ""), proto.ReasonOffDuty)
	if !p.book.OffDuty(name("mx/desk/m")) || p.book.OffDuty(name("mx/desk/other")) {
		t.Error("the desk itself is off duty, the other is not")
	}
	p.ok(p.duty("mx/desk/night", "mx/desk/night", proto.DutyOn, ""))
	if p.book.OffDuty(name("mx/desk/m")) {
		t.Error("the stand-in is back")
	}
}

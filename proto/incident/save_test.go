package incident_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"crossband/proto"
	"crossband/proto/incident"
	"crossband/proto/wire"
)

// TestABookThatWasSavedGoesOn: kept at any moment and taken up again, a book does
// what it would have done.
func TestABookThatWasSavedGoesOn(t *testing.T) {
	steps := []func(*play){
		func(p *play) { p.ok(p.hail("h1", "i1", "us/unit/a", "mx/desk/m")) },
		func(p *play) { p.ok(p.hail("h2", "i2", "us/unit/b", "mx/desk/m", drill)) },
		func(p *play) { p.ok(p.duty("mx/desk/m", "mx/desk/m", proto.DutyHandOver, "mx/desk/n")) },
		func(p *play) { p.ok(p.reply("h1", "mx/desk/n", proto.HailAccepted)) },
		func(p *play) { p.ok(p.duty("", "mx/desk/super", proto.DutyUnmanned, "")) },
		func(p *play) { p.ok(p.act("i1", "us/unit/a", proto.ActRearm)) },
		func(p *play) { p.ok(p.reply("h2", "mx/desk/super", proto.HailDeclined)) },
		func(p *play) { p.ok(p.act("i1", "us/unit/a", proto.ActClose, as(proto.DispositionResolved))) },
		func(p *play) {
			p.ok(p.act("i2", "us/unit/b", proto.ActClose, func(m *wire.Incident) { exercise(m); as(proto.DispositionExerciseOver)(m) }))
		},
	}
	play := func(at int) string {
		p, log := newPlay(t, charter(true)), ""
		for i, step := range steps {
			step(p)
			if i == at {
				b, err := json.Marshal(p.book.Save(10))
				p.ok(err)
				var s incident.Saved
				p.ok(json.Unmarshal(b, &s))
				p.book = incident.NewBook(charter(true))
				p.book.Load(s)
			}
			log += fmt.Sprintln(i, p.run(70*time.Second))
		}
		b, err := json.Marshal(p.book.Save(10))
		p.ok(err)
		return log + string(b)
	}
	want := play(-1)
	for at := range steps {
		if got := play(at); got != want {
			t.Errorf("saved after step %d it went\n%s\nwant\n%s", at, got, want)
		}
	}
}

func TestOfWhatIsOverTheNewestIsKept(t *testing.T) {
	p := newPlay(t, charter(true))
	for i := range 9 {
		p.ok(p.hail(fmt.Sprint("h", i), fmt.Sprint("i", i), "us/unit/a", "mx/desk/m"))
		if i%3 != 0 {
			p.ok(p.reply(fmt.Sprint("h", i), "us/unit/a", proto.HailCancelled))
		}
	}
	var got []string
	s := p.book.Save(2)
	for _, c := range s.Calls {
		got = append(got, fmt.Sprintf("%.2s", c.ID[:]))
	}
	if want := []string{"h0", "h3", "h6", "h7", "h8"}; !reflect.DeepEqual(got, want) || len(s.Cases) != len(want) {
		t.Errorf("kept %v with %d incidents, want %v", got, len(s.Cases), want)
	}
}

// TestAPartInAnIncidentIsKept: whoever has a part in one by a hail that is long over,
// or by one of its duplicates, has it after a restart too.
func TestAPartInAnIncidentIsKept(t *testing.T) {
	p := newPlay(t, charter(true))
	p.ok(p.hail("h0", "i", "us/unit/a", "mx/desk/m"))
	p.ok(p.reply("h0", "us/unit/a", proto.HailCancelled))
	p.ok(p.hail("h1", "i", "us/unit/a", "us/desk/near"))
	p.ok(p.hail("d0", "j", "us/unit/b", "mx/desk/m"))
	p.ok(p.hail("h2", "k", "us/unit/b", "us/desk/near"))
	p.ok(p.act("j", "us/unit/b", proto.ActMerge, func(m *wire.Incident) { m.Into = id("k") }))
	p.ok(p.reply("d0", "us/unit/b", proto.HailCancelled))
	for i := range 3 {
		p.ok(p.hail(fmt.Sprint("x", i), fmt.Sprint("y", i), "us/unit/a", "mx/desk/m"))
		p.ok(p.reply(fmt.Sprint("x", i), "us/unit/a", proto.HailCancelled))
	}
	q := newPlay(t, charter(true))
	q.book.Load(p.book.Save(2))
	q.now = p.now
	for _, p := range []*play{p, q} {
		p.ok(p.act("i", "mx/desk/super", proto.ActClose, as(proto.DispositionResolved)))
		p.stands("h1", proto.HailClosed)
		p.ok(p.act("k", "mx/desk/super", proto.ActClose, as(proto.DispositionResolved)))
		p.stands("h2", proto.HailClosed)
	}
	if _, known := q.book.Call(mid("x0")); known {
		t.Error("what is over is kept without end")
	}
}

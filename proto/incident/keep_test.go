package incident_test

import (
	"testing"
	"time"

	"crossband/proto"
	"crossband/proto/wire"
)

// TestAnIncidentIsForgottenWhole: the log's end never falls between an incident's
// first entry and its last, nor between those of duplicates, and never behind a hail
// that is not over.
func TestAnIncidentIsForgottenWhole(t *testing.T) {
	p := newPlay(t, charter(true))
	keeps := func(before, want time.Duration) {
		t.Helper()
		if got := p.book.Keeps(start().Add(before)).Sub(start()); got != want {
			t.Errorf("before %v it may be forgotten until %v, want %v", before, got, want)
		}
	}
	at := func(d time.Duration) { p.now = start().Add(d) }
	at(1 * time.Second)
	p.ok(p.hail("h1", "i1", "us/unit/a", "mx/desk/m"))
	p.ok(p.reply("h1", "us/unit/a", proto.HailCancelled))
	at(2 * time.Second)
	p.ok(p.hail("h2", "i2", "us/unit/a", "mx/desk/m"))
	keeps(time.Second, time.Second)
	keeps(1500*time.Millisecond, 1500*time.Millisecond)
	keeps(time.Hour, 2*time.Second) // h2 is not over
	at(3 * time.Second)
	p.ok(p.act("i2", "us/unit/a", proto.ActMerge, into("i1")))
	keeps(time.Hour, time.Second)
	at(4 * time.Second)
	p.ok(p.act("i1", "us/unit/a", proto.ActClose, as(proto.DispositionResolved)))
	keeps(4*time.Second, time.Second) // the end is an entry as well
	keeps(5*time.Second, 5*time.Second)
	at(4500 * time.Millisecond)
	p.ok(p.hail("h3", "i3", "us/unit/a", "mx/desk/m"))
	keeps(4*time.Second, time.Second)
	keeps(5*time.Second, 4500*time.Millisecond)

	q := newPlay(t, charter(true)) // who reads a log whose beginning is gone all the same
	q.ok(q.hail("h2", "i2", "us/unit/a", "mx/desk/m"))
	q.want("into what is gone", q.act("i2", "us/unit/a", proto.ActMerge, into("i1")), proto.ReasonIncident)
	q.book.MergeIntoForgotten(&wire.Incident{Incident: id("i2"), Into: id("i1")})
	q.did(q.run(time.Hour))
}

package notices

import (
	"slices"
	"strings"
	"testing"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/proto/wire"
)

// TestFlappingHidesNothing: a partner that changes something to and fro pushes no
// alarm out, and does not fill the record.
func TestFlappingHidesNothing(t *testing.T) {
	p := newPlay(t)
	p.linked(nil)
	p.after(settleTime)
	root := func(l *Look) { l.Root = [32]byte{8} }
	p.linked(root)
	p.after(settleTime)
	lines := 0
	const flaps = 200
	for i := range flaps {
		p.linked(func(l *Look) {
			if root(l); i%2 == 0 {
				l.Capabilities, l.Software = nil, "crossband 1.1"
			}
		})
		lines += len(p.after(settleTime))
	}
	passed := flaps * settleTime
	if most := 2 * (4 + int(passed/(10*time.Minute)) + 1); lines < 4 || lines > most {
		t.Errorf("%d lines in %v, want at most %d", lines, passed, most)
	}
	var of []Aspect
	for _, a := range p.w.Alarms() {
		if of = append(of, a.What); a.What == AspectCapabilities && (a.Before != "x" || a.After != "none" || a.Times != flaps) {
			t.Errorf("the alarm of what flaps: %+v", a)
		}
	}
	if !slices.Equal(of, []Aspect{AspectRoot, AspectCapabilities}) {
		t.Errorf("alarms of %v", of)
	}

	// What was not told at once is told later, in one line.
	told := p.after(10 * time.Minute)
	if !slices.ContainsFunc(told, func(s string) bool { return strings.HasPrefix(s, "ALARM gn.example capabilities: ") }) {
		t.Errorf("told later: %q", told)
	}
	p.expect(p.after(10 * time.Minute))

	p.restart()
	if got := p.w.Alarms(); len(got) != 2 || got[1].Times != flaps {
		t.Errorf("after a restart: %+v", got)
	}
}

// TestOlderRecordsHaveMoreAlarmsOfOneAspect: they are read as one.
func TestOlderRecordsHaveMoreAlarmsOfOneAspect(t *testing.T) {
	p := newPlay(t)
	p.linked(nil)
	p.after(settleTime)
	r := p.store[bucketPartners+string(mx)]
	v := new(wire.StoredPartner)
	if err := pb.Unmarshal(r.Value, v); err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]string{{"1", "2"}, {"2", "3"}} {
		v.Changes = append(v.Changes, &wire.StoredPartner_Change{What: string(AspectProtocol), Before: c[0], After: c[1], AtMs: p.now.UnixMilli()})
	}
	octets, err := pb.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	w := NewWatch()
	if err := w.Load(r.Bucket, r.Key, octets); err != nil {
		t.Fatal(err)
	}
	if got := w.Alarms(); len(got) != 1 || got[0].Before != "1" || got[0].After != "3" || got[0].Times != 2 {
		t.Errorf("%+v", got)
	}
}

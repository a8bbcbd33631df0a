package hub

import (
	"fmt"
	"testing"
	"time"

	"crossband/proto"
	"crossband/proto/wire"
)

func quotaNow() time.Time { return time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC) }

func unitOf(a proto.Agency, label string) proto.Name {
	return proto.Name{Agency: a, Role: proto.RoleUnit, Label: label}
}

func textOn(channel byte, sealed int) *wire.Frame {
	id := proto.ChannelID{channel}
	return &wire.Frame{Body: &wire.Frame_Text{Text: &wire.Text{Channel: id[:], Sealed: make([]byte, sealed)}}}
}

func commitOn(channel byte) *wire.Frame {
	id := proto.ChannelID{channel}
	return &wire.Frame{Body: &wire.Frame_Commit{Commit: &wire.Commit{Channel: id[:]}}}
}

// passed counts how many of n frames the quotas let through at one moment.
func passed(q *quotas, l *link, partner bool, n int, of func(i int) (proto.Name, *wire.Frame)) (ok int) {
	for i := range n {
		actor, f := of(i)
		if q.spend(quotaNow(), l, partner, actor, f) == nil {
			ok++
		}
	}
	return ok
}

func TestQuotasOfCommitsAndOctets(t *testing.T) {
	us, mx := unitOf("usbp.example", "a"), proto.Name{Agency: "gn.example", Role: proto.RoleRelay, Label: "1"}
	own, peer := newLink(1, us), newLink(2, mx)
	member := func(i int) proto.Name { return unitOf("gn.example", fmt.Sprint("u", i%500)) }
	for _, c := range []struct {
		why     string
		l       *link
		partner bool
		n, want int
		of      func(i int) (proto.Name, *wire.Frame)
	}{
		{"commits of one endpoint", own, false, 1200, 120, func(int) (proto.Name, *wire.Frame) { return us, commitOn(1) }},
		{"in whatever channels", own, false, 1200, 120, func(i int) (proto.Name, *wire.Frame) { return us, commitOn(byte(i)) }},
		{"commits of a partner's endpoints in one channel", peer, true, 6000, 600, func(i int) (proto.Name, *wire.Frame) { return member(i), commitOn(1) }},
		{"and in all", peer, true, 6000, 600, func(i int) (proto.Name, *wire.Frame) { return member(i), commitOn(byte(i)) }},
		{"texts of a partner's endpoints in one channel", peer, true, 30000, 3000, func(i int) (proto.Name, *wire.Frame) { return member(i), textOn(1, 1) }},
		{"texts of a partner's relay in nobody's name", peer, true, 30000, 3000, func(int) (proto.Name, *wire.Frame) { return proto.Name{}, textOn(1, 1) }},
	} {
		q := newQuotas()
		if got := passed(&q, c.l, c.partner, c.n, c.of); got != c.want {
			t.Errorf("%s: %d of %d passed at once, want %d", c.why, got, c.n, c.want)
		}
	}

	// Octets: one endpoint may have 64 MiB a day stored, whatever the pace.
	q, octets, now := newQuotas(), 0, quotaNow()
	for range 24 * 60 {
		now = now.Add(time.Minute)
		for range 20 {
			if f := textOn(1, proto.MaxText); q.spend(now, own, false, us, f) == nil {
				octets += proto.MaxText
			}
		}
	}
	if octets < 64<<20 || octets > 128<<20 {
		t.Errorf("one endpoint had %d MiB stored in a day, want what fits in a burst and a day's rate of 64 each", octets>>20)
	}
}

// TestQuotasOfReads: what is read for an endpoint costs by what it takes to read
// it, at its own relay and for a partner's relay at the origin.
func TestQuotasOfReads(t *testing.T) {
	us, mx := unitOf("usbp.example", "a"), proto.Name{Agency: "gn.example", Role: proto.RoleRelay, Label: "1"}
	own, peer := newLink(1, us), newLink(2, mx)
	id := proto.ChannelID{1}
	sealed := &wire.FetchSealed{Channel: id[:], Ids: make([][]byte, proto.MaxEntries)}
	marks := &wire.Progress{Channel: id[:], Read: make([]*wire.Progress_Mark, marksInFrame)}
	for _, c := range []struct {
		why     string
		l       *link
		partner bool
		want    int
		f       *wire.Frame
	}{
		{"sealed parts, each counts", own, false, 128, &wire.Frame{Body: &wire.Frame_FetchSealed{FetchSealed: sealed}}},
		{"sealed parts for a partner", peer, true, 512, &wire.Frame{Body: &wire.Frame_FetchSealed{FetchSealed: sealed}}},
		{"pages of the log", own, false, 600, &wire.Frame{Body: &wire.Frame_FetchLog{FetchLog: &wire.FetchLog{Channel: id[:]}}}},
		{"group information", own, false, 600, &wire.Frame{Body: &wire.Frame_FetchGroupInfo{FetchGroupInfo: &wire.FetchGroupInfo{Channel: id[:]}}}},
		{"subscriptions", own, false, 600, &wire.Frame{Body: &wire.Frame_Subscribe{Subscribe: &wire.Subscribe{Channel: id[:]}}}},
		{"pages of a record", own, false, 600, &wire.Frame{Body: &wire.Frame_FetchRecord{FetchRecord: new(wire.FetchRecord)}}},
		{"entries of a partner's records", peer, true, 6000, &wire.Frame{Body: &wire.Frame_RecordEntries{RecordEntries: new(wire.RecordEntries)}}},
		{"a partner's answers about records", peer, true, 6000, &wire.Frame{Body: &wire.Frame_RecordAnswer{RecordAnswer: new(wire.RecordAnswer)}}},
		{"a partner's entries, by their octets", peer, true, 2048, &wire.Frame{Body: &wire.Frame_RecordEntries{RecordEntries: &wire.RecordEntries{Lines: [][]byte{make([]byte, 1<<20)}}}}},
		{"words on how far one has read", own, false, 400, &wire.Frame{Body: &wire.Frame_Read{Read: &wire.Read{Channel: id[:]}}}},
		{"a partner's marks, forty as a frame", peer, true, 6000 / 11, &wire.Frame{Body: &wire.Frame_Progress{Progress: marks}}},
	} {
		q, who := newQuotas(), us
		if c.partner {
			who = proto.Name{}
		}
		if got := passed(&q, c.l, c.partner, 7000, func(int) (proto.Name, *wire.Frame) { return who, c.f }); got != c.want {
			t.Errorf("%s: %d passed at once, want %d", c.why, got, c.want)
		}
	}
}

// TestNoQuotaIsAnothers: what one party uses up, no other misses; and an
// emergency passes whatever its agency has used.
func TestNoQuotaIsAnothers(t *testing.T) {
	mx := proto.Name{Agency: "gn.example", Role: proto.RoleRelay, Label: "1"}
	ca := proto.Name{Agency: "rcmp.example", Role: proto.RoleRelay, Label: "1"}
	peer, other := newLink(2, mx), newLink(3, ca)
	q := newQuotas()
	flood := func(i int) (proto.Name, *wire.Frame) {
		id := proto.ChannelID{1}
		switch i % 3 {
		case 0:
			return unitOf("gn.example", fmt.Sprint("u", i%997)), commitOn(1)
		case 1:
			return unitOf("gn.example", fmt.Sprint("u", i%997)), textOn(1, 1)
		}
		return unitOf("gn.example", fmt.Sprint("u", i%997)), &wire.Frame{Body: &wire.Frame_FloorRequest{FloorRequest: &wire.FloorRequest{Channel: id[:], Priority: 1}}}
	}
	passed(&q, peer, true, 60000, flood)
	press := func(prio proto.Priority) *wire.Frame {
		id := proto.ChannelID{1}
		return &wire.Frame{Body: &wire.Frame_FloorRequest{FloorRequest: &wire.FloorRequest{Channel: id[:], Priority: uint32(prio)}}}
	}
	quiet := unitOf("gn.example", "quiet")
	if err := q.spend(quotaNow(), peer, true, quiet, press(proto.PriorityRoutine)); proto.ReasonOf(err) != proto.ReasonQuota {
		t.Errorf("a routine press on a used-up agency: %v, want %d: the test shows nothing otherwise", err, proto.ReasonQuota)
	}
	if err := q.spend(quotaNow(), peer, true, quiet, press(proto.PriorityEmergency)); err != nil {
		t.Errorf("an emergency on a used-up agency: %v", err)
	}
	for _, f := range []*wire.Frame{press(proto.PriorityRoutine), commitOn(1), textOn(1, 1)} {
		if err := q.spend(quotaNow(), other, true, unitOf("rcmp.example", "a"), f); err != nil {
			t.Errorf("another agency in the same channel: %v", err)
		}
	}
}

// TestPursesAreBounded: names are a partner's to invent. At the bound it is
// counted as an agency only; what is full again is forgotten.
func TestPursesAreBounded(t *testing.T) {
	mx := proto.Name{Agency: "gn.example", Role: proto.RoleRelay, Label: "1"}
	peer, q, now := newLink(2, mx), newQuotas(), quotaNow()
	q.spend(now, peer, true, proto.Name{}, textOn(1, 1))
	for i := range maxPurses {
		q.purses[purse{use: useText, agency: "gn.example", name: unitOf("gn.example", fmt.Sprint("u", i))}] = &proto.Bucket{}
	}
	before := len(q.purses)
	allowed := passed(&q, peer, true, 6000, func(i int) (proto.Name, *wire.Frame) {
		return unitOf("gn.example", fmt.Sprint("new", i)), textOn(byte(i%2+1), 1)
	})
	if n := len(q.purses) - before; n > 2 {
		t.Errorf("%d purses beyond the bound", n)
	}
	if allowed != 5999 {
		t.Errorf("%d passed of an agency that may 6,000 at once and had used one", allowed)
	}
	q.spend(now.Add(25*time.Hour), peer, true, proto.Name{}, textOn(1, 1))
	if n := len(q.purses); n > 8 {
		t.Errorf("%d purses of yesterday are kept", n)
	}
}

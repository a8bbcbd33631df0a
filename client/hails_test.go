package client

import (
	"testing"
	"time"

	"crossband/crypto/identity"
	"crossband/proto"
	"crossband/proto/incident"
	"crossband/proto/wire"
)

// callingChannel is a calling channel of two agencies in a session without a link.
func callingChannel() *Channel {
	send := []proto.Role{proto.RoleUnit, proto.RoleDesk}
	c := proto.Charter{Kind: proto.KindCalling, Owner: "us.example"}
	for _, a := range []proto.Agency{"us.example", "mx.example"} {
		c.Parties = append(c.Parties, proto.Party{Agency: a, Send: send, MaxPriority: proto.PriorityEmergency})
	}
	c.Ladder = []proto.LadderStep{{After: time.Minute, Page: []proto.Name{{Agency: "mx.example", Role: proto.RoleDesk, Label: "super"}}}}
	return &Channel{s: &Session{cfg: Config{Clock: time.Now}, ears: new(ears), hails: make(map[proto.MessageID]*Hail)}, charter: c, book: incident.NewBook(c)}
}

// call puts a hail of a unit to a desk into the channel's book.
func call(t *testing.T, ch *Channel, made time.Time, life time.Duration) proto.MessageID {
	t.Helper()
	id, in := proto.NewMessageID(), proto.NewIncidentID()
	from := proto.Name{Agency: "us.example", Role: proto.RoleUnit, Label: "a"}
	err := ch.book.Hail(&wire.Hail{
		Id: id[:], Incident: in[:], From: from.String(), To: "spiffe://mx.example/desk/m",
		Urgency: uint32(proto.PriorityUrgent), ExpiresMs: made.Add(life).UnixMilli(),
	}, from, made)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// TestAHailThatRingsIsForgottenLast: what is over goes first, then what somebody has
// committed help to, of each the oldest first.
func TestAHailThatRingsIsForgottenLast(t *testing.T) {
	ch, start := callingChannel(), time.Now()
	var n int
	add := func(state proto.HailState) proto.MessageID {
		n++
		h := &Hail{s: ch.s, ch: ch, id: proto.NewMessageID(), state: state, ring: ring{At: start.Add(time.Duration(n) * time.Second)}}
		ch.s.rememberLocked(h)
		return h.id
	}
	var ids []proto.MessageID // in the order in which they are to go
	for _, state := range []proto.HailState{proto.HailReceived, proto.HailAccepted, proto.HailCommitted, proto.HailExpired} {
		var some []proto.MessageID
		for range maxHails / 4 {
			some = append(some, add(state))
		}
		ids = append(some, ids...)
	}
	for i, id := range ids {
		if ch.s.hails[id] == nil {
			t.Fatalf("the hail that is to go as number %d has gone before", i)
		}
		if newest := add(proto.HailSent); ch.s.hails[id] != nil || ch.s.hails[newest] == nil || len(ch.s.hails) != maxHails {
			t.Fatalf("number %d has not gone for a new one; %d hails", i, len(ch.s.hails))
		}
	}
}

// TestAHailInDoubtIsNotLate: its acceptance could not be read, and the hub, which has
// read it, pages nobody.
func TestAHailInDoubtIsNotLate(t *testing.T) {
	ch, made := callingChannel(), time.Now().Add(-10*time.Minute)
	ch.out, ch.touch = 1, made
	id := call(t, ch, made, time.Minute)
	if late := ch.lateLocked(time.Now()); len(late) != 1 {
		t.Errorf("a step that has not come: %v", late)
	}
	ch.book.Doubt(id)
	ch.overdue = nil // it has not been alarmed about
	ch.s.cfg.Clock = func() time.Time { return time.Now().Add(time.Hour) }
	if late := ch.lateLocked(time.Now().Add(time.Hour)); len(late) != 0 {
		t.Errorf("in doubt: %v", late)
	}
}

// TestADeskWhoseClockIsAheadRings: whether a hail has rung itself out is told by the
// log's time, not by the desk's own.
func TestADeskWhoseClockIsAheadRings(t *testing.T) {
	ch, ahead := callingChannel(), 30*time.Minute
	ch.s.cfg.Identity = &identity.Identity{Name: proto.Name{Agency: "mx.example", Role: proto.RoleDesk, Label: "m"}}
	made := time.Now().Add(-ahead)
	h := &Hail{s: ch.s, ch: ch, id: call(t, ch, made, time.Minute), state: proto.HailSent}
	rings := func(why string, want bool, log ...time.Duration) {
		t.Helper()
		var list []*wire.Entry
		for _, after := range log {
			list = append(list, &wire.Entry{TimeMs: made.Add(after).UnixMilli()})
		}
		ch.clockLocked(list)
		if got := h.ringsLocked(); got != want {
			t.Errorf("%s: rings %v", why, got)
		}
	}
	rings("nothing is known of the time", true)
	rings("as it comes", true, 0)
	rings("a minute later", true, time.Minute)
	rings("a time that is yet to come", true, ahead+time.Hour)
	rings("its ladder and its life are over", false, 3*time.Minute, time.Minute)
	rings("an entry that was written with a wrong clock", false, 0)
}

// TestTheBookFollowsAHailThatIsForgotten: what rules the channel does not hang on what
// this device shows of it.
func TestTheBookFollowsAHailThatIsForgotten(t *testing.T) {
	ch, made := callingChannel(), time.Now().Add(-10*time.Minute)
	id, reply := call(t, ch, made, time.Minute), proto.NewMessageID()
	e := &wire.Entry{Seq: 2, TimeMs: made.Add(2*time.Minute + time.Second).UnixMilli()}
	if _, err := ch.book.Page(&wire.Page{Hail: id[:], Round: 1, Step: 1, To: []string{"spiffe://mx.example/desk/super"}}, made.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	news, err := ch.replyLocked(e, &wire.HailReply{Id: reply[:], Hail: id[:], From: "spiffe://us.example/relay/r1", State: uint32(proto.HailExpired)})
	if err != nil || len(news) != 1 || news[0].(HailMoved).State != proto.HailExpired {
		t.Errorf("told %+v, %v", news, err)
	}
	if c, _ := ch.book.Call(id); c.State != proto.HailExpired || ch.book.Open() != 0 {
		t.Errorf("the book has it as %s", c.State)
	}
}

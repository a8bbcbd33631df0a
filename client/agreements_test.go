package client

import (
	"context"
	"crypto/elliptic"
	"net"
	"path/filepath"
	"testing"
	"time"

	"crossband/crypto/agreement"
	"crossband/crypto/charter"
	"crossband/crypto/identity"
	"crossband/proto"
	"crossband/proto/wire"
)

// pair is a US unit's session without a relay, and what signs for two agencies.
type pair struct {
	t      *testing.T
	s      *Session
	us, mx *identity.Identity // authorities
	now    time.Time
}

func newPair(t *testing.T, state State) *pair {
	t.Helper()
	p := &pair{t: t, now: time.Now()}
	found := func(a proto.Agency) *identity.Authority {
		auth, err := identity.InitAuthority(filepath.Join(t.TempDir(), string(a)), a, p.now, identity.AuthorityOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return auth
	}
	us, mx := found("usbp.example"), found("gn.example")
	if err := us.Pins().Pin(mx.Bundle(), mx.Bundle().Fingerprint(), p.now); err != nil {
		t.Fatal(err)
	}
	issue := func(a *identity.Authority, role proto.Role) *identity.Identity {
		id, err := a.IssueLocal(proto.Name{Agency: a.Agency(), Role: role, Label: "a"}, elliptic.P256(), p.now)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	p.us, p.mx = issue(us, proto.RoleAuthority), issue(mx, proto.RoleAuthority)
	p.s = p.open(issue(us, proto.RoleUnit), state)
	return p
}

func (p *pair) open(id *identity.Identity, state State) *Session {
	p.t.Helper()
	socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		p.t.Fatal(err)
	}
	s, err := Open(Config{Identity: id, Relay: socket.LocalAddr(), Socket: socket, State: state})
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { s.Close() })
	return s
}

// terms is an agreement of the two for a day.
func (p *pair) terms() proto.Agreement {
	p.t.Helper()
	a, err := agreement.Usual(agreement.Terms{
		Title: "Border", Parties: []proto.Agency{"usbp.example", "gn.example"}, SmallKeys: true,
		Begins: p.now.Add(-time.Hour), Ends: p.now.Add(24 * time.Hour),
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return a
}

func (p *pair) signed(a proto.Agreement, by ...*identity.Identity) agreement.File {
	p.t.Helper()
	f, err := agreement.Parse(agreement.Write(&a))
	for _, id := range by {
		if err == nil {
			f, err = f.Sign(id, p.now)
		}
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return f
}

// offer charters the agreement's calling channel, changed, and offers it.
func (p *pair) offer(a *proto.Agreement, change func(*wire.Charter)) (proto.ChannelID, []Event) {
	p.t.Helper()
	rules, err := agreement.Charter(a, agreement.Calling)
	if err != nil {
		p.t.Fatal(err)
	}
	if change != nil {
		change(rules)
	}
	octets, c, err := charter.Sign(p.us, rules, p.now)
	if err != nil {
		p.t.Fatal(err)
	}
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	return c.Channel, p.s.offerLocked(&wire.ChannelOffer{Charter: octets, Created: true})
}

func (p *pair) give(kind proto.DocumentKind, signed []byte) []Event {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	return p.s.documentLocked(&wire.Document{Kind: wire.Document_Kind(kind), Signed: signed})
}

// TestAMemberAsksForTheAgreement: whatever its relay offers, a device takes no channel
// between agencies before it holds their agreement, none beyond it, and none after it.
// What it has refused it takes as soon as the agreement comes.
func TestAMemberAsksForTheAgreement(t *testing.T) {
	state := NewMemoryState()
	p := newPair(t, state)
	f := p.signed(p.terms(), p.us, p.mx)
	a := &f.Agreement
	id, news := p.offer(a, nil)
	if len(news) != 1 || news[0].(Alarm).Why.Reason != proto.ReasonNoAgreement || p.s.Channel(id) != nil {
		t.Errorf("offered without an agreement: %+v", news)
	}
	if _, news = p.offer(a, func(c *wire.Charter) { c.Agreement = nil }); len(news) != 1 || news[0].(Alarm).Why.Reason != proto.ReasonNoAgreement {
		t.Errorf("offered on none: %+v", news)
	}
	half := p.signed(p.terms(), p.us)
	if p.give(proto.DocumentAgreement, half.Encode()); len(p.s.Agreements()) != 0 {
		t.Error("an agreement that lacks a signature is held")
	}
	news = p.give(proto.DocumentAgreement, f.Encode())
	if len(p.s.Agreements()) != 1 || p.s.Channel(id) == nil {
		t.Fatalf("with the agreement what was offered before is not known: %+v", news)
	}
	if _, news = p.offer(a, func(c *wire.Charter) { c.Parties[1].Send = append(c.Parties[1].Send, "gateway") }); len(news) != 1 || news[0].(Alarm).Why.Reason != proto.ReasonAgreement {
		t.Errorf("offered wider than agreed: %+v", news)
	}
	out, err := agreement.Withdraw(p.mx, a, p.now.Add(2*time.Minute), p.now, "x")
	if err != nil {
		t.Fatal(err)
	}
	p.give(proto.DocumentWithdrawal, out)
	if end := p.s.Channel(id).Ends(); end.Reason != proto.ReasonWithdrawn || end.At.After(p.now.Add(3*time.Minute)) {
		t.Errorf("after a withdrawal the channel ends %+v", end)
	}

	// The next run has it all.
	again := p.open(p.s.cfg.Identity, state)
	if list := again.Agreements(); len(list) != 1 || list[0].ID != a.ID {
		t.Errorf("the next run holds %v", list)
	}
	again.mu.Lock()
	defer again.mu.Unlock()
	if w := again.pacts.Pacts[a.ID].Withdrawn(); w == nil || w.By != "gn.example" {
		t.Errorf("the next run knows of the withdrawal %v", w)
	}
}

// TestADevicesDocumentsAreBounded: its relay cannot fill its folder.
func TestADevicesDocumentsAreBounded(t *testing.T) {
	p := newPair(t, NewMemoryState())
	for i := range proto.MaxDocuments {
		p.s.pacts.documents[proto.DocumentID{byte(i), byte(i >> 8), 1}] = struct{}{}
	}
	f := p.signed(p.terms(), p.us, p.mx)
	if p.give(proto.DocumentAgreement, f.Encode()); len(p.s.Agreements()) != 0 {
		t.Error("one more than the bound is held")
	}
}

// TestAnOfferThatCameEarlyIsJudgedAgain: a device whose clock is behind, or that is
// offered a channel before its agreement begins, takes it when it does.
func TestAnOfferThatCameEarlyIsJudgedAgain(t *testing.T) {
	p := newPair(t, NewMemoryState())
	terms := p.terms()
	terms.Begins = time.Now().Add(2 * time.Second).Truncate(time.Second)
	f := p.signed(terms, p.us, p.mx)
	p.give(proto.DocumentAgreement, f.Encode())
	rules := func(c *wire.Charter) { c.Title += " else" } // which it never allows
	id, _ := p.offer(&f.Agreement, nil)
	never, _ := p.offer(&f.Agreement, rules)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := p.s.wait(ctx, func() bool { return p.s.channels[id] != nil }); err != nil {
		_, why := p.s.allowed(id)
		t.Fatalf("in force, and still %v", why)
	}
	if _, why := p.s.allowed(never); proto.ReasonOf(why) != proto.ReasonAgreement && proto.ReasonOf(why) != proto.ReasonNoAgreement {
		t.Errorf("what is never allowed: %v", why)
	}
}

// TestNobodyNewInACountdown: a channel that runs on after a withdrawal's time does so
// for those who have been in it.
func TestNobodyNewInACountdown(t *testing.T) {
	p := newPair(t, NewMemoryState())
	f := p.signed(p.terms(), p.us, p.mx)
	p.give(proto.DocumentAgreement, f.Encode())
	id, _ := p.offer(&f.Agreement, nil)
	ch := p.s.Channel(id)
	if err := ch.mayBeNew(); err != nil {
		t.Errorf("before: %v", err)
	}
	p.s.mu.Lock()
	err := p.s.pacts.TakeWithdrawal(proto.Withdrawal{Agreement: f.Agreement.ID, By: "gn.example", At: p.now.Add(-time.Second)}, p.now)
	p.s.findEndsLocked()
	p.s.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	if end := ch.Ends(); !end.At.After(time.Now()) {
		t.Fatalf("there is no countdown: %+v", end)
	}
	if err := ch.mayBeNew(); proto.ReasonOf(err) != proto.ReasonWithdrawn {
		t.Errorf("new in the countdown: %v", err)
	}
	if ch.seen = 3; ch.mayBeNew() != nil {
		t.Errorf("who has been in it: %v", ch.mayBeNew())
	}
}

// TestAStateWaitsForItsAgreement: a device that has lost an agreement's document takes
// up what it had of the channel as soon as the document comes again.
func TestAStateWaitsForItsAgreement(t *testing.T) {
	state := NewMemoryState()
	p := newPair(t, state)
	f := p.signed(p.terms(), p.us, p.mx)
	p.give(proto.DocumentAgreement, f.Encode())
	id, _ := p.offer(&f.Agreement, nil)
	ch := p.s.Channel(id)
	p.s.mu.Lock()
	ch.seen, ch.restart = 7, 5
	signed, err := ch.signed, ch.saveLocked()
	p.s.mu.Unlock()
	if err == nil {
		err = state.Delete(agreementKey(f.Agreement.ID, 0))
	}
	if err != nil {
		t.Fatal(err)
	}
	p.s.Close()
	p.s = p.open(p.s.cfg.Identity, state)
	if p.s.Channel(id) != nil {
		t.Fatal("a channel without its agreement")
	}
	p.give(proto.DocumentAgreement, f.Encode())
	p.s.mu.Lock()
	p.s.offerLocked(&wire.ChannelOffer{Charter: signed, Created: true})
	p.s.mu.Unlock()
	if ch = p.s.Channel(id); ch == nil || ch.seen != 7 || ch.restart < 5 {
		t.Errorf("it is taken up as %+v", ch)
	}
}

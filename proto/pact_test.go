package proto_test

import (
	"testing"
	"time"

	"crossband/proto"
)

// revised is a later revision of an agreement, changed.
func revised(a proto.Agreement, revision uint32, begins time.Time, change func(*proto.Agreement)) proto.Agreement {
	a.Revision, a.Begins = revision, begins
	a.Channels = append([]proto.AgreedChannel{}, a.Channels...)
	if change != nil {
		change(&a)
	}
	return a
}

func take(t *testing.T, p proto.Pacts, a proto.Agreement, came time.Time) {
	t.Helper()
	if _, err := p.Take(a, came); err != nil {
		t.Fatal(err)
	}
}

// TestNoAgreementNoChannel: default deny.
func TestNoAgreementNoChannel(t *testing.T) {
	a, p := agreed(t), proto.Pacts{}
	c := chartered(a, "talk")
	alone := proto.Charter{Owner: us, Parties: c.Parties[:1], NotBefore: day0(), Expires: a.Ends}
	bare := c
	bare.Agreement = proto.AgreementID{}
	template := alone
	template.Template = c.Parties
	if err := p.Covers(&alone, day0()); err != nil {
		t.Errorf("a channel of one agency: %v", err)
	}
	for why, charter := range map[string]*proto.Charter{"not held": &c, "named by none": &bare, "with others in its template": &template} {
		if err := p.Covers(charter, day0()); proto.ReasonOf(err) != proto.ReasonNoAgreement {
			t.Errorf("%s: %v", why, err)
		}
	}
	if end := p.Running(&c, day0()); end.Reason != proto.ReasonNoAgreement || day0().Before(end.At) {
		t.Errorf("a channel whose agreement is not held ends %+v", end)
	}
	take(t, p, a, day0())
	if err := p.Covers(&c, day0()); err != nil {
		t.Errorf("held: %v", err)
	}
	if alone.Agreement = a.ID; proto.ReasonOf(p.Covers(&alone, day0())) != proto.ReasonAgreement {
		t.Errorf("one agency that names the agreement: %v", p.Covers(&alone, day0()))
	}
}

// TestWhenChannelsEnd: whatever comes first, with a countdown for what comes late.
func TestWhenChannelsEnd(t *testing.T) {
	hour := day0().Add(time.Hour)
	narrower := func(a *proto.Agreement) { a.Channels = a.Channels[:1] }
	for why, tt := range map[string]struct {
		do   func(*testing.T, proto.Pacts, proto.Agreement)
		at   time.Duration // since day0
		want proto.Reason
	}{
		"its agreement ends": {func(*testing.T, proto.Pacts, proto.Agreement) {}, 100 * 24 * time.Hour, proto.ReasonWithdrawn},
		"a withdrawal in time": {func(t *testing.T, p proto.Pacts, a proto.Agreement) {
			withdraw(t, p, a, mx, day0().Add(3*time.Hour), hour)
		}, 3 * time.Hour, proto.ReasonWithdrawn},
		"a withdrawal that came late": {func(t *testing.T, p proto.Pacts, a proto.Agreement) {
			withdraw(t, p, a, mx, day0(), hour)
		}, time.Hour + time.Minute, proto.ReasonWithdrawn},
		"the first of two": {func(t *testing.T, p proto.Pacts, a proto.Agreement) {
			withdraw(t, p, a, mx, day0().Add(3*time.Hour), hour)
			withdraw(t, p, a, us, day0().Add(2*time.Hour), hour)
		}, 2 * time.Hour, proto.ReasonWithdrawn},
		"a revision without it": {func(t *testing.T, p proto.Pacts, a proto.Agreement) {
			take(t, p, revised(a, 1, day0(), narrower), hour)
		}, time.Hour + time.Minute, proto.ReasonAgreement},
		"a revision without it, to come": {func(t *testing.T, p proto.Pacts, a proto.Agreement) {
			take(t, p, revised(a, 1, day0().Add(5*time.Hour), narrower), hour)
		}, 5 * time.Hour, proto.ReasonAgreement},
		"one to come, before which a later one has begun": {func(t *testing.T, p proto.Pacts, a proto.Agreement) {
			take(t, p, revised(a, 1, day0().Add(5*time.Hour), narrower), hour)
			take(t, p, revised(a, 2, day0(), nil), hour)
		}, 100 * 24 * time.Hour, proto.ReasonWithdrawn},
		"a revision with it": {func(t *testing.T, p proto.Pacts, a proto.Agreement) {
			take(t, p, revised(a, 1, day0(), nil), hour)
		}, 100 * 24 * time.Hour, proto.ReasonWithdrawn},
		"a revision that ends sooner": {func(t *testing.T, p proto.Pacts, a proto.Agreement) {
			take(t, p, revised(a, 1, day0(), func(a *proto.Agreement) { a.Ends = day0().Add(48 * time.Hour) }), hour)
		}, 48 * time.Hour, proto.ReasonWithdrawn},
	} {
		a, p := agreed(t), proto.Pacts{}
		take(t, p, a, day0())
		tt.do(t, p, a)
		c := chartered(a, "talk")
		if end := p.Running(&c, hour); !end.At.Equal(day0().Add(tt.at)) || end.Reason != tt.want {
			t.Errorf("%s: ends after %v for reason %d (%s); want %v, %d", why, end.At.Sub(day0()), end.Reason, end.Detail, tt.at, tt.want)
		}
	}
	a, p := agreed(t), proto.Pacts{}
	take(t, p, a, day0())
	c := chartered(a, "talk")
	if c.Expires = day0().Add(time.Hour); p.Running(&c, day0()).Reason != proto.ReasonClosed || !p.Running(&c, day0()).At.Equal(c.Expires) {
		t.Errorf("a charter that ends first: %+v", p.Running(&c, day0()))
	}
	if c.Expires = a.Ends.Add(time.Hour); !p.Running(&c, day0()).At.Equal(a.Ends) {
		t.Errorf("a charter that would outlive its agreement: %+v", p.Running(&c, day0()))
	}
}

func withdraw(t *testing.T, p proto.Pacts, a proto.Agreement, by proto.Agency, at, came time.Time) {
	t.Helper()
	if err := p.TakeWithdrawal(proto.Withdrawal{Agreement: a.ID, By: by, At: at}, came); err != nil {
		t.Fatal(err)
	}
}

// TestRevisions: each takes the place of the one before when it begins; what is older,
// of others, or of what was withdrawn from is refused and changes nothing.
func TestRevisions(t *testing.T) {
	a, p := agreed(t), proto.Pacts{}
	take(t, p, a, day0())
	day := func(n int) time.Time { return day0().Add(time.Duration(n) * 24 * time.Hour) }
	take(t, p, revised(a, 1, day(10), nil), day(1))
	if got := p[a.ID].Current(day(9)).Revision; got != 0 {
		t.Errorf("before it begins revision %d is in force", got)
	}
	if got := p[a.ID].Current(day(10)).Revision; got != 1 {
		t.Errorf("once it begins revision %d is in force", got)
	}
	for why, bad := range map[string]proto.Agreement{
		"the first again":     a,
		"the same again":      revised(a, 1, day(10), func(a *proto.Agreement) { a.Title = "Other" }),
		"one with others":     revised(a, 2, day(10), func(a *proto.Agreement) { a.Parties = []proto.Agency{us, "x.example"} }),
		"one with fewer":      revised(a, 2, day(10), func(a *proto.Agreement) { a.Parties = []proto.Agency{us} }),
		"one with one beside": revised(a, 2, day(10), func(a *proto.Agreement) { a.Parties = []proto.Agency{us, mx, "x.example"} }),
	} {
		if _, err := p.Take(bad, day(2)); err == nil {
			t.Errorf("%s was taken", why)
		}
	}
	replaced, err := p.Take(revised(a, 2, day(11), nil), day(12))
	if err != nil || len(replaced) != 2 || len(p[a.ID].Revisions) != 1 {
		t.Errorf("replaced %v, %v", replaced, err)
	}
	for i := range uint32(proto.MaxRevisionsAhead) {
		_, err := p.Take(revised(a, 3+i, day(20+int(i)), nil), day(13))
		if full := i == proto.MaxRevisionsAhead-1; (proto.ReasonOf(err) == proto.ReasonQuota) != full {
			t.Errorf("revision %d: %v", 3+i, err)
		}
	}
	withdraw(t, p, a, us, day(30), day(14))
	if _, err := p.Take(revised(a, 9, day(10), nil), day(15)); proto.ReasonOf(err) != proto.ReasonWithdrawn {
		t.Errorf("a revision after a withdrawal: %v", err)
	}
	if err := p.TakeWithdrawal(proto.Withdrawal{Agreement: a.ID, By: ca, At: day(40)}, day(15)); proto.ReasonOf(err) != proto.ReasonAgreement {
		t.Errorf("an observer withdraws: %v", err)
	}
	if err := p.TakeWithdrawal(proto.Withdrawal{By: us}, day(15)); proto.ReasonOf(err) != proto.ReasonNoAgreement {
		t.Errorf("a withdrawal from nothing: %v", err)
	}
}

// TestAWithdrawalIsHastenedOnly: a party's later word counts if it ends the agreement
// sooner; it gives nobody more time, and one beyond the agreement's end none any word.
func TestAWithdrawalIsHastenedOnly(t *testing.T) {
	a, p := agreed(t), proto.Pacts{}
	take(t, p, a, day(0))
	as := func(at time.Time) proto.Withdrawal { return proto.Withdrawal{Agreement: a.ID, By: mx, At: at} }
	if err := p.TakeWithdrawal(as(a.Ends), day(1)); proto.ReasonOf(err) != proto.ReasonAgreement {
		t.Errorf("as of the agreement's end: %v", err)
	}
	take(t, p, revised(a, 1, day(2), nil), day(1)) // it stood in no revision's way
	withdraw(t, p, a, mx, day(50), day(2))
	withdraw(t, p, a, us, day(60), day(2))
	for why, at := range map[string]time.Time{"put off": day(51), "again": day(50)} {
		if err := p.TakeWithdrawal(as(at), day(3)); proto.ReasonOf(err) != proto.ReasonWithdrawn {
			t.Errorf("%s: %v", why, err)
		}
	}
	c := chartered(a, "talk")
	ends := func(want time.Time) {
		t.Helper()
		if end := p.Running(&c, day(3)); !end.At.Equal(want) || len(p[a.ID].Withdrawals) != 2 {
			t.Errorf("ends %v, want %v", end.At, want)
		}
	}
	withdraw(t, p, a, mx, day(40), day(3))
	ends(day(40))
	withdraw(t, p, a, mx, day(20), day(40).Add(-time.Second)) // in the last second: no new countdown
	ends(day(40))
	if err := p.TakeWithdrawal(as(day(10)), day(41)); proto.ReasonOf(err) != proto.ReasonWithdrawn {
		t.Errorf("when it counts already: %v", err)
	}
	if err := p.Covers(&c, day(39)); proto.ReasonOf(err) != proto.ReasonWithdrawn {
		t.Errorf("let in after the later word's time: %v", err)
	}
}

// TestObserversTimeEnds: from then on it has no right, by whichever question.
func TestObserversTimeEnds(t *testing.T) {
	a := agreed(t)
	c, n := chartered(a, "talk"), nameOf(t, "rcmp.example/desk/a")
	until := a.Observers[0].Until
	for at, want := range map[time.Time]proto.Right{day0(): proto.RightListen, until.Add(-1): proto.RightListen, until: proto.RightNone} {
		if got := c.RightAt(n, at); got != want || c.HasPartyAt(ca, at) != (want != proto.RightNone) {
			t.Errorf("at %v right %d", at, got)
		}
	}
	if c.RightOf(n) != proto.RightListen {
		t.Error("what it was is forgotten")
	}
	if got := c.NextObserverEnd(day0()); !got.Equal(until) || !c.NextObserverEnd(until).IsZero() {
		t.Errorf("next end %v", got)
	}
	if err := c.MayChange(nameOf(t, "usbp.example/unit/a"), []proto.Name{n}, nil, nil, until); proto.ReasonOf(err) != proto.ReasonCharter {
		t.Errorf("added after its end: %v", err)
	}
	if err := c.MayChange(n, nil, nil, nil, until); proto.ReasonOf(err) != proto.ReasonCharter {
		t.Errorf("it commits after its end: %v", err)
	}
}

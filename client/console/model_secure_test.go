package console

import (
	"slices"
	"strings"
	"testing"
	"time"

	"crossband/client"
	"crossband/client/phrase"
	"crossband/client/views"
	"crossband/proto"
)

// TestSecureOnlyIfEverythingSaysSo begins with a channel of which everything is known to
// be well, and takes one thing away at a time.
func TestSecureOnlyIfEverythingSaysSo(t *testing.T) {
	well := func() *grounds {
		c := charterOf(proto.KindStanding, "x")
		return &grounds{
			me: name(me), joined: true, charter: &c, members: []proto.Name{name(me), name(norte), name(unit)}, linkUp: true,
			views: views.Views{State: views.Agreed, Others: 2, Agree: 1},
		}
	}
	if state, why := well().judge(); state != SecureYes || why != causeNone {
		t.Fatalf("all is well, and it is %s (%d)", state, why)
	}
	for _, c := range []struct {
		why   string
		spoil func(*grounds)
		want  string
		says  string // in English
	}{
		{"not joined", func(g *grounds) { g.joined = false }, SecureNone, "not in this channel"},
		{"put out", func(g *grounds) { g.expelled = true }, SecureNone, "put out"},
		{"not among the members", func(g *grounds) { g.members = []proto.Name{name(norte), name(unit)} }, SecureNone, "not in this channel"},
		{"alone", func(g *grounds) { g.members, g.views.Others = g.members[:1], 0 }, SecureNone, "Nobody else"},
		{"no members known", func(g *grounds) { g.members = nil }, SecureNone, "not in this channel"},
		{"views differ", func(g *grounds) { g.views.State, g.views.Differ = views.Differ, []proto.Name{name(norte)} }, SecureDiffer, "desk/norte@mx.example"},
		{"differs, nobody named", func(g *grounds) { g.views.State = views.Differ }, SecureDiffer, "somebody"},
		{"somebody differs, called agreed", func(g *grounds) { g.views.Differ = []proto.Name{name(norte)} }, SecureDiffer, "NOT SECURE"},
		{"views differ, and the link is down", func(g *grounds) { g.views.State, g.linkUp = views.Differ, false }, SecureDiffer, "NOT SECURE"},
		{"link down", func(g *grounds) { g.linkUp, g.linkSince = false, start() }, SecureUnconfirmed, "no link to the relay since 18:00:00 UTC"},
		{"hub away", func(g *grounds) { g.hubAway, g.awaySince = true, start() }, SecureUnconfirmed, "hub is away since 18:00:00 UTC"},
		{"an agency is silent", func(g *grounds) { g.views.Silent = []proto.Agency{"mx.example"} }, SecureUnconfirmed, "nobody of mx.example"},
		{"unconfirmed", func(g *grounds) { g.views.State = views.Unconfirmed }, SecureUnconfirmed, "have not said yet"},
		{"views of nobody", func(g *grounds) { g.views = views.Views{} }, SecureUnconfirmed, "have not said yet"},
		{"a state of a later version", func(g *grounds) { g.views.State = 99 }, SecureUnconfirmed, "have not said yet"},
		{"nobody agrees", func(g *grounds) { g.views.Agree = 0 }, SecureUnconfirmed, "have not said yet"},
		{"a member too many", func(g *grounds) { g.views.Others = 1 }, SecureUnconfirmed, "have not said yet"},
	} {
		g := well()
		c.spoil(g)
		state, why := g.judge()
		if says := g.says(why, start(), phrase.English); state != c.want || !strings.Contains(says, c.says) {
			t.Errorf("%s: %s, %q; want %s with %q", c.why, state, says, c.want, c.says)
		}
		for _, l := range phrase.Languages() {
			if says := g.says(why, start(), l); strings.HasPrefix(says, phrase.Wording{"Secure:", "Seguro:", "Sûr"}.In(l)) || strings.Contains(says, "%!") {
				t.Errorf("%s reads %q", c.why, says)
			}
		}
	}
}

// TestWhoListensIsNamed: an observer and a gateway stand beside the state, whatever it is.
func TestWhoListensIsNamed(t *testing.T) {
	d := newDesk(t)
	ch := agreed(proto.KindStanding, "Talk")
	ch.Members = append(ch.Members, name(looker), name(radio))
	ch.Views.Others, ch.Views.Agree = 3, 3
	d.board.channels[cid(2)] = ch
	s := d.channel(2).Secure
	if s.State != SecureYes || !strings.Contains(s.Says, "ENCRYPTION ENDS at gateway/p25@us.example") || !strings.Contains(s.Says, "Observed by desk/cornwall@ca.example") {
		t.Errorf("%s: %q", s.State, s.Says)
	}
	if !slices.Equal(s.Gateways, []string{"spiffe://" + radio}) || !slices.Equal(s.Observers, []string{"spiffe://" + looker}) {
		t.Errorf("gateways %v, observers %v", s.Gateways, s.Observers)
	}
	d.fold(client.Disconnected{Err: client.ErrNoLink})
	if s := d.channel(2).Secure; s.State != SecureUnconfirmed || !strings.Contains(s.Says, "ENCRYPTION ENDS") {
		t.Errorf("with the link down: %s, %q", s.State, s.Says)
	}
}

// TestLinkDownIsNeverSecure: from the first moment, whatever else is told.
func TestLinkDownIsNeverSecure(t *testing.T) {
	d := newDesk(t)
	never := NewModel(ModelConfig{Endpoint: d.board, Me: name(me)})
	if s := never.View(d.now).Channels[0].Secure; s.State != SecureUnconfirmed {
		t.Errorf("before the first link it is %s", s.State)
	}
	if s := d.channel(1).Secure; s.State != SecureYes {
		t.Fatalf("%s: %s", s.State, s.Says)
	}
	d.now = d.now.Add(time.Minute)
	d.fold(client.Disconnected{Err: client.ErrNoLink})
	later := d.now
	for range 3 { // it goes on trying
		d.now = d.now.Add(10 * time.Second)
		d.fold(client.Disconnected{Err: client.ErrNoLink}, client.ViewsChanged{Channel: cid(1), Views: views.Views{State: views.Agreed, Others: 1, Agree: 1}})
		if s := d.channel(1).Secure; s.State != SecureUnconfirmed || !strings.Contains(s.Says, timeOfDay(later)) {
			t.Errorf("%s: %q, want since %s", s.State, s.Says, timeOfDay(later))
		}
	}
	d.fold(client.Connected{}, client.HubAway{Channel: cid(1), Away: true, Since: d.now})
	if c := d.channel(1); c.Secure.State != SecureUnconfirmed || !c.HubAway {
		t.Errorf("with the hub away: %s, %v", c.Secure.State, c.HubAway)
	}
	d.fold(client.HubAway{Channel: cid(1), Away: false, Since: d.now})
	if c := d.channel(1); c.Secure.State != SecureYes || c.HubAway {
		t.Errorf("with the hub back: %s, %v", c.Secure.State, c.HubAway)
	}
}

// TestUnconfirmedSince: the words say since when, and a change of cause begins anew.
func TestUnconfirmedSince(t *testing.T) {
	d := newDesk(t)
	d.view()
	set := func(v views.Views) {
		ch := d.board.channels[cid(1)]
		ch.Views = v
		d.board.channels[cid(1)] = ch
		d.fold(client.ViewsChanged{Channel: cid(1), Views: v})
	}
	d.now = start().Add(time.Minute)
	set(views.Views{State: views.Unconfirmed, Others: 1, Silent: []proto.Agency{"mx.example"}})
	d.channel(1)
	d.now = start().Add(2 * time.Minute)
	if says := d.channel(1).Secure.Says; !strings.Contains(says, "since 18:01:00 UTC: nobody of mx.example") {
		t.Error(says)
	}
	set(views.Views{State: views.Unconfirmed, Others: 1})
	if says := d.channel(1).Secure.Says; !strings.Contains(says, "since 18:02:00 UTC") {
		t.Error(says)
	}
}

// TestKeyAge: since the last change of keys that this run knows of.
func TestKeyAge(t *testing.T) {
	d := newDesk(t)
	d.view()
	for _, c := range []struct {
		after time.Duration
		want  int
	}{{0, 0}, {9 * time.Second, 0}, {31 * time.Second, 30}, {119 * time.Second, 60}, {95 * time.Minute, 90 * 60}} {
		d.now = start().Add(c.after)
		if got := d.channel(1).Secure.KeyAge; got != c.want {
			t.Errorf("after %v the keys are %d s old, want %d", c.after, got, c.want)
		}
	}
	ch := d.board.channels[cid(1)]
	ch.Epoch = 8
	d.board.channels[cid(1)] = ch
	d.fold(client.MembersChanged{Channel: cid(1), Epoch: 8})
	if s := d.channel(1).Secure; s.KeyAge != 0 || s.Epoch != 8 {
		t.Errorf("new keys are %d s old in epoch %d", s.KeyAge, s.Epoch)
	}
}

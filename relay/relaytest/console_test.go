package relaytest_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"crossband/client"
	"crossband/client/console"
	"crossband/client/phrase"
	"crossband/proto"
	"crossband/relay/relaytest"
)

// screen is what a person at an endpoint sees: the model, fed with every event.
type screen struct {
	*console.Model
	at     *relaytest.Endpoint
	folded relaytest.Mark
}

func newScreen(e *relaytest.Endpoint, l phrase.Language) *screen {
	return &screen{Model: console.NewModel(console.ModelConfig{Endpoint: console.EndpointOf(e.Session), Me: e.Name(), Language: l}), at: e}
}

func (s *screen) look() console.View {
	mark := s.at.Watch.Mark()
	for _, e := range s.at.Watch.After(s.folded) {
		s.Fold(e, time.Now())
	}
	s.folded = mark
	return s.View(time.Now())
}

// shows waits until the screen shows something.
func (s *screen) shows(t *testing.T, what string, ok func(console.View) bool) console.View {
	t.Helper()
	var v console.View
	for range 600 {
		if v = s.look(); ok(v) {
			return v
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("%s: not within a minute; %+v", what, v)
	return v
}

func on(v console.View, id proto.ChannelID) console.Channel {
	i := slices.IndexFunc(v.Channels, func(c console.Channel) bool { return c.ID == id.String() })
	if i < 0 {
		return console.Channel{}
	}
	return v.Channels[i]
}

// TestWhatTheScreenShows follows a hail, a text and a lost link on two screens, in two
// languages.
func TestWhatTheScreenShows(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		agent, guard := b.us.Endpoint("desk/del-rio"), b.mx.Endpoint("desk/piedras-negras")
		us, mx := newScreen(agent, phrase.English), newScreen(guard, phrase.Spanish)
		if c := on(us.look(), b.calling); c.Secure.State == console.SecureYes {
			t.Error("before anything is known it is secure")
		}
		ch := agent.MustJoin(b.calling)
		us.shows(t, "alone", func(v console.View) bool { return on(v, b.calling).Joined })
		if c := on(us.look(), b.calling); c.Secure.State != console.SecureNone {
			t.Errorf("alone it is %s", c.Secure.State)
		}
		guard.MustJoin(b.calling)
		v := us.shows(t, "both confirm", func(v console.View) bool { return on(v, b.calling).Secure.State == console.SecureYes })
		if c := on(v, b.calling); len(c.Members) != 2 || !c.MayHail || !c.MayTalk || len(v.Pacts) == 0 || !v.Link.Up {
			t.Errorf("%+v", c)
		}
		mx.shows(t, "both confirm", func(v console.View) bool { return on(v, b.calling).Secure.State == console.SecureYes })

		id, err := ch.Text(minute(t), "south bank, two men")
		ok(t, err)
		v = mx.shows(t, "the text comes", func(v console.View) bool { return len(v.Messages) == 1 })
		if m := v.Messages[0]; m.Text != "south bank, two men" || m.Mine || on(v, b.calling).Unread != 1 {
			t.Errorf("%+v", m)
		}
		received, known := mx.Text(id)
		if !known {
			t.Fatal("the screen does not know the text that it shows")
		}
		ok(t, guard.Shown(received))
		mx.Shown(id)
		v = us.shows(t, "it has been read", func(v console.View) bool { return len(v.Messages) == 1 && v.Messages[0].State == "read" })
		if m := v.Messages[0]; !m.Mine || !slices.Equal(m.Read, []string{guard.Name().String()}) || !slices.Equal(m.Reached, []string{string(b.mx.Name)}) {
			t.Errorf("%+v", m)
		}

		h, err := ch.Hail(minute(t), guard.Name(), phraseOf(t, "shots-fired"), client.HailOptions{Urgency: proto.PriorityEmergency})
		ok(t, err)
		v = mx.shows(t, "it rings", func(v console.View) bool { return len(v.Calls) == 1 && v.Calls[0].Rings })
		c := v.Calls[0]
		if rung := mx.Ringing(); len(rung) != 1 || rung[0].ID != h.ID().String() || c.Says == "" || !slices.Equal(c.May, []string{"accepted", "declined"}) || c.For != guard.Name().String() {
			t.Errorf("rings %v: %+v", rung, c)
		}
		reply(t, guard.FindHail(h.ID()), proto.HailAccepted, 0)
		v = us.shows(t, "it is accepted, and has a channel", func(v console.View) bool {
			return len(v.Incidents) == 1 && v.Incidents[0].State == "accepted" && v.Incidents[0].Channel != ""
		})
		if k := v.Incidents[0]; len(k.Timeline) < 3 || !strings.HasPrefix(k.Timeline[0].Says, "called desk/piedras-negras") || !slices.Equal(v.Calls[0].May, []string{"cancelled"}) || !v.Calls[0].Mine {
			t.Errorf("%+v, may %v", k, v.Calls[0].May)
		}
		v = mx.shows(t, "the same there", func(v console.View) bool { return len(v.Incidents) == 1 && v.Incidents[0].Channel != "" })
		if k := v.Incidents[0]; !strings.HasPrefix(k.Timeline[0].Says, "llamó a ") || v.Calls[0].Rings {
			t.Errorf("%+v", k)
		}

		b.Net.Cut(agent.Addr, b.us.Addr)
		v = us.shows(t, "the link is lost", func(v console.View) bool { return !v.Link.Up })
		for _, c := range v.Channels {
			if c.Secure.State == console.SecureYes {
				t.Errorf("without a link %s is secure", c.Title)
			}
		}
		if c := on(v, b.calling); c.Secure.State != console.SecureUnconfirmed || !strings.Contains(c.Secure.Says, "no link to the relay since ") || v.Link.Why == "" {
			t.Errorf("%+v, %q", c.Secure, v.Link.Why)
		}
		b.Net.Mend(agent.Addr, b.us.Addr)
		us.shows(t, "the link is back", func(v console.View) bool { return v.Link.Up && on(v, b.calling).Secure.State == console.SecureYes })
	})
}

package hookd_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"crossband/client"
	"crossband/client/phrase"
	"crossband/cmd/crossband/internal/hookd"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/hook"
	"crossband/relay/relaytest"
)

// border is a hook and the desk that it hails, over two relays in virtual time.
type border struct {
	t           *testing.T
	us, mx      *relaytest.Agency
	alerts      proto.ChannelID
	hook, guard *relaytest.Endpoint
	raiser      *hookd.Raiser
}

// says hails one desk with one phrase.
type says struct{ to proto.Name }

func (s says) Words(hook.Raise) (hookd.Words, error) {
	code, _ := phrase.Lookup("severe-weather")
	content, err := phrase.Compose(code)
	return hookd.Words{To: s.to, Content: content}, err
}

func onBorder(t *testing.T, fn func(t *testing.T, b *border)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := relaytest.New(t, 1)
		b := &border{t: t, us: w.Agency("usbp.example"), mx: w.Agency("gn.example")}
		w.Trust(b.us, b.mx)
		w.Link(b.us, b.mx)
		var both []*wire.Charter_Party
		for _, a := range []*relaytest.Agency{b.us, b.mx} {
			p := relaytest.Party(a)
			p.Send = append(p.Send, "hook")
			both = append(both, p)
		}
		b.alerts = b.us.Charter(&wire.Charter{Kind: wire.Charter_KIND_CALLING, Title: "Alerts", Parties: both, Template: both})
		w.Net.Everywhere(relaytest.Path{Delay: 5 * time.Millisecond})
		w.Start(b.us, b.mx)
		defer w.Close(b.us, b.mx)
		b.hook, b.guard = b.us.Endpoint("hook/sensors"), b.mx.Endpoint("desk/piedras-negras")
		b.hook.MustJoin(b.alerts)
		b.guard.MustJoin(b.alerts)
		b.raiser = &hookd.Raiser{Session: b.hook.Session, Channel: "Alerts", Speaker: says{b.guard.Name()}}
		fn(t, b)
	})
}

func (b *border) minute() context.Context {
	ctx, cancel := context.WithTimeout(b.t.Context(), time.Minute)
	b.t.Cleanup(cancel)
	return ctx
}

func call(n byte) hook.Call {
	return hook.Call{Source: "tak", Alert: hook.Alert{ID: "1", Event: "e"}, Hail: proto.MessageID{1, n}, Incident: proto.IncidentID{2, n}}
}

// ring raises and waits until it rings at the desk.
func (b *border) ring(c hook.Call) *client.Hail {
	b.t.Helper()
	if err := b.raiser.Raise(b.minute(), hook.Raise{Call: c, Urgency: proto.PriorityUrgent}); err != nil {
		b.t.Fatal(err)
	}
	relaytest.Wait(b.t, b.guard.Watch, "it rings", func(e client.HailReceived) bool { return e.ID == c.Hail })
	return b.guard.FindHail(c.Hail)
}

func (b *border) reply(h *client.Hail, s proto.HailState, why proto.Reason) {
	b.t.Helper()
	if err := h.Reply(b.minute(), s, why, nil); err != nil {
		b.t.Fatalf("%s: %v", s, err)
	}
	time.Sleep(5 * time.Second) // both sides know it
}

// TestARepeatedCallWhoseHailIsOver: a distress call that goes on is answered only
// while somebody is at it. A hail that was declined, given back or ended is over as
// much as one that nobody took.
func TestARepeatedCallWhoseHailIsOver(t *testing.T) {
	onBorder(t, func(t *testing.T, b *border) {
		repeat := func(c hook.Call) error { return b.raiser.Update(b.minute(), hook.Update{Call: c, Repeat: true}) }
		declined, released, cancelled := call(1), call(2), call(3)
		h := b.ring(declined)
		if err := repeat(declined); err != nil {
			t.Errorf("while it rings: %v", err)
		}
		b.reply(h, proto.HailDeclined, proto.ReasonNoMeans)
		h = b.ring(released)
		b.reply(h, proto.HailAccepted, 0)
		if err := repeat(released); err != nil {
			t.Errorf("while somebody is at it: %v", err)
		}
		b.reply(h, proto.HailCommitted, 0)
		b.reply(h, proto.HailReleased, 0)
		b.ring(cancelled)
		b.reply(b.hook.FindHail(cancelled.Hail), proto.HailCancelled, 0)
		for name, c := range map[string]hook.Call{"declined": declined, "released": released, "cancelled": cancelled} {
			if state, _ := b.hook.FindHail(c.Hail).State(); !state.Over() {
				t.Fatalf("%s: it stands at %s", name, state)
			}
			if err := repeat(c); !errors.Is(err, hook.ErrOver) {
				t.Errorf("%s: a call that goes on counts as answered: %v", name, err)
			}
		}
	})
}

// TestNewsDoesNotWaitForAnIncident that opens late or never: the calling channel
// hears it.
func TestNewsDoesNotWaitForAnIncident(t *testing.T) {
	onBorder(t, func(t *testing.T, b *border) {
		sensor, desk := b.mx.Endpoint("hook/river"), b.us.Endpoint("desk/del-rio")
		sensor.MustJoin(b.alerts)
		desk.MustJoin(b.alerts)
		r := &hookd.Raiser{Session: sensor.Session, Channel: "Alerts", Speaker: says{desk.Name()}}
		c := call(1)
		if err := r.Raise(b.minute(), hook.Raise{Call: c}); err != nil {
			t.Fatal(err)
		}
		relaytest.Wait(t, desk.Watch, "it rings", func(e client.HailReceived) bool { return e.ID == c.Hail })
		if err := desk.FindHail(c.Hail).Reply(b.minute(), proto.HailAccepted, 0, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := sensor.FindHail(c.Hail).WaitState(b.minute(), proto.HailAccepted); err != nil {
			t.Fatal(err)
		}
		b.us.W.Net.Cut(b.us.Addr, b.mx.Addr) // before the caller has opened it
		errand, cancel := context.WithTimeout(t.Context(), 15*time.Second)
		defer cancel()
		start := time.Now()
		if err := r.Update(errand, hook.Update{Call: c, Message: proto.MessageID{7}}); err != nil || time.Since(start) > 5*time.Second {
			t.Errorf("the news waited %v: %v", time.Since(start), err)
		}
		b.us.W.Net.Mend(b.us.Addr, b.mx.Addr)
		relaytest.Wait(t, desk.Watch, "the news is told", func(e client.TextReceived) bool { return e.Channel == b.alerts })
	})
}

// TestAnEndWaitsForNoText: the hail is cancelled, and then those in its incident are
// told why, once; also by a run after one that died in between.
func TestAnEndWaitsForNoText(t *testing.T) {
	onBorder(t, func(t *testing.T, b *border) {
		for i, died := range []bool{false, true} {
			b.endsThenTells(call(byte(1+i)), hook.Cancel{Reply: proto.MessageID{8, byte(i)}, Message: proto.MessageID{9, byte(i)}}, died)
		}
	})
}

func (b *border) endsThenTells(c hook.Call, end hook.Cancel, died bool) {
	b.t.Helper()
	h := b.ring(c)
	b.reply(h, proto.HailAccepted, 0)
	opened, err := h.WaitIncident(b.minute())
	if err != nil {
		b.t.Fatal(err)
	}
	b.guard.MustJoin(opened)
	if end.Call = c; died {
		if err := b.hook.FindHail(c.Hail).ReplyAs(b.minute(), end.Reply, proto.HailCancelled, 0, nil); err != nil {
			b.t.Fatal(err)
		}
	}
	for range 2 {
		if err := b.raiser.Cancel(b.minute(), end); err != nil {
			b.t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
	}
	ended, told := -1, -1
	for i, e := range b.guard.Watch.All() {
		switch e := e.(type) {
		case client.HailMoved:
			if e.Hail == c.Hail && e.State == proto.HailCancelled {
				ended = i
			}
		case client.TextReceived:
			if e.ID == end.Message && (told >= 0 || e.Channel != opened) {
				b.t.Errorf("told %+v", e)
			}
			if e.ID == end.Message {
				told = i
			}
		}
	}
	if ended < 0 || told < ended {
		b.t.Errorf("ended at %d, told why at %d", ended, told)
	}
}

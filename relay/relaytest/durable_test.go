package relaytest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"crossband/client"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/hub"
	"crossband/relay/relaytest"
	"crossband/relay/store"
)

// A relay that starts again knows its groups: nobody joins anew, nothing that was
// acknowledged is missing, and the talk goes on.
func TestRelaysStartAgainAndNothingIsLost(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		var want []string
		say := func(ch *client.Channel, text string) {
			t.Helper()
			if _, err := ch.Text(minute(t), text); err != nil {
				t.Fatal(err)
			}
			want = append(want, text)
		}
		say(p.us, "before")
		epoch, _ := p.us.Epoch()
		for i, a := range []*relaytest.Agency{b.us, b.mx, b.us} {
			m1, m2 := p.agent.Watch.Mark(), p.guard.Watch.Mark()
			a.Stop()
			time.Sleep(2 * time.Second)
			a.Restart()
			time.Sleep(15 * time.Second)
			say(p.us, fmt.Sprintf("from Eagle Pass, after restart %d", i))
			say(p.mx, fmt.Sprintf("de Piedras Negras, %d", i))
			heard(t, p.guard, push(t, p.us, 20, client.TalkOptions{}).well(), "voice after a restart")
			heard(t, p.agent, push(t, p.mx, 20, client.TalkOptions{}).well(), "and back")
			for e, m := range map[*relaytest.Endpoint]relaytest.Mark{p.agent: m1, p.guard: m2} {
				for _, ev := range e.Watch.After(m) {
					switch ev.(type) {
					case client.Alarm, client.Left, client.Joined, client.Missed, client.Gap:
						t.Errorf("restart %d: %s was told %+v", i, e.Name(), ev)
					}
				}
			}
		}
		if now, _ := p.us.Epoch(); now != epoch {
			t.Errorf("epoch %d, was %d: somebody joined anew", now, epoch)
		}
		got := append(texts(p.agent, b.group), texts(p.guard, b.group)...)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("shown %q, want each once: %q", got, want)
		}
		sameView(t, b.group, p.agent, p.guard)
	})
}

// The sender sees how far its message has come: on its relay's disk, in the log,
// at the other agency, before a person's eyes.
func TestSenderSeesHowFarItsTextHasCome(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		for _, s := range p.sides() {
			mark := s.me.Watch.Mark()
			id, err := s.ch.Text(minute(t), "persons in the river, "+s.name)
			if err != nil {
				t.Fatal(err)
			}
			var last time.Time
			for _, state := range []client.MessageState{client.MessageOrdered, client.MessageDelivered, client.MessageRead} {
				e, at := relaytest.WaitAfter(t, s.me.Watch, mark, state.String(), func(e client.MessageMoved) bool { return e.ID == id && e.State == state })
				if state >= client.MessageDelivered && at.Before(last) {
					t.Errorf("%s: %v came before what comes first", s.name, state)
				}
				last = at
				if state == client.MessageDelivered && !slices.Contains(e.Agencies, s.partner.Name().Agency) {
					t.Errorf("%s: delivered to %v", s.name, e.Agencies)
				}
				if state == client.MessageRead && !slices.Contains(e.Readers, s.partner.Name()) {
					t.Errorf("%s: read by %v", s.name, e.Readers)
				}
			}
			d := s.ch.Delivery(id)
			if d.State != client.MessageRead || len(d.Delivered) != 1 || !slices.Contains(d.Read, s.partner.Name()) {
				t.Errorf("%s: %+v", s.name, d)
			}
		}
	})
}

// Endpoints may be back at a relay that has started again before its link to the
// hub is. As soon as that is up they are told so, and have what they missed, though
// nobody says anything more.
func TestWhoIsBackBeforeTheHubIsToldOfTheHub(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		if _, err := p.us.Text(minute(t), "before"); err != nil {
			t.Fatal(err)
		}
		relaytest.Wait(t, p.guard.Watch, "it has come", func(e client.TextReceived) bool { return e.Text == "before" })
		mark := p.guard.Watch.Mark()
		b.mx.Stop()
		if _, err := p.us.Text(minute(t), "said meanwhile"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		b.mx.Restart()
		relaytest.WaitAfter(t, p.guard.Watch, mark, "what was said meanwhile comes", func(e client.TextReceived) bool { return e.Text == "said meanwhile" })
		away := false
		for _, e := range p.guard.Watch.After(mark) {
			if e, ok := e.(client.HubAway); ok {
				away = e.Away
			}
		}
		if away {
			t.Error("the hub is shown as away for ever")
		}
	})
}

// What the next run gives again comes before what was said since, and needs no
// link.
func TestUnreadTextsComeBeforeNewOnes(t *testing.T) {
	for name, offline := range map[string]bool{"with a link": false, "without a link at first": true} {
		t.Run(name, func(t *testing.T) {
			run(t, func(t *testing.T, b *border) {
				p := newPatrol(t, b)
				id, state := b.mx.Identity("desk/blind"), client.NewMemoryState()
				desk := b.mx.EndpointWith(id, state)
				desk.Watch.Blind()
				desk.MustJoin(b.group)
				want := []string{"unread one", "unread two", "said since"}
				for i, text := range want {
					if _, err := p.us.Text(minute(t), text); err != nil {
						t.Fatal(err)
					}
					if i == 1 {
						relaytest.Wait(t, desk.Watch, "they have come", func(e client.TextReceived) bool { return e.Text == text })
						desk.Close()
					}
				}
				if offline {
					b.mx.Stop()
				}
				again := b.mx.Dial(id, state)
				if offline {
					relaytest.Wait(t, again.Watch, "without a relay they are given too", func(e client.TextReceived) bool { return e.Text == "unread two" })
					time.Sleep(2 * time.Second)
					b.mx.Restart()
				}
				relaytest.Wait(t, again.Watch, "what was said since comes", func(e client.TextReceived) bool { return e.Text == "said since" })
				time.Sleep(5 * time.Second)
				if got := texts(again, b.group); !slices.Equal(got, want) {
					t.Errorf("given %q, want %q", got, want)
				}
			})
		})
	}
}

// A text that has arrived and that nobody was shown is given again by the next run,
// and is not said to have been read.
func TestTextNotShownIsGivenAgain(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		id, state := b.mx.Identity("desk/blind"), client.NewMemoryState()
		desk := b.mx.EndpointWith(id, state)
		desk.Watch.Blind()
		desk.MustJoin(b.group)
		sent, err := p.us.Text(minute(t), "unread")
		if err != nil {
			t.Fatal(err)
		}
		relaytest.Wait(t, desk.Watch, "it has come", func(e client.TextReceived) bool { return e.Text == "unread" })
		time.Sleep(5 * time.Second)
		if d := p.us.Delivery(sent); slices.Contains(d.Read, desk.Name()) {
			t.Errorf("said to be read by a desk that showed nothing: %+v", d)
		}
		desk.Close()
		again := b.mx.EndpointWith(id, state)
		relaytest.Wait(t, again.Watch, "it is given again", func(e client.TextReceived) bool { return e.Text == "unread" && e.ID == sent })
		time.Sleep(5 * time.Second)
		if d := p.us.Delivery(sent); !slices.Contains(d.Read, again.Name()) {
			t.Errorf("shown and not said to be read: %+v", d)
		}
		again.Close()
		third := b.mx.EndpointWith(id, state)
		time.Sleep(5 * time.Second)
		if n := len(relaytest.Find[client.TextReceived](third.Watch)); n != 0 {
			t.Errorf("%d texts given a third time", n)
		}
	})
}

// A device that ends before its relay has its text sends it in its next run, once.
func TestOutboxOutlivesTheDevice(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		id, state := b.mx.Identity("unit/outbox"), client.NewMemoryState()
		unit := b.mx.EndpointWith(id, state)
		ch := unit.MustJoin(b.group)
		time.Sleep(time.Second)
		b.Net.Cut(unit.Addr, b.mx.Addr)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		sent, err := ch.Text(ctx, "written in a dead zone")
		if !errors.Is(err, client.ErrWaiting) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the sender is told %v, want that it waits", err)
		}
		if q := ch.Outbox(); len(q) != 1 || q[0].Kept || ch.Delivery(sent).State != client.MessageQueued {
			t.Errorf("the outbox is %+v", q)
		}
		unit.Close()
		again := b.mx.EndpointWith(id, state)
		relaytest.Wait(t, p.agent.Watch, "the text goes out", func(e client.TextReceived) bool { return e.Text == "written in a dead zone" && e.ID == sent })
		time.Sleep(5 * time.Second)
		if n := len(texts(p.agent, b.group)); n != 1 {
			t.Errorf("shown %d times", n)
		}
		if q := again.Channel(b.group).Outbox(); len(q) != 0 {
			t.Errorf("the outbox still holds %+v", q)
		}
	})
}

// snapshot is a device's state as a backup would keep it.
func snapshot(t *testing.T, from client.State) client.State {
	t.Helper()
	to := client.NewMemoryState()
	keys, err := from.Keys()
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		v, err := from.Load(k)
		if err == nil {
			err = to.Save(k, v)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// A device's folder is put back from a backup: its relay has seen later messages
// of it. It says so, comes in anew, and is heard; no seal of before comes again.
func TestBackupPutBackIsNoticed(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		for _, a := range []*relaytest.Agency{b.us, b.mx} {
			id, state := a.Identity("unit/restored"), client.NewMemoryState()
			unit := a.EndpointWith(id, state)
			ch := unit.MustJoin(b.group)
			if _, err := ch.Text(minute(t), "one"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Second)
			backup := snapshot(t, state)
			for _, text := range []string{"two", "three"} {
				if _, err := ch.Text(minute(t), text); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(2 * time.Second)
			epoch, _ := ch.Epoch()
			unit.Close()

			again := a.EndpointWith(id, backup)
			alarm := relaytest.Wait(t, again.Watch, "the roll-back is noticed", func(e client.Alarm) bool { return e.Why.Reason == proto.ReasonRolledBack })
			relaytest.Wait(t, again.Watch, "it comes in anew", func(e client.Joined) bool { return e.Channel == b.group && e.Epoch > epoch })
			if alarm.Channel != b.group {
				t.Errorf("alarm for %v", alarm.Channel)
			}
			if _, err := again.Channel(b.group).Text(minute(t), "four"); err != nil {
				t.Fatal(err)
			}
			relaytest.Wait(t, p.agent.Watch, "it is read", func(e client.TextReceived) bool { return e.From == unit.Name() && e.Text == "four" })
			var got []string
			for _, e := range relaytest.Find[client.TextReceived](p.agent.Watch) {
				if e.From == unit.Name() {
					got = append(got, e.Text)
				}
			}
			if !slices.Equal(got, []string{"one", "two", "three", "four"}) {
				t.Errorf("shown %q", got)
			}
			for _, g := range relaytest.Find[client.Gap](p.agent.Watch) {
				t.Errorf("a gap where none is: %+v", g)
			}
		}
	})
}

// The hub does not let a device renew its keys before the first text of a run. If it
// may do so later the next text tries again; against a rule none does.
func TestKeysThatCouldNotBeRenewedAreRenewedLater(t *testing.T) {
	for _, c := range []struct {
		why     proto.Reason
		commits int
	}{{proto.ReasonQuota, 2}, {proto.ReasonCharter, 1}} {
		t.Run(fmt.Sprint(c.why), func(t *testing.T) {
			between(t, func(t *testing.T, p *patrol, m *relaytest.Middle) {
				id, state := p.border.mx.Identity("unit/again"), client.NewMemoryState()
				unit := p.border.mx.EndpointWith(id, state)
				unit.MustJoin(p.group)
				time.Sleep(time.Second)
				unit.Close()
				commits := 0
				m.Tamper(func(x relaytest.Passing) []*wire.Frame {
					if x.Frame.GetCommit() == nil || x.Toward != p.border.us.Name {
						return []*wire.Frame{x.Frame}
					}
					if commits++; commits > 1 {
						return []*wire.Frame{x.Frame}
					}
					go m.Say(p.border.mx, &wire.Frame{Re: x.Frame.Id, Body: &wire.Frame_Refused{Refused: &wire.Refused{Code: uint32(c.why)}}})
					return nil
				})
				again := p.border.mx.EndpointWith(id, state)
				for _, text := range []string{"one", "two", "three"} {
					ok(t, second(again.Channel(p.group).Text(minute(t), text)))
					relaytest.Wait(t, p.agent.Watch, "it is read", func(x client.TextReceived) bool { return x.Text == text })
				}
				m.Tamper(nil)
				if commits != c.commits {
					t.Errorf("three texts after a refusal for reason %d: %d tries to renew the keys, want %d", c.why, commits, c.commits)
				}
			})
		})
	}
}

// A text of a run that took up a state from the disk is sealed in an epoch that
// the run has entered itself.
func TestFirstTextOfARunIsSealedUnderNewKeys(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		id, state := b.mx.Identity("unit/again"), client.NewMemoryState()
		unit := b.mx.EndpointWith(id, state)
		ch := unit.MustJoin(b.group)
		time.Sleep(time.Second)
		before, _ := ch.Epoch()
		unit.Close()
		again := b.mx.EndpointWith(id, state)
		ch = again.Channel(b.group)
		if now, _ := ch.Epoch(); now != before {
			t.Fatalf("epoch %d, was %d: it had to join anew", now, before)
		}
		for range 2 {
			if _, err := ch.Text(minute(t), "good evening"); err != nil {
				t.Fatal(err)
			}
		}
		if now, _ := ch.Epoch(); now != before+1 {
			t.Errorf("two texts of a new run: epoch %d, was %d; want one step", now, before)
		}
		_ = p
	})
}

// withStorage is a border whose group and calling channel have a storage rule.
func withStorage(rule wire.Charter_Storage) func(*border) {
	return func(b *border) {
		directly(b)
		b.group = b.us.Charter(&wire.Charter{
			Kind: wire.Charter_KIND_STANDING, Title: "Bound", Storage: rule,
			Parties: []*wire.Charter_Party{relaytest.Party(b.us), relaytest.Party(b.mx)},
		})
	}
}

// holds reports whether any record of a store holds octets.
func holds(t *testing.T, s store.Store, octets []byte) bool {
	t.Helper()
	buckets, err := s.Buckets(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, bucket := range buckets {
		err := s.Scan(context.Background(), bucket, nil, func(_, value []byte) bool {
			found = found || bytes.Contains(value, octets)
			return !found
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

// sealedIn returns the sealed parts of the messages that a relay's own endpoints
// sent on followed channels.
func sealedIn(t *testing.T, s store.Store) (list [][]byte) {
	t.Helper()
	for id, octets := range originRecords(t, s) {
		if v := octets.GetFrame().GetText(); v != nil && id != "" {
			list = append(list, v.Sealed)
		}
	}
	return list
}

// Under the rule "none" what a member said lies at its own agency's relay and
// nowhere else; under "sealed" also at the hub. Whoever was away reads it all the
// same, through its own relay, after every relay has started again.
func TestStorageRule(t *testing.T) {
	for rule, elsewhere := range map[wire.Charter_Storage]bool{wire.Charter_STORAGE_NONE: false, wire.Charter_STORAGE_SEALED: true} {
		t.Run(rule.String(), func(t *testing.T) {
			runWith(t, 1, withStorage(rule), func(t *testing.T, b *border) {
				p := newPatrol(t, b)
				id, state := b.us.Identity("desk/away"), client.NewMemoryState()
				away := b.us.EndpointWith(id, state)
				away.MustJoin(b.group)
				mxID, mxState := b.mx.Identity("desk/lejos"), client.NewMemoryState()
				lejos := b.mx.EndpointWith(mxID, mxState)
				lejos.MustJoin(b.group)
				time.Sleep(time.Second)
				away.Close()
				lejos.Close()
				for i := range 3 {
					if _, err := p.mx.Text(minute(t), fmt.Sprintf("de Piedras Negras, %d", i)); err != nil {
						t.Fatal(err)
					}
					if _, err := p.us.Text(minute(t), fmt.Sprintf("from Eagle Pass, %d", i)); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(3 * time.Second)
				sealed := sealedIn(t, b.mx.Store)
				if len(sealed) != 3 {
					t.Fatalf("the origin holds %d messages, want 3: the test shows nothing", len(sealed))
				}
				for _, s := range sealed {
					if holds(t, b.us.Store, s) != elsewhere {
						t.Errorf("the hub's store holds a message of the other agency: %v, the rule is %v", !elsewhere, rule)
					}
				}
				for _, a := range []*relaytest.Agency{b.us, b.mx} {
					a.Stop()
					a.Restart()
				}
				time.Sleep(15 * time.Second)
				want := []string{"de Piedras Negras, 0", "from Eagle Pass, 0", "de Piedras Negras, 1", "from Eagle Pass, 1", "de Piedras Negras, 2", "from Eagle Pass, 2"}
				for _, e := range []*relaytest.Endpoint{b.us.EndpointWith(id, state), b.mx.EndpointWith(mxID, mxState)} {
					time.Sleep(20 * time.Second)
					if got := texts(e, b.group); !slices.Equal(got, want) {
						t.Errorf("%s reads %q, want %q", e.Name(), got, want)
					}
					for _, m := range relaytest.Find[client.Missed](e.Watch) {
						t.Errorf("%s missed %+v", e.Name(), m)
					}
				}
			})
		})
	}
}

// The origin's relay is away when somebody comes back: what it keeps cannot be
// read now and is said to wait there; what comes after it is read.
func TestReaderIsToldWhenTheOriginIsAway(t *testing.T) {
	runWith(t, 1, withStorage(wire.Charter_STORAGE_NONE), func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		id, state := b.us.Identity("desk/away"), client.NewMemoryState()
		b.us.EndpointWith(id, state).MustJoin(b.group)
		time.Sleep(time.Second)
		for _, e := range []*client.Channel{p.mx, p.us} {
			if e == p.mx {
				b.EndpointNamed(id.Name).Close()
			}
			if _, err := e.Text(minute(t), "said"); err != nil {
				t.Fatal(err)
			}
		}
		b.mx.Stop()
		time.Sleep(5 * time.Second)
		again := b.us.EndpointWith(id, state)
		missed := relaytest.Wait(t, again.Watch, "it is told", func(e client.Missed) bool { return e.Channel == b.group })
		if missed.Count != 1 || missed.Origin != b.mx.Name {
			t.Errorf("missed %+v", missed)
		}
		relaytest.Wait(t, again.Watch, "what comes after it is read", func(e client.TextReceived) bool { return e.From == p.agent.Name() })
		b.mx.Restart()
	})
}

// Messages expire by their class. The sender of one that an agency never received
// is told; a member who was away for longer comes in anew behind what is gone.
func TestExpiryIsTold(t *testing.T) {
	long(t)
	runWith(t, 1, func(b *border) {
		directly(b)
		b.us.Retention, b.mx.Retention = hub.Retention{Standing: time.Hour}, hub.Retention{Standing: time.Hour, Waiting: 30 * time.Minute}
	}, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		id, state := b.us.Identity("desk/away"), client.NewMemoryState()
		desk := b.us.EndpointWith(id, state)
		desk.MustJoin(b.group)
		time.Sleep(time.Second)
		desk.Close()
		b.Net.Cut(b.us.Addr, b.mx.Addr)
		time.Sleep(10 * time.Second)
		here, err := p.us.Text(minute(t), "nobody over there gets this")
		if err != nil {
			t.Fatal(err)
		}
		there, err := p.mx.Text(minute(t), "no hub takes this")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Hour)
		for e, id := range map[*relaytest.Endpoint]proto.MessageID{p.agent: here, p.guard: there} {
			relaytest.Wait(t, e.Watch, "the sender is told that it expired", func(m client.MessageMoved) bool {
				return m.ID == id && m.State == client.MessageFailed && m.Why.Reason == proto.ReasonRetention
			})
		}
		b.Net.Mend(b.us.Addr, b.mx.Addr)
		time.Sleep(time.Minute)
		again := b.us.EndpointWith(id, state)
		relaytest.Wait(t, again.Watch, "it comes in anew", func(e client.Joined) bool { return e.Channel == b.group })
		missed := relaytest.Wait(t, again.Watch, "what is gone is said", func(e client.Missed) bool { return e.Channel == b.group })
		if missed.Count == 0 {
			t.Error("nothing was missed")
		}
		time.Sleep(10 * time.Second)
		if _, err := p.mx.Text(minute(t), "all is well again"); err != nil {
			t.Fatal(err)
		}
		relaytest.Wait(t, again.Watch, "and reads on", func(e client.TextReceived) bool { return e.Text == "all is well again" })
	})
}

// originRecords reads what a relay keeps of its own endpoints' messages.
func originRecords(t *testing.T, s store.Store) map[string]*wire.StoredMessage {
	t.Helper()
	list := relaytest.Origin(t, s)
	if len(slices.Collect(maps.Keys(list))) == 0 {
		t.Fatal("the relay keeps no messages of its own endpoints")
	}
	return list
}

package relaytest_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"crossband/client"
	"crossband/client/console"
	"crossband/crypto/record"
	"crossband/proto"
	"crossband/relay/relaytest"
)

func joinedThere(id proto.ChannelID) func(console.View) bool {
	return func(v console.View) bool { return on(v, id).Joined && len(on(v, id).Members) > 1 }
}

// TestAHailIsAnsweredFromThePage: it rings, one press accepts it, the desk is in the
// incident's channel without another, and the record can be taken away.
func TestAHailIsAnsweredFromThePage(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		agent := b.us.Endpoint("desk/del-rio")
		d := newDesk(t, b.World, b.mx, "desk/piedras-negras", false)
		defer d.end()
		calling := agent.MustJoin(b.calling)
		d.done(console.Deed{Do: console.DoJoin, Channel: b.calling.String()})
		d.shows("both are there", joinedThere(b.calling))
		d.done(console.Deed{Do: console.DoLanguage, Language: "es"})
		d.shows("Spanish", func(v console.View) bool { return v.Me.Language == "es" })

		h, err := calling.Hail(minute(t), d.session.Name(), phraseOf(t, "shots-fired"), client.HailOptions{Urgency: proto.PriorityEmergency})
		ok(t, err)
		v := d.shows("it rings", func(v console.View) bool { return len(v.Calls) == 1 && v.Calls[0].Rings })
		if c := v.Calls[0]; c.ID != h.ID().String() || c.Urgency != "emergency" || c.Says == "" {
			t.Errorf("call %+v", c)
		}
		d.shows("the ring is told", func(console.View) bool { return slices.Equal(d.rang(), []string{h.ID().String()}) })

		d.done(console.Deed{Do: console.DoReply, Call: h.ID().String(), State: "committed"}) // accepts too
		stands(t, proto.HailCommitted, h)
		id, err := h.WaitIncident(minute(t))
		ok(t, err)
		d.shows("in the incident", joinedThere(id))
		d.done(console.Deed{Do: console.DoText, Channel: id.String(), Text: "two units on their way"})
		got := relaytest.Wait(t, agent.Watch, "the text comes", func(e client.TextReceived) bool { return e.Channel == id })
		if got.Text != "two units on their way" {
			t.Errorf("%+v", got)
		}
		d.shows("it has been read", func(v console.View) bool { return len(v.Messages) == 1 && v.Messages[0].State == "read" })

		incident := h.Incident().String()
		if o := d.does(console.Deed{Do: console.DoReply, Call: h.ID().String(), State: "cancelled"}); o.Done || o.Code == 0 || o.Says == "" {
			t.Errorf("who was called cancels: %+v", o)
		}
		d.done(console.Deed{Do: console.DoReply, Call: h.ID().String(), State: "released", Phrase: "received"})
		d.done(console.Deed{Do: console.DoClose, Incident: incident, As: "resolved", Text: "nobody is hurt"})
		d.shows("it is closed", func(v console.View) bool { return len(v.Incidents) == 1 && v.Incidents[0].State == "closed" })

		status, header, file := d.get("/api/record/" + incident)
		if status != 200 || !strings.HasPrefix(header.Get("Content-Disposition"), "attachment; filename=") {
			t.Fatalf("record: %d %v %s", status, header, file)
		}
		x, err := record.ReadExport(bytes.NewReader(file))
		ok(t, err)
		reveals := 0
		for _, l := range x.Logs {
			reveals += len(l.Reveals)
		}
		if x.Incident != h.Incident() || len(x.Logs) == 0 || reveals == 0 {
			t.Errorf("record of %s: %d logs, %d contents shown", x.Incident, len(x.Logs), reveals)
		}
		if status, _, says := d.get("/api/record/" + proto.NewIncidentID().String()); status == 200 || len(says) == 0 {
			t.Errorf("the record of no incident: %d %s", status, says)
		}
	})
}

// TestTheDeskCalls: hail, hand-over, merge, re-arm and duty from the page.
func TestTheDeskCalls(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		guard, other := b.mx.Endpoint("desk/piedras-negras"), b.us.Endpoint("desk/eagle-pass")
		d := newDesk(t, b.World, b.us, "desk/del-rio", false)
		defer d.end()
		d.done(console.Deed{Do: console.DoJoin, Channel: b.calling.String()})
		guard.MustJoin(b.calling)
		other.MustJoin(b.calling)
		d.shows("all are there", func(v console.View) bool { return len(on(v, b.calling).Members) == 3 })
		hail := console.Deed{
			Do: console.DoHail, Channel: b.calling.String(), Name: guard.Name().String(), Phrase: "shots-fired", Priority: "urgent",
			Slots: map[string]string{"count": "2", "place": "28.7091,-100.4995"}, Text: "by the bridge",
		}
		first := d.done(hail)
		got := relaytest.Wait(t, guard.Watch, "it rings", func(e client.HailReceived) bool { return e.ID.String() == first.Call })
		if got.Note != "by the bridge" || len(got.Content.Slots) != 2 || got.Urgency != proto.PriorityUrgent {
			t.Errorf("rings %+v", got)
		}
		second := d.done(hail)
		again := relaytest.Wait(t, guard.Watch, "it rings", func(e client.HailReceived) bool { return e.ID.String() == second.Call })
		d.done(console.Deed{Do: console.DoMerge, Incident: again.Incident.String(), Into: got.Incident.String(), Text: "the same"})
		relaytest.Wait(t, guard.Watch, "merged", func(e client.IncidentMoved) bool { return e.Act == proto.ActMerge && e.Into == got.Incident })
		reply(t, guard.FindHail(got.ID), proto.HailAccepted, 0)
		d.shows("accepted", func(v console.View) bool {
			return slices.ContainsFunc(v.Calls, func(c console.Call) bool { return c.ID == first.Call && c.State == "accepted" })
		})
		if o := d.does(console.Deed{Do: console.DoHandOver, Incident: got.Incident.String(), Name: other.Name().String()}); o.Done || o.Code == 0 {
			t.Errorf("another's incident is handed over: %+v", o)
		}
		d.done(console.Deed{Do: console.DoReply, Call: first.Call, State: "cancelled"})
		stands(t, proto.HailCancelled, guard.FindHail(got.ID))

		d.done(console.Deed{Do: console.DoDutyTo, Channel: b.calling.String(), Name: d.session.Name().String(), Into: other.Name().String(), Text: "shift"})
		relaytest.Wait(t, guard.Watch, "the other stands in", func(e client.DutyChanged) bool { return e.At == other.Name() && e.Role == d.session.Name() })
		d.done(console.Deed{Do: console.DoOnDuty, Channel: b.calling.String(), Name: d.session.Name().String()})
		relaytest.Wait(t, guard.Watch, "back", func(e client.DutyChanged) bool { return e.At == d.session.Name() && e.Role == d.session.Name() })
		d.done(console.Deed{Do: console.DoOffDuty, Channel: b.calling.String(), Name: d.session.Name().String()})
		relaytest.Wait(t, guard.Watch, "off", func(e client.DutyChanged) bool { return !e.On && e.Role == d.session.Name() })

		for _, bad := range []console.Deed{
			{Do: console.DoRearm, Incident: proto.NewIncidentID().String()},
			{Do: console.DoReply, Call: proto.NewMessageID().String(), State: "accepted"},
			{Do: console.DoText, Channel: proto.ChannelID{1}.String(), Text: "x"},
			{Do: console.DoText, Channel: b.calling.String()},
			{Do: console.DoHail, Channel: b.calling.String(), Name: guard.Name().String(), Phrase: "shots-fired", Slots: map[string]string{"count": "0"}},
			{Do: console.DoPosition, Channel: b.calling.String(), Latitude: 28, Longitude: -100},
		} {
			if o := d.does(bad); o.Done || o.Waits || o.Code == 0 || o.Says == "" {
				t.Errorf("%+v: %+v", bad, o)
			}
		}
	})
}

// TestTextsOnThePage: a text is read when a person has seen it and not before, and what
// is said without a link waits.
func TestTextsOnThePage(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		guard := b.mx.Endpoint("desk/piedras-negras")
		d := newDesk(t, b.World, b.us, "desk/del-rio", false)
		defer d.end()
		d.done(console.Deed{Do: console.DoJoin, Channel: b.group.String()})
		ch := guard.MustJoin(b.group)
		d.shows("both are there", joinedThere(b.group))
		id, err := ch.Text(minute(t), "south bank")
		ok(t, err)
		d.shows("the text comes", func(v console.View) bool { return len(v.Messages) == 1 && on(v, b.group).Unread == 1 })
		time.Sleep(5 * time.Second)
		if s := ch.Delivery(id); len(s.Read) != 0 {
			t.Error("it is read though nobody has seen it")
		}
		d.done(console.Deed{Do: console.DoShown, Message: id.String()})
		d.done(console.Deed{Do: console.DoShown, Message: id.String()}) // on a second page
		relaytest.Wait(t, guard.Watch, "it is read", func(e client.MessageMoved) bool { return e.ID == id && e.State == client.MessageRead })
		d.shows("none is unread", func(v console.View) bool { return on(v, b.group).Unread == 0 })

		b.us.Stop()
		d.shows("the link is lost", func(v console.View) bool { return !v.Link.Up })
		o := d.does(console.Deed{Do: console.DoText, Channel: b.group.String(), Text: "anybody?"})
		if o.Done || !o.Waits || o.Code != 0 || o.Message == "" || o.Says == "" {
			t.Errorf("a text without a link: %+v", o)
		}
		d.shows("it waits", func(v console.View) bool { return len(on(v, b.group).Outbox) == 1 })
		b.us.Restart()
		got := relaytest.Wait(t, guard.Watch, "it comes", func(e client.TextReceived) bool { return e.ID.String() == o.Message })
		if got.Text != "anybody?" {
			t.Errorf("%+v", got)
		}
	})
}

// TestPressOnThePage: several channels at once; who else holds a floor is waited for, and
// a page that goes lets go.
func TestPressOnThePage(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		guard := b.mx.Endpoint("desk/piedras-negras")
		d := newDesk(t, b.World, b.us, "desk/del-rio", true)
		defer d.end()
		for _, id := range []proto.ChannelID{b.group, b.calling} {
			d.done(console.Deed{Do: console.DoJoin, Channel: id.String()})
			guard.MustJoin(id)
			d.shows("both are there", joinedThere(id))
		}
		both := []string{b.group.String(), b.calling.String()}
		d.done(console.Deed{Do: console.DoPress, Channels: both})
		d.shows("both are granted", func(v console.View) bool {
			return on(v, b.group).Floor.Mine == "granted" && on(v, b.calling).Floor.Mine == "granted"
		})
		time.Sleep(2 * time.Second)
		d.done(console.Deed{Do: console.DoRelease})
		for _, id := range []proto.ChannelID{b.group, b.calling} {
			h := relaytest.Wait(t, guard.Watch, "it is heard", func(e client.BurstHeard) bool { return e.Channel == id })
			if h.Frames < 80 || !h.Genuine || h.From != d.session.Name() {
				t.Errorf("heard %+v", h)
			}
		}
		d.shows("idle", func(v console.View) bool { return on(v, b.group).Floor.Mine == "idle" })

		holder := push(t, guard.Channel(b.group), endless, client.TalkOptions{}).held()
		d.shows("somebody talks", func(v console.View) bool { return on(v, b.group).Floor.Holder == guard.Name().String() })
		d.done(console.Deed{Do: console.DoPress, Channels: both[:1]})
		d.shows("it waits", func(v console.View) bool {
			f := on(v, b.group).Floor
			return f.Mine == "queued" && f.Queue == 1
		})
		if o := d.does(console.Deed{Do: console.DoPress, Channels: both[1:]}); o.Done || o.Says == "" {
			t.Errorf("a second press: %+v", o)
		}
		holder.src.left.Store(0)
		d.shows("its turn comes", func(v console.View) bool { return on(v, b.group).Floor.Mine == "granted" })
		d.shows("it is told that time runs out", func(v console.View) bool { return on(v, b.group).Floor.Mine == "warned" })
		d.shows("the limit ends it", func(v console.View) bool {
			f := on(v, b.group).Floor
			return f.Mine == "denied" && f.Why != ""
		})
		d.done(console.Deed{Do: console.DoRelease})

		d.shows("idle", func(v console.View) bool { return on(v, b.calling).Floor.Mine == "idle" })
		d.done(console.Deed{Do: console.DoPress, Channels: both[1:]})
		relaytest.Wait(t, guard.Watch, "it talks again", func(e client.FloorChanged) bool { return e.Channel == b.calling && e.Holder == d.session.Name() })
		mark := guard.Watch.Mark()
		d.ends[len(d.ends)-1]() // the page is closed
		d.ends = d.ends[:len(d.ends)-1]
		_, when := relaytest.WaitAfter(t, guard.Watch, mark, "the floor is free", func(e client.FloorChanged) bool { return e.Channel == b.calling && e.Holder == (proto.Name{}) })
		if time.Since(when) > 5*time.Second {
			t.Errorf("let go late")
		}
		if o := d.does(console.Deed{Do: console.DoPress, Channels: both[1:]}); o.Done {
			t.Error("a press without a page")
		}
	})
}

// TestAPressWithoutAMicrophone says so, and takes no floor for silence.
func TestAPressWithoutAMicrophone(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		guard := b.mx.Endpoint("desk/piedras-negras")
		d := newDesk(t, b.World, b.us, "desk/del-rio", false)
		defer d.end()
		d.done(console.Deed{Do: console.DoJoin, Channel: b.group.String()})
		guard.MustJoin(b.group)
		d.shows("both are there", joinedThere(b.group))
		mark := guard.Watch.Mark()
		o := d.does(console.Deed{Do: console.DoPress, Channels: []string{b.group.String()}})
		if o.Done || o.Waits || !strings.Contains(o.Says, "microphone") {
			t.Errorf("%+v", o)
		}
		time.Sleep(2 * time.Second)
		for _, e := range guard.Watch.After(mark) {
			if f, is := e.(client.FloorChanged); is {
				t.Errorf("the floor moved: %+v", f)
			}
		}
	})
}

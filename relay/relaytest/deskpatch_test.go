package relaytest_test

import (
	"strings"
	"testing"
	"time"

	"crossband/client"
	"crossband/client/console"
	"crossband/proto"
	"crossband/relay/relaytest"
)

// TestWhatADeskPatchesItHears: a channel of which a page wanted no voice would be shown
// as patched, and nothing of it be carried.
func TestWhatADeskPatchesItHears(t *testing.T) {
	withPatches(t, func(t *testing.T, p *patching) {
		d := newDesk(t, p.World, p.us, "desk/del-rio", false)
		defer d.end()
		unit, guard := p.us.Endpoint("unit/del-rio-214"), p.mx.Endpoint("unit/gn-7")
		here := unit.MustJoin(p.a)
		guard.MustJoin(p.b)
		for _, id := range []proto.ChannelID{p.a, p.b} {
			d.done(console.Deed{Do: console.DoJoin, Channel: id.String()})
			d.shows("it is there", joinedThere(id))
		}
		listen := func(state string) console.Deed {
			return console.Deed{Do: console.DoListen, Channel: p.a.String(), State: state}
		}
		d.done(listen("off"))
		d.shows("no voice of A", func(v console.View) bool { return !on(v, p.a).Hears })
		d.done(console.Deed{Do: console.DoPatch, Channels: []string{p.a.String(), p.b.String()}, Minutes: 5})
		d.shows("A is heard again", func(v console.View) bool { return on(v, p.a).Hears && len(v.Patches) == 1 })
		if o := d.does(listen("off")); o.Done || o.Says == "" {
			t.Errorf("a patched channel is not heard any more: %+v", o)
		}
		r := push(t, here, 60, client.TalkOptions{}).well()
		time.Sleep(5 * time.Second)
		if n := len(guard.Ear.Played(r.Burst)); n < 50 {
			t.Errorf("%d frames of %d were carried", n, r.Sent)
		}
		v := d.shows("one patch", func(v console.View) bool { return len(v.Patches) == 1 })
		d.done(console.Deed{Do: console.DoUnpatch, Patch: v.Patches[0].ID})
		d.done(listen("off"))
	})
}

// TestWhoComesLaterIsToldOfThePatch: nobody reads what was said before they came. A channel
// on which many come is not flooded.
func TestWhoComesLaterIsToldOfThePatch(t *testing.T) {
	withPatches(t, func(t *testing.T, p *patching) {
		d := newDesk(t, p.World, p.us, "desk/del-rio", false)
		defer d.end()
		for _, id := range []proto.ChannelID{p.a, p.b} {
			d.done(console.Deed{Do: console.DoJoin, Channel: id.String()})
			d.shows("it is there", joinedThere(id))
		}
		d.done(console.Deed{Do: console.DoPatch, Channels: []string{p.a.String(), p.b.String()}, Minutes: 30})
		told := func(x client.TextReceived) bool {
			return x.Channel == p.b && strings.HasPrefix(x.Text, "PATCH to “A”") && !strings.Contains(x.Text, "ended")
		}
		var came []*relaytest.Endpoint
		for i := range 3 {
			e := p.mx.Endpoint("unit/gn-" + string(rune('1'+i)))
			e.MustJoin(p.b)
			came = append(came, e)
			time.Sleep(15 * time.Second)
		}
		for _, e := range came {
			relaytest.Wait(t, e.Watch, "who comes is told", told)
		}
		time.Sleep(5 * time.Minute)
		n := 0
		for _, x := range relaytest.Find[client.TextReceived](came[0].Watch) {
			if told(x) {
				n++
			}
		}
		if n != 2 { // at once, and those who came next together
			t.Errorf("told %d times", n)
		}
	})
}

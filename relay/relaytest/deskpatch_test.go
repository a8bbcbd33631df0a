package relaytest_test

import (
	"testing"
	"time"

	"crossband/client"
	"crossband/client/console"
	"crossband/proto"
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

package hub_test

import (
	"time"

	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/hub"
)

// voices is what the world remembers of who spoke on a channel.
type voices struct {
	burst proto.BurstID // of the last holder
	last  hub.Route     // his, where the floor is decided here
	tail  proto.BurstID // whose route stays after its end
	since time.Time     // when it began to
}

// longestTail is proto.FloorTail, to the next tick.
const longestTail = proto.FloorTail + hub.TickEvery

// checkTails: after the end of a burst its route stays only if its talker let go by
// himself, nobody else has the floor, and for 300 ms at most; and never does more
// than one route of a channel count as its floor's.
func (w *world) checkTails(e hub.Event) {
	w.t.Helper()
	floors := map[proto.ChannelID]int{}
	for _, r := range w.routes {
		if r.Floor {
			floors[r.Channel]++
		}
	}
	for _, v := range w.hub.View() {
		if floors[v.ID] > 1 {
			w.t.Errorf("%d routes of %s count as its floor's", floors[v.ID], w.made.charterOf[v.ID])
		}
		s := w.voices[v.ID]
		switch {
		case v.Tail == proto.BurstID{}:
			s.tail = v.Tail
		case v.Tail != s.tail:
			if s.tail, s.since = v.Tail, w.now; s.burst != v.Tail || !releases(e, v.Tail) {
				w.t.Errorf("the route of %s stays after %T, which is no release of it", idName(v.Tail[:]), e)
			}
		}
		_, ticked := e.(hub.Tick)
		switch {
		case v.Tail == proto.BurstID{}:
		case v.Arbitrates && v.Holder != proto.Name{}:
			w.t.Errorf("the route of %s stays while %s holds the floor", idName(v.Tail[:]), w.plain(v.Holder.String()))
		case v.Holder != proto.Name{} && v.Burst != v.Tail:
			w.t.Errorf("the route of %s stays though the hub has said that %s talks", idName(v.Tail[:]), w.plain(v.Holder.String()))
		case ticked && w.now.Sub(s.since) >= longestTail:
			w.t.Errorf("the route of %s stays for %v", idName(v.Tail[:]), w.now.Sub(s.since))
		}
		if v.Holder != (proto.Name{}) {
			s.burst, s.last = v.Burst, hub.Route{Leaf: v.HolderLeaf, Bound: v.Bound}
		}
		w.voices[v.ID] = s
	}
}

// releases reports whether an event is a talker's release of the burst.
func releases(e hub.Event, burst proto.BurstID) bool {
	in, ok := e.(hub.FrameIn)
	if !ok {
		return false
	}
	b, ok := in.Frame.Body.(*wire.Frame_FloorRelease)
	return ok && string(b.FloorRelease.Burst) == string(burst[:])
}

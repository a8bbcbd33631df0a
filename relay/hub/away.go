package hub

import (
	"maps"
	"slices"
	"time"

	"crossband/proto"
)

// gapAfter is how long a partner's relay must be away before the records of incidents
// say so: what a link that is dialled anew misses comes at once.
const gapAfter = 5 * time.Second

// away is a partner's relay that had a link and has none.
type away struct {
	relay proto.Name
	lost  time.Time
	told  bool // the records say so
}

// relayLost notes that a partner's relay has gone.
func (h *Hub) relayLost(relay proto.Name) {
	if h.away[relay.Agency] == nil {
		h.away[relay.Agency] = &away{relay: relay, lost: h.now}
	}
}

// relayBack says in the records, if they say that the relay had gone, that it is back.
func (h *Hub) relayBack(relay proto.Name) {
	a := h.away[relay.Agency]
	delete(h.away, relay.Agency)
	if a != nil && a.told {
		h.recordGap(LinkGone{a.relay, a.lost, h.now})
	}
}

// tickAway says in the records which relays have been away for a while.
func (h *Hub) tickAway() {
	for _, agency := range slices.Sorted(maps.Keys(h.away)) {
		if a := h.away[agency]; !a.told && h.now.Sub(a.lost) >= gapAfter {
			a.told = true
			h.recordGap(LinkGone{Relay: a.relay, Lost: a.lost})
		}
	}
}

// recordGap records on each incident's channel of the relay's agency that runs here.
func (h *Hub) recordGap(g LinkGone) {
	for _, ch := range h.sortedChannels() {
		if ch.created && !ch.ended && ch.charter.HasPartyAt(g.Relay.Agency, h.now) {
			h.record(ch, ch.charter.Incident, h.self, ch.charter.Exercise, g)
		}
	}
}

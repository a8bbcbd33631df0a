package client

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"crossband/proto"
	"crossband/proto/link"
	"crossband/proto/wire"
)

// How long sealed parts are waited for that lie elsewhere. What stands behind them in the
// log waits too.
const (
	originMost    = 3 * time.Minute  // for all of a page, if it comes at originSlowest
	originWait    = taskTimeout      // for one agency's relay, in originStretch entries of a log
	originStretch = proto.MaxEntries // a page, and the small one before it
	originSlowest = 2 << 10          // octets a second that use up none of it, as for a bulk link's frames (PROTOCOL.md 3.9)
)

// origins is what has been learnt of the relays that have sealed parts.
type origins struct {
	until  time.Time // when it is no longer waited for what lies elsewhere
	size   portion
	failed map[string]bool // agencies whose relays did not answer when last asked
	away   map[string]bool // those that are not asked for the rest of a page

	waits map[string]*patience // with agencies' relays
	upTo  uint64               // the entry before which it is not begun anew
	on    *link.Conn           // nor on the live link on which it began
}

func newOrigins(size portion) *origins {
	return &origins{size: size, failed: make(map[string]bool), away: make(map[string]bool), waits: make(map[string]*patience)}
}

// turnTo begins with a page of what follows an entry. Whoever was waited for in the small
// page before it, or in this one by somebody whose time was over, is not waited for once
// more.
func (ch *Channel) turnTo(after uint64) {
	ch.s.mu.Lock()
	on := ch.s.conn
	ch.s.mu.Unlock()
	now, old, o := time.Now(), ch.origins, newOrigins(ch.origins.size)
	o.until, o.upTo, o.on = now.Add(originMost), after+originStretch, on
	if old.on == on && after < old.upTo && now.Before(old.until) {
		o.waits, o.upTo = old.waits, old.upTo
	}
	ch.origins = o
}

// asks reports whether an agency's relay is worth asking.
func (o *origins) asks(agency string) bool { return !o.away[agency] && o.of(agency).left() > 0 }

// of is the patience with one agency's relay.
func (o *origins) of(agency string) *patience {
	if o.waits[agency] == nil {
		o.waits[agency] = new(patience)
	}
	return o.waits[agency]
}

// order is that in which agencies are asked: who took least time first, so that nobody's
// parts wait for one who gives none. Among equals it is any.
func (o *origins) order(missing map[string][]*wire.Entry) []string {
	agencies := slices.Collect(maps.Keys(missing))
	slices.SortStableFunc(agencies, func(a, b string) int { return cmp.Compare(o.of(a).used, o.of(b).used) })
	return agencies
}

// patience is how long one relay is waited for: originWait in all. What it gives makes up
// for the time that it takes at originSlowest, so that a path which is slow but carries
// what it can uses up none, and who gives a part now and then gains next to nothing.
type patience struct {
	used time.Duration
}

func (p *patience) left() time.Duration { return originWait - p.used }

// during does something while patience lasts, and takes off how long it took.
func (p *patience) during(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, p.left())
	defer cancel()
	began := time.Now()
	err := do(ctx)
	p.used += time.Since(began)
	return err
}

// came gives back the time that so many octets may take.
func (p *patience) came(octets int) {
	p.used = max(p.used-time.Duration(octets)*time.Second/originSlowest, 0)
}

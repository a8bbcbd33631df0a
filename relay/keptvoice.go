package relay

import (
	"sort"
	"time"

	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/hub"
)

// voiceAsk is a request on its way to the keeper.
type voiceAsk struct {
	hub.ReadVoice
	answer func(*wire.KeptVoice) // sends it; it does not wait
}

// readVoice has a FetchVoice answered by the keeper, which does not hold the loop up.
func (l *loop) readVoice(e hub.ReadVoice) {
	p := l.ports[e.Link]
	if p == nil {
		return
	}
	a := voiceAsk{e, func(v *wire.KeptVoice) {
		if err := p.conn.Send(&wire.Frame{Re: e.ID, Body: &wire.Frame_KeptVoice{KeptVoice: v}}); err != nil { // the link is closing, or too slow and closed for it
			l.n.log.Debug("frame not sent", "peer", p.conn.Peer().String(), "why", err.Error())
		}
	}}
	select {
	case l.n.keeper.ask <- a:
	default:
		why := proto.Refusef(proto.ReasonQuota, "%d requests for kept voice wait", keptAsks)
		l.answer(e.Link, e.ID, &wire.Frame{Body: &wire.Frame_Refused{Refused: &wire.Refused{Code: uint32(why.Reason), Detail: why.Detail}}})
	}
}

// page is what is kept of a channel from a place on, up to a size: one frame at
// least, if there is one.
func (k *keeper) page(e hub.ReadVoice, now time.Time) *wire.KeptVoice {
	p := &wire.KeptVoice{Channel: e.Channel[:], Next: e.After}
	sh := k.shelves[e.Channel]
	if sh == nil {
		return p
	}
	list, size := sh.frames.list(), 0
	p.Newest = list[len(list)-1].number
	at := sort.Search(len(list), func(i int) bool {
		return list[i].number > e.After && list[i].age(now) < min(e.Within, k.limits.life)
	})
	for _, f := range list[at:] {
		if size += len(f.frame); size > e.Most && len(p.Frames) > 0 {
			p.More = true
			break
		}
		p.Frames, p.Next = append(p.Frames, f.frame), f.number
	}
	k.tally.given.Add(uint64(len(p.Frames)))
	return p
}

package hub

import (
	"encoding/binary"
	"slices"
	"time"

	"crossband/crypto/mls/policy"
	"crossband/proto"
)

// A member that another one removed stays out until a member adds it again: the
// charter and its certificate alone do not bring it back. Who was removed
// because its certificate was taken back is not barred by name: its old
// certificate is refused everywhere, and one with a new certificate may come.

const bucketBarred = "barred"

// maxBarred bounds the bars of one channel; beyond it the oldest goes.
const maxBarred = 1024

// mayCome refuses an external commit of a name that was removed.
func (ch *channel) mayCome(d policy.Difference) error {
	if !slices.Contains(d.Added, d.By) {
		return nil
	}
	if at, barred := ch.hosted.barred[d.By]; barred {
		return proto.Refusef(proto.ReasonNotMember, "%s was removed on %s; a member has to add it again", d.By, at.UTC().Format(time.RFC3339))
	}
	return nil
}

// barRemoved notes whom a commit removed and not brought back, and lets in again
// whom it added. before is the membership that the commit was made in.
func (h *Hub) barRemoved(ch *channel, before *membership, d policy.Difference) {
	for _, n := range d.Added {
		if _, barred := ch.hosted.barred[n]; barred {
			h.liftBar(ch, n)
		}
	}
	for _, n := range d.Removed {
		if n == d.By || ch.hosted.members.has(n) || before.isOutcast(n) {
			continue
		}
		if len(ch.hosted.barred) >= maxBarred {
			oldest := ch.oldestBar()
			h.liftBar(ch, oldest)
			h.emit(Audit{Actor: oldest, Channel: ch.id, Kind: proto.KindCommit, Refusal: proto.Refusef(proto.ReasonFull, "%d names barred, the oldest may come back", maxBarred)})
		}
		if ch.hosted.barred == nil {
			ch.hosted.barred = make(map[proto.Name]time.Time)
		}
		ch.hosted.barred[n] = h.now
		h.emit(Write{bucketBarred, barKey(ch.id, n), binary.BigEndian.AppendUint64(nil, uint64(h.now.UnixMilli()))})
	}
}

func (h *Hub) liftBar(ch *channel, n proto.Name) {
	delete(ch.hosted.barred, n)
	h.emit(Write{bucketBarred, barKey(ch.id, n), nil})
}

func (ch *channel) oldestBar() (oldest proto.Name) {
	for n, at := range ch.hosted.barred {
		if o, found := ch.hosted.barred[oldest]; !found || at.Before(o) || at.Equal(o) && compareNames(n, oldest) < 0 {
			oldest = n
		}
	}
	return oldest
}

func barKey(id proto.ChannelID, n proto.Name) []byte {
	return append(id[:len(id):len(id)], n.String()...)
}

// loadBar takes up one record of the bucket after a restart, when its channel
// has been restored. A record of a channel that is not there is passed over.
func (h *Hub) loadBar(key, value []byte) error {
	var id proto.ChannelID
	if len(key) <= len(id) || len(value) != 8 {
		return proto.Refuse(proto.ReasonMalformed, "record of a removed member")
	}
	copy(id[:], key)
	n, err := proto.ParseName(string(key[len(id):]))
	if err != nil {
		return proto.Refuse(proto.ReasonMalformed, "name of a removed member")
	}
	ch := h.channels[id]
	if ch == nil {
		return nil
	}
	if ch.hosted.barred == nil {
		ch.hosted.barred = make(map[proto.Name]time.Time)
	}
	ch.hosted.barred[n] = time.UnixMilli(int64(binary.BigEndian.Uint64(value)))
	return nil
}

// forgetBars drops the bars of a channel that is over.
func (h *Hub) forgetBars(ch *channel) {
	for len(ch.hosted.barred) > 0 {
		h.liftBar(ch, ch.oldestBar())
	}
}

package client

import (
	"context"
	"time"

	"crossband/crypto/mls"
	"crossband/proto"
	"crossband/proto/wire"
)

// Waits between tries to fill holes. A new link, a new hole and a hole filled begin
// with the first again.
const (
	fillFirst = 2 * time.Second
	fillMost  = time.Minute
)

// fillSoonLocked has holes asked for at a time, and then at growing distances.
func (ch *Channel) fillSoonLocked(at time.Time) {
	ch.holes.next, ch.holes.wait = at, fillFirst
}

// fillLocked starts the one task that asks for what lies elsewhere, when it is time.
func (ch *Channel) fillLocked(now time.Time) {
	s := &ch.holes
	if s.asking || len(s.list) == 0 || ch.group == nil || ch.out == 0 || now.Before(s.next) {
		return
	}
	s.asking = true
	s.next, s.wait = now.Add(s.wait), min(2*s.wait, fillMost)
	ch.s.task("read what lay elsewhere", func(ctx context.Context) error {
		news := ch.fill(ctx)
		ch.s.mu.Lock()
		s.asking = false
		ch.s.mu.Unlock()
		ch.s.emitAll(news)
		return nil
	})
}

// fill asks once for all that waits, and reads what came.
func (ch *Channel) fill(ctx context.Context) []Event {
	ch.s.mu.Lock()
	var holes []*hole
	var entries []*wire.Entry
	for _, h := range ch.holes.list {
		if e, err := h.entry(); err == nil {
			holes, entries = append(holes, h), append(entries, e)
		}
	}
	ch.s.mu.Unlock()
	ch.askOrigins(ctx, newOrigins(portion{}), entries)
	ch.s.mu.Lock()
	defer ch.s.mu.Unlock()
	var news []Event
	for i, h := range holes {
		e := entries[i]
		waits := len(e.Digest) > 0 || ch.holes.holdsUp(e)
		if waits || ch.group == nil || !ch.holes.has(h) {
			continue
		}
		ch.holes.late = h
		more := ch.takeLocked(e)
		ch.holes.late = nil
		ch.holes.remove(h)
		ch.fillSoonLocked(time.Now().Add(fillFirst))
		news = append(news, more...)
		if err := ch.saveLocked(); err != nil {
			news = append(news, Alarm{ch.id, proto.Refuse(proto.ReasonStore, err.Error())})
		}
	}
	ch.s.changedLocked()
	return news
}

// unsealLocked opens what is sealed in the entry being applied: a late one by the
// keys that its hole has kept, once the group has forgotten them.
func (ch *Channel) unsealLocked(sealed []byte) (*mls.Received, error) {
	h := ch.holes.late
	if h == nil {
		return ch.group.Decrypt(sealed)
	}
	l := ch.holes.epoch(h.Epoch)
	switch {
	case l == nil:
		return nil, mls.ErrNoEpochKeys
	case len(l.Keys) > 0:
		return l.unseal(sealed)
	}
	return ch.group.Decrypt(sealed)
}

// unseal opens a message once: the key that it used up is gone from what is saved.
func (l *lateEpoch) unseal(sealed []byte) (*mls.Received, error) {
	k, err := mls.UnmarshalEpochKeys(l.Keys)
	if err != nil {
		return nil, err
	}
	defer k.Wipe()
	r, err := k.Decrypt(sealed)
	if err != nil {
		return nil, err
	}
	kept, err := k.MarshalBinary()
	if err != nil {
		return nil, err
	}
	clear(l.Keys)
	l.Keys = kept
	return r, nil
}

// senderLocked names who sealed the entry being applied. Of a late one the membership
// counts as it was where the entry stands in the log: its sender may have left since.
func (ch *Channel) senderLocked(r *mls.Received) (proto.Name, error) {
	h := ch.holes.late
	if h == nil {
		return ch.nameLocked(r)
	}
	if l := ch.holes.epoch(h.Epoch); l != nil {
		for _, s := range l.Signers {
			if string(s.Key) == string(r.SignatureKey) {
				return proto.ParseName(s.Name)
			}
		}
	}
	return proto.Name{}, proto.Refusef(proto.ReasonNotMember, "not sealed by a member of %s", h.Agency)
}

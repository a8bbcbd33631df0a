package client

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/crypto/mls"
	"crossband/crypto/mls/message"
	"crossband/crypto/mls/policy"
	"crossband/proto"
	"crossband/proto/wire"
)

// hole is a log entry that was passed over because its sealed part lies at the relay
// of its sender's agency, which was away; or a reply to a hail that is such a one. It
// is saved with the channel and filled when the part can be had.
type hole struct {
	Seq    uint64
	Agency proto.Agency // whose relay has the sealed part
	Epoch  uint64       // that it is sealed in; 0: not sealed
	Entry  []byte       // wire.Entry, as the log has it
	Since  time.Time    // when it was passed over
}

// lateEpoch is what opens the holes of one epoch, and nothing else once the group
// has forgotten it.
type lateEpoch struct {
	Epoch   uint64
	Signers []lateSigner // who may have sealed them
	Keys    []byte       // mls.EpochKeys of the signers; empty: the group has them still
}

// lateSigner is a member as it was when a hole came in the log: it may have left
// since.
type lateSigner struct {
	Name string
	Key  []byte // of its signature
}

// holeState is what a channel has passed over. The Session's mutex guards it.
type holeState struct {
	list   []*hole      // in the order in which they were met: the log's
	epochs []*lateEpoch // of the list

	late   *hole         // whose entry is being applied
	asking bool          // a task asks for the parts
	next   time.Time     // when they are asked for again
	wait   time.Duration // between the next two tries
}

// Bounds of what waits. Beyond them the oldest is given up and said to be missed.
const (
	maxHoles      = 64         // entries of a channel
	maxLateEpochs = 4          // epochs of a channel whose keys are kept for them
	holeLife      = OutboxLife // what waits at its origin for a hub is given up as late
)

// passOverLocked notes a hole at an entry that cannot be read now, and says what
// becomes of it.
func (ch *Channel) passOverLocked(e *wire.Entry) []Event {
	h, err := ch.newHole(e)
	if err == nil && h.Epoch != 0 {
		err = ch.expectLocked(h)
	}
	if err != nil {
		ch.s.log.Info("entry cannot be read later", "channel", ch.id.Short(), "seq", e.Seq, "why", err.Error())
		return []Event{Missed{Channel: ch.id, Seq: e.Seq, Count: 1}}
	}
	s := &ch.holes
	s.list = append(s.list, h)
	ch.fillSoonLocked(time.Now().Add(fillFirst))
	var news []Event
	if len(e.Digest) > 0 {
		news = append(news, Missed{Channel: ch.id, Seq: e.Seq, Count: 1, Origin: h.Agency})
	}
	if len(s.list) > maxHoles {
		news = append(news, ch.giveUpLocked(s.list[:1])...)
	}
	return news
}

func (ch *Channel) newHole(e *wire.Entry) (*hole, error) {
	agency, err := proto.ParseAgency(e.Agency)
	if err != nil || !ch.charter.HasParty(agency) {
		return nil, proto.Refusef(proto.ReasonMalformed, "an entry of agency %q", e.Agency)
	}
	b, err := pb.Marshal(e)
	if err != nil {
		return nil, err
	}
	h := &hole{Seq: e.Seq, Agency: agency, Entry: b, Since: time.Now()}
	if m := proto.EntryEnvelope(e); m != nil {
		h.Epoch = m.GetEpoch()
	}
	return h, nil
}

// expectLocked notes who may have sealed a hole: the members of its agency, as the
// membership is where it stands in the log.
func (ch *Channel) expectLocked(h *hole) error {
	if !ch.group.HasEpoch(message.Epoch(h.Epoch)) {
		return fmt.Errorf("%w: epoch %d", mls.ErrNoEpochKeys, h.Epoch)
	}
	l := ch.holes.epoch(h.Epoch)
	if l == nil {
		l = &lateEpoch{Epoch: h.Epoch}
		ch.holes.epochs = append(ch.holes.epochs, l)
	}
	for _, m := range ch.group.Members() {
		n, err := policy.NameOf(m.Credential)
		if err != nil || n.Agency != h.Agency {
			continue
		}
		if !slices.ContainsFunc(l.Signers, func(s lateSigner) bool { return bytes.Equal(s.Key, m.SignatureKey) }) {
			l.Signers = append(l.Signers, lateSigner{n.String(), bytes.Clone(m.SignatureKey)})
		}
	}
	return nil
}

// keepKeysLocked takes the keys of holes out of a group that is about to forget all
// epochs up to the given one.
func (ch *Channel) keepKeysLocked(upTo uint64) []Event {
	var news []Event
	for _, l := range slices.Clone(ch.holes.epochs) {
		if l.Epoch > upTo || len(l.Keys) > 0 {
			continue
		}
		var err error
		if l.Keys, err = ch.keysOfLocked(l); err != nil {
			ch.s.log.Warn("keys of entries that wait not kept", "channel", ch.id.Short(), "epoch", l.Epoch, "why", err.Error())
			news = append(news, ch.giveUpLocked(ch.holes.of(l.Epoch))...)
		}
	}
	for {
		kept := slices.DeleteFunc(slices.Clone(ch.holes.epochs), func(l *lateEpoch) bool { return len(l.Keys) == 0 })
		if len(kept) <= maxLateEpochs {
			return news
		}
		oldest := slices.MinFunc(kept, func(a, b *lateEpoch) int { return int(int64(a.Epoch) - int64(b.Epoch)) })
		news = append(news, ch.giveUpLocked(ch.holes.of(oldest.Epoch))...)
	}
}

func (ch *Channel) keysOfLocked(l *lateEpoch) ([]byte, error) {
	var signers [][]byte
	for _, s := range l.Signers {
		signers = append(signers, s.Key)
	}
	k, err := ch.group.KeepEpoch(message.Epoch(l.Epoch), signers)
	if err != nil {
		return nil, err
	}
	defer k.Wipe()
	return k.MarshalBinary()
}

// expireHolesLocked gives up what has waited for too long.
func (ch *Channel) expireHolesLocked(now time.Time) []Event {
	n := 0
	for n < len(ch.holes.list) && now.Sub(ch.holes.list[n].Since) > holeLife {
		n++
	}
	if n == 0 {
		return nil
	}
	news := ch.giveUpLocked(ch.holes.list[:n])
	if err := ch.saveLocked(); err != nil {
		news = append(news, Alarm{ch.id, proto.Refuse(proto.ReasonStore, err.Error())})
	}
	return news
}

// giveUpLocked says that holes will never be filled.
func (ch *Channel) giveUpLocked(list []*hole) []Event {
	var news []Event
	for _, h := range slices.Clone(list) {
		ch.holes.remove(h)
		news = append(news, Missed{Channel: ch.id, Seq: h.Seq, Count: 1})
	}
	return news
}

// forgetHolesLocked wipes everything that waits, with its keys.
func (ch *Channel) forgetHolesLocked() {
	for _, h := range slices.Clone(ch.holes.list) {
		ch.holes.remove(h)
	}
}

// remove takes a hole out, and its epoch's keys with the last of that epoch.
func (s *holeState) remove(h *hole) {
	s.list = slices.DeleteFunc(s.list, func(x *hole) bool { return x == h })
	if len(s.of(h.Epoch)) > 0 {
		return
	}
	s.epochs = slices.DeleteFunc(s.epochs, func(l *lateEpoch) bool {
		if l.Epoch == h.Epoch {
			clear(l.Keys)
		}
		return l.Epoch == h.Epoch
	})
}

func (s *holeState) has(h *hole) bool { return slices.Contains(s.list, h) }

// of lists the holes of an epoch.
func (s *holeState) of(epoch uint64) []*hole {
	return slices.DeleteFunc(slices.Clone(s.list), func(h *hole) bool { return h.Epoch != epoch })
}

func (s *holeState) epoch(n uint64) *lateEpoch {
	for _, l := range s.epochs {
		if l.Epoch == n {
			return l
		}
	}
	return nil
}

// holdsUp reports whether an entry speaks of a hail that is a hole, or of the incident
// of one: it is read after that.
func (s *holeState) holdsUp(e *wire.Entry) bool {
	var hail, incident []byte
	switch item := e.Item.(type) {
	case *wire.Entry_HailReply:
		hail = item.HailReply.Hail
	case *wire.Entry_Page:
		hail = item.Page.Hail
	case *wire.Entry_PageResult:
		hail = item.PageResult.Hail
	case *wire.Entry_Incident:
		incident = item.Incident.Incident
	default:
		return false
	}
	return slices.ContainsFunc(s.list, func(h *hole) bool {
		e, err := h.entry()
		if err != nil || e.GetHail() == nil {
			return false
		}
		return hail != nil && bytes.Equal(e.GetHail().Id, hail) || incident != nil && bytes.Equal(e.GetHail().Incident, incident)
	})
}

func (h *hole) entry() (*wire.Entry, error) {
	e := new(wire.Entry)
	return e, pb.Unmarshal(h.Entry, e)
}

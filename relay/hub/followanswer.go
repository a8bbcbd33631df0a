package hub

import (
	"bytes"

	"crossband/proto"
	"crossband/proto/wire"
)

// An answer to our request for a channel's group information goes by the bulk link, and
// commits that the hub has taken since may be here before it. Where members come and go
// all the time it would always be of yesterday; so these commits are kept, and followed
// once it is here. A hub is asked for one channel at a time.
const (
	maxKept       = 32        // commits
	maxKeptOctets = 512 << 10 // of them all
)

// keep keeps a commit that the answer under way may not know.
func (f *followed) keep(e *wire.Entry) {
	if f.request == 0 || len(f.later) == maxKept {
		return
	}
	octets := 0
	for _, kept := range append(f.later, e) {
		octets += len(kept.GetCommit().Message) + len(kept.GetCommit().GroupInfo)
	}
	if octets <= maxKeptOctets {
		f.later = append(f.later, commitWith(e.GetCommit().GroupInfo, e))
	}
}

// readRoster judges group information in full, as who joins does. It goes back to no
// epoch that had been left when it was asked for, and to no other group of the same epoch.
// Where the log has led on since, what is known stays. made is the log entry that made the
// epoch.
func (h *Hub) readRoster(ch *channel, b *wire.GroupInfo) (m *membership, made uint64, err error) {
	m, err = newMembership(b.GetGroupInfo(), b.GetRatchetTree(), ch.charter, ch.signed, h.judge, h.now)
	if err != nil {
		return nil, 0, err
	}
	m.since = m.epoch() // as far as is known here
	f := &ch.followed
	if m.epoch() < f.asked {
		return nil, 0, proto.Refusef(proto.ReasonStaleEpoch, "group information of epoch %d, %d was known", m.epoch(), f.asked)
	}
	was := f.members
	switch {
	case was == nil || m.epoch() > was.epoch():
		return m, b.GetHead(), nil
	case m.epoch() < was.epoch(): // the log has led on
		return was, f.epochSeq, nil
	case !bytes.Equal(m.group.Context().Bytes(), was.group.Context().Bytes()):
		return nil, 0, proto.Refusef(proto.ReasonViewsDiffer, "another group of epoch %d was known", m.epoch())
	}
	same := *was
	same.info = m.info
	return &same, b.GetHead(), nil
}

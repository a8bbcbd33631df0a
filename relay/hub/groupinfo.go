package hub

import (
	"crossband/proto"
	"crossband/proto/wire"
)

// groupInfo answers with what a joiner needs of a channel of ours.
func (h *Hub) groupInfo(l *link, ch *channel, f *wire.Frame, b *wire.FetchGroupInfo) error {
	if !ch.created {
		return proto.Refuse(proto.ReasonNoChannel, ch.id.Short())
	}
	if m := ch.hosted.members; m.info == nil { // the store has lost it
		return proto.Refusef(proto.ReasonLost, "the group information of epoch %d: any member's commit brings the next", m.epoch())
	}
	return h.describe(l, ch, f, b, ch.hosted.members, ch.hosted.epochSeq)
}

// toldTree is a membership's ratchet tree as it was told last: to write one of 500 members
// takes some milliseconds, in which nothing else is decided.
type toldTree struct {
	of     *membership
	octets []byte
}

// ratchetTree is a membership's, as joiners need it beside the group information.
func (ch *channel) ratchetTree(m *membership) []byte {
	if ch.told.of != m {
		ch.told = treeOf(m)
	}
	return ch.told.octets
}

func treeOf(m *membership) toldTree { return toldTree{m, m.group.Tree().AppendTo(nil)} }

// answerRest is room in an answer for what is neither group information, ratchet tree nor
// charter.
const answerRest = 1 << 10

// describe answers with the group information of a membership and, beside it, the
// ratchet tree, which a joiner compares with the hash that a member has signed: unless
// both are more than it asks for. made is the log entry that made the epoch.
func (h *Hub) describe(l *link, ch *channel, f *wire.Frame, b *wire.FetchGroupInfo, m *membership, made uint64) error {
	ratchetTree := ch.ratchetTree(m)
	n := len(m.info) + len(ratchetTree)
	switch {
	case b.Most > 0 && n > int(b.Most):
		return proto.Refusef(proto.ReasonTooLarge, "group information of more than %d octets", b.Most)
	case n+len(ch.signed) > proto.MaxFrame-answerRest:
		return proto.Refusef(proto.ReasonTooLarge, "group information of %d octets", n)
	}
	h.send(l, &wire.Frame{Re: f.Id, Body: &wire.Frame_GroupInfo{GroupInfo: &wire.GroupInfo{
		Channel: ch.id[:], GroupInfo: m.info, RatchetTree: ratchetTree, Charter: ch.signed, Head: made,
	}}})
	return nil
}

// groupInfoHere answers one of our endpoints that wants to join a channel that another
// agency owns: from what is known here, so that nothing large crosses the border while
// somebody waits to hear who talks. Where that is not what the hub has told last, or is
// older than the joiner needs, which has been refused with it, the hub is asked.
func (h *Hub) groupInfoHere(l *link, ch *channel, actor proto.Name, f *wire.Frame, b *wire.FetchGroupInfo) error {
	if m := ch.newest(b.FromEpoch); m != nil {
		return h.describe(l, ch, f, b, m, ch.followed.epochSeq)
	}
	return h.forwardUp(l, ch, actor, f)
}

// newest is a follower's roster while it is of the epoch that the hub has told last, and
// of none before from, with group information, and the hub's own word has not spoken
// against it; else nil. A hub that has been put back to an old store is behind it.
func (ch *channel) newest(from uint64) *membership {
	f, m := ch.followed, ch.followed.members
	if ch.up.state != upLive || m == nil || m.info == nil || f.doubted || m.epoch() != ch.up.epoch || m.epoch() < from {
		return nil
	}
	return m
}

// commitWith is an entry with other group information beside its commit, nil for none,
// and nothing else that who sent it may have put there. What is no commit stays as it is.
// The log has none; relays are fed it, and keep it for those of their endpoints that join.
func commitWith(groupInfo []byte, e *wire.Entry) *wire.Entry {
	c := e.GetCommit()
	if c == nil {
		return e
	}
	return &wire.Entry{Seq: e.Seq, TimeMs: e.TimeMs, Agency: e.Agency, Item: &wire.Entry_Commit{Commit: &wire.Commit{
		Channel: c.Channel, Id: c.Id, Epoch: c.Epoch, Message: c.Message, GroupInfo: groupInfo,
	}}}
}

// bare are new entries as a follower's endpoints are fed them.
func bare(b *wire.Entries) *wire.Entries {
	list := make([]*wire.Entry, len(b.Entries))
	for i, e := range b.Entries {
		list[i] = commitWith(nil, e)
	}
	return &wire.Entries{Channel: b.Channel, Entries: list, Head: b.Head, First: b.First}
}

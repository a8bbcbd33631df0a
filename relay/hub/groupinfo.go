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
	return h.describe(l, ch, f, b, ch.hosted.members, ch.hosted.epochSeq)
}

// describe answers with the group information of a membership and, beside it, the
// ratchet tree, which a joiner compares with the hash that a member has signed: unless
// both are more than it asks for. made is the log entry that made the epoch.
func (h *Hub) describe(l *link, ch *channel, f *wire.Frame, b *wire.FetchGroupInfo, m *membership, made uint64) error {
	ratchetTree := m.group.Tree().AppendTo(nil)
	if b.Most > 0 && len(m.info)+len(ratchetTree) > int(b.Most) {
		return proto.Refusef(proto.ReasonTooLarge, "group information of more than %d octets", b.Most)
	}
	h.send(l, &wire.Frame{Re: f.Id, Body: &wire.Frame_GroupInfo{GroupInfo: &wire.GroupInfo{
		Channel: ch.id[:], GroupInfo: m.info, RatchetTree: ratchetTree, Charter: ch.signed, Head: made,
	}}})
	return nil
}

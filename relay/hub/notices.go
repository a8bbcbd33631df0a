package hub

import (
	"cmp"
	"encoding/binary"
	"slices"
	"time"

	"crossband/proto"
)

// Change notices are documents that one agency makes alone, and so are the answers to
// them. The hub keeps them and hands them on; what a notice means for this relay is
// worked out elsewhere (relay/notices).

// noticeEvery is how often notices are looked through for those of no more use.
const noticeEvery = time.Minute

// noticeKey orders notices by when they were issued, so that one that replaces
// another comes after it.
func noticeKey(k []byte, n *proto.Notice) []byte {
	return append(binary.BigEndian.AppendUint64(k, uint64(n.Issued.Unix())), n.ID[:]...)
}

func answerKey(k []byte, a *proto.NoticeAnswer) []byte {
	return append(append(k, a.Notice[:]...), a.By...)
}

// placeNotice enters a notice. It drops nothing: one that another takes the place of
// stays as long as it could be brought again.
func (h *Hub) placeNotice(n *proto.Notice) error {
	if old := h.noticeHeld(n.Replaces); old != nil {
		switch {
		case old.Notice.Agency != n.Agency:
			return proto.Refusef(proto.ReasonNotice, "%s does not replace a notice of %s", n.Agency, old.Notice.Agency)
		case old.Notice.Issued.After(n.Issued):
			return proto.Refusef(proto.ReasonNotice, "%q was announced after what is to replace it", old.Notice.Title)
		}
	}
	held := 0
	for _, d := range h.documents.held {
		if d.Notice != nil && d.Notice.Agency == n.Agency {
			held++
		}
	}
	if held >= proto.MaxNotices {
		return proto.Refusef(proto.ReasonQuota, "%d notices of %s", held, n.Agency)
	}
	return nil
}

// placeAnswer enters an answer; it takes the place of an earlier one of the agency.
func (h *Hub) placeAnswer(a *proto.NoticeAnswer) (replaced []*heldDocument, err error) {
	d := h.noticeHeld(a.Notice)
	switch {
	case d == nil:
		return nil, proto.Refusef(proto.ReasonNotice, "an answer of %s to a notice %s of %s, which is not held", a.By, a.Notice.Short(), a.Of)
	case d.Notice.Agency != a.Of || !slices.Contains(d.Notice.To, a.By):
		return nil, proto.Refusef(proto.ReasonNotice, "the notice %q of %s does not concern %s", d.Notice.Title, d.Notice.Agency, a.By)
	}
	if a.Issued.Before(d.Notice.Issued.Add(-proto.NoticeSkew)) {
		return nil, proto.Refusef(proto.ReasonNotice, "an answer of %s from before %q was announced", a.By, d.Notice.Title)
	}
	old := h.answerHeld(a.Notice, a.By)
	if old == nil {
		return nil, nil
	}
	if !old.NoticeAnswer.Issued.Before(a.Issued) {
		return nil, proto.Refusef(proto.ReasonNotice, "%s has answered %q since", a.By, d.Notice.Title)
	}
	return []*heldDocument{old}, nil
}

// freshNotice refuses a notice that nobody needs any more.
func (h *Hub) freshNotice(d *heldDocument) error {
	if d.Notice != nil && !h.now.Before(d.Ends.Add(proto.NoticeLife)) {
		return proto.Refusef(proto.ReasonNotice, "%q is over since %s", d.Notice.Title, d.Ends.UTC().Format(time.RFC3339))
	}
	return nil
}

// tickNotices forgets the notices that have been over for a while, and their answers.
func (h *Hub) tickNotices() {
	if !h.every(noticeEvery) {
		return
	}
	var over []*heldDocument
	ends := h.documents.noticeEnds()
	for _, d := range h.documents.sorted {
		about := proto.NoticeID{}
		switch {
		case d.Notice != nil:
			about = d.Notice.ID
		case d.NoticeAnswer != nil:
			about = d.NoticeAnswer.Notice
		default:
			continue
		}
		if !h.now.Before(ends[about].Add(proto.NoticeLife)) {
			over = append(over, d)
		}
	}
	for _, d := range over {
		h.dropDocument(d)
	}
}

// underWay lists the notices of some agencies whose change is under way, and of which
// no other takes the place, in the order in which they are stored.
func (h *Hub) underWay(agencies []proto.Agency) (list []*heldDocument) {
	replaced := make(map[proto.NoticeID]bool)
	for _, d := range h.documents.held {
		switch n := d.Notice; {
		case n == nil || !slices.Contains(agencies, n.Agency):
		case n.Stage(h.now) == proto.StageBegun && n.Kind != proto.NoticeWithdrawn:
			list = append(list, d)
			fallthrough
		default:
			replaced[n.Replaces] = true
		}
	}
	list = slices.DeleteFunc(list, func(d *heldDocument) bool { return replaced[d.Notice.ID] })
	slices.SortFunc(list, func(a, b *heldDocument) int { return cmp.Compare(string(a.key()), string(b.key())) })
	return list
}

// NoticeSummary is a change notice as it is held here.
type NoticeSummary struct {
	proto.Notice
	Came       time.Time
	ReplacedBy proto.NoticeID       // zero: none, it counts
	Answers    []proto.NoticeAnswer // in the order of the agencies
}

// noticeSummaries lists the notices held, by agency and beginning.
func (h *Hub) noticeSummaries() (list []NoticeSummary) {
	answers := make(map[proto.NoticeID][]proto.NoticeAnswer)
	type place struct {
		of proto.Agency
		id proto.NoticeID
	}
	replaced := make(map[place]proto.NoticeID)
	for _, d := range h.documents.held {
		switch {
		case d.NoticeAnswer != nil:
			answers[d.NoticeAnswer.Notice] = append(answers[d.NoticeAnswer.Notice], *d.NoticeAnswer)
		case d.Notice != nil && d.Notice.Replaces != proto.NoticeID{}:
			replaced[place{d.Issuer, d.Notice.Replaces}] = d.Notice.ID
		}
	}
	for _, d := range h.documents.held {
		if d.Notice == nil {
			continue
		}
		s := NoticeSummary{Notice: *d.Notice, Came: d.came, ReplacedBy: replaced[place{d.Issuer, d.Notice.ID}], Answers: answers[d.Notice.ID]}
		slices.SortFunc(s.Answers, func(a, b proto.NoticeAnswer) int { return cmp.Compare(a.By, b.By) })
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b NoticeSummary) int {
		return cmp.Or(cmp.Compare(a.Agency, b.Agency), a.Begins.Compare(b.Begins), cmp.Compare(string(a.ID[:]), string(b.ID[:])))
	})
	return list
}

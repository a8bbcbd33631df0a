package hub

import (
	"cmp"
	"slices"
	"time"

	"crossband/proto"
)

// documents are those held, by their identifiers, by what they are about, and in the
// order in which they are handed out: each link that comes up gets them all.
type documents struct {
	held    map[proto.DocumentID]*heldDocument
	byKey   map[string]*heldDocument // one of a key
	notices map[proto.NoticeID]*heldDocument
	sorted  []*heldDocument // by key
}

func newDocuments() documents {
	return documents{held: make(map[proto.DocumentID]*heldDocument), byKey: make(map[string]*heldDocument), notices: make(map[proto.NoticeID]*heldDocument)}
}

// enter takes a document into every table.
func (t *documents) enter(d *heldDocument) {
	d.place = string(d.key())
	t.held[d.ID], t.byKey[d.place] = d, d
	if d.Notice != nil {
		t.notices[d.Notice.ID] = d
	}
	at, _ := t.find(d.place)
	t.sorted = slices.Insert(t.sorted, at, d)
}

// leave takes a document out of every table.
func (t *documents) leave(d *heldDocument) {
	delete(t.held, d.ID)
	delete(t.byKey, d.place)
	if d.Notice != nil {
		delete(t.notices, d.Notice.ID)
	}
	if at, ok := t.find(d.place); ok {
		t.sorted = slices.Delete(t.sorted, at, at+1)
	}
}

func (t *documents) find(place string) (int, bool) {
	return slices.BinarySearchFunc(t.sorted, place, func(d *heldDocument, p string) int { return cmp.Compare(d.place, p) })
}

// at returns the document held in the place that one like d would have, or nil.
func (t *documents) at(d proto.Document) *heldDocument {
	return t.byKey[string((&heldDocument{Document: d}).key())]
}

// agreementHeld returns a revision of an agreement, or nil.
func (h *Hub) agreementHeld(id proto.AgreementID, revision uint32) *heldDocument {
	return h.documents.at(proto.Document{Kind: proto.DocumentAgreement, Agreement: &proto.Agreement{ID: id, Revision: revision}})
}

// withdrawalHeld returns an agency's withdrawal from an agreement, or nil.
func (h *Hub) withdrawalHeld(id proto.AgreementID, by proto.Agency) *heldDocument {
	return h.documents.at(proto.Document{Kind: proto.DocumentWithdrawal, Issuer: by, Withdrawal: &proto.Withdrawal{Agreement: id, By: by}})
}

// answerHeld returns an agency's answer to a notice, or nil.
func (h *Hub) answerHeld(id proto.NoticeID, by proto.Agency) *heldDocument {
	return h.documents.at(proto.Document{Kind: proto.DocumentNoticeAnswer, NoticeAnswer: &proto.NoticeAnswer{Notice: id, By: by}})
}

func (h *Hub) noticeHeld(id proto.NoticeID) *heldDocument { return h.documents.notices[id] }

// noticeEnds works out when each notice is of no use any more: with its own end, and
// not before the end of one that it replaces, which would else count again.
func (t *documents) noticeEnds() map[proto.NoticeID]time.Time {
	ends := make(map[proto.NoticeID]time.Time, len(t.notices))
	var chain []*proto.Notice // from a notice to the first before it whose end is known
	for _, d := range t.notices {
		n := d.Notice
		for range len(t.notices) {
			if _, known := ends[n.ID]; known {
				break
			}
			chain = append(chain, n)
			old := t.notices[n.Replaces]
			if old == nil {
				break
			}
			n = old.Notice
		}
		for i := len(chain) - 1; i >= 0; i-- {
			n := chain[i]
			if ends[n.ID] = n.Ends; ends[n.Replaces].After(n.Ends) {
				ends[n.ID] = ends[n.Replaces]
			}
		}
		chain = chain[:0]
	}
	return ends
}

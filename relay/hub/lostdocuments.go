package hub

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"crossband/proto"
)

// lostDocuments is what is known of documents that the store has lost: the names of
// their records say what they were. Nothing that was ended may run again because a
// record was damaged. It is found anew at each start.
type lostDocuments struct {
	revisions   map[proto.AgreementID]uint32          // the newest lost: none before it takes its place
	withdrawals map[proto.AgreementID][]proto.Agency  // who has withdrawn, nobody knows as of when
	waiting     map[proto.AgreementID][]*heldDocument // withdrawals that are held, and their agreement is not
}

func newLostDocuments() lostDocuments {
	return lostDocuments{make(map[proto.AgreementID]uint32), make(map[proto.AgreementID][]proto.Agency), make(map[proto.AgreementID][]*heldDocument)}
}

// loseDocument takes in the name of a document's record that cannot be served.
func (h *Hub) loseDocument(key []byte) {
	what := "a document"
	const named = 1 + len(proto.AgreementID{})
	if len(key) > named {
		kind, id, rest := proto.DocumentKind(key[0]), proto.AgreementID(key[1:named]), key[named:]
		switch by, err := proto.ParseAgency(string(rest)); {
		case kind == proto.DocumentAgreement && len(rest) == 4:
			if what = h.loseAgreement(id, binary.BigEndian.Uint32(rest)); what == "" {
				return
			}
		case kind == proto.DocumentWithdrawal && err == nil:
			if h.withdrawalHeld(id, by) != nil {
				return // it was brought again
			}
			what = fmt.Sprintf("withdrawal of %s from agreement %s: nothing that rests on it runs until it is brought again", by, id.Short())
			h.lostDocuments.withdrawals[id] = append(h.lostDocuments.withdrawals[id], by)
			h.suspend(id)
			h.findEnds()
		}
	}
	h.emit(Audit{Actor: h.self, Kind: proto.KindDocument, What: "stored record lost", Alarm: true, Refusal: proto.Refuse(proto.ReasonLost, what)})
}

// loseAgreement says what the loss of a revision means; empty: it was brought again.
func (h *Hub) loseAgreement(id proto.AgreementID, revision uint32) string {
	if h.agreementHeld(id, revision) != nil {
		return ""
	}
	what := fmt.Sprintf("agreement %s revision %d", id.Short(), revision)
	pact := h.pacts[id]
	if pact != nil && pact.Revisions[len(pact.Revisions)-1].Revision > revision {
		return what + ": a later one is held"
	}
	h.lostDocuments.revisions[id] = max(revision, h.lostDocuments.revisions[id])
	if pact != nil {
		return what + ": an earlier one stands in its place until it is brought again"
	}
	return what + ": nothing that rests on it runs until it is brought again"
}

// suspend ends an agreement now from which a party has withdrawn whose word is lost: it
// may have ended long ago.
func (h *Hub) suspend(id proto.AgreementID) {
	for _, by := range h.lostDocuments.withdrawals[id] {
		w := proto.Withdrawal{Agreement: id, By: by, At: h.now, Issued: h.now, Why: "as of when is lost"}
		_ = h.pacts.TakeWithdrawal(w, time.Time{}) // refused if the agreement is not held, or by a name that is no party
	}
}

// placeWithdrawal enters a party's withdrawal, the first or one that hastens it. It
// takes the place of what stands for a lost one.
func (h *Hub) placeWithdrawal(d *heldDocument) (replaced []*heldDocument, err error) {
	id, by := d.Withdrawal.Agreement, d.Withdrawal.By
	pact, lost := h.pacts[id], h.lostDocuments.withdrawals[id]
	if pact != nil && slices.Contains(lost, by) {
		h.pacts[id] = &proto.Pact{Revisions: pact.Revisions, Withdrawals: slices.DeleteFunc(slices.Clone(pact.Withdrawals), func(w proto.HeldWithdrawal) bool { return w.By == by })}
	}
	if err := h.pacts.TakeWithdrawal(*d.Withdrawal, d.came); err != nil {
		if pact != nil {
			h.pacts[id] = pact
		}
		return nil, err
	}
	h.lostDocuments.withdrawals[id] = slices.DeleteFunc(lost, func(a proto.Agency) bool { return a == by })
	d.came = h.pacts[id].WithdrawalOf(by).Came
	if old := h.withdrawalHeld(id, by); old != nil {
		replaced = append(replaced, old)
	}
	return replaced, nil
}

// notBehindLost refuses a revision that another had replaced which is lost.
func (h *Hub) notBehindLost(d *heldDocument) error {
	if a := d.Agreement; a != nil && a.Revision < h.lostDocuments.revisions[a.ID] {
		return proto.Refusef(proto.ReasonLost, "revision %d of %q, which has replaced revision %d", h.lostDocuments.revisions[a.ID], a.Title, a.Revision)
	}
	return nil
}

// foundAgain enters what waited for an agreement that has been brought again. It
// returns the withdrawals that count again.
func (h *Hub) foundAgain(d *heldDocument) (again []*heldDocument) {
	if d.Agreement == nil {
		return nil
	}
	id, lost := d.Agreement.ID, &h.lostDocuments
	if d.Agreement.Revision >= lost.revisions[id] {
		delete(lost.revisions, id)
	}
	for _, w := range lost.waiting[id] {
		if h.pacts.TakeWithdrawal(*w.Withdrawal, w.came) == nil {
			h.documents.enter(w)
			again = append(again, w)
		}
	}
	delete(lost.waiting, id)
	h.suspend(id)
	return again
}

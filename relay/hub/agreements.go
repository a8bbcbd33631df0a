package hub

import "crossband/proto"

// placeAgreement enters an agreement that every party has signed.
func (h *Hub) placeAgreement(d *heldDocument) (replaced []*heldDocument, err error) {
	gone, err := h.pacts.Take(*d.Agreement, d.came)
	if err != nil {
		return nil, err
	}
	for _, revision := range gone {
		if old := h.agreementHeld(d.Agreement.ID, revision); old != nil {
			replaced = append(replaced, old)
		}
	}
	return replaced, nil
}

func (h *Hub) agreementHeld(id proto.AgreementID, revision uint32) *heldDocument {
	for _, d := range h.documents.held {
		if a := d.Agreement; a != nil && a.ID == id && a.Revision == revision {
			return d
		}
	}
	return nil
}

// heldAnew reports whether the very text of an agreement is held under other
// signatures. Those that are held stay as long as they are good: two relays that
// each hold others would hand them to and fro.
func (h *Hub) heldAnew(d *heldDocument) bool {
	if d.Agreement == nil {
		return false
	}
	old := h.agreementHeld(d.Agreement.ID, d.Agreement.Revision)
	if old == nil || old.Agreement.Digest != d.Agreement.Digest {
		return false
	}
	if _, err := h.judge.Document(old.Kind, old.signed, h.now); err != nil {
		d.came = old.came
		h.dropDocument(old)
		h.keepDocument(d)
	}
	return true
}

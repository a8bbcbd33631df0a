package hub

import "crossband/proto"

// The text of a document has one meaning, and any number of signatures: a signer may
// sign it again, and of every ECDSA signature (r, s) whoever has it can make another
// that is good, (r, n-s). What is held stays as it is under the signatures with which
// it came as long as they are good: two relays that each hold others would hand them
// to and fro. They are looked at again only after something has changed what is good.

// doubts are the agreements held whose signatures are to be looked at again, or are
// known to be bad. It is no part of what a refusal leaves as it was: it says what
// a look has found.
type doubts map[proto.DocumentID]verdict

type verdict uint8

const (
	unsure verdict = iota + 1 // not looked at since trust has changed
	spoilt                    // a signer's certificate has been revoked, or its agency is trusted no more
)

// doubt notes that trust or revocations have changed. Each agreement is looked at when
// it comes again, at most once for each change.
func (h *Hub) doubt() {
	for id, d := range h.documents.held {
		if d.Agreement != nil {
			h.doubts[id] = unsure
		}
	}
}

// stillGood reports whether the signatures with which a document is held are good.
func (h *Hub) stillGood(d *heldDocument) bool {
	if h.doubts[d.ID] == unsure {
		if _, err := h.judge.Document(d.Kind, d.signed, h.now); err != nil {
			h.doubts[d.ID] = spoilt
		} else {
			delete(h.doubts, d.ID)
		}
	}
	return h.doubts[d.ID] != spoilt
}

// resign keeps a document under other signatures, which have been judged.
func (h *Hub) resign(old, d *heldDocument) {
	d.came = old.came
	h.dropDocument(old)
	h.keepDocument(d)
}

// heldText returns the document held that says the very same, or nil.
func (h *Hub) heldText(d *heldDocument) *heldDocument {
	switch {
	case d.Agreement != nil:
		if old := h.agreementHeld(d.Agreement.ID, d.Agreement.Revision); old != nil && old.Agreement.Digest == d.Agreement.Digest {
			return old
		}
	case d.Withdrawal != nil:
		if old := h.withdrawalHeld(d.Withdrawal.Agreement, d.Withdrawal.By); old != nil && sameWithdrawal(old.Withdrawal, d.Withdrawal) {
			return old
		}
	case d.Notice != nil:
		return h.noticeHeld(d.Notice.ID)
	case d.NoticeAnswer != nil:
		if old := h.answerHeld(d.NoticeAnswer.Notice, d.NoticeAnswer.By); old != nil && sameAnswer(old.NoticeAnswer, d.NoticeAnswer) {
			return old
		}
	}
	return nil
}

func sameWithdrawal(a, b *proto.Withdrawal) bool {
	return a.At.Equal(b.At) && a.Issued.Equal(b.Issued) && a.Why == b.Why
}

func sameAnswer(a, b *proto.NoticeAnswer) bool {
	return a.Of == b.Of && a.Objects == b.Objects && a.Text == b.Text && a.Issued.Equal(b.Issued)
}

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

// heldAnew takes in a document whose text is held. Unless what is held is known to be
// bad it changes nothing.
func (h *Hub) heldAnew(l *link, old, d *heldDocument) error {
	if h.doubts[old.ID] == unsure {
		if err := h.spendSignatures(l, old); err != nil {
			return err
		}
		if _, err := h.judge.Document(old.Kind, old.signed, h.now); err != nil {
			h.doubts[old.ID] = spoilt
		} else {
			delete(h.doubts, old.ID)
		}
	}
	if h.doubts[old.ID] != spoilt {
		return nil
	}
	if err := h.judgeDocument(l, d); err != nil {
		return err
	}
	d.came = old.came
	h.dropDocument(old)
	h.keepDocument(d)
	return nil
}

// spendSignatures takes what it costs to judge a document from who brings it.
func (h *Hub) spendSignatures(l *link, d *heldDocument) error {
	signatures := 1
	if d.Agreement != nil {
		signatures = len(d.Agreement.Signers())
	}
	return h.quotas.spendOwn(h.now, l, h.isPeer(l), useJudge, signatures)
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

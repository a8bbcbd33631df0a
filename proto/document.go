package proto

import (
	"crypto/sha256"
	"time"
)

// DocumentKind says what a signed document is. The numbers cross the wire.
type DocumentKind uint8

// The kinds of signed document that relays keep and hand on.
const (
	DocumentAgreement  DocumentKind = 1
	DocumentWithdrawal DocumentKind = 2

	DocumentNotice       DocumentKind = 3 // a change notice
	DocumentNoticeAnswer DocumentKind = 4
)

// String is the kind in one word.
func (k DocumentKind) String() string {
	switch k {
	case DocumentAgreement:
		return "agreement"
	case DocumentWithdrawal:
		return "withdrawal"
	case DocumentNotice:
		return "change notice"
	case DocumentNoticeAnswer:
		return "answer to a change notice"
	}
	return "unknown document"
}

// ParseDocumentKind reads a kind that crossed the wire.
func ParseDocumentKind(n int32) (DocumentKind, error) {
	k := DocumentKind(octet(uint32(n)))
	if k < DocumentAgreement || k > DocumentNoticeAnswer {
		return 0, Refusef(ReasonUnknown, "document of kind %d", n)
	}
	return k, nil
}

// Document is a signed document as its judge has read it: what a relay must know
// to keep it and to hand it on, and the rules that it holds.
type Document struct {
	Kind     DocumentKind
	ID       DocumentID
	Issuer   Agency   // who made it alone; empty: several agencies together
	Concerns []Agency // whose relays and endpoints get it; none: those of the agreement that it is about
	Ends     time.Time

	Agreement  *Agreement  // of DocumentAgreement
	Withdrawal *Withdrawal // of DocumentWithdrawal

	Notice       *Notice       // of DocumentNotice
	NoticeAnswer *NoticeAnswer // of DocumentNoticeAnswer
}

// DocumentIDOf returns the identifier of a document.
func DocumentIDOf(k DocumentKind, signed []byte) DocumentID {
	return sha256.Sum256(append([]byte{byte(k)}, signed...))
}

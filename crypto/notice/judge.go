package notice

import (
	"time"

	"crossband/crypto/identity"
	"crossband/proto"
)

// Skew is how far ahead of ours a signer's clock may be.
const Skew = 15 * time.Minute

// Judge judges notices and answers by a trust store. It serves hubs and members
// alike.
type Judge struct{ Trust *identity.TrustStore }

// Document reads a document and judges its signature at now. The signer's chain is
// judged as of the time of issue, because a notice outlives the short-lived
// certificate that signed it, and by what has been revoked as of now. Only the
// authority of the agency that the text names may have signed.
func (j Judge) Document(kind proto.DocumentKind, signed []byte, now time.Time) (proto.Document, error) {
	d, err := j.ReadDocument(kind, signed)
	if err != nil {
		return proto.Document{}, err
	}
	context, issued := contextNotice, time.Time{}
	if d.Notice != nil {
		issued = d.Notice.Issued
	} else {
		context, issued = contextAnswer, d.NoticeAnswer.Issued
	}
	if issued.After(now.Add(Skew)) {
		return proto.Document{}, proto.Refusef(proto.ReasonNotYetValid, "%s of %s from %s", d.Kind, d.Issuer, issued.Format(timeForm))
	}
	if err := j.signature(context, signed, d.Issuer, earlier(issued, now)); err != nil {
		return proto.Document{}, err
	}
	return d, nil
}

func (j Judge) signature(context string, signed []byte, agency proto.Agency, at time.Time) error {
	text, s, err := split(signed)
	if err != nil {
		return err
	}
	s.Payload = text
	_, signer, err := j.Trust.VerifySigned(context, s.Encode(), at)
	if err != nil {
		return err
	}
	if signer.Agency != agency || signer.Role != proto.RoleAuthority {
		return proto.Refusef(proto.ReasonNotice, "%s signed for %s", signer, agency)
	}
	return nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// ReadDocument reads a document and judges no signature: for what was judged before
// it was stored.
func (j Judge) ReadDocument(kind proto.DocumentKind, signed []byte) (proto.Document, error) {
	text, _, err := split(signed)
	if err != nil {
		return proto.Document{}, err
	}
	d := proto.Document{Kind: kind, ID: proto.DocumentIDOf(kind, signed)}
	switch kind {
	case proto.DocumentNotice:
		n, err := Read(text)
		if err != nil {
			return proto.Document{}, err
		}
		d.Notice, d.Issuer, d.Concerns, d.Ends = &n, n.Agency, n.Concerned(), n.Ends
	case proto.DocumentNoticeAnswer:
		a, err := ReadAnswer(text)
		if err != nil {
			return proto.Document{}, err
		}
		d.NoticeAnswer, d.Issuer, d.Concerns = &a, a.By, []proto.Agency{a.By, a.Of}
	default:
		return proto.Document{}, proto.Refusef(proto.ReasonUnknown, "document of kind %d", kind)
	}
	return d, nil
}

package agreement

import (
	"slices"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/crypto/identity"
	"crossband/proto"
	"crossband/proto/wire"
)

// Skew is how far ahead of ours a signer's clock may be.
const Skew = 15 * time.Minute

// Judge judges documents by a trust store. It serves hubs and members alike.
type Judge struct{ Trust *identity.TrustStore }

// Document reads a document and judges its signatures at now. Of an agreement every
// signer's must be there and good; each chain is judged as of the time of its
// signature, because an agreement outlives the short-lived certificates that signed
// it, and by what has been revoked as of now.
func (j Judge) Document(kind proto.DocumentKind, signed []byte, now time.Time) (proto.Document, error) {
	d, err := j.ReadDocument(kind, signed)
	if err != nil {
		return proto.Document{}, err
	}
	if kind == proto.DocumentWithdrawal {
		return j.withdrawal(d, signed, now)
	}
	f, err := Parse(signed)
	if err != nil {
		return proto.Document{}, err
	}
	if missing := f.Missing(); len(missing) > 0 {
		return proto.Document{}, proto.Refusef(proto.ReasonNoAgreement, "%q lacks the signature of %s", f.Agreement.Title, missing[0])
	}
	// Our own first: nobody else can make it, so that nothing costs more than one
	// signature to refuse unless our authority has signed it.
	own := j.Trust.Own().Agency
	slices.SortStableFunc(f.Signatures, func(a, b Signature) int {
		if (a.Agency == own) == (b.Agency == own) {
			return 0
		} else if a.Agency == own {
			return -1
		}
		return 1
	})
	for i := range f.Signatures {
		if err := j.Signature(&f, &f.Signatures[i], now); err != nil {
			return proto.Document{}, err
		}
	}
	return d, nil
}

// Signature judges one signature of a file.
func (j Judge) Signature(f *File, s *Signature, now time.Time) error {
	if s.At.After(now.Add(Skew)) {
		return proto.Refusef(proto.ReasonNotYetValid, "signature of %s from %s", s.Agency, s.At.Format(time.RFC3339))
	}
	whole, err := identity.ParseSigned(s.octets)
	if err != nil {
		return err
	}
	whole.Payload = payload(s.Agency, s.At, f.Text)
	_, signer, err := j.Trust.VerifySigned(context, whole.Encode(), earlier(s.At, now))
	if err != nil {
		return err
	}
	return mayIssue(signer, s.Agency)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// mayIssue lets an agency's authority speak for it, and nobody else.
func mayIssue(signer proto.Name, agency proto.Agency) error {
	if signer.Agency != agency || signer.Role != proto.RoleAuthority {
		return proto.Refusef(proto.ReasonAgreement, "%s signed for %s", signer, agency)
	}
	return nil
}

// ReadDocument reads a document and judges no signature: for what was judged
// before it was stored.
func (j Judge) ReadDocument(kind proto.DocumentKind, signed []byte) (proto.Document, error) {
	d := proto.Document{Kind: kind, ID: proto.DocumentIDOf(kind, signed)}
	switch kind {
	case proto.DocumentAgreement:
		f, err := Parse(signed)
		if err != nil {
			return proto.Document{}, err
		}
		d.Agreement, d.Concerns, d.Ends = &f.Agreement, f.Agreement.Signers(), f.Agreement.Ends
		return d, nil
	case proto.DocumentWithdrawal:
		w, err := readWithdrawal(signed)
		if err != nil {
			return proto.Document{}, err
		}
		d.Withdrawal, d.Issuer = &w, w.By
		return d, nil
	}
	return proto.Document{}, proto.Refusef(proto.ReasonUnknown, "document of kind %d", kind)
}

// contextWithdrawal separates the signature of a withdrawal from every other.
const contextWithdrawal = "crossband withdrawal 1"

// maxWithdrawal bounds a signed withdrawal, in octets: a reason and the longest chain.
const maxWithdrawal = 1<<10 + identity.MaxChainBytes

// Withdraw signs an agency's withdrawal from an agreement as of at.
func Withdraw(id *identity.Identity, a *proto.Agreement, at, now time.Time, why string) ([]byte, error) {
	agency := id.Name.Agency
	switch {
	case id.Name.Role != proto.RoleAuthority || !a.HasParty(agency):
		return nil, proto.Refusef(proto.ReasonAgreement, "%s may not withdraw from %q: the authority of a party does", id.Name, a.Title)
	case at.Before(now.Add(a.Countdown)):
		return nil, proto.Refusef(proto.ReasonAgreement, "%q ends %v after it is withdrawn, at the earliest", a.Title, a.Countdown)
	case len(why) > proto.MaxWithdrawalWhy || plain([]byte(why)) != nil:
		return nil, bad("reason: at most %d octets of Latin letters", proto.MaxWithdrawalWhy)
	}
	octets, err := pb.MarshalOptions{Deterministic: true}.Marshal(&wire.Withdrawal{
		Agreement: a.ID[:], AtMs: at.UnixMilli(), IssuedMs: now.UnixMilli(), Why: why,
	})
	if err != nil {
		return nil, bad("withdrawal cannot be encoded")
	}
	s, err := id.Sign(contextWithdrawal, octets)
	if err != nil {
		return nil, err
	}
	return s.Encode(), nil
}

func readWithdrawal(signed []byte) (w proto.Withdrawal, err error) {
	if len(signed) > maxWithdrawal {
		return w, proto.Refusef(proto.ReasonTooLarge, "withdrawal of %d octets, limit %d", len(signed), maxWithdrawal)
	}
	s, err := identity.ParseSigned(signed)
	if err != nil {
		return w, err
	}
	m := new(wire.Withdrawal)
	if err := pb.Unmarshal(s.Payload, m); err != nil || len(m.ProtoReflect().GetUnknown()) > 0 {
		return w, bad("withdrawal")
	}
	if w.Agreement, err = proto.AgreementIDFrom(m.Agreement); err != nil {
		return w, err
	}
	if len(m.Why) > proto.MaxWithdrawalWhy || plain([]byte(m.Why)) != nil {
		return w, bad("withdrawal's reason")
	}
	w.At, w.Issued, w.Why = time.UnixMilli(m.AtMs), time.UnixMilli(m.IssuedMs), m.Why
	name, err := s.Signer()
	w.By = name.Agency
	return w, err
}

func (j Judge) withdrawal(d proto.Document, signed []byte, now time.Time) (proto.Document, error) {
	w := d.Withdrawal
	if w.Issued.After(now.Add(Skew)) {
		return proto.Document{}, proto.Refusef(proto.ReasonNotYetValid, "withdrawal of %s from %s", w.By, w.Issued.UTC().Format(time.RFC3339))
	}
	_, signer, err := j.Trust.VerifySigned(contextWithdrawal, signed, earlier(w.Issued, now))
	if err != nil {
		return proto.Document{}, err
	}
	return d, mayIssue(signer, w.By)
}

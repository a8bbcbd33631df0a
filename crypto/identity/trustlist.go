package identity

import (
	"crypto/x509"
	"slices"
	"time"

	"crossband/proto"
)

// MaxTrustList is the most octets of a trust list.
const MaxTrustList = 768 << 10

// TrustList is an agency's list, for its own devices and relays, of the
// bundles it trusts: its own first, then its partners' by agency name. It
// travels through relays, which cannot change it.
type TrustList struct {
	Agency   proto.Agency // whose list it is
	Sequence uint64       // grows with every list
	Issued   time.Time
	Bundles  []*Bundle

	raw    []byte
	signer *x509.Certificate // set once verified
}

func (l *TrustList) payload() []byte {
	e := newEncoder()
	e.text(string(l.Agency))
	e.u64(l.Sequence)
	e.time(l.Issued)
	e.u64(uint64(len(l.Bundles)))
	for _, b := range l.Bundles {
		e.bytes(b.text)
	}
	return e.b
}

// Encode returns the list as it was signed.
func (l *TrustList) Encode() []byte { return slices.Clone(l.raw) }

// parseTrustList decodes the frame of a list and its first bundle, the own
// one; the others are returned as files, to be parsed when the signature has
// been found good.
func parseTrustList(data []byte) (l *TrustList, partners [][]byte, s Signed, err error) {
	if s, err = parseSigned("trust list", data, MaxTrustList); err != nil {
		return nil, nil, Signed{}, err
	}
	d := newDecoder("trust list", s.Payload, MaxTrustList)
	l = &TrustList{raw: slices.Clone(data)}
	l.Agency = d.agency()
	l.Sequence, l.Issued = d.u64(), d.time()
	for range d.count(MaxAgencies) {
		partners = append(partners, d.bytes(MaxBundle))
	}
	if err := d.end(); err != nil {
		return nil, nil, Signed{}, err
	}
	if len(partners) == 0 {
		return nil, nil, Signed{}, refuse(Malformed, "trust list of %s lacks its own bundle", l.Agency)
	}
	own, err := ParseBundle(partners[0])
	if err != nil {
		return nil, nil, Signed{}, within("trust list", err)
	}
	if own.Agency != l.Agency {
		return nil, nil, Signed{}, refuse(Malformed, "trust list of %s begins with the bundle of %s", l.Agency, own.Agency)
	}
	l.Bundles = []*Bundle{own}
	return l, partners[1:], s, nil
}

// addPartners parses the bundles after the own one, which are in order.
func (l *TrustList) addPartners(files [][]byte) error {
	for i, f := range files {
		b, err := ParseBundle(f)
		if err != nil {
			return within("trust list", err)
		}
		if b.Agency == l.Agency || i > 0 && b.Agency <= l.Bundles[i].Agency {
			return refuse(Malformed, "trust list of %s is out of order at %s", l.Agency, b.Agency)
		}
		l.Bundles = append(l.Bundles, b)
	}
	return nil
}

// VerifyTrustList decodes a trust list and verifies it at now against the own
// agency's bundle as known so far. A list whose root is another one, without
// roll-overs from the known one, is refused as PinChanged; one that does not
// have a sequence number above last as Stale.
func VerifyTrustList(data []byte, own *Bundle, last uint64, now time.Time) (*TrustList, error) {
	l, err := verifyTrustList(data, own.Agency, own.Fingerprint(), now)
	if err != nil {
		return nil, err
	}
	if l.Sequence <= last {
		return nil, refuse(Stale, "trust list %d of %s does not follow list %d, which is held", l.Sequence, l.Agency, last)
	}
	if l.Bundles[0].Sequence < own.Sequence {
		return nil, refuse(Stale, "trust list %d of %s holds its own bundle %d, but bundle %d is known", l.Sequence, l.Agency, l.Bundles[0].Sequence, own.Sequence)
	}
	return l, nil
}

func verifyTrustList(data []byte, own proto.Agency, root Fingerprint, now time.Time) (*TrustList, error) {
	l, partners, s, err := parseTrustList(data)
	if err != nil {
		return nil, err
	}
	if l.Agency != own {
		return nil, refuse(WrongAgency, "trust list of %s, only the own agency %s may say whom to trust", l.Agency, own)
	}
	if !l.Bundles[0].descends(root) {
		return nil, refuse(PinChanged, "trust list of %s has another root, %s, and no roll-over that leads to it", own, l.Bundles[0].Fingerprint())
	}
	if l.signer, err = l.Bundles[0].authoritySigner(s, contextTrust, now); err != nil {
		return nil, within("trust list of "+string(own), err)
	}
	if err := l.addPartners(partners); err != nil {
		return nil, err
	}
	return l, nil
}

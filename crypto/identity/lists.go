package identity

import (
	"bytes"
	"path/filepath"
	"slices"
	"time"

	"crossband/proto"
)

// freshFor is how long a list is given out before it is signed anew with a
// later date.
const freshFor = 24 * time.Hour

// signAs signs one of the authority's own documents.
func signAs(by issuer, context string, payload []byte, most int) ([]byte, error) {
	sig, err := sign(by.key, context, payload)
	if err != nil {
		return nil, err
	}
	raw := Signed{payload, [][]byte{by.cert.Raw}, sig}.Encode()
	if len(raw) > most {
		return nil, refuse(TooLarge, "%s of %d octets, at most %d are allowed", context, len(raw), most)
	}
	return raw, nil
}

// Revoke takes back every certificate that name holds at now and returns the
// new revocation list, which is on disk. It belongs to the agency's relays
// and partners at once. The name can be invited again later.
func (a *Authority) Revoke(name proto.Name, now time.Time) ([]byte, error) {
	if err := a.checkName(name); err != nil {
		return nil, err
	}
	return a.reviseRevocations(now, Revocation{Name: name, At: now})
}

// RevocationLists returns the agency's newest lists, signed anew if they are
// more than a day old.
func (a *Authority) RevocationLists(now time.Time) ([][]byte, error) {
	held, err := a.revocations()
	if err != nil {
		return nil, err
	}
	by, err := a.issuing(now)
	if err != nil {
		return nil, err
	}
	var all [][]byte
	if l := held.byIssuing; l != nil && l.signer.Equal(by.cert) && now.Before(l.Issued.Add(freshFor)) {
		all = append(all, l.raw)
	} else {
		raw, err := a.reviseRevocations(now)
		if err != nil {
			return nil, err
		}
		all = append(all, raw)
	}
	if held.byRoot != nil {
		all = append(all, held.byRoot.raw)
	}
	return all, nil
}

// reviseRevocations signs the next list of the issuing authority.
func (a *Authority) reviseRevocations(now time.Time, more ...Revocation) ([]byte, error) {
	held, err := a.revocations()
	if err != nil {
		return nil, err
	}
	by, err := a.issuing(now)
	if err != nil {
		return nil, err
	}
	next := &RevocationList{Agency: a.Agency(), Number: nextNumber(0, now), Issued: now}
	if prev := held.byIssuing; prev != nil {
		next.Number = nextNumber(prev.Number, now)
		for _, e := range prev.Entries {
			// Chains are also judged as of the past: those of members who were
			// let in long ago, and of who signed a charter. So an entry stays
			// much longer than the certificates live that it is about.
			if now.Before(e.At.Add(RevocationLife)) && !replaced(e, more) {
				next.Entries = append(next.Entries, e)
			}
		}
	}
	next.Entries = append(next.Entries, more...)
	if len(next.Entries) > MaxRevocations {
		return nil, refuse(TooLarge, "%d revocations, a list holds %d", len(next.Entries), MaxRevocations)
	}
	return a.keepRevocations(next, by)
}

func replaced(e Revocation, by []Revocation) bool {
	return slices.ContainsFunc(by, func(m Revocation) bool { return len(e.Serial) == 0 && e.Name == m.Name })
}

func (a *Authority) keepRevocations(l *RevocationList, by issuer) ([]byte, error) {
	raw, err := signAs(by, contextRevoked, l.payload(), MaxRevocationList)
	if err != nil {
		return nil, err
	}
	return raw, replaceFile(a.revocationFile(by.cert.Equal(by.root)), raw)
}

func (a *Authority) revocationFile(byRoot bool) string {
	if byRoot {
		return filepath.Join(a.dir, "revoked", "root.list")
	}
	return filepath.Join(a.dir, "revoked", "issuing.list")
}

// revocations reads the agency's own lists; their signatures are its own.
func (a *Authority) revocations() (revocations, error) {
	var held revocations
	for _, byRoot := range []bool{false, true} {
		raw, err := readFile(a.revocationFile(byRoot))
		if missing(err) {
			continue
		}
		if err != nil {
			return revocations{}, err
		}
		l, err := ParseRevocationList(raw)
		if err != nil {
			return revocations{}, within("own revocation list", err)
		}
		if byRoot {
			held.byRoot = l
		} else {
			held.byIssuing = l
		}
	}
	return held, nil
}

// TrustList returns the agency's current list of trusted agencies: its own
// bundle and the pinned ones. It is signed anew, with a higher sequence, when
// something changed or a day has gone by.
func (a *Authority) TrustList(now time.Time) ([]byte, error) {
	by, err := a.issuing(now)
	if err != nil {
		return nil, err
	}
	partners, err := a.pins.Bundles()
	if err != nil {
		return nil, err
	}
	next := &TrustList{Agency: a.Agency(), Issued: now, Bundles: append([]*Bundle{a.bundle}, partners...)}
	path := filepath.Join(a.dir, "trust.list")
	raw, err := readFile(path)
	if err != nil && !missing(err) {
		return nil, err
	}
	var last uint64
	if err == nil {
		prev, err := verifyTrustList(raw, a.Agency(), a.bundle.Fingerprint(), now)
		if err == nil && prev.signer.Equal(by.cert) && now.Before(prev.Issued.Add(freshFor)) && sameBundles(prev, next) {
			return raw, nil
		}
		last = sequenceOf(raw)
	}
	next.Sequence = nextNumber(last, now)
	if raw, err = signAs(by, contextTrust, next.payload(), MaxTrustList); err != nil {
		return nil, err
	}
	return raw, replaceFile(path, raw)
}

func sequenceOf(raw []byte) uint64 {
	l, _, _, err := parseTrustList(raw)
	if err != nil {
		return 0 // the time takes its place, see nextNumber
	}
	return l.Sequence
}

func sameBundles(a, b *TrustList) bool {
	return slices.EqualFunc(a.Bundles, b.Bundles, func(x, y *Bundle) bool { return bytes.Equal(x.text, y.text) })
}

// trustStore returns what the authority itself believes at now: its own roots
// and revocations.
func (a *Authority) trustStore(now time.Time) (*TrustStore, error) {
	t, err := NewTrustStore(a.bundle)
	if err != nil {
		return nil, err
	}
	lists, err := a.RevocationLists(now)
	if err != nil {
		return nil, err
	}
	for _, l := range lists {
		if err := t.ApplyRevocations(l, now); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// Issue makes a certificate for name and the key of a signing request, whose
// own names are ignored except that an identity URI must be name. It returns
// the chain, leaf first, without the root. Relays and authorities get
// RelayLife, all others EndpointLife.
func (a *Authority) Issue(csrDER []byte, name proto.Name, now time.Time) ([][]byte, error) {
	if err := a.checkName(name); err != nil {
		return nil, err
	}
	_, pub, err := parseCSR(csrDER, name)
	if err != nil {
		return nil, err
	}
	by, err := a.issuing(now)
	if err != nil {
		return nil, err
	}
	leaf, err := newLeaf(name, pub, by, now)
	if err != nil {
		return nil, err
	}
	if err := a.logIssued(leaf, name, now); err != nil {
		return nil, err
	}
	return [][]byte{leaf.Raw, by.cert.Raw}, nil
}

func (a *Authority) checkName(name proto.Name) error {
	if _, err := proto.ParseName(name.String()); err != nil {
		return refuse(BadName, "%v", err)
	}
	if name.Agency != a.Agency() {
		return refuse(WrongAgency, "the authority of %s cannot speak for %s", a.Agency(), name)
	}
	return nil
}

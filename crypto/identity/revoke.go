package identity

import (
	"bytes"
	"crypto/x509"
	"maps"
	"slices"
	"time"

	"crossband/proto"
)

// Limits of a revocation list.
const (
	MaxRevocations    = 4096    // entries
	MaxRevocationList = 1 << 20 // octets
	maxSerial         = 20      // octets, RFC 5280 section 4.1.2.2
)

// Revocation takes back every certificate of Name issued up to At, or the one
// certificate with Serial, or both. A name may be enrolled again after At.
type Revocation struct {
	Serial []byte     // big-endian without leading zero; empty for none
	Name   proto.Name // zero for none
	At     time.Time
}

// RevocationList is a signed statement of what an agency has taken back. Each
// signing level, issuing authority or root, counts its own Number.
type RevocationList struct {
	Agency  proto.Agency
	Number  uint64 // grows with every list; a lower one is refused
	Issued  time.Time
	Entries []Revocation

	raw    []byte
	signer *x509.Certificate // verified only once applied
}

// revocations holds the lists of one agency by the level that signed them, so
// that the issuing authority, once broken, cannot outnumber the root.
type revocations struct{ byIssuing, byRoot *RevocationList }

func (l *RevocationList) payload() []byte {
	e := newEncoder()
	e.text(string(l.Agency))
	e.u64(l.Number)
	e.time(l.Issued)
	e.u64(uint64(len(l.Entries)))
	for _, r := range l.Entries {
		e.bytes(r.Serial)
		e.text(r.Name.String())
		e.time(r.At)
	}
	return e.b
}

// ParseRevocationList decodes a list. It verifies no signature: see
// TrustStore.ApplyRevocations.
func ParseRevocationList(data []byte) (*RevocationList, error) {
	l, _, err := parseRevocationList(data)
	return l, err
}

func parseRevocationList(data []byte) (*RevocationList, Signed, error) {
	s, err := parseSigned("revocation list", data, MaxRevocationList)
	if err != nil {
		return nil, Signed{}, err
	}
	d := newDecoder("revocation list", s.Payload, MaxRevocationList)
	l := &RevocationList{raw: slices.Clone(data)}
	l.Agency = d.agency()
	l.Number, l.Issued = d.u64(), d.time()
	for range d.count(MaxRevocations) {
		r := Revocation{Serial: d.bytes(maxSerial)}
		r.Name = d.optionalName()
		r.At = d.time()
		if d.err == nil && (len(r.Serial) == 0 && r.Name == (proto.Name{}) || len(r.Serial) > 0 && r.Serial[0] == 0) {
			d.err = refuse(Malformed, "revocation list entry without a name or proper serial number")
		}
		l.Entries = append(l.Entries, r)
	}
	if err := d.end(); err != nil {
		return nil, Signed{}, err
	}
	if l.signer, err = x509.ParseCertificate(s.Chain[0]); err != nil {
		return nil, Signed{}, refuse(Malformed, "signer of revocation list: %v", err)
	}
	return l, s, nil
}

// ApplyRevocations verifies a revocation list of a trusted agency at now.
// From then on what it names is refused as Revoked. A list older than the one
// held is refused as Stale and changes nothing.
func (t *TrustStore) ApplyRevocations(data []byte, now time.Time) error {
	return t.update(func(next *snapshot) error {
		l, s, err := parseRevocationList(data)
		if err != nil {
			return err
		}
		b, known := next.agencies[l.Agency]
		if !known {
			return refuse(UnknownAuthority, "revocation list of agency %s, which is not trusted here", l.Agency)
		}
		held := next.revoked[l.Agency]
		signer, err := b.authoritySigner(s, contextRevoked, now)
		if err != nil {
			return within("revocation list of "+string(l.Agency), err)
		}
		if err := held.revokesAuthority(signer); err != nil {
			return err
		}
		slot := &held.byIssuing
		if b.isRoot(signer) {
			slot = &held.byRoot
		}
		if err := l.follows(*slot); err != nil {
			return err
		}
		*slot = l
		if i := held.byIssuing; i != nil && held.revokesAuthority(i.signer) != nil {
			held.byIssuing = nil // its signer is not to be believed, nor its number
		}
		next.revoked[l.Agency] = held
		return nil
	})
}

// follows refuses a list that is older than prev, or another of its number.
func (l *RevocationList) follows(prev *RevocationList) error {
	if prev == nil || l.Number > prev.Number || bytes.Equal(l.raw, prev.raw) {
		return nil
	}
	return refuse(Stale, "revocation list %d of %s does not follow list %d, which is held", l.Number, l.Agency, prev.Number)
}

// RevocationStatus returns number and issue time of the newest list held for
// an agency, or false, for the warning about stale lists.
func (t *TrustStore) RevocationStatus(a proto.Agency) (number uint64, issued time.Time, ok bool) {
	r := t.cur.Load().revoked[a]
	for _, l := range []*RevocationList{r.byIssuing, r.byRoot} {
		if l != nil && !l.Issued.Before(issued) {
			number, issued, ok = l.Number, l.Issued, true
		}
	}
	return number, issued, ok
}

// Revocations returns all lists held, as they came, for keeping over a
// restart or handing on.
func (t *TrustStore) Revocations() [][]byte {
	s := t.cur.Load()
	var all [][]byte
	for _, a := range slices.Sorted(maps.Keys(s.revoked)) {
		// The issuing level goes first: the root's list may revoke its signer.
		for _, l := range []*RevocationList{s.revoked[a].byIssuing, s.revoked[a].byRoot} {
			if l != nil {
				all = append(all, l.raw)
			}
		}
	}
	return all
}

func (s *snapshot) checkRevoked(list []revocable) error {
	for _, r := range list {
		if err := s.revoked[r.agency].revokes(r); err != nil {
			return err
		}
	}
	return nil
}

// revokes refuses a certificate if a list names it.
func (r revocations) revokes(c revocable) error {
	for _, l := range []*RevocationList{r.byIssuing, r.byRoot} {
		if l == nil {
			continue
		}
		i := slices.IndexFunc(l.Entries, func(e Revocation) bool {
			return len(e.Serial) > 0 && bytes.Equal(e.Serial, c.serial) ||
				e.Name == c.name && c.name != (proto.Name{}) && !c.issued.After(e.At)
		})
		if i >= 0 {
			return refuse(Revoked, "the certificate %x of %s was revoked on %s by list %d",
				c.serial, c.who, date(l.Entries[i].At), l.Number)
		}
	}
	return nil
}

// revokesAuthority is revokes for the certificate of an authority.
func (r revocations) revokesAuthority(cert *x509.Certificate) error {
	return r.revokes(revocableOf(cert, "", proto.Name{}))
}

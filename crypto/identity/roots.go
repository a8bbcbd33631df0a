package identity

import (
	"path/filepath"
	"time"
)

// RollRoot replaces the agency's root by a new one, which gets the same
// passphrase. Both are accepted for overlap, MinOverlap to MaxOverlap from
// now; certificates are issued below the old one for the first half of it.
// The new bundle must reach the partners in that time. A roll-over that is
// under way is refused as Exists.
func (a *Authority) RollRoot(rootPassphrase []byte, overlap time.Duration, now time.Time) (*Bundle, error) {
	old := a.bundle
	if len(old.anchors(now)) > 1 {
		return nil, refuse(Exists, "a roll-over of %s's root is under way until %s", old.Agency, date(old.Rollovers[len(old.Rollovers)-1].Until))
	}
	from, err := a.openRoot(old.Root, rootPassphrase)
	if err != nil {
		return nil, err
	}
	to, err := a.makeRoot(old.Agency, rootPassphrase, now)
	if err != nil {
		return nil, err
	}
	seq := nextNumber(old.Sequence, now)
	r, err := signRollover(Rollover{Agency: old.Agency, Sequence: seq, Issued: now, Until: now.Add(overlap), Old: from.cert, New: to.cert}, from.key)
	if err != nil {
		return nil, err
	}
	history := append([]*Rollover(nil), old.Rollovers...)
	if len(history) == MaxRollovers {
		history = history[1:]
	}
	b, err := signBundle(Bundle{Agency: old.Agency, Sequence: seq, Issued: now, Root: to.cert, Rollovers: append(history, r)}, to.key)
	if err != nil {
		return nil, err
	}
	if err := a.makeIssuing(old.Agency, to, now); err != nil {
		return nil, err
	}
	// Up to here nothing refers to the new keys; this write is the roll-over.
	if err := replaceFile(filepath.Join(a.dir, bundleFile), b.text); err != nil {
		return nil, err
	}
	a.bundle = b
	return b, a.loadIssuers()
}

// RenewIssuing makes a new issuing authority below the root in turn.
// Certificates issued so far stay valid.
func (a *Authority) RenewIssuing(rootPassphrase []byte, now time.Time) error {
	root, err := a.openRoot(a.rootInTurn(now), rootPassphrase)
	if err != nil {
		return err
	}
	if err := a.makeIssuing(a.Agency(), root, now); err != nil {
		return err
	}
	return a.loadIssuers()
}

// RevokeIssuing takes back every issuing authority there is, in a list signed
// by the root, and makes a new one. All devices must enrol again. Named
// revocations made so far are carried into the root's list.
func (a *Authority) RevokeIssuing(rootPassphrase []byte, now time.Time) error {
	root, err := a.openRoot(a.rootInTurn(now), rootPassphrase)
	if err != nil {
		return err
	}
	held, err := a.revocations()
	if err != nil {
		return err
	}
	l := &RevocationList{Agency: a.Agency(), Issued: now}
	if prev := held.byRoot; prev != nil {
		l.Number, l.Entries = prev.Number, prev.Entries
	}
	if held.byIssuing != nil {
		l.Entries = append(l.Entries[:len(l.Entries):len(l.Entries)], held.byIssuing.Entries...)
	}
	for _, i := range a.issuers {
		l.Entries = append(l.Entries, Revocation{Serial: i.cert.SerialNumber.Bytes(), At: now})
	}
	l.Number = nextNumber(l.Number, now)
	if _, err := a.keepRevocations(l, root); err != nil {
		return err
	}
	return a.RenewIssuing(rootPassphrase, now)
}

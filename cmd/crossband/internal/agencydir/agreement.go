package agencydir

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"crossband/cmd/internal/relayd"
	"crossband/crypto/agreement"
	"crossband/crypto/charter"
	"crossband/crypto/identity"
	"crossband/proto"
	"crossband/relay"
)

// shelf is where a copy of every agreement lies that this agency has signed: what
// others have yet to sign is not forgotten.
func (d Dir) shelf() string { return filepath.Join(d.path, "agreements") }

func (d Dir) relayAgreements() string { return relayd.AgreementsDir(d.RelayConfig()) }

// Judge returns what judges signatures by the agencies that this one trusts.
func (d Dir) Judge(now time.Time) (agreement.Judge, error) {
	id, err := identity.Load(d.Registrar(), nil)
	if err != nil {
		return agreement.Judge{}, err
	}
	trust, err := id.TrustStore(now)
	return agreement.Judge{Trust: trust}, err
}

// Sign signs an agreement for this agency. Signatures that are there already are
// judged first, for nobody should add his name below a false one; a copy is kept.
func (d Dir) Sign(f agreement.File, now time.Time) (signed agreement.File, err error) {
	err = d.act("agreement", "sign "+described(&f.Agreement), now, func() error {
		if _, err := d.renew(now); err != nil { // a signature is good only if its signer's certificate was
			return err
		}
		judge, err := d.Judge(now)
		if err != nil {
			return err
		}
		id, err := identity.Load(d.Registrar(), nil)
		if err != nil {
			return err
		}
		for i := range f.Signatures {
			if s := &f.Signatures[i]; s.Agency != id.Name.Agency {
				if err := judge.Signature(&f, s, now); err != nil {
					return fmt.Errorf("signature of %s: %w", s.Agency, err)
				}
			}
		}
		if signed, err = f.Sign(id, now); err != nil {
			return err
		}
		return d.keep(d.shelf(), fileOf(&signed.Agreement), signed.Encode())
	})
	return signed, err
}

func described(a *proto.Agreement) string {
	return fmt.Sprintf("%q %s revision %d", a.Title, a.ID.Short(), a.Revision)
}

func fileOf(a *proto.Agreement) string {
	return relayd.DocumentFile(relay.Document{Kind: proto.DocumentAgreement}, a.ID, a.Revision, "")
}

// keep writes a file in one step.
func (d Dir) keep(dir, name string, octets []byte) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path+".tmp", octets, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".tmp", path)
}

// Chartered is a channel whose charter has been signed.
type Chartered struct {
	Channel proto.ChannelID
	Title   string
	Kind    proto.CharterKind
}

// renewCharter is how long before its end a charter is signed anew, if the agreement
// lasts longer.
const renewCharter = 30 * 24 * time.Hour

// Put gives the relay an agreement that everybody has signed, and charters for the
// calling and standing channels that this agency owns. A channel that a charter is
// there for keeps it.
func (d Dir) Put(f agreement.File, now time.Time) (made []Chartered, err error) {
	err = d.act("agreement", "put "+described(&f.Agreement), now, func() error {
		judge, err := d.Judge(now)
		if err != nil {
			return err
		}
		if err := d.follows(&f.Agreement, now); err != nil {
			return err
		}
		octets := f.Encode()
		if _, err := judge.Document(proto.DocumentAgreement, octets, now); err != nil {
			return err
		}
		if _, err := d.renew(now); err != nil {
			return err
		}
		if err := d.keep(d.shelf(), fileOf(&f.Agreement), octets); err != nil {
			return err
		}
		if err := d.keep(d.relayAgreements(), fileOf(&f.Agreement), octets); err != nil {
			return err
		}
		made, err = d.charterAll(&f.Agreement, now)
		return err
	})
	return made, err
}

// follows refuses a revision that the relay would refuse beside what it has.
func (d Dir) follows(a *proto.Agreement, now time.Time) error {
	held, err := readHeld(d.relayAgreements(), true)
	if err != nil {
		return err
	}
	pacts, again := make(proto.Pacts), false
	for _, h := range held {
		again = again || h.Agreement.ID == a.ID && h.Agreement.Digest == a.Digest
		if _, err := pacts.Take(h.Agreement, now); err != nil {
			return err
		}
	}
	if !again {
		_, err = pacts.Take(*a, now)
		return err
	}
	if in := pacts[a.ID].Current(now); in.Revision > a.Revision {
		return proto.Refusef(proto.ReasonAgreement, "revision %d of %q; revision %d is held", a.Revision, a.Title, in.Revision)
	}
	return nil
}

func (d Dir) charterAll(a *proto.Agreement, now time.Time) (made []Chartered, err error) {
	id, err := identity.Load(d.Registrar(), nil)
	if err != nil {
		return nil, err
	}
	for _, c := range a.Channels {
		if (c.Kind != proto.KindCalling && c.Kind != proto.KindStanding) || c.Owners[0] != id.Name.Agency {
			continue
		}
		there, err := d.chartered(a, &c, now)
		if err != nil {
			return made, err
		}
		if there {
			continue
		}
		rules, err := agreement.Charter(a, c.Name)
		if err != nil {
			return made, err
		}
		signed, parsed, err := charter.Sign(id, rules, now)
		if err != nil {
			return made, fmt.Errorf("charter of channel %s: %w", c.Name, err)
		}
		name := hex.EncodeToString(parsed.Channel[:8]) + ".charter"
		if err := d.keep(filepath.Join(d.path, "relay", "charters"), name, signed); err != nil {
			return made, err
		}
		made = append(made, Chartered{parsed.Channel, parsed.Title, parsed.Kind})
	}
	return made, nil
}

// chartered reports whether a good charter for a channel is there.
func (d Dir) chartered(a *proto.Agreement, c *proto.AgreedChannel, now time.Time) (bool, error) {
	list, err := d.Charters()
	if err != nil {
		return false, err
	}
	for _, signed := range list {
		parsed, err := (charter.Judge{}).Payload(signed)
		if err != nil || parsed.Kind != c.Kind || parsed.Title != c.Title || a.Allows(&parsed, proto.Later(now, a.Begins)) != nil {
			continue
		}
		if parsed.Expires.Equal(a.Ends) || parsed.Expires.After(now.Add(renewCharter)) {
			return true, nil
		}
	}
	return false, nil
}

// hastens refuses a withdrawal that no relay would take: one that does not come before
// the agreement's end, and before this agency's own if there is one.
func (d Dir) hastens(w proto.Withdrawal, now time.Time) error {
	list, err := d.Agreements()
	if err != nil {
		return err
	}
	pacts := make(proto.Pacts)
	for _, h := range list {
		_, err := pacts.Take(h.Agreement, now)
		if err != nil && h.InForce {
			return err
		}
	}
	for _, h := range list {
		for _, there := range h.Withdrawals {
			if there.Agreement == w.Agreement && there.By == w.By && pacts[w.Agreement].WithdrawalOf(w.By) == nil {
				if err := pacts.TakeWithdrawal(there, now); err != nil {
					return err
				}
			}
		}
	}
	return pacts.TakeWithdrawal(w, now)
}

// Withdraw signs this agency's withdrawal from an agreement as of at, and gives it to
// the relay. One that is there may be hastened, and not put off.
func (d Dir) Withdraw(a *proto.Agreement, at time.Time, why string, now time.Time) error {
	return d.act("agreement", "end "+described(a), now, func() error {
		if _, err := d.renew(now); err != nil {
			return err
		}
		id, err := identity.Load(d.Registrar(), nil)
		if err != nil {
			return err
		}
		signed, err := agreement.Withdraw(id, a, at, now, why)
		if err != nil {
			return err
		}
		if err := d.hastens(proto.Withdrawal{Agreement: a.ID, By: id.Name.Agency, At: at}, now); err != nil {
			return err
		}
		doc := relay.Document{Kind: proto.DocumentWithdrawal, Signed: signed}
		return d.keep(d.relayAgreements(), relayd.DocumentFile(doc, a.ID, 0, id.Name.Agency), signed)
	})
}

package record

import (
	"encoding/binary"
	"slices"
	"time"

	"crossband/crypto/identity"
	"crossband/proto"
)

// Cosignature is a cosigner's word that at a time this was the largest head of
// the log that it had seen, and that all it had seen before is part of it.
type Cosignature struct {
	By proto.Name
	At time.Time // whole seconds
}

// VerifySequencer checks that the checkpoint is signed by a relay of the
// origin's agency whose certificate was valid at the checkpoint's time, and
// returns the relay.
func (c Checkpoint) VerifySequencer(s *Signers, j Judge) (proto.Name, error) {
	err := refuse(WrongSigner, "no signature of a relay of %s whose certificate is at hand", c.Origin.Agency)
	for _, sig := range c.Signatures {
		for _, who := range s.byKey[signerKey{sig.Name, sig.KeyID}] {
			if who.cosigner {
				continue
			}
			name, e := judge(who, c.text(), sig.Bytes, j, c.Time)
			if e == nil && name.Agency != c.Origin.Agency {
				e = refuse(WrongSigner, "%s signed as sequencer of %s's log", name, c.Origin.Agency)
			}
			if e == nil {
				return name, nil
			}
			err = e
		}
	}
	return proto.Name{}, err
}

// VerifyCosigners checks the signatures of relays of other agencies. It returns
// the good ones, and an error for each line by a known key that is not good.
// Lines by unknown keys say nothing (C2SP signed-note).
func (c Checkpoint) VerifyCosigners(s *Signers, j Judge) ([]Cosignature, []error) {
	var good []Cosignature
	var bad []error
	for _, sig := range c.Signatures {
		cs, err, known := c.verifyCosignature(sig, s, j)
		switch {
		case !known:
		case err != nil:
			bad = append(bad, err)
		default:
			good = append(good, cs)
		}
	}
	return good, bad
}

func (c Checkpoint) verifyCosignature(sig NoteSignature, s *Signers, j Judge) (cs Cosignature, err error, known bool) {
	for _, who := range s.byKey[signerKey{sig.Name, sig.KeyID}] {
		if !who.cosigner {
			continue
		}
		known = true
		if cs, err = c.judgeCosignature(sig, who, j); err == nil {
			return cs, nil, true
		}
	}
	return Cosignature{}, err, known
}

func (c Checkpoint) judgeCosignature(sig NoteSignature, who *signer, j Judge) (Cosignature, error) {
	if len(sig.Bytes) < 8 {
		return Cosignature{}, refuse(Signature, "the cosignature of %s has no time", sig.Name)
	}
	at := binary.BigEndian.Uint64(sig.Bytes)
	if at > lastSecond {
		return Cosignature{}, refuse(Signature, "the cosignature of %s is of second %d", sig.Name, at)
	}
	cs := Cosignature{At: time.Unix(int64(at), 0).UTC()}
	var err error
	if cs.By, err = judge(who, cosignedMessage(c.text(), at), sig.Bytes[8:], j, cs.At); err != nil {
		return Cosignature{}, err
	}
	if cs.By.Agency == c.Origin.Agency {
		return Cosignature{}, refuse(WrongSigner, "%s cosigned its own agency's log", cs.By)
	}
	if cs.At.Before(c.Time.Add(-Skew)) {
		return Cosignature{}, refuse(TimeBack, "%s cosigned at %s a checkpoint of %s", cs.By, formatTime(cs.At), formatTime(c.Time))
	}
	return cs, nil
}

// lastSecond is 9999-12-31 23:59:59 UTC, the last that a time can show.
const lastSecond = 253402300799

// judge checks a signature first, because only a good one says anything, then
// the signer's chain at the time of signing, and that it is a relay.
func judge(who *signer, message, sig []byte, j Judge, at time.Time) (proto.Name, error) {
	if !verifyMessage(who.pub, message, sig) {
		return proto.Name{}, refuse(Signature, "the signature of %s does not fit", who.name)
	}
	var name proto.Name
	var err error
	for _, chain := range who.chains {
		if name, err = j.VerifyPeer(chain, identity.UsageMember, at); err == nil {
			break
		}
	}
	if FaultOf(err) == MissingBundle {
		return proto.Name{}, err
	}
	if err != nil {
		return proto.Name{}, refuse(Certificate, "at %s: %v", formatTime(at), err)
	}
	if name.Role != proto.RoleRelay {
		return proto.Name{}, refuse(WrongSigner, "%s is no relay", name)
	}
	return name, nil
}

// Adopt adds the cosignatures of another copy of the same checkpoint that are good
// and not there yet, and returns them. It refuses a copy of another head: as
// SplitView, with both as proof, if it is of the same log and size.
func (c *Checkpoint) Adopt(o *Checkpoint, s *Signers, j Judge) ([]Cosignature, error) {
	switch {
	case o.Origin != c.Origin || o.Size != c.Size:
		return nil, refuse(Mismatch, "a checkpoint of %s over %d entries for one of %s over %d", o.Origin, o.Size, c.Origin, c.Size)
	case o.Root != c.Root || o.Last != c.Last:
		return nil, &Refusal{SplitView, NoEntry, "another history of as many entries has been cosigned", [][]byte{c.Note(), o.Note()}}
	case string(o.text()) != string(c.text()):
		return nil, refuse(Mismatch, "the same head, signed at another time")
	}
	var added []Cosignature
	var bad error
	for _, sig := range o.Signatures {
		if slices.ContainsFunc(c.Signatures, sig.sameKey) {
			continue
		}
		switch cs, err, known := o.verifyCosignature(sig, s, j); {
		case !known:
		case err != nil:
			bad = err
		case len(c.Signatures) >= MaxSignatures:
			bad = refuse(TooLarge, "the checkpoint has %d signatures", len(c.Signatures))
		default:
			c.Signatures = append(c.Signatures, sig)
			added = append(added, cs)
		}
	}
	if len(added) == 0 && bad != nil {
		return nil, bad
	}
	return added, nil
}

// Retain drops the lines that prove nothing by the signers' keys: what a log keeps is
// what it can show. It returns the cosignatures that are left.
func (c *Checkpoint) Retain(s *Signers, j Judge) []Cosignature {
	var good []Cosignature
	c.Signatures = slices.DeleteFunc(slices.Clone(c.Signatures), func(sig NoteSignature) bool {
		one := *c
		one.Signatures = []NoteSignature{sig}
		if _, err := one.VerifySequencer(s, j); err == nil {
			return false
		}
		cs, err, known := c.verifyCosignature(sig, s, j)
		if !known || err != nil {
			return true
		}
		good = append(good, cs)
		return false
	})
	return good
}

package identity

import (
	"errors"
	"fmt"
	"time"
)

// Fault says which rule a refusal is about. It is not a wire code: the link
// layer maps it to the reason table of proto.
type Fault uint8

// The faults of this package. The zero Fault is no fault.
const (
	NoFault          Fault = iota
	Malformed              // the bytes are not one document in its one form
	TooLarge               // a document or list is over its limit
	NoCertificate          // the peer gave no certificate at all
	ChainTooLong           // too many certificates or octets, or a path length exceeded
	NoIdentity             // no identity URI; a common name is not an identity
	ManyIdentities         // more than one subject alternative name
	BadName                // the identity URI is not a name in its one normal form
	UnknownAuthority       // no trusted root of the claimed agency vouches for it
	WrongAgency            // an authority vouches for an identity of another agency: an attack
	Expired                // after the last valid second
	NotYetValid            // before the first valid second
	Revoked                // taken back by the agency
	WrongUsage             // key usage does not allow what is being done
	WeakKey                // key or signature algorithm below the floor
	NotALeaf               // an authority's certificate used as a device's
	BadSignature           // a signature does not verify
	PinChanged             // a root other than the pinned one, without a roll-over
	Stale                  // older than what is already held, or a copy of it
	NoInvitation           // the authority knows no such invitation
	TokenUsed              // the invitation has been used by another key
	TokenExpired           // the invitation's time is over
	TooManyTries           // the invitation was locked after wrong proofs
	BadProof               // the proof of the invitation's secret is wrong
	WrongName              // a certificate for somebody else
	WrongKey               // a certificate for another key
	Exposed                // a key file that others may read
	Exists                 // something is there already and is not overwritten
	BadPassphrase          // the key file does not open with this passphrase
)

func faultWord(f Fault) string {
	words := [...]string{"none", "malformed", "too large", "no certificate", "chain too long",
		"no identity", "many identities", "bad name", "unknown authority", "wrong agency", "expired",
		"not yet valid", "revoked", "wrong usage", "weak key", "not a leaf", "bad signature",
		"pin changed", "stale", "no invitation", "token used", "token expired", "too many tries",
		"bad proof", "wrong name", "wrong key", "exposed", "exists", "bad passphrase"}
	if int(f) < len(words) {
		return words[f]
	}
	return fmt.Sprintf("fault %d", uint8(f))
}

// String returns the fault in words, for logs and tests.
func (f Fault) String() string { return faultWord(f) }

// Refusal is the error of everything this package refuses. Its text is a
// plain sentence that names the rule and the object. Errors that are not
// Refusals are failures of the machine, such as a full disk.
type Refusal struct {
	Fault  Fault
	Detail string
}

// Error returns the sentence.
func (r *Refusal) Error() string { return r.Detail }

// FaultOf returns the fault of the Refusal that err wraps, or NoFault.
func FaultOf(err error) Fault {
	var r *Refusal
	if errors.As(err, &r) {
		return r.Fault
	}
	return NoFault
}

func refuse(f Fault, format string, args ...any) error {
	return &Refusal{f, fmt.Sprintf(format, args...)}
}

// within puts what was being looked at in front of a refusal's sentence.
func within(what string, err error) error {
	var r *Refusal
	if errors.As(err, &r) {
		return &Refusal{r.Fault, what + ": " + r.Detail}
	}
	return fmt.Errorf("%s: %w", what, err)
}

// date is the one form in which sentences show times.
func date(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

package record

import (
	"errors"
	"fmt"
)

// Fault names what is wrong with an entry, a checkpoint, a log or a record.
type Fault string

// Faults that say that somebody has changed something, or signed what does not
// belong together.
const (
	Edited      Fault = "edited"       // an entry is not the one that was written
	Inserted    Fault = "inserted"     // an entry stands there that was not written
	Deleted     Fault = "deleted"      // an entry is missing between others
	Reordered   Fault = "reordered"    // an entry is not in its place
	Truncated   Fault = "truncated"    // entries are missing at the end
	Forked      Fault = "forked"       // one signer signed two histories of one log
	SplitView   Fault = "split-view"   // one signer showed two parties different histories
	WrongSigner Fault = "wrong-signer" // signed by somebody who may not
	Signature   Fault = "signature"    // a signature that does not verify
	Certificate Fault = "certificate"  // a certificate that does not hold at that time
	TimeBack    Fault = "time-back"    // a time that lies further back than clocks differ
	Mismatch    Fault = "mismatch"     // what is revealed or attached is not what was recorded
	Malformed   Fault = "malformed"    // not in its one form
)

// Faults that say that something is not proven, or not there yet.
const (
	UnsignedTail      Fault = "unsigned-tail"      // the last entries are under no checkpoint
	MissingCosigner   Fault = "missing-cosigner"   // a party has not cosigned all that is signed
	MissingBundle     Fault = "missing-bundle"     // signed by an agency whose bundle is not at hand
	MissingChain      Fault = "missing-chain"      // a device's certificate is not in the file
	MissingAttachment Fault = "missing-attachment" // a document in force is not in the file
	Behind            Fault = "behind"             // another copy of the log goes further
)

// Faults of a request, which harm nobody.
const (
	Duplicate Fault = "duplicate" // this very entry is held already
	Gap       Fault = "gap"       // entries before this one have not come yet
	Passed    Fault = "passed"    // older than what can still be judged; the newest will do
	TooLarge  Fault = "too-large" // over a limit
)

// Tampering reports whether the fault says that something was changed, rather
// than that something is missing or came at the wrong moment.
func (f Fault) Tampering() bool {
	switch f {
	case UnsignedTail, MissingCosigner, MissingBundle, MissingChain, MissingAttachment, Behind, Duplicate, Gap, Passed, TooLarge:
		return false
	}
	return true
}

// ParseFault reads a word that somebody else said: a Fault of this package, "" for
// none, and Malformed for a word that is not one.
func ParseFault(s string) Fault {
	switch f := Fault(s); f {
	case "", Edited, Inserted, Deleted, Reordered, Truncated, Forked, SplitView, WrongSigner, Signature, Certificate, TimeBack, Mismatch,
		UnsignedTail, MissingCosigner, MissingBundle, MissingChain, MissingAttachment, Behind, Duplicate, Gap, Passed, TooLarge:
		return f
	}
	return Malformed
}

// NoEntry stands for the index of what concerns no single entry.
const NoEntry = -1

// Refusal is the error of everything that this package refuses.
type Refusal struct {
	Fault  Fault
	Index  int64 // the entry that it is about, or NoEntry
	Detail string
	Proof  [][]byte // signed checkpoints that prove it, where there are any
}

// Error returns the fault, the entry and the sentence.
func (r *Refusal) Error() string {
	if r.Index == NoEntry {
		return string(r.Fault) + ": " + r.Detail
	}
	return fmt.Sprintf("%s: entry %d: %s", r.Fault, r.Index, r.Detail)
}

// FaultOf returns the fault of the Refusal that err wraps, or "".
func FaultOf(err error) Fault {
	var r *Refusal
	if errors.As(err, &r) {
		return r.Fault
	}
	return ""
}

func refuse(f Fault, format string, args ...any) error {
	return &Refusal{f, NoEntry, fmt.Sprintf(format, args...), nil}
}

func refuseEntry(f Fault, index uint64, format string, args ...any) error {
	return &Refusal{f, int64(index), fmt.Sprintf(format, args...), nil}
}

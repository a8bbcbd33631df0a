package record

import (
	"crossband/proto"
	"slices"
	"strings"
)

// Export is an incident's record as one file that anybody can verify offline
// with the bundles of the agencies. What has been read has not been verified.
type Export struct {
	Incident   proto.IncidentID
	Exercise   bool
	From       proto.Name // who made the file; it is not signed
	Logs       []ExportedLog
	Chains     [][][]byte // certificate chains of all signers, DER, leaf first
	Agreements [][]byte   // signed documents, named by their SHA-256 in entries
}

// ExportedLog is one log of an export.
type ExportedLog struct {
	Origin      Origin
	Entries     [][]byte // lines, as ParseEntry reads them
	Checkpoints [][]byte // notes, as ParseCheckpoint reads them
	Reveals     []Reveal
}

// fileVersion begins an export.
const fileVersion = "crossband-record 1"

// The words that begin the lines of an export. Every line is a word, spaces
// and values; a checkpoint's lines are its note's, each after a bar.
const (
	wordIncident    = "incident"
	wordPurpose     = "purpose"
	wordFrom        = "from"
	wordCertificate = "certificate"
	wordAgreement   = "agreement"
	wordLog         = "log"
	wordEntry       = "entry"
	wordCheckpoint  = "checkpoint"
	wordNote        = "|"
	wordReveal      = "reveal"
	wordEnd         = "end"

	purposeActual   = "actual"
	purposeExercise = "exercise"
)

// maxLine is the most octets of a line: an agreement or a chain in base64.
const maxLine = 128 << 10

// Cosigned reports whether every log's newest checkpoint is over all of its entries
// and bears a line of each party. It verifies nothing: it says when there is no more
// to wait for.
func (x *Export) Cosigned() bool {
	for _, l := range x.Logs {
		if len(l.Entries) == 0 || len(l.Checkpoints) == 0 {
			return false
		}
		e, err := ParseEntry(l.Entries[0])
		opened, ok := e.Body.(*Opened)
		c, err2 := ParseCheckpoint(l.Checkpoints[len(l.Checkpoints)-1])
		if err != nil || err2 != nil || !ok || c.Size != uint64(len(l.Entries)) {
			return false
		}
		for _, party := range opened.Parties {
			if !slices.ContainsFunc(c.Signatures, func(s NoteSignature) bool { return strings.HasPrefix(s.Name, string(party)+"/") }) {
				return false
			}
		}
	}
	return len(x.Logs) > 0
}

// Needs tells the certificates that an exported log's signatures need from others.
type Needs struct {
	leaves map[Digest]bool    // that bursts name
	lines  map[signerKey]bool // of checkpoints
}

// Needs reads what a log's entries and checkpoints name. What of them cannot be read
// needs nothing.
func (l *ExportedLog) Needs() *Needs {
	n := &Needs{make(map[Digest]bool), make(map[signerKey]bool)}
	for _, line := range l.Entries {
		if e, err := ParseEntry(line); err == nil {
			if b, ok := e.Body.(*Burst); ok {
				n.leaves[b.Certificate] = true
			}
		}
	}
	for _, note := range l.Checkpoints {
		c, err := ParseCheckpoint(note)
		if err != nil {
			continue
		}
		for _, s := range c.Signatures {
			n.lines[signerKey{s.Name, s.KeyID}] = true
		}
	}
	return n
}

// Chain reports whether something in the log may be signed under a chain, DER and leaf
// first.
func (n *Needs) Chain(chain [][]byte) bool {
	if len(chain) > 0 && n.leaves[DigestOf(chain[0])] {
		return true
	}
	s, err := NewSigners(chain)
	if err != nil {
		return false
	}
	for k := range s.byKey {
		if n.lines[k] {
			return true
		}
	}
	return false
}

package record

import (
	"slices"
	"strings"
	"time"

	"crossband/proto"
)

// Latest returns the latest time of the log's entries; zero when there are none.
func (l *Log) Latest() time.Time { return l.chain.latest }

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

// sameKey reports whether another line is by the same key.
func (s NoteSignature) sameKey(o NoteSignature) bool { return s.Name == o.Name && s.KeyID == o.KeyID }

// SignerName returns whom a chain's leaf names, without judging the chain.
func SignerName(chain [][]byte) (proto.Name, error) {
	if err := sizedChain(chain); err != nil {
		return proto.Name{}, err
	}
	return leafName(chain[0])
}

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

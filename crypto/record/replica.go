package record

import (
	"slices"
	"time"

	"crossband/crypto/identity"
	"crossband/proto"
)

// Replica is a log at a relay of another agency: it follows the entries and
// cosigns checkpoints. Like Log it keeps the head, not the entries: whoever
// calls it stores each line, and State before a cosignature is sent. One
// goroutine uses a Replica at a time.
type Replica struct {
	chain    chain
	recent   window
	cosigned head // the largest head that was cosigned; size 0 for none
}

// NewReplica begins to follow a log at its first entry.
func NewReplica(o Origin) *Replica {
	c := newChain(o)
	return &Replica{chain: c, recent: newWindow(&c)}
}

// Clone returns a copy that goes on by itself: what comes together can be tried on it
// first, and be taken or left as a whole.
func (r *Replica) Clone() *Replica {
	c := *r
	c.chain.tree = r.chain.tree.clone()
	c.recent.base = r.recent.base.clone()
	c.recent.leaves = slices.Clone(r.recent.leaves)
	return &c
}

// Origin returns the log's name.
func (r *Replica) Origin() Origin { return r.chain.origin }

// Size returns the number of entries held, which is the index of the next.
func (r *Replica) Size() uint64 { return r.chain.tree.size }

// Cosigned returns the size of the largest checkpoint cosigned.
func (r *Replica) Cosigned() uint64 { return r.cosigned.size }

// Closed reports whether the incident is closed, as far as the log goes.
func (r *Replica) Closed() bool { return r.chain.closed }

// Take takes the next entry. It refuses one that it holds as Duplicate, another
// one under an index that it holds, or one that does not follow what it holds,
// as Forked, one that comes too early as Gap, and one that is too old to be
// compared as Passed.
func (r *Replica) Take(line []byte) (Entry, error) {
	e, err := ParseEntry(line)
	if err != nil {
		return Entry{}, err
	}
	if e.Index < r.chain.tree.size {
		return Entry{}, r.compare(&e)
	}
	if err := r.chain.fits(&e); err != nil {
		return Entry{}, err
	}
	r.chain.take(&e)
	r.recent.add(&e)
	return e, nil
}

// compare judges an entry under an index that is held.
func (r *Replica) compare(e *Entry) error {
	held, known := r.recent.hashOf(e.Index)
	switch {
	case !known:
		return refuseEntry(Passed, e.Index, "it is too old to be compared; the next entry is %d", r.chain.tree.size)
	case held != e.Hash():
		return refuseEntry(Forked, e.Index, "another entry is held under this index")
	}
	return refuseEntry(Duplicate, e.Index, "it is held already")
}

// Cosign verifies a checkpoint, which must be signed by a relay with chain and
// agree with the entries held, and adds this relay's cosignature. It refuses
// what would make its word untrue: a smaller head than it has cosigned
// (Passed), entries that it does not hold yet (Gap), other entries than it
// holds (Forked, with the checkpoint as proof), and a time beyond its own clock
// or far before the newest entry (TimeBack). The same head may be cosigned
// again.
func (r *Replica) Cosign(note []byte, chain [][]byte, j Judge, id *identity.Identity, now time.Time) (Checkpoint, error) {
	c, err := r.Check(note, chain, j, now)
	if err != nil {
		return Checkpoint{}, err
	}
	if id.Name.Role != proto.RoleRelay || id.Name.Agency == c.Origin.Agency {
		return Checkpoint{}, refuse(WrongSigner, "%s does not cosign logs of %s", id.Name, c.Origin.Agency)
	}
	if c.Size < r.cosigned.size {
		return Checkpoint{}, refuse(Passed, "a checkpoint of %d entries after one of %d was cosigned", c.Size, r.cosigned.size)
	}
	if len(c.Signatures) >= MaxSignatures {
		return Checkpoint{}, refuse(TooLarge, "the checkpoint has %d signatures", len(c.Signatures))
	}
	if err := c.cosign(id, now); err != nil {
		return Checkpoint{}, err
	}
	if n := len(c.Note()); n > MaxCheckpoint {
		return Checkpoint{}, refuse(TooLarge, "the checkpoint has %d octets", n)
	}
	r.cosigned = head{c.Size, c.Root, c.Last}
	return c, nil
}

// Check verifies a checkpoint as Cosign does, and signs nothing.
func (r *Replica) Check(note []byte, chain [][]byte, j Judge, now time.Time) (Checkpoint, error) {
	c, err := ParseCheckpoint(note)
	if err != nil {
		return Checkpoint{}, err
	}
	if c.Origin != r.chain.origin {
		return Checkpoint{}, refuse(Mismatch, "a checkpoint of %s for the log %s", c.Origin, r.chain.origin)
	}
	s, err := NewSigners(chain)
	if err != nil {
		return Checkpoint{}, err
	}
	if _, err := c.VerifySequencer(s, j); err != nil {
		return Checkpoint{}, err
	}
	if c.Time.After(now.Add(Skew)) {
		return Checkpoint{}, refuse(TimeBack, "the checkpoint is of %s; this clock shows %s", formatTime(c.Time), formatTime(now))
	}
	return c, r.agrees(&c)
}

// agrees compares a checkpoint with the entries held.
func (r *Replica) agrees(c *Checkpoint) error {
	if c.Size > r.chain.tree.size {
		return refuse(Gap, "the checkpoint is of %d entries; %d are held", c.Size, r.chain.tree.size)
	}
	h, known := r.headAt(c.Size)
	if !known {
		return refuse(Passed, "the checkpoint of %d entries is too old to be compared", c.Size)
	}
	if h.root != c.Root || h.last != c.Last {
		return &Refusal{Forked, NoEntry, "the checkpoint is of other entries than were sent", [][]byte{c.Note()}}
	}
	if c.Size == r.chain.tree.size && c.Time.Before(r.chain.latest.Add(-Skew)) {
		return refuse(TimeBack, "the checkpoint is of %s, its newest entry of %s", formatTime(c.Time), formatTime(r.chain.latest))
	}
	return nil
}

func (r *Replica) headAt(size uint64) (head, bool) {
	if size == r.cosigned.size && size > 0 {
		return r.cosigned, true
	}
	return r.recent.headAt(size)
}

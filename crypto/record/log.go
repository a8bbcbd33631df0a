package record

import (
	"time"

	"crossband/crypto/identity"
	"crossband/proto"
)

// Log is a log at the relay that sequences it. It keeps the head, not the
// entries: whoever calls it stores each line, and State, before anybody else
// sees them. One goroutine uses a Log at a time.
type Log struct {
	chain  chain
	recent window
	signed head // the largest head that was signed; size 0 for none
}

// NewLog begins a log.
func NewLog(o Origin) *Log {
	c := newChain(o)
	return &Log{chain: c, recent: newWindow(&c)}
}

// Origin returns the log's name.
func (l *Log) Origin() Origin { return l.chain.origin }

// Size returns the number of entries.
func (l *Log) Size() uint64 { return l.chain.tree.size }

// Signed returns the size of the largest checkpoint signed.
func (l *Log) Signed() uint64 { return l.signed.size }

// Closed reports whether the incident is closed, as far as the log goes.
func (l *Log) Closed() bool { return l.chain.closed }

// Append adds what happened at now. The first body of a log is an Opened. A now
// that lies more than Skew before an earlier entry is refused as TimeBack; if
// the clock was wrong then, a ClockSet says so and is taken.
func (l *Log) Append(now time.Time, actor, place proto.Name, body Body) (Entry, error) {
	e := Entry{
		Index: l.chain.tree.size,
		Prev:  l.chain.last,
		Time:  now.UTC().Truncate(time.Millisecond),
		Actor: actor,
		Place: place,
		Body:  body,
	}
	if err := e.encode(); err != nil {
		return Entry{}, err
	}
	if err := l.take(&e); err != nil {
		return Entry{}, err
	}
	return e, nil
}

func (l *Log) take(e *Entry) error {
	if err := l.chain.fits(e); err != nil {
		return err
	}
	l.chain.take(e)
	l.recent.add(e)
	return nil
}

// Checkpoint signs the log as it is now. The signer is a relay of the log's
// agency, and the log has an entry.
func (l *Log) Checkpoint(id *identity.Identity, now time.Time) (Checkpoint, error) {
	if id.Name.Role != proto.RoleRelay || id.Name.Agency != l.chain.origin.Agency {
		return Checkpoint{}, refuse(WrongSigner, "%s does not sequence logs of %s", id.Name, l.chain.origin.Agency)
	}
	if l.chain.tree.size == 0 {
		return Checkpoint{}, refuse(Malformed, "the log has no entry to sign")
	}
	if now.Before(l.chain.latest.Add(-Skew)) {
		return Checkpoint{}, refuse(TimeBack, "the clock shows %s, after an entry of %s", formatTime(now), formatTime(l.chain.latest))
	}
	h := l.chain.head()
	c := Checkpoint{Origin: l.chain.origin, Size: h.size, Root: h.root, Time: now.UTC().Truncate(time.Millisecond), Last: h.last}
	if err := c.sign(id); err != nil {
		return Checkpoint{}, err
	}
	l.signed = h
	return c, nil
}

// Settle is asked, after a restore, about every newest checkpoint that is known:
// the own store's and those that partners hold. It refuses one that the log
// does not contain: as Truncated if the log ends before it, as Forked if it has
// other entries. Then the store has been put back to an old state, and going on
// would write a second history: the log is to be given up, not appended to.
func (l *Log) Settle(c *Checkpoint) error {
	if c.Origin != l.chain.origin {
		return refuse(Mismatch, "a checkpoint of %s for the log %s", c.Origin, l.chain.origin)
	}
	if c.Size > l.chain.tree.size {
		return &Refusal{Truncated, int64(l.chain.tree.size), "a checkpoint of more entries has been signed", [][]byte{c.Note()}}
	}
	h, known := l.headAt(c.Size)
	if !known {
		return refuse(Passed, "the checkpoint of %d entries is too old to be compared", c.Size)
	}
	if h.root != c.Root || h.last != c.Last {
		return &Refusal{Forked, NoEntry, "another history of as many entries has been signed", [][]byte{c.Note()}}
	}
	if h.size > l.signed.size {
		l.signed = h
	}
	return nil
}

// headAt returns a head that is still known: the largest signed one, or one
// within the window.
func (l *Log) headAt(size uint64) (head, bool) {
	if size == l.signed.size && size > 0 {
		return l.signed, true
	}
	return l.recent.headAt(size)
}

// Latest returns the latest time of the log's entries; zero when there are none.
func (l *Log) Latest() time.Time { return l.chain.latest }

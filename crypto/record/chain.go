package record

import (
	"time"
)

// chain is what has to be known of a log so far to take one more entry.
type chain struct {
	origin Origin
	tree   Tree
	last   Digest    // hash of the last entry; of the origin before the first
	latest time.Time // latest time of an entry since the clock was last set
	closed bool      // a Closed was the last entry that opens or ends the incident
}

func newChain(o Origin) chain { return chain{origin: o, last: o.first()} }

// fits says whether e is the next entry.
func (c *chain) fits(e *Entry) error {
	switch {
	case c.tree.size >= MaxEntries:
		return refuse(TooLarge, "the log has %d entries, the most there may be", c.tree.size)
	case e.Index != c.tree.size:
		return refuseEntry(Gap, e.Index, "the next entry is %d", c.tree.size)
	case e.Prev != c.last:
		return refuseEntry(Forked, e.Index, "it follows another entry than the one before it here")
	}
	return c.sound(e)
}

// sound says whether what e holds is possible after what came before.
func (c *chain) sound(e *Entry) error {
	opened, first := e.Body.(*Opened)
	if first != (c.tree.size == 0) {
		return refuseEntry(Malformed, e.Index, "a log begins with an entry %q and holds no other", KindOpened)
	}
	if first && opened.Incident != c.origin.Incident {
		return refuseEntry(Malformed, e.Index, "it opens incident %s in the log %s", opened.Incident, c.origin)
	}
	if _, set := e.Body.(*ClockSet); !set && e.Time.Before(c.latest.Add(-Skew)) {
		return refuseEntry(TimeBack, e.Index, "its time is %s, after an entry of %s", formatTime(e.Time), formatTime(c.latest))
	}
	return nil
}

// take adds an entry that fits.
func (c *chain) take(e *Entry) {
	c.last = e.Hash()
	c.tree.Append(c.last)
	switch e.Body.(type) {
	case *ClockSet:
		c.latest = e.Time
	case *Closed:
		c.closed = true
	case *ReArmed:
		c.closed = false
	}
	if e.Time.After(c.latest) {
		c.latest = e.Time
	}
}

// head is a size of the log with the root and last hash that belong to it.
type head struct {
	size uint64
	root Digest
	last Digest
}

func (c *chain) head() head { return head{c.tree.size, c.tree.Root(), c.last} }

package client

import (
	"bytes"
	"cmp"
	"slices"

	"crossband/proto"
)

// Hails lists the hails that this session remembers, oldest first: those that
// came in this run, and those of before that were not over. What acts on hails
// finds there what it may have missed when it was ended between two of them.
func (s *Session) Hails() []*Hail {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*Hail, 0, len(s.hails))
	for _, h := range s.hails {
		list = append(list, h)
	}
	slices.SortFunc(list, func(a, b *Hail) int {
		if c := a.ring.At.Compare(b.ring.At); c != 0 {
			return c
		}
		return slices.Compare(a.id[:], b.id[:])
	})
	return list
}

// Ring returns the hail as it rang: who calls whom, how urgently, in which
// incident. Of one that this session made and that is not in the log yet it
// holds no times.
func (h *Hail) Ring() HailReceived { return h.event() } // what it reads never changes

// maxHails bounds the hails that a session remembers; beyond it one goes for each that
// comes: see forgetLocked.
const maxHails = 1024

func (s *Session) rememberLocked(h *Hail) {
	for len(s.hails) >= maxHails {
		s.forgetLocked()
	}
	s.hails[h.id] = h
}

// forgetLocked forgets a hail: one that is over, if there is none one that help is
// committed to, then one that somebody has accepted, and of those that ring only then;
// of each the oldest.
func (s *Session) forgetLocked() {
	var first *Hail
	for _, h := range s.hails {
		if first == nil || cmp.Or(cmp.Compare(h.need(), first.need()), h.ring.At.Compare(first.ring.At), bytes.Compare(h.id[:], first.id[:])) < 0 {
			first = h
		}
	}
	delete(s.hails, first.id)
}

// need is the higher the more a hail must not be forgotten.
func (h *Hail) need() int {
	switch {
	case h.state.Over():
		return 0
	case h.state == proto.HailCommitted:
		return 1
	case h.state == proto.HailAccepted:
		return 2
	}
	return 3
}

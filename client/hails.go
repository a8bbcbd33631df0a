package client

import "slices"

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

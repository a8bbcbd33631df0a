package sframe

// windowLen is how far behind the newest counter a frame may still arrive, in
// frames: 2.5 seconds of speech, twice what RFC 9605 implementations keep.
const windowLen = 128

// window remembers which counters were opened under one key. Bit i of seen is
// the counter top-i.
type window struct {
	top  uint64
	seen [windowLen / 64]uint64
	used bool
}

// check returns nil for a counter not opened yet, without marking it.
func (w *window) check(ctr uint64) error {
	if !w.used || ctr > w.top {
		return nil
	}
	back := w.top - ctr
	if back >= windowLen {
		return ErrOld
	}
	if w.seen[back/64]>>(back%64)&1 != 0 {
		return ErrReplay
	}
	return nil
}

// mark records a counter that check has passed.
func (w *window) mark(ctr uint64) {
	if !w.used {
		w.used, w.top = true, ctr
	} else if ctr > w.top {
		w.shift(ctr - w.top)
		w.top = ctr
	}
	back := w.top - ctr
	w.seen[back/64] |= 1 << (back % 64)
}

// shift ages every mark by n counters. Go's shifts of 64 or more give zero.
func (w *window) shift(n uint64) {
	switch {
	case n >= windowLen:
		w.seen = [windowLen / 64]uint64{}
	case n >= 64:
		w.seen[1], w.seen[0] = w.seen[0]<<(n-64), 0
	default:
		w.seen[1] = w.seen[1]<<n | w.seen[0]>>(64-n)
		w.seen[0] <<= n
	}
}

package sframe

import (
	"slices"
	"time"

	"crossband/proto"
)

// epoch holds one epoch's base key and the senders heard in it.
type epoch struct {
	number  uint64
	baseKey []byte
	ends    time.Time // zero while it is the current one
	senders map[uint64]*senderState
	leaves  map[uint32]*leafState
}

// senderState is what is kept of one KID.
type senderState struct {
	key    *key
	window window
}

// leafState bounds what one leaf may have kept. Contexts are restart counters:
// they only go up. When a fifth appears, the lowest is retired. From then on
// the list is full and only greater contexts enter it, so that the retired one,
// whose window is forgotten, is never accepted again.
type leafState struct {
	contexts []uint64 // ascending, at most MaxContexts
}

func newEpoch(number uint64, baseKey []byte) *epoch {
	return &epoch{
		number:  number,
		baseKey: slices.Clone(baseKey),
		senders: make(map[uint64]*senderState),
		leaves:  make(map[uint32]*leafState),
	}
}

func newSenderState(suite Suite, kid uint64, baseKey []byte) (*senderState, error) {
	k, err := newKey(suite, kid, baseKey)
	if err != nil {
		return nil, err
	}
	return &senderState{key: k}, nil
}

// over reports whether the epoch's time has passed.
func (e *epoch) over(now time.Time) bool { return !e.ends.IsZero() && !now.Before(e.ends) }

// retiring is the context that must go to make room, if one must.
type retiring struct {
	context uint64
	found   bool
}

// contextToRetire decides whether a context new to its leaf may be added.
func (e *epoch) contextToRetire(p proto.KIDParts) (retiring, error) {
	l := e.leaves[p.Leaf]
	if l == nil || len(l.contexts) < MaxContexts {
		return retiring{}, nil
	}
	if p.Context < l.contexts[0] {
		return retiring{}, ErrOld
	}
	return retiring{context: l.contexts[0], found: true}, nil
}

func (e *epoch) add(kid uint64, p proto.KIDParts, state *senderState) {
	e.senders[kid] = state
	l := e.leaves[p.Leaf]
	if l == nil {
		l = &leafState{}
		e.leaves[p.Leaf] = l
	}
	at, _ := slices.BinarySearch(l.contexts, p.Context)
	l.contexts = slices.Insert(l.contexts, at, p.Context)
}

// retire forgets the lowest context of a leaf, for good: add must follow.
func (e *epoch) retire(kid uint64, leaf uint32) {
	e.senders[kid].key.wipe()
	delete(e.senders, kid)
	l := e.leaves[leaf]
	l.contexts = l.contexts[1:]
}

func (e *epoch) wipe() {
	clear(e.baseKey)
	for _, s := range e.senders {
		s.key.wipe()
	}
	clear(e.senders)
	clear(e.leaves)
}

package client

import (
	"context"
	"sync"

	"crossband/proto"
)

// turns bounds how many requests of one kind are under way at a time: so many to each
// agency's relay, and none counts against another's. Who waits for a relay that gives no
// answers holds up nobody who asks another. It may be used by many at once.
//
// It remembers each agency that it was ever asked for: those with a channel here, which is
// as many as there are agreements.
type turns struct {
	each  int // of one agency
	mu    sync.Mutex
	under map[proto.Agency]chan struct{} // a token for each request under way
}

func newTurns(each int) *turns {
	return &turns{each: each, under: make(map[proto.Agency]chan struct{})}
}

// take waits for a turn to ask an agency's relay. It fails if the caller's time ends first.
func (t *turns) take(ctx context.Context, of proto.Agency) error {
	select {
	case t.tokens(of) <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// give gives a turn back that was taken.
func (t *turns) give(of proto.Agency) { <-t.tokens(of) }

func (t *turns) tokens(of proto.Agency) chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.under[of]
	if c == nil {
		c = make(chan struct{}, t.each)
		t.under[of] = c
	}
	return c
}

// taken is how many turns are taken, of all agencies.
func (t *turns) taken() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := 0
	for _, c := range t.under {
		n += len(c)
	}
	return n
}

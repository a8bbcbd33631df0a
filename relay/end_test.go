package relay

import (
	"context"
	"errors"
	"testing"

	"crossband/relay/store"
)

// TestAnEndWhileTheStoreIsReadIsNoFault: whoever stops a relay that is just
// starting has stopped it, as at any other time; a store that fails has not.
func TestAnEndWhileTheStoreIsReadIsNoFault(t *testing.T) {
	for _, end := range []bool{true, false} {
		h := newHalfNode(t)
		ctx, cancel := context.WithCancel(t.Context())
		broken := errors.New("the disk failed")
		h.cfg.Store = listing{h.cfg.Store, func() error {
			if !end {
				return broken
			}
			cancel()
			return ctx.Err()
		}}
		err := h.Run(ctx)
		cancel()
		if end && err != nil {
			t.Errorf("ended while it read: %v", err)
		}
		if !end && !errors.Is(err, broken) {
			t.Errorf("a store that failed: %v", err)
		}
	}
}

// listing is a store that ends as told when it is asked what it holds.
type listing struct {
	store.Store
	end func() error
}

func (l listing) Buckets(context.Context) ([]store.Bucket, error) { return nil, l.end() }

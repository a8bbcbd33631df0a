package client

import (
	"context"
	"errors"
	"testing"

	"crossband/proto"
)

// TestTurnsOfOneAgencyHoldUpNoOther: one agency's are all taken, and another's are there.
func TestTurnsOfOneAgencyHoldUpNoOther(t *testing.T) {
	turns := newTurns(2)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for range 2 {
		if err := turns.take(t.Context(), "us.example"); err != nil {
			t.Fatal(err)
		}
	}
	if err := turns.take(over, "us.example"); !errors.Is(err, context.Canceled) {
		t.Errorf("a third of two turns: %v", err)
	}
	if err := turns.take(t.Context(), "mx.example"); err != nil {
		t.Error(err)
	}
	if n := turns.taken(); n != 3 {
		t.Errorf("%d turns are taken, want 3", n)
	}
	turns.give("us.example")
	if err := turns.take(t.Context(), "us.example"); err != nil {
		t.Error(err)
	}
}

// TestPagesUnderWayAreNoMoreForMoreAgencies: each is smaller, and none is so small that
// nothing would be in it.
func TestPagesUnderWayAreNoMoreForMoreAgencies(t *testing.T) {
	b := bulkState{turns: newTurns(bulkAtOnce)}
	for taken := range 30 * bulkAtOnce {
		n := b.turns.taken()
		if n != taken {
			t.Fatalf("%d turns are taken, want %d", n, taken)
		}
		switch p := b.page(); {
		case n <= bulkAtOnce && p != bulkPage:
			t.Errorf("%d under way: %d octets, want %d", n, p, bulkPage)
		case p < logFirst:
			t.Errorf("%d under way: %d octets, fewer than of a first page", n, p)
		case p > logFirst && n*p > bulkAtOnce*bulkPage:
			t.Errorf("%d under way: %d octets each, want %d in all", n, p, bulkAtOnce*bulkPage)
		}
		if err := b.turns.take(t.Context(), proto.Agency(rune('a'+taken/bulkAtOnce))); err != nil {
			t.Fatal(err)
		}
	}
}

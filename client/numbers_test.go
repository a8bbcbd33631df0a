package client

import (
	"testing"

	"crossband/proto"
)

// TestAMissingMessageIsAGap: a sender's numbers show what somebody left out on
// the way, and nothing else does.
func TestAMissingMessageIsAGap(t *testing.T) {
	unit := proto.Name{Agency: "usbp.example", Role: proto.RoleUnit, Label: "u"}
	var n numbers
	for _, step := range []struct {
		number, missing uint64
		why             string
	}{
		{7, 0, "the first that is heard: who came late misses nothing"},
		{8, 0, "the next"},
		{0, 0, "one that is not counted"},
		{8, 0, "the same again"},
		{11, 2, "9 and 10 were left out"},
		{9, 0, "one of them, late"},
		{12, 0, "the next"},
	} {
		if got := n.heard(unit, step.number); got != step.missing {
			t.Errorf("number %d (%s): %d missing, want %d", step.number, step.why, got, step.missing)
		}
	}
	n.forget()
	if got := n.heard(unit, 20); got != 0 {
		t.Errorf("after a time away: %d missing, want none", got)
	}
}

// TestANumberOfAFailedMessageIsUsedAgain: else its receivers would see a gap.
func TestANumberOfAFailedMessageIsUsedAgain(t *testing.T) {
	var n numbers
	for want := range uint64(3) {
		if got := n.take(); got != want+1 {
			t.Fatalf("number %d, want %d", got, want+1)
		}
	}
	n.giveBack(2)
	n.giveBack(2)
	if a, b := n.take(), n.take(); a != 2 || b != 4 {
		t.Errorf("numbers %d and %d, want 2 and 4", a, b)
	}
	n.giveBack(3)
	n.adopt(9) // our relay has seen more of us than we know
	if got := n.take(); got != 10 {
		t.Errorf("number %d, want 10", got)
	}
}

package client

import (
	"math"
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

// TestARelayCannotSwitchOffTheCount: whatever a relay says that it has seen of us,
// receivers see that one of our messages is missing, and a relay that cannot be
// right is an alarm.
func TestARelayCannotSwitchOffTheCount(t *testing.T) {
	unit := proto.Name{Agency: "usbp.example", Role: proto.RoleUnit, Label: "u"}
	for _, step := range []struct {
		used, seen, next uint64
		alarms           int
		why              string
	}{
		{5, 5, 6, 0, "what it should have seen"},
		{0, 5, 6, 0, "of a device that has lost its state"},
		{5, 9, 6, 0, "more than we have said, in this run"},
		{5, maxNumber + 1, 6, 1, "more than anybody has ever said"},
		{5, math.MaxUint64, 6, 1, "the last number that there is"},
		{0, math.MaxUint64, 1, 1, "the last number, of a device that has lost its state"},
	} {
		ch := &Channel{numbers: numbers{Used: step.used}}
		if news := ch.rolledBackLocked(step.seen); len(news) != step.alarms {
			t.Errorf("%s: %d alarms, want %d", step.why, len(news), step.alarms)
		}
		var reader numbers
		first := ch.numbers.take()
		if first != step.next {
			t.Errorf("%s: goes on with %d, want %d", step.why, first, step.next)
		}
		reader.heard(unit, first)
		ch.numbers.take() // withheld
		if missing := reader.heard(unit, ch.numbers.take()); missing != 1 {
			t.Errorf("%s: %d missing, want 1", step.why, missing)
		}
	}
}

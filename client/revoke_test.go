package client

import (
	"slices"
	"testing"

	"crossband/proto"
)

// Every member finds the same order by itself: desks first, then by name.
func TestTurns(t *testing.T) {
	var names []proto.Name
	for _, s := range []string{"usbp.example/unit/a", "gn.example/unit/z", "usbp.example/desk/z", "gn.example/recorder/r", "rcmp.example/desk/a"} {
		n, err := proto.ParseName("spiffe://" + s)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, n)
	}
	out := names[2]
	want := []proto.Name{names[4], names[3], names[1], names[0]}
	present := make(map[proto.Name]struct{})
	for _, n := range names {
		present[n] = struct{}{}
	}
	got := make([]proto.Name, len(want))
	for _, n := range want {
		ch := &Channel{present: present, outcasts: []proto.Name{out}}
		turn := ch.turnOf(n)
		if turn >= len(got) || got[turn] != (proto.Name{}) {
			t.Fatalf("%s has turn %d, which is nobody's or another's", n, turn)
		}
		got[turn] = n
	}
	if !slices.Equal(got, want) {
		t.Errorf("turns %v, want %v", got, want)
	}
	for i := range 20 {
		n := proto.Name{Agency: "a.example", Role: proto.RoleDesk, Label: string(rune('a' + i))}
		present[n] = struct{}{}
	}
	ch := &Channel{present: present}
	if turn := ch.turnOf(names[0]); turn != outTurns {
		t.Errorf("the last of 25 waits for %d, want %d", turn, outTurns)
	}
}

package rig

import (
	"net"
	"testing"
)

func TestPortsAreFreeAndGivenOnce(t *testing.T) {
	var p Ports
	seen := make(map[int]bool)
	for range 2000 {
		at, err := p.Free()
		if err != nil {
			t.Fatal(err)
		}
		if at.Port < firstPort || at.Port > lastPort || seen[at.Port] {
			t.Fatalf("port %d is given", at.Port)
		}
		seen[at.Port] = true
	}
}

func TestATakenPortIsNotGiven(t *testing.T) {
	taken, err := FreePort()
	if err != nil {
		t.Fatal(err)
	}
	held, err := net.ListenUDP("udp", taken)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	p := Ports{given: make(map[int]bool)}
	for port := firstPort; port <= lastPort; port++ {
		p.given[port] = port != taken.Port // all but the one that is taken
	}
	if at, err := p.Free(); err == nil {
		t.Errorf("%v is given, and %v is taken", at, taken)
	}
}

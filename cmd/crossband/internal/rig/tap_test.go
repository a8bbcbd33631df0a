package rig

import (
	"bytes"
	"context"
	"net"
	"testing"
	"time"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// shouter is a party that sends back what it gets, in capitals.
func shouter(t *testing.T) *net.UDPAddr {
	t.Helper()
	echo, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	check(t, err)
	t.Cleanup(func() { echo.Close() })
	go func() { // ends when its socket closes
		buf := make([]byte, 1<<16)
		for {
			n, from, err := echo.ReadFromUDP(buf)
			if err != nil {
				return
			}
			echo.WriteToUDP(bytes.ToUpper(buf[:n]), from)
		}
	}()
	return echo.LocalAddr().(*net.UDPAddr)
}

// TestTapPassesAndKeeps: everybody reaches the relay and gets their own answer
// through the tap, and what went either way can be found.
func TestTapPassesAndKeeps(t *testing.T) {
	tap, err := NewTap(shouter(t), true)
	check(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { tap.Run(ctx); close(ended) }() // ends with ctx
	for _, word := range []string{"first CANARY", "second CANARY"} {
		c, err := net.DialUDP("udp", nil, tap.Addr())
		check(t, err)
		defer c.Close()
		c.SetDeadline(time.Now().Add(10 * time.Second))
		_, err = c.Write([]byte(word))
		check(t, err)
		buf := make([]byte, 100)
		n, err := c.Read(buf)
		check(t, err)
		if got := string(buf[:n]); got != string(bytes.ToUpper([]byte(word))) {
			t.Errorf("%q came back for %q", got, word)
		}
	}
	if hits, octets := tap.Find([]byte("CANARY")); hits != 4 || octets != 2*(12+13) {
		t.Errorf("%d hits in %d octets", hits, octets)
	}
	if hits, _ := tap.Find([]byte("first ")); hits != 1 {
		t.Errorf("%d hits of what went one way", hits)
	}
	if hits, _ := tap.Find([]byte("nothing of the kind")); hits != 0 {
		t.Errorf("%d hits of nothing", hits)
	}
	cancel()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatal("the tap does not end")
	}
}

// TestACutTapLosesEverythingUntilItIsMended: nothing passes either way, and what
// was lost does not come later.
func TestACutTapLosesEverythingUntilItIsMended(t *testing.T) {
	tap, err := NewTap(shouter(t), true)
	check(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go tap.Run(ctx) // ends with ctx
	c, err := net.DialUDP("udp", nil, tap.Addr())
	check(t, err)
	defer c.Close()
	say := func(word string) {
		_, err := c.Write([]byte(word))
		check(t, err)
	}
	answer := func(wait time.Duration) string {
		buf := make([]byte, 100)
		c.SetReadDeadline(time.Now().Add(wait))
		n, _ := c.Read(buf)
		return string(buf[:n])
	}
	say("whole")
	if got := answer(10 * time.Second); got != "WHOLE" {
		t.Fatalf("%q through a whole tap", got)
	}
	tap.Cut(true)
	say("cut")
	if got := answer(200 * time.Millisecond); got != "" {
		t.Errorf("%q through a cut tap", got)
	}
	tap.Cut(false)
	say("mended")
	if got := answer(10 * time.Second); got != "MENDED" {
		t.Errorf("%q through a mended tap", got)
	}
	if _, octets := tap.Find([]byte("cut")); octets != 2*len("whole")+2*len("mended") {
		t.Errorf("%d octets passed: some of what was said while it was cut", octets)
	}
}

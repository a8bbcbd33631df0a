package yardstick

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"sync"
	"testing"
	"time"
)

func loopback(t *testing.T) *net.UDPConn {
	t.Helper()
	pc, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	return pc
}

// served runs a server for the time of a test, and sees that it ends.
func served(t *testing.T, serve func(ctx context.Context, ready func()) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ready := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { // ends with the test
		if err := serve(ctx, func() { close(ready) }); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); wg.Wait() })
	<-ready
}

func plainServer(t *testing.T) (*Keys, net.Addr) {
	t.Helper()
	dir := t.TempDir()
	keys, err := NewKeys(dir, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	pc := loopback(t)
	served(t, func(ctx context.Context, ready func()) error { return ServePlain(ctx, pc, dir, ready) })
	return keys, pc.LocalAddr()
}

func (k *Keys) dial(t *testing.T, at net.Addr, group uint16) *Plain {
	t.Helper()
	p, err := k.DialPlain(t.Context(), at, "test", group)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func (p *Plain) hears(t *testing.T, want string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if got, err := p.Receive(ctx); err != nil || string(got) != want {
		t.Errorf("heard %q, %v; want %q", got, err, want)
	}
}

func TestPlainFansOutToTheOthersOfAGroup(t *testing.T) {
	keys, at := plainServer(t)
	talker, a, b := keys.dial(t, at, 1), keys.dial(t, at, 1), keys.dial(t, at, 1)
	elsewhere, there := keys.dial(t, at, 2), keys.dial(t, at, 2)
	for _, said := range []string{"one", "two"} {
		if err := talker.Send([]byte(said)); err != nil {
			t.Fatal(err)
		}
		a.hears(t, said)
		b.hears(t, said)
	}
	if err := elsewhere.Send([]byte("aside")); err != nil {
		t.Fatal(err)
	}
	there.hears(t, "aside")
	a.Close()
	if err := b.Send([]byte("three")); err != nil { // who has left holds nobody up
		t.Fatal(err)
	}
	talker.hears(t, "three")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if got, err := elsewhere.Receive(ctx); err == nil {
		t.Errorf("another group heard %q", got)
	}
}

// TestPlainIsMutual: both sides show certificates of one authority, as ours do.
func TestPlainIsMutual(t *testing.T) {
	keys, at := plainServer(t)
	strangers, err := NewKeys(t.TempDir(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	ours, err := keys.issue("ours", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := strangers.issue("theirs", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		shows tls.Certificate
		root  *x509.Certificate
		in    bool
	}{{ours, keys.root, true}, {ours, strangers.root, false}, {theirs, keys.root, false}} {
		p, err := dialPlain(t.Context(), at, mutual(c.shows, c.root), 1)
		if (err == nil) != c.in {
			t.Errorf("who shows a certificate of %s and trusts %s: %v", c.shows.Leaf.Subject.CommonName, c.root.SerialNumber, err)
		}
		if err == nil {
			p.Close()
		}
	}
}

func startFloor(t *testing.T) *net.UDPAddr {
	t.Helper()
	pc := loopback(t)
	served(t, func(ctx context.Context, ready func()) error { return ServeFloor(ctx, pc, ready) })
	return pc.LocalAddr().(*net.UDPAddr)
}

func TestFloorSealsForEachListener(t *testing.T) {
	at := startFloor(t)
	var listeners []*Listener
	for i := range 3 {
		l, err := JoinFloor(t.Context(), at, uint16(i/2)) // two of group 0, one of group 1
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		listeners = append(listeners, l)
	}
	talker, err := DialFloor(at, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer talker.Close()
	for i := range 3 {
		frame := bytes.Repeat([]byte{byte('a' + i)}, 120)
		if err := talker.Send(frame); err != nil {
			t.Fatal(err)
		}
		for _, l := range listeners[:2] {
			l.pc.SetReadDeadline(time.Now().Add(5 * time.Second))
			if got, err := l.Receive(); err != nil || !bytes.Equal(got, frame) {
				t.Errorf("%q, %v", got, err)
			}
		}
	}
	listeners[2].pc.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if got, err := listeners[2].Receive(); err == nil {
		t.Errorf("another group heard %q", got)
	}
}

// TestFloorIsSealed: what goes to one listener opens for no other, so that the
// sealing is done and not left out.
func TestFloorIsSealed(t *testing.T) {
	at := startFloor(t)
	l, err := JoinFloor(t.Context(), at, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if l.seal, err = newSeal(make([]byte, floorKey)); err != nil {
		t.Fatal(err)
	}
	talker, err := DialFloor(at, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer talker.Close()
	if err := talker.Send([]byte("frame")); err != nil {
		t.Fatal(err)
	}
	l.pc.SetReadDeadline(time.Now().Add(5 * time.Second))
	if got, err := l.Receive(); !errors.Is(err, ErrPacket) {
		t.Errorf("%q, %v", got, err)
	}
}

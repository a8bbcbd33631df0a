package border

import (
	"container/heap"
	"context"
	"encoding/binary"
	"math"
	"net"
	"slices"
	"testing"
	"time"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// echo is a relay that sends back what it gets.
func echo(t *testing.T) *net.UDPAddr {
	t.Helper()
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	check(t, err)
	t.Cleanup(func() { c.Close() })
	go func() { // ends when its socket closes
		buf := make([]byte, 1<<16)
		for {
			n, from, err := c.ReadFromUDP(buf)
			if err != nil {
				return
			}
			c.WriteToUDP(buf[:n], from)
		}
	}()
	return c.LocalAddr().(*net.UDPAddr)
}

// trip sends n numbered packets there and back and returns which came in which order,
// how long the fastest one took, and what was counted.
func trip(t *testing.T, c Conditions, seed uint64, n int) (came []uint32, fastest time.Duration, counts Counts) {
	t.Helper()
	x, err := Open(echo(t), c, seed)
	check(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { x.Run(ctx); close(ended) }() // ends with ctx
	party, err := net.DialUDP("udp", nil, x.Addr())
	check(t, err)
	defer party.Close()
	start := time.Now()
	go func() { // ends when all are sent
		for i := range n {
			b := binary.BigEndian.AppendUint32(nil, uint32(i))
			party.Write(binary.BigEndian.AppendUint64(b, uint64(time.Since(start))))
			if i%10 == 9 {
				time.Sleep(time.Millisecond) // the sockets' buffers are no part of the test
			}
		}
	}()
	fastest = time.Hour
	buf := make([]byte, 100)
	for len(came) < n {
		wait := 10 * time.Second
		if c.Loss > 0 {
			wait = time.Second
		}
		party.SetReadDeadline(time.Now().Add(wait))
		k, err := party.Read(buf)
		if err != nil {
			break
		}
		if k != 12 {
			t.Fatalf("a packet of %d octets", k)
		}
		came = append(came, binary.BigEndian.Uint32(buf))
		fastest = min(fastest, time.Since(start)-time.Duration(binary.BigEndian.Uint64(buf[4:])))
	}
	cancel()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatal("the crossing does not end")
	}
	return came, fastest, x.Counts()
}

func TestACleanBorderPassesEverythingInOrder(t *testing.T) {
	came, _, counts := trip(t, Conditions{}, 1, 200)
	if len(came) != 200 || !slices.IsSorted(came) {
		t.Errorf("%d packets, in order %v", len(came), slices.IsSorted(came))
	}
	if counts != (Counts{Packets: 400, Octets: 4800}) {
		t.Errorf("counted %+v", counts)
	}
}

func TestEveryPacketIsDelayedBothWays(t *testing.T) {
	came, fastest, _ := trip(t, Conditions{Delay: 30 * time.Millisecond}, 1, 50)
	if len(came) != 50 || !slices.IsSorted(came) {
		t.Errorf("%d packets, in order %v", len(came), slices.IsSorted(came))
	}
	if fastest < 60*time.Millisecond {
		t.Errorf("a packet came back after %v, two ways of 30 ms each", fastest)
	}
}

func TestJitterLetsPacketsOvertake(t *testing.T) {
	came, fastest, _ := trip(t, Conditions{Delay: 5 * time.Millisecond, Jitter: 40 * time.Millisecond}, 1, 200)
	if len(came) != 200 || slices.IsSorted(came) {
		t.Errorf("%d packets, in order %v", len(came), slices.IsSorted(came))
	}
	if fastest < 10*time.Millisecond {
		t.Errorf("a packet came back after %v, before its delay", fastest)
	}
}

// TestASeedLosesTheSamePackets: some are lost, of both ways together about as many as
// asked for, and all of them counted.
func TestASeedLosesTheSamePackets(t *testing.T) {
	const n, loss = 1000, 0.1
	first, _, counts := trip(t, Conditions{Loss: loss}, 7, n)
	again, _, _ := trip(t, Conditions{Loss: loss}, 7, n)
	other, _, _ := trip(t, Conditions{Loss: loss}, 8, n)
	if want := n * (1 - loss) * (1 - loss); math.Abs(float64(len(first))-want) > 60 { // five standard deviations
		t.Errorf("%d packets came back, about %.0f were to", len(first), want)
	}
	if lost := n - len(first); int(counts.Lost) != lost || counts.Packets < uint64(2*len(first)) || counts.Packets > uint64(n+len(first)) {
		t.Errorf("%d were lost, counted %+v", lost, counts)
	}
	if !slices.Equal(first, again) {
		t.Error("the same seed lost others")
	}
	if slices.Equal(first, other) {
		t.Error("another seed lost the same")
	}
}

func TestConditionsThatCannotBeAreRefused(t *testing.T) {
	for _, c := range []Conditions{{Delay: -1}, {Jitter: -1}, {Delay: time.Second, Jitter: 1001 * time.Millisecond}, {Loss: -0.1}, {Loss: 1}, {Loss: math.NaN()}} {
		if _, err := Open(&net.UDPAddr{}, c, 1); err == nil {
			t.Errorf("%+v is taken", c)
		}
	}
}

// TestAWayIsBounded: beyond the bound packets are dropped and counted, and what waits
// still goes.
func TestAWayIsBounded(t *testing.T) {
	x := &Crossing{}
	w := newWay(x, Conditions{Delay: time.Second}, nil)
	for range maxWaiting + 3 {
		w.pass([]byte{1}, func([]byte) {})
	}
	if len(w.waiting) != maxWaiting || x.full.Load() != 3 {
		t.Errorf("%d wait, %d were dropped", len(w.waiting), x.full.Load())
	}
	late := time.Now().Add(time.Minute)
	for i := range maxWaiting {
		if p, _, ok := w.next(late); !ok || p.number != uint64(i+1) {
			t.Fatalf("number %d goes as %dth", p.number, i+1)
		}
	}
	if _, _, ok := w.next(late); ok {
		t.Error("more went than had come")
	}
}

// TestWhatIsDueAtOneTimeKeepsItsOrder.
func TestWhatIsDueAtOneTimeKeepsItsOrder(t *testing.T) {
	var p packets
	due := time.Now()
	for i := range uint64(9) {
		heap.Push(&p, packet{due: due, number: i})
	}
	heap.Push(&p, packet{due: due.Add(-1), number: 100})
	for i, want := range []uint64{100, 0, 1, 2, 3, 4, 5, 6, 7, 8} {
		if got := heap.Pop(&p).(packet).number; got != want {
			t.Errorf("number %d goes as %dth, want %d", got, i, want)
		}
	}
}

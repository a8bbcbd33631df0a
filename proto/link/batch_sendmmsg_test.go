//go:build linux && (amd64 || arm64)

package link

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/ipv4"

	"crossband/proto"
)

// receiver opens a socket on loopback and returns its address and a function
// that takes the next packet's text, "" when none comes.
func receiver(t *testing.T, ip net.IP) (*net.UDPAddr, func() string) {
	t.Helper()
	pc, err := net.ListenUDP("udp", &net.UDPAddr{IP: ip})
	if err != nil {
		t.Skip(err) // no IPv6 here
	}
	t.Cleanup(func() { pc.Close() })
	return pc.LocalAddr().(*net.UDPAddr), func() string {
		b := make([]byte, 4096)
		pc.SetReadDeadline(time.Now().Add(5 * time.Second))
		n, err := pc.Read(b)
		if err != nil {
			t.Error(err)
		}
		return string(b[:n])
	}
}

func batching(t *testing.T, network string, ip net.IP) *batchConn {
	t.Helper()
	pc, err := net.ListenUDP(network, &net.UDPAddr{IP: ip})
	if err != nil {
		t.Skip(err)
	}
	c := newBatchConn(pc)
	t.Cleanup(func() { c.Close() })
	return c
}

func v4() net.IP { return net.IPv4(127, 0, 0, 1) }

func write(t *testing.T, c *batchConn, to *net.UDPAddr, format string, args ...any) {
	t.Helper()
	b := fmt.Appendf(nil, format, args...)
	if n, _, err := c.WriteMsgUDP(b, nil, to); n != len(b) || err != nil {
		t.Errorf("%s: %d octets taken, %v", b, n, err)
	}
}

// gather leaves a packet in the batch.
func gather(c *batchConn, to *net.UDPAddr, format string, args ...any) gathering {
	return c.gather(fmt.Appendf(nil, format, args...), nil, to)
}

// TestBatchKeepsOrder writes to several receivers at once, of both families where
// the socket serves both.
func TestBatchKeepsOrder(t *testing.T) {
	for _, tt := range []struct {
		network string
		at      net.IP
		to      []net.IP
	}{
		{"udp4", v4(), []net.IP{v4(), v4()}},
		{"udp6", net.IPv6loopback, []net.IP{net.IPv6loopback, net.IPv6loopback}},
		{"udp", net.IPv6unspecified, []net.IP{v4(), net.IPv6loopback, v4().To4()}},
	} {
		t.Run(tt.network, func(t *testing.T) {
			c := batching(t, tt.network, tt.at)
			const packets = 100
			var writers, readers sync.WaitGroup
			for _, ip := range tt.to {
				to, next := receiver(t, ip)
				to = &net.UDPAddr{IP: ip, Port: to.Port}
				writers.Go(func() {
					for i := range packets {
						if i%10 == 9 { // one that is written by itself keeps its place
							write(t, c, to, "\xc0%d", i)
						} else {
							write(t, c, to, "@%d", i)
						}
					}
				})
				readers.Go(func() {
					for i := range packets {
						if got := next(); len(got) < 2 || got[1:] != fmt.Sprint(i) {
							t.Errorf("packet %d was %q", i, got)
							return
						}
					}
				})
			}
			writers.Wait()
			readers.Wait()
			if s := &c.stats; s.sent.Load() != uint64(90*len(tt.to)) || s.direct.Load() != uint64(10*len(tt.to)) || s.lost.Load() != 0 {
				t.Errorf("%d in batches, %d direct, %d lost", s.sent.Load(), s.direct.Load(), s.lost.Load())
			}
		})
	}
}

// TestBatchIsBounded: while the kernel takes nothing, a batch gathers and then its
// writers wait.
func TestBatchIsBounded(t *testing.T) {
	c := batching(t, "udp4", v4())
	var to [8]*net.UDPAddr
	var next [8]func() string
	for i := range to {
		to[i], next[i] = receiver(t, v4())
	}
	c.sending.Lock()
	for i := range batchPackets {
		gather(c, to[i%8], "@%d", i)
	}
	waited := make(chan struct{})
	go func() { // ends when the kernel takes packets again
		defer close(waited)
		write(t, c, to[0], "@%d", batchPackets)
	}()
	for c.stats.full.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	select {
	case <-waited:
		t.Error("more was taken than there is room for")
	default:
	}
	c.sending.Unlock()
	<-waited
	for i := range batchPackets + 1 {
		if got := next[i%8](); got != fmt.Sprintf("@%d", i) {
			t.Fatalf("packet %d was %q", i, got)
		}
	}
	if n := c.stats.calls.Load(); n > batchPackets/atOnce+1 {
		t.Errorf("%d calls", n)
	}
}

// TestBatchOctets: long packets fill a batch before there are many.
func TestBatchOctets(t *testing.T) {
	p, n := newPackets(), 0
	long := make([]byte, batchPacket)
	for p.add(long, make([]byte, 24), &net.UDPAddr{}) {
		n++
	}
	if n != batchOctets/(batchPacket+24) || cap(p.data) != batchOctets {
		t.Errorf("%d packets in %d octets", n, cap(p.data))
	}
}

// refusing is a kernel that refuses some packets.
type refusing struct {
	errs map[string][]error // by payload, in turn
	most int                // packets a call takes
	got  []string
}

func (r *refusing) send(h *headers, from int) (int, error) {
	n := min(h.n-from, r.most)
	for i := range n {
		text := string(h.payload(from + i))
		if errs := r.errs[text]; len(errs) > 0 {
			if i > 0 {
				return i, nil // as sendmmsg(2): the error comes with the next call
			}
			r.errs[text] = errs[1:]
			return 0, errs[0]
		}
		r.got = append(r.got, text)
	}
	return n, nil
}

func TestBatchGoesOnAfterRefusals(t *testing.T) {
	again := func(n int, err error) (all []error) {
		for range n {
			all = append(all, err)
		}
		return all
	}
	kernel := &refusing{most: 5, errs: map[string][]error{
		"@0":  again(9, syscall.ENOBUFS),
		"@3":  again(9, syscall.EMSGSIZE),
		"@4":  again(1, syscall.EPERM),
		"@5":  again(1, syscall.EPERM),
		"@6":  again(2, syscall.EPERM),
		"@11": again(9, syscall.ENETUNREACH),
	}}
	c := batching(t, "udp4", v4())
	c.out = kernel
	for i := range 12 {
		gather(c, &net.UDPAddr{IP: v4()}, "@%d", i)
	}
	c.flush()
	if got, want := fmt.Sprint(kernel.got), "[@1 @2 @4 @5 @7 @8 @9 @10]"; got != want {
		t.Errorf("sent %s, want %s", got, want)
	}
	if s := &c.stats; s.sent.Load() != 8 || s.lost.Load() != 4 {
		t.Errorf("%d sent, %d lost", s.sent.Load(), s.lost.Load())
	}
}

// segments asks the kernel to cut a payload.
func segments(size uint16) []byte {
	b := make([]byte, syscall.CmsgSpace(2))
	binary.NativeEndian.PutUint32(b[0:], uint32(syscall.CmsgLen(2)))
	binary.NativeEndian.PutUint32(b[syscall.SizeofCmsghdr-8:], solUDP)
	binary.NativeEndian.PutUint32(b[syscall.SizeofCmsghdr-4:], udpSegment)
	binary.NativeEndian.PutUint16(b[syscall.SizeofCmsghdr:], size)
	return b
}

// TestBatchAndSegments: what has to be cut is written at once, so that its writer
// learns if it cannot be; what is one packet anyway goes with the others.
func TestBatchAndSegments(t *testing.T) {
	c := batching(t, "udp4", v4())
	to, next := receiver(t, v4())
	tos := make([]byte, syscall.CmsgSpace(1))
	binary.NativeEndian.PutUint32(tos[0:], uint32(syscall.CmsgLen(1)))
	binary.NativeEndian.PutUint32(tos[syscall.SizeofCmsghdr-8:], syscall.IPPROTO_IP)
	binary.NativeEndian.PutUint32(tos[syscall.SizeofCmsghdr-4:], syscall.IP_TOS)
	tos[syscall.SizeofCmsghdr] = 2
	if got := appendPlain(nil, append(append(segments(4), tos...), segments(4)...)); string(got) != string(tos) {
		t.Errorf("control messages without cutting: %x", got)
	}
	for _, oob := range [][]byte{segments(4), append(append([]byte{}, tos...), segments(4)...), append(segments(4), tos...)} {
		direct := c.stats.direct.Load()
		if _, _, err := c.WriteMsgUDP([]byte("@abc"), oob, to); err != nil || next() != "@abc" || c.stats.direct.Load() != direct {
			t.Errorf("one packet: %v, %d direct", err, c.stats.direct.Load())
		}
		if _, _, err := c.WriteMsgUDP([]byte("@abcdefghi"), oob, to); err != nil || c.stats.direct.Load() != direct+1 {
			t.Errorf("three packets: %v, %d direct", err, c.stats.direct.Load())
		}
		for _, want := range []string{"@abc", "defg", "hi"} {
			if got := next(); got != want {
				t.Errorf("segment %q, want %q", got, want)
			}
		}
	}
	if _, _, err := c.WriteMsgUDP(append([]byte("@"), make([]byte, 1000)...), segments(1), to); err == nil {
		t.Error("its writer was not told that a payload cannot be cut so small")
	}
	if _, _, err := c.WriteMsgUDP(append([]byte("@"), make([]byte, 70_000)...), nil, to); !errors.Is(err, syscall.EMSGSIZE) {
		t.Errorf("a packet that is too long: %v", err)
	}
	for _, oob := range [][]byte{segments(4)[:17], {1, 2, 3}, make([]byte, 40), append(segments(9), 1, 2, 3)} {
		if inOnePiece(4, oob) {
			t.Errorf("malformed control messages %x would be gathered", oob)
		}
	}
}

// TestBatchClose closes while many write: what was taken goes out, and later
// writers are told.
func TestBatchClose(t *testing.T) {
	pc, err := net.ListenUDP("udp4", &net.UDPAddr{IP: v4()})
	if err != nil {
		t.Fatal(err)
	}
	c := newBatchConn(pc)
	to, next := receiver(t, v4())
	c.sending.Lock()
	for i := range 50 {
		gather(c, to, "@%d", i)
	}
	nobody, _ := receiver(t, v4())
	var writers sync.WaitGroup
	for range 8 {
		writers.Go(func() {
			for {
				if _, _, err := c.WriteMsgUDP([]byte("@more"), nil, nobody); err != nil {
					if !errors.Is(err, net.ErrClosed) {
						t.Error(err)
					}
					return
				}
			}
		})
	}
	closed := make(chan error)
	go func() { closed <- c.Close() }() // ends with the test
	time.Sleep(10 * time.Millisecond)
	c.sending.Unlock()
	if err := <-closed; err != nil {
		t.Error(err)
	}
	writers.Wait()
	for i := range 50 {
		if got := next(); got != fmt.Sprintf("@%d", i) {
			t.Fatalf("packet %d was %q", i, got)
		}
	}
	if _, _, err := c.WriteMsgUDP([]byte("\xc0handshake"), nil, to); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a packet of a handshake after the end: %v", err)
	}
	if err := c.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("closed twice: %v", err)
	}
}

// TestWriteBatch sends prepared messages from their caller: more than fit into one
// call, one in the middle that the kernel refuses.
func TestWriteBatch(t *testing.T) {
	c := batching(t, "udp", net.IPv6unspecified)
	var ms []ipv4.Message
	var next [2]func() string
	to6, next6 := receiver(t, net.IPv6loopback)
	to4, next4 := receiver(t, v4())
	next[0], next[1] = next6, next4
	const n = batchPackets + 10
	for i := range n {
		to := to6
		if i%2 == 1 {
			to = to4
		}
		ms = append(ms, ipv4.Message{Buffers: [][]byte{fmt.Appendf(nil, "@%d", i)}, Addr: to})
	}
	ms[200].Addr = &net.UDPAddr{IP: v4()} // port 0
	sent, err := c.writeBatch(ms)
	if sent != 200 || !errors.Is(err, syscall.EINVAL) {
		t.Fatalf("%d sent, %v", sent, err)
	}
	if sent, err = c.writeBatch(ms[201:]); sent != n-201 || err != nil {
		t.Fatalf("%d sent, %v", sent, err)
	}
	for i := range n {
		if i == 200 {
			continue
		}
		if got := next[i%2](); got != fmt.Sprintf("@%d", i) {
			t.Fatalf("packet %d was %q", i, got)
		}
	}
	// An address that is of one interface only is for package net to resolve.
	kernel := c.out
	c.out = &refusing{most: 5}
	zoned := &net.UDPAddr{IP: to6.IP, Port: to6.Port, Zone: "lo"}
	if sent, err := c.writeBatch([]ipv4.Message{{Buffers: [][]byte{[]byte("@zone")}, Addr: zoned}}); sent != 1 || err != nil || next6() != "@zone" {
		t.Errorf("to one interface: %d sent, %v", sent, err)
	}
	if write(t, c, zoned, "@zone"); next6() != "@zone" {
		t.Error("a packet to one interface was gathered")
	}
	c.out = kernel
	c.Close()
	if sent, err := c.writeBatch(ms); sent != 0 || !errors.Is(err, net.ErrClosed) {
		t.Errorf("after the end: %d sent, %v", sent, err)
	}
}

func TestBatchAllocatesNothing(t *testing.T) {
	c := batching(t, "udp4", v4())
	b, oob, to := make([]byte, 160), segments(1200), &net.UDPAddr{IP: v4(), Port: 9}
	b[0] = '@'
	if n := testing.AllocsPerRun(10_000, func() { c.WriteMsgUDP(b, oob, to) }); n > 0.1 {
		t.Errorf("%.2f allocations a packet", n)
	}
	ms := []ipv4.Message{{Buffers: [][]byte{b}, Addr: to}, {Buffers: [][]byte{b}, Addr: to}}
	if n := testing.AllocsPerRun(10_000, func() { c.writeBatch(ms) }); n > 0.1 {
		t.Errorf("%.2f allocations a batch", n)
	}
}

// TestListenerIsTakenForUDP: quic-go must set on a listener's socket what it sets
// on a plain one, and voice must go through the batch.
func TestListenerIsTakenForUDP(t *testing.T) {
	cert := selfSigned(t)
	relay := proto.Name{Agency: "usbp.example", Role: proto.RoleRelay, Label: "a"}
	unit := proto.Name{Agency: "usbp.example", Role: proto.RoleUnit, Label: "u"}
	cfg := Config{
		Self:        relay,
		Certificate: func() (*tls.Certificate, error) { return cert, nil },
		Verify: func(_ [][]byte, server bool) (proto.Name, error) {
			if server {
				return relay, nil
			}
			return unit, nil
		},
	}
	pc, err := net.ListenUDP("udp4", &net.UDPAddr{IP: v4()})
	if err != nil {
		t.Fatal(err)
	}
	l, err := Listen(pc, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	raw, err := pc.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	option := func(name int) (v int) {
		raw.Control(func(fd uintptr) { v, err = syscall.GetsockoptInt(int(fd), syscall.IPPROTO_IP, name) })
		if err != nil {
			t.Error(err)
		}
		return v
	}
	if df, tos := option(syscall.IP_MTU_DISCOVER), option(syscall.IP_RECVTOS); df != syscall.IP_PMTUDISC_PROBE || tos != 1 {
		t.Errorf("IP_MTU_DISCOVER %d, IP_RECVTOS %d", df, tos)
	}
	dpc, err := net.ListenUDP("udp4", &net.UDPAddr{IP: v4()})
	if err != nil {
		t.Fatal(err)
	}
	cfg.Self = unit
	d, err := NewDialer(dpc, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, batches := d.s.pc.(*batchConn); batches {
		t.Error("a dialler's socket has a batch")
	}
	out, err := d.Dial(context.Background(), l.Addr(), RelayOf("usbp.example"))
	if err != nil {
		t.Fatal(err)
	}
	in, err := l.Accept(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	batch := l.s.pc.(*batchConn)
	before := batch.stats.sent.Load()
	for i := range 20 {
		in.SendVoice(1, fmt.Appendf(nil, "frame %d", i))
		b, err := out.ReceiveVoice(context.Background())
		if err != nil || string(b[1:]) != fmt.Sprintf("frame %d", i) {
			t.Fatalf("received %q, %v", b, err)
		}
	}
	if n := batch.stats.sent.Load() - before; n < 20 || batch.stats.lost.Load() > 0 {
		t.Errorf("%d packets in batches, %d lost", n, batch.stats.lost.Load())
	}
}

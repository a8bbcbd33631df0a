package link

import (
	"net"
	"runtime"
	"sync/atomic"

	"golang.org/x/net/ipv4"
)

// burst writes prepared packets to a socket beside QUIC, in order, on the
// caller's goroutine; many may write at once. What the system does not take is
// lost, as packets are, and counted: it is not tried again, for the next frame
// is only 20 ms away.
type burst struct {
	pc     net.PacketConn
	batch  *ipv4.PacketConn // nil where packets go one by one
	failed atomic.Uint64
}

// newBurst finds the cheapest way into a socket. Linux takes many packets a call
// (sendmmsg), to addresses of either IP version.
func newBurst(pc net.PacketConn) *burst {
	b := &burst{pc: pc}
	if udp, ok := pc.(*net.UDPConn); ok && runtime.GOOS == "linux" {
		b.batch = ipv4.NewPacketConn(udp)
	}
	return b
}

func (b *burst) write(packets []ipv4.Message) {
	for len(packets) > 0 {
		n, err := b.some(packets)
		if err != nil {
			b.failed.Add(1)
			n = max(n, 0) + 1 // the first that did not go
		}
		packets = packets[min(n, len(packets)):]
	}
}

// some writes at least one packet or fails at the first that it does not write.
func (b *burst) some(packets []ipv4.Message) (int, error) {
	if b.batch != nil {
		return b.batch.WriteBatch(packets, 0)
	}
	if _, err := b.pc.WriteTo(packets[0].Buffers[0], packets[0].Addr); err != nil {
		return 0, err
	}
	return 1, nil
}

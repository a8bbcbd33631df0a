package link

import (
	"net"
	"sync/atomic"

	"golang.org/x/net/ipv4"
)

// burst writes prepared packets to a socket beside QUIC, in order, on the
// caller's goroutine; many may write at once. A socket whose buffer is full holds
// the caller up until the kernel has room. What the system refuses is lost, as
// packets are, and counted: it is not tried again, for the next frame is only 20
// ms away.
type burst struct {
	pc     net.PacketConn
	batch  *batchConn // nil where packets go one by one
	failed atomic.Uint64
}

func newBurst(pc net.PacketConn) *burst {
	b := &burst{pc: pc}
	b.batch, _ = pc.(*batchConn)
	return b
}

func (b *burst) write(packets []ipv4.Message) {
	for len(packets) > 0 {
		n, err := b.some(packets)
		if err != nil {
			b.failed.Add(1)
			n++ // the one that did not go
		}
		packets = packets[min(n, len(packets)):]
	}
}

// some writes packets and returns how many, all or up to the first that does not go.
func (b *burst) some(packets []ipv4.Message) (int, error) {
	if b.batch != nil {
		return b.batch.writeBatch(packets)
	}
	if _, err := b.pc.WriteTo(packets[0].Buffers[0], packets[0].Addr); err != nil {
		return 0, err
	}
	return 1, nil
}

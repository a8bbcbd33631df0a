//go:build !linux || !(amd64 || arm64)

package link

import (
	"net"

	"golang.org/x/net/ipv4"
)

// canBatch is whether the system sends several packets with one call, as far as we
// know how.
const canBatch = false

func inOnePiece(int, []byte) bool { return false }

func appendPlain(b, oob []byte) []byte { return append(b, oob...) }

// headers are packets that writeBatch is given.
type headers struct {
	n  int
	ps [batchPackets]packet
}

type packet struct {
	b, oob []byte
	to     *net.UDPAddr
}

func (h *headers) add(b, oob []byte, to *net.UDPAddr) {
	h.ps[h.n] = packet{b, oob, to}
	h.n++
}

func newReader(pc *net.UDPConn) reader { return ipv4.NewPacketConn(pc) }

// udpKernel sends one packet at a time.
type udpKernel struct{ pc *net.UDPConn }

func newKernel(pc *net.UDPConn) kernel { return udpKernel{pc} }

func (k udpKernel) send(h *headers, from int) (int, error) {
	p := &h.ps[from]
	if _, _, err := k.pc.WriteMsgUDP(p.b, p.oob, p.to); err != nil {
		return 0, err
	}
	return 1, nil
}

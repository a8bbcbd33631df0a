//go:build linux && (amd64 || arm64)

package link

import (
	"encoding/binary"
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"
	"unsafe"
)

// mmsghdr is struct mmsghdr of sendmmsg(2) and recvmmsg(2).
type mmsghdr struct {
	syscall.Msghdr
	length uint32 // octets sent or received
}

// headers are packets as the kernel wants them. They point to the packets'
// octets, and to themselves: they must not be copied.
type headers struct {
	n   int
	hs  [batchPackets]mmsghdr
	iov [batchPackets]syscall.Iovec
	to  [batchPackets]syscall.RawSockaddrInet6 // or RawSockaddrInet4, which is shorter
}

// add takes a packet, which must stay as it is until it has been sent. There is
// room for batchPackets.
func (h *headers) add(b, oob []byte, to *net.UDPAddr) {
	i := h.n
	h.n++
	h.iov[i].Base = unsafe.SliceData(b)
	h.iov[i].SetLen(len(b))
	m := &h.hs[i].Msghdr
	m.Name, m.Namelen = h.address(i, to)
	m.Iov, m.Iovlen = &h.iov[i], 1
	m.Control = nil
	if len(oob) > 0 {
		m.Control = unsafe.SliceData(oob)
	}
	m.SetControllen(len(oob))
}

// address writes where a packet goes. Linux takes an IPv4 address on a socket for
// both families too.
func (h *headers) address(i int, to *net.UDPAddr) (*byte, uint32) {
	if ip := to.IP.To4(); ip != nil {
		a := (*syscall.RawSockaddrInet4)(unsafe.Pointer(&h.to[i]))
		a.Family, a.Addr = syscall.AF_INET, [4]byte(ip)
		putPort(&a.Port, to.Port)
		return (*byte)(unsafe.Pointer(a)), syscall.SizeofSockaddrInet4
	}
	a := &h.to[i]
	a.Family, a.Flowinfo, a.Scope_id = syscall.AF_INET6, 0, 0
	copy(a.Addr[:], to.IP.To16())
	putPort(&a.Port, to.Port)
	return (*byte)(unsafe.Pointer(a)), syscall.SizeofSockaddrInet6
}

// putPort writes a port in the network's order.
func putPort(p *uint16, port int) {
	binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(p))[:], uint16(port))
}

// port reads a port in the network's order.
func port(p *uint16) int { return int(binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(p))[:])) }

// payload returns a packet's octets.
func (h *headers) payload(i int) []byte {
	return unsafe.Slice(h.iov[i].Base, h.iov[i].Len)
}

// atOnce is how many packets one call sends at most. The kernel takes some 3 µs
// for each, and all the while the processor does nothing else.
const atOnce = 64

// mmsgSender is sendmmsg(2) on a socket. golang.org/x/net offers it too, but
// announces each call to Go's scheduler as one that may block: that takes the
// processor away from a call of more than 20 µs and gives it to another thread,
// which costs more than all the batch saves. The socket does not block.
type mmsgSender struct {
	raw   syscall.RawConn
	calls sync.Pool // of *mmsgCall
}

// mmsgCall is one call's own; it is kept so that a call allocates nothing.
type mmsgCall struct {
	hs    []mmsghdr
	sent  int
	errno syscall.Errno
	do    func(fd uintptr) bool
}

func newKernel(pc *net.UDPConn) kernel {
	raw, err := pc.SyscallConn()
	if err != nil {
		return closedKernel{} // the only way a socket can have no raw connection
	}
	return &mmsgSender{raw: raw, calls: sync.Pool{New: func() any {
		c := new(mmsgCall)
		c.do = c.call
		return c
	}}}
}

// send implements kernel.
func (s *mmsgSender) send(h *headers, from int) (int, error) {
	c := s.calls.Get().(*mmsgCall)
	defer s.calls.Put(c)
	c.hs = h.hs[from:min(h.n, from+atOnce)]
	if err := s.raw.Write(c.do); err != nil {
		return 0, err // closed, or the deadline has passed
	}
	if c.errno != 0 {
		return 0, os.NewSyscallError("sendmmsg", c.errno)
	}
	return c.sent, nil
}

// call reports false to be called again when the kernel has room.
func (c *mmsgCall) call(fd uintptr) bool {
	for {
		n, _, errno := syscall.RawSyscall6(sendmmsg(), fd, uintptr(unsafe.Pointer(&c.hs[0])), uintptr(len(c.hs)), 0, 0, 0)
		c.sent, c.errno = int(n), errno
		if errno != syscall.EINTR {
			return errno != syscall.EAGAIN
		}
	}
}

// sendmmsg is the call's number, which package syscall has not everywhere.
func sendmmsg() uintptr {
	if runtime.GOARCH == "amd64" {
		return 307
	}
	return 269 // arm64
}

// closedKernel is of a socket that was closed from the beginning.
type closedKernel struct{}

func (closedKernel) send(*headers, int) (int, error) { return 0, net.ErrClosed }

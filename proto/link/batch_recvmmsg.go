//go:build linux && (amd64 || arm64)

package link

import (
	"net"
	"os"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/net/ipv4"
)

// readMost is how many packets one call reads at most; quic-go asks for eight.
const readMost = 32

// mmsgReader is recvmmsg(2) on a socket. golang.org/x/net offers it too, but
// announces each call to Go's scheduler. That wakes the scheduler's monitor, which
// then looks every 20 µs for a while: on a relay that reads a packet now and then
// this took a seventh of all time. The socket does not block.
//
// Owned by the one goroutine that reads.
type mmsgReader struct {
	raw  syscall.RawConn
	do   func(fd uintptr) bool
	hs   [readMost]mmsghdr
	iov  [readMost]syscall.Iovec
	from [readMost]syscall.RawSockaddrInet6 // or RawSockaddrInet4, which is shorter

	wanted, got int
	errno       syscall.Errno
}

func newReader(pc *net.UDPConn) reader {
	raw, err := pc.SyscallConn()
	if err != nil {
		return closedReader{} // the only way a socket can have no raw connection
	}
	r := &mmsgReader{raw: raw}
	r.do = r.call
	return r
}

// ReadBatch waits for packets and fills in as many messages as there are, at least
// one. Each message has one buffer.
func (r *mmsgReader) ReadBatch(ms []ipv4.Message, _ int) (int, error) {
	r.wanted = min(len(ms), readMost)
	for i := range r.wanted {
		r.prepare(i, &ms[i])
	}
	if err := r.raw.Read(r.do); err != nil {
		return 0, err // closed, or the deadline has passed
	}
	if r.errno != 0 {
		return 0, os.NewSyscallError("recvmmsg", r.errno)
	}
	for i := range r.got {
		m, h := &ms[i], &r.hs[i]
		m.N, m.NN, m.Flags, m.Addr = int(h.length), int(h.Controllen), int(h.Flags), r.sender(i)
	}
	return r.got, nil
}

// prepare points the kernel to a message's room.
func (r *mmsgReader) prepare(i int, m *ipv4.Message) {
	r.iov[i].Base = unsafe.SliceData(m.Buffers[0])
	r.iov[i].SetLen(len(m.Buffers[0]))
	h := &r.hs[i].Msghdr
	h.Name, h.Namelen = (*byte)(unsafe.Pointer(&r.from[i])), syscall.SizeofSockaddrInet6
	h.Iov, h.Iovlen = &r.iov[i], 1
	h.Control, h.Flags = unsafe.SliceData(m.OOB), 0
	h.SetControllen(len(m.OOB))
}

// call reports false to be called again when there is something to read.
func (r *mmsgReader) call(fd uintptr) bool {
	for {
		n, _, errno := syscall.RawSyscall6(syscall.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&r.hs[0])), uintptr(r.wanted), 0, 0, 0)
		r.got, r.errno = int(n), errno
		if errno != syscall.EINTR {
			return errno != syscall.EAGAIN
		}
	}
}

// sender is where a packet came from. quic-go keeps it, so it is a new one each time.
func (r *mmsgReader) sender(i int) net.Addr {
	from := &r.from[i]
	if from.Family == syscall.AF_INET {
		a := (*syscall.RawSockaddrInet4)(unsafe.Pointer(from))
		return &net.UDPAddr{IP: append(net.IP(nil), a.Addr[:]...), Port: port(&a.Port)}
	}
	to := &net.UDPAddr{IP: append(net.IP(nil), from.Addr[:]...), Port: port(&from.Port)}
	if from.Scope_id != 0 {
		to.Zone = strconv.Itoa(int(from.Scope_id))
	}
	return to
}

// closedReader is of a socket that was closed from the beginning.
type closedReader struct{}

func (closedReader) ReadBatch([]ipv4.Message, int) (int, error) { return 0, net.ErrClosed }

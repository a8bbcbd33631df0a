package link

import (
	"errors"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/net/ipv4"
)

// batchConn is a listener's UDP socket that sends the packets of many
// connections with one system call. quic-go writes each packet from a goroutine
// of its own connection. Here they gather: who finds the batch empty puts its
// packet in, lets the goroutines that are ready to run go first, which are those
// with the other packets of a burst, and then sends what is there. It waits for
// nobody else, and for no time. Packets to one destination keep their order.
//
// Bound: batchPackets and batchOctets, twice (one gathers, one is being sent).
// Policy: the writer sends them itself, and so waits for the kernel as it would
// without a batch. Counter: batchStats.full.
//
// Packets of handshakes, several packets in one piece (UDP_SEGMENT) and what is
// longer than any packet of ours are written by their writer, behind what has
// gathered: quic-go learns from the error that an address cannot be reached or
// that a device cannot cut pieces. Of other packets an error loses the packet,
// as a network would; it is counted.
type batchConn struct {
	*net.UDPConn
	out kernel
	reader
	pool sync.Pool // of *headers, for writeBatch: idle ones are few, and let go

	sending sync.Mutex // held by whoever sends, so that order is kept; guards spare
	spare   *packets

	mu   sync.Mutex // guards what follows; held for copying one packet
	fill *packets
	shut bool

	stats batchStats
}

// kernel sends packets, from h's packet number from on: as many as it takes at
// once. It returns how many went out, or why the first one did not.
type kernel interface {
	send(h *headers, from int) (sent int, err error)
}

// reader reads packets: as many as there are, at least one.
type reader interface {
	ReadBatch(ms []ipv4.Message, flags int) (int, error)
}

// batchStats counts what a batchConn did.
type batchStats struct {
	calls  atomic.Uint64 // batches sent
	sent   atomic.Uint64 // packets sent in them
	direct atomic.Uint64 // packets, or pieces of several, that their writer sent
	full   atomic.Uint64 // a writer found the batch full
	lost   atomic.Uint64 // packets that the kernel did not take
}

const (
	batchPackets = 256
	batchOctets  = 64 << 10
	batchPacket  = 1500 // octets of the longest packet that is gathered
	batchOOB     = 128  // octets of its control messages
)

// packets are what has gathered. Payloads and control messages lie one behind
// the other in data, which is allocated once.
type packets struct {
	headers
	data []byte
}

func newPackets() *packets {
	return &packets{data: make([]byte, 0, batchOctets)}
}

// add copies a packet; false when there is no room.
func (p *packets) add(b, oob []byte, to *net.UDPAddr) bool {
	if !p.room(len(b) + len(oob)) {
		return false
	}
	from := len(p.data)
	p.data = append(p.data, b...)
	mid := len(p.data)
	p.data = appendPlain(p.data, oob)
	p.headers.add(p.data[from:mid], p.data[mid:], to)
	return true
}

// room reports whether one more packet of n octets fits.
func (p *packets) room(n int) bool {
	return p.n < batchPackets && len(p.data)+n <= batchOctets
}

func (p *packets) reset() { p.data, p.n = p.data[:0], 0 }

// newBatchConn takes the socket over, until Close.
func newBatchConn(pc *net.UDPConn) *batchConn {
	return &batchConn{
		UDPConn: pc,
		out:     newKernel(pc),
		reader:  newReader(pc),
		pool:    sync.Pool{New: func() any { return new(headers) }},
		fill:    newPackets(),
		spare:   newPackets(),
	}
}

// flush sends what has gathered.
func (c *batchConn) flush() {
	c.sending.Lock()
	defer c.sending.Unlock()
	c.flushLocked()
}

// flushFull sends what has gathered, unless somebody else has done so while the
// caller waited and there is room for more octets now.
func (c *batchConn) flushFull(more int) {
	c.sending.Lock()
	defer c.sending.Unlock()
	c.mu.Lock()
	room := c.fill.room(more)
	c.mu.Unlock()
	if !room {
		c.flushLocked()
	}
}

// flushLocked sends what has gathered; the caller holds sending.
func (c *batchConn) flushLocked() {
	c.mu.Lock()
	c.fill, c.spare = c.spare, c.fill
	c.mu.Unlock()
	p := c.spare
	for from := 0; from < p.n; {
		n, err := c.write(&p.headers, from)
		c.stats.sent.Add(uint64(n))
		from += n
		if errors.Is(err, net.ErrClosed) {
			c.stats.lost.Add(uint64(p.n - from))
			break
		}
		if err != nil {
			c.stats.lost.Add(1)
			from++
		}
	}
	p.reset()
}

// write sends packets from one on, and returns how many went out and what held
// up the one behind them.
func (c *batchConn) write(h *headers, from int) (sent int, err error) {
	for tried := false; from+sent < h.n; {
		n, err := c.out.send(h, from+sent)
		c.stats.calls.Add(1)
		switch {
		case err == nil:
			sent, tried = sent+n, false
		case errors.Is(err, syscall.EPERM) && !tried:
			tried = true // Linux refuses some packets by chance: go.dev/issue/63322
		default:
			return sent, err
		}
	}
	return sent, nil
}

// writeBatch sends messages, each of one buffer and to a *net.UDPAddr, with as few
// system calls as the system allows, from the caller's goroutine. It returns how
// many went out; the one behind them caused the error. Many goroutines may call it.
func (c *batchConn) writeBatch(ms []ipv4.Message) (sent int, err error) {
	h := c.pool.Get().(*headers)
	defer c.pool.Put(h)
	for sent < len(ms) {
		h.n = 0
		for _, m := range ms[sent:min(len(ms), sent+batchPackets)] {
			to := m.Addr.(*net.UDPAddr)
			if to.Zone != "" {
				break
			}
			h.add(m.Buffers[0], m.OOB, to)
		}
		if h.n == 0 { // an address of one interface's is for package net to resolve
			m := &ms[sent]
			if _, _, err := c.UDPConn.WriteMsgUDP(m.Buffers[0], m.OOB, m.Addr.(*net.UDPAddr)); err != nil {
				return sent, err
			}
			sent++
			continue
		}
		n, err := c.write(h, 0)
		sent += n
		if err != nil {
			return sent, err
		}
	}
	return sent, nil
}

// WriteMsgUDP implements quic.OOBCapablePacketConn. For a packet that has been
// taken into the batch it reports success.
func (c *batchConn) WriteMsgUDP(b, oob []byte, to *net.UDPAddr) (n, oobn int, err error) {
	if !canBatch {
		return c.UDPConn.WriteMsgUDP(b, oob, to)
	}
	if !gathers(b, oob) || to.Zone != "" {
		c.sending.Lock()
		defer c.sending.Unlock()
		c.flushLocked()
		c.stats.direct.Add(1)
		return c.UDPConn.WriteMsgUDP(b, oob, to)
	}
	for {
		switch c.gather(b, oob, to) {
		case taken:
			return len(b), len(oob), nil
		case first:
			runtime.Gosched()
			c.flush()
			return len(b), len(oob), nil
		case isShut:
			return 0, 0, net.ErrClosed
		}
		c.stats.full.Add(1)
		c.flushFull(len(b) + len(oob))
	}
}

// gathers reports whether a packet may wait in the batch.
func gathers(b, oob []byte) bool {
	const longHeader = 0x80 // RFC 9000 17.2: used until the handshake is over
	return len(b) > 0 && len(b) <= batchPacket && b[0]&longHeader == 0 && len(oob) <= batchOOB && inOnePiece(len(b), oob)
}

type gathering int

const (
	taken gathering = iota
	first           // taken, and nobody else sends it
	isFull
	isShut
)

// gather puts a packet into the batch.
func (c *batchConn) gather(b, oob []byte, to *net.UDPAddr) gathering {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.shut {
		return isShut
	}
	if !c.fill.add(b, oob, to) {
		return isFull
	}
	if c.fill.n == 1 {
		return first
	}
	return taken
}

// closeDrain is how long Close lets the kernel take what has gathered.
const closeDrain = 100 * time.Millisecond

// Close sends what has gathered, and closes the socket. Later writes fail with
// net.ErrClosed.
func (c *batchConn) Close() error {
	c.mu.Lock()
	again := c.shut
	c.shut = true
	c.mu.Unlock()
	if !again {
		c.UDPConn.SetWriteDeadline(time.Now().Add(closeDrain))
		c.flush()
	}
	return c.UDPConn.Close()
}

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
// of its own connection; here they gather, and one flusher sends what is there.
// It waits for nobody: it begins as soon as it is free, after the goroutines
// that were ready to run before it. Packets to one destination keep their order.
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
	out     batchWriter
	wake    chan struct{} // one token: something has gathered
	closing chan struct{}
	ended   chan struct{} // closed when the flusher has ended

	sending sync.Mutex // held by whoever sends, so that order is kept; guards spare
	spare   *packets

	mu   sync.Mutex // guards what follows; held for copying one packet
	fill *packets
	told bool // the flusher is awake
	runs bool // there is a flusher
	shut bool

	stats batchStats
}

// batchWriter is golang.org/x/net's sendmmsg. ipv4's serves IPv6 as well: it makes
// of each address what it is, and Linux takes both on a socket for both.
type batchWriter interface {
	WriteBatch(ms []ipv4.Message, flags int) (int, error)
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
	data []byte
	ms   []ipv4.Message
	bufs [batchPackets][1][]byte // the messages' Buffers
}

func newPackets() *packets {
	return &packets{data: make([]byte, 0, batchOctets), ms: make([]ipv4.Message, 0, batchPackets)}
}

// add copies a packet; false when there is no room. The address is kept: quic-go
// replaces addresses and never writes to one.
func (p *packets) add(b, oob []byte, to *net.UDPAddr) bool {
	if !p.room(len(b) + len(oob)) {
		return false
	}
	i := len(p.ms)
	from := len(p.data)
	p.data = append(p.data, b...)
	mid := len(p.data)
	p.data = appendPlain(p.data, oob)
	p.bufs[i][0] = p.data[from:mid:mid]
	p.ms = append(p.ms, ipv4.Message{Buffers: p.bufs[i][:], OOB: p.data[mid:len(p.data):len(p.data)], Addr: to})
	return true
}

// room reports whether one more packet of n octets fits.
func (p *packets) room(n int) bool {
	return len(p.ms) < batchPackets && len(p.data)+n <= batchOctets
}

func (p *packets) reset() { p.data, p.ms = p.data[:0], p.ms[:0] }

// newBatchConn takes the socket over. The flusher begins with the first packet and
// ends with Close.
func newBatchConn(pc *net.UDPConn) *batchConn {
	return &batchConn{
		UDPConn: pc,
		out:     ipv4.NewPacketConn(pc),
		wake:    make(chan struct{}, 1),
		closing: make(chan struct{}),
		ended:   make(chan struct{}),
		fill:    newPackets(),
		spare:   newPackets(),
	}
}

// run is the flusher.
func (c *batchConn) run() {
	defer close(c.ended)
	for {
		select {
		case <-c.wake:
		case <-c.closing:
			return
		}
		for c.gathered() {
			c.flush()
		}
	}
}

// gathered lets whoever is ready to run add its packets, and reports whether
// there are any.
func (c *batchConn) gathered() bool {
	runtime.Gosched()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told = len(c.fill.ms) > 0
	return c.told
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
	for ms := p.ms; len(ms) > 0; {
		n, err := c.writeBatch(ms)
		c.stats.calls.Add(1)
		c.stats.sent.Add(uint64(n))
		ms = ms[n:]
		if errors.Is(err, net.ErrClosed) {
			c.stats.lost.Add(uint64(len(ms)))
			break
		}
		if err != nil && len(ms) > 0 {
			c.stats.lost.Add(1)
			ms = ms[1:]
		}
	}
	p.reset()
}

// writeBatch sends messages, each of one buffer, with as few system calls as the
// system allows, from the caller's goroutine. It returns how many went out; the
// one behind them caused the error.
func (c *batchConn) writeBatch(ms []ipv4.Message) (sent int, err error) {
	if !canBatch {
		return c.writeEach(ms)
	}
	for tried := false; sent < len(ms); {
		n, err := c.out.WriteBatch(ms[sent:], 0)
		if n > 0 {
			sent, tried = sent+n, false
		}
		switch {
		case err == nil:
		case errors.Is(err, syscall.EPERM) && !tried:
			tried = true // Linux refuses some packets by chance: go.dev/issue/63322
		default:
			return sent, err
		}
	}
	return sent, nil
}

// writeEach is writeBatch where a batch is of no use.
func (c *batchConn) writeEach(ms []ipv4.Message) (sent int, err error) {
	for _, m := range ms {
		if _, _, err := c.UDPConn.WriteMsgUDP(m.Buffers[0], m.OOB, m.Addr.(*net.UDPAddr)); err != nil {
			return sent, err
		}
		sent++
	}
	return sent, nil
}

// WriteMsgUDP implements quic.OOBCapablePacketConn. For a packet that has been
// taken into the batch it reports success.
func (c *batchConn) WriteMsgUDP(b, oob []byte, to *net.UDPAddr) (n, oobn int, err error) {
	if !canBatch {
		return c.UDPConn.WriteMsgUDP(b, oob, to)
	}
	if !gathers(b, oob) {
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
	isFull
	isShut
)

func (c *batchConn) gather(b, oob []byte, to *net.UDPAddr) gathering {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.shut {
		return isShut
	}
	if !c.fill.add(b, oob, to) {
		return isFull
	}
	if !c.runs {
		c.runs = true
		go c.run() // ends with Close
	}
	if !c.told {
		c.told = true
		select {
		case c.wake <- struct{}{}:
		default: // the token is there already
		}
	}
	return taken
}

// closeDrain is how long Close lets the kernel take what has gathered.
const closeDrain = 100 * time.Millisecond

// Close sends what has gathered, and closes the socket. Later writes fail with
// net.ErrClosed.
func (c *batchConn) Close() error {
	c.mu.Lock()
	again, runs := c.shut, c.runs
	c.shut = true
	c.mu.Unlock()
	if again {
		return c.UDPConn.Close()
	}
	c.UDPConn.SetWriteDeadline(time.Now().Add(closeDrain))
	c.flush()
	close(c.closing)
	err := c.UDPConn.Close()
	if runs {
		<-c.ended
	}
	return err
}

package nettest

import (
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// path is how packets fare through a forwarder.
type path struct {
	delay, jitter time.Duration // one way; jitter to either side reorders
	loss          float64       // share lost, each way
	blocked       bool          // nothing passes
}

// forwarder stands in the middle and passes UDP from its clients to one
// address, each through a port of its own, as a NAT does.
type forwarder struct {
	t     *testing.T
	in    namespace
	to    *net.UDPAddr
	front *net.UDPConn
	path  atomic.Pointer[path]
	wg    sync.WaitGroup // readers and packets under way

	passed, lost atomic.Int64

	mu    sync.Mutex // guards backs and shut
	backs map[string]*net.UDPConn
	shut  bool
}

// newForwarder forwards what comes to addr in the middle. It ends with the test.
func newForwarder(t *testing.T, in namespace, addr, to string) *forwarder {
	t.Helper()
	f := &forwarder{t: t, in: in, backs: make(map[string]*net.UDPConn)}
	f.path.Store(&path{})
	var err error
	if f.to, err = net.ResolveUDPAddr("udp4", to); err != nil {
		t.Fatal(err)
	}
	if f.front, err = listenIn(in, addr); err != nil {
		t.Fatal(err)
	}
	f.wg.Go(f.read) // ends when the front is closed
	t.Cleanup(f.close)
	return f
}

func (f *forwarder) close() {
	f.front.Close()
	f.rebind()
	f.mu.Lock()
	f.shut = true
	for _, b := range f.backs {
		b.Close()
	}
	f.mu.Unlock()
	f.wg.Wait()
}

// set changes the path.
func (f *forwarder) set(p path) { f.path.Store(&p) }

// rebind forgets every client's port, as a NAT that was restarted does: the next
// packet gets another, and what comes to the old one is lost.
func (f *forwarder) rebind() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for client, b := range f.backs {
		b.Close()
		delete(f.backs, client)
	}
}

func (f *forwarder) read() {
	for {
		b := make([]byte, 2048)
		n, from, err := f.front.ReadFromUDP(b)
		if err != nil {
			return
		}
		if back := f.back(from); back != nil {
			f.pass(func() { back.WriteToUDP(b[:n], f.to) })
		}
	}
}

func (f *forwarder) back(client *net.UDPAddr) *net.UDPConn {
	f.mu.Lock()
	defer f.mu.Unlock()
	if b := f.backs[client.String()]; b != nil || f.shut {
		return b
	}
	b, err := listenIn(f.in, ":0")
	if err != nil {
		return nil
	}
	f.backs[client.String()] = b
	f.wg.Go(func() { // ends when the port is closed
		for {
			p := make([]byte, 2048)
			n, _, err := b.ReadFromUDP(p)
			if err != nil {
				return
			}
			f.pass(func() { f.front.WriteToUDP(p[:n], client) })
		}
	})
	return b
}

// pass sends a packet after the path's delay, or loses it. A socket closed
// meanwhile loses it too.
func (f *forwarder) pass(send func()) {
	p := f.path.Load()
	if p.blocked || rand.Float64() < p.loss {
		f.lost.Add(1)
		return
	}
	f.passed.Add(1)
	if p.delay == 0 {
		send()
		return
	}
	wait := p.delay
	if p.jitter > 0 {
		wait += rand.N(2*p.jitter) - p.jitter
	}
	f.wg.Add(1)
	time.AfterFunc(wait, func() { defer f.wg.Done(); send() })
}

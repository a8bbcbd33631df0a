package relaytest

import (
	"context"
	"crypto/tls"
	"net"
	"slices"
	"sync"
	"time"

	"crossband/crypto/identity"
	"crossband/proto"
	"crossband/proto/link"
	"crossband/proto/wire"
	"crossband/relay"
)

// Rogue is a party with a real certificate and no manners: what it says is
// what the test says. A rogue relay stands for an agency's own relay turned
// hostile, a rogue endpoint for a device in the wrong hands.
type Rogue struct {
	*link.Conn
	W      *World
	dialer *link.Dialer
	wg     sync.WaitGroup // the two readers

	mu     sync.Mutex // guards what follows; never held while waiting
	lastID uint64
	frames []*wire.Frame
	voice  [][]byte
	more   chan struct{} // closed and replaced whenever something came
}

// Rogue links a rogue with the identity id to the relay of agency to.
func (w *World) Rogue(id *identity.Identity, to *Agency) *Rogue {
	w.T.Helper()
	r, err := w.rogue(id, to, (*link.Dialer).Dial)
	w.check(err)
	return r
}

// RogueBulk is Rogue for a bulk link, from a socket of its own.
func (w *World) RogueBulk(id *identity.Identity, to *Agency) *Rogue {
	w.T.Helper()
	r, err := w.rogue(id, to, (*link.Dialer).DialBulk)
	w.check(err)
	return r
}

// RogueBulkEnd is RogueBulk for a link that must not last: it returns why it ended.
func (w *World) RogueBulkEnd(id *identity.Identity, to *Agency) error {
	w.T.Helper()
	r, err := w.rogue(id, to, (*link.Dialer).DialBulk)
	if err != nil {
		return err
	}
	select {
	case <-r.Done():
		return r.Err()
	case <-time.After(time.Minute):
		return nil
	}
}

func (w *World) rogue(id *identity.Identity, to *Agency, dial func(*link.Dialer, context.Context, net.Addr, link.Expect) (*link.Conn, error)) (*Rogue, error) {
	w.T.Helper()
	socket, _, err := w.Net.Host()
	w.check(err)
	r := &Rogue{W: w, more: make(chan struct{})}
	cfg := w.linkConfig(id)
	cfg.Limits.StallTime = time.Hour // it waits for as long as it is held back
	cfg.Capabilities = link.Capabilities()
	r.dialer, err = link.NewDialer(socket, cfg)
	w.check(err)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if r.Conn, err = dial(r.dialer, ctx, to.Addr, link.RelayOf(to.Name)); err != nil {
		r.dialer.Close()
		return nil, err
	}
	r.wg.Go(r.readFrames) // ends with the link
	if id.Name.Role != proto.RoleRelay && !r.Bulk() {
		r.wg.Go(r.readVoice) // ends with the link
	}
	w.ends = append(w.ends, r.Close)
	return r, nil
}

// linkConfig lets a party of an agency link as the real ones do, but with nothing
// that a party may leave out: who stands between two parties has one link with each.
func (w *World) linkConfig(id *identity.Identity) link.Config {
	w.T.Helper()
	trust, err := id.TrustStore(time.Now())
	w.check(err)
	return link.Config{
		Self:         id.Name,
		Capabilities: []string{},
		Certificate:  func() (*tls.Certificate, error) { c, err := id.TLSCertificate(); return &c, err },
		Verify: func(chain [][]byte, server bool) (proto.Name, error) {
			usage := identity.UsageClient
			if server {
				usage = identity.UsageServer
			}
			return trust.VerifyPeer(chain, usage, time.Now())
		},
	}
}

// Close ends the rogue's link.
func (r *Rogue) Close() {
	r.dialer.Close()
	r.wg.Wait()
}

func (r *Rogue) readFrames() {
	for {
		f, err := r.Receive(context.Background())
		if err != nil {
			return
		}
		r.mu.Lock()
		r.frames = append(r.frames, f)
		r.wakeLocked()
		r.mu.Unlock()
	}
}

func (r *Rogue) readVoice() {
	for {
		b, err := r.ReceiveVoice(context.Background())
		if err != nil {
			return
		}
		r.mu.Lock()
		r.voice = append(r.voice, slices.Clone(b))
		r.wakeLocked()
		r.mu.Unlock()
	}
}

func (r *Rogue) wakeLocked() {
	close(r.more)
	r.more = make(chan struct{})
}

// Heard returns the voice datagrams that came.
func (r *Rogue) Heard() [][]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.voice)
}

// Frames returns the frames that came.
func (r *Rogue) Frames() []*wire.Frame {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.frames)
}

// Await returns the first frame that came for which ok holds, or fails the
// test after a virtual minute.
func (r *Rogue) Await(why string, ok func(*wire.Frame) bool) *wire.Frame {
	r.W.T.Helper()
	late := time.NewTimer(time.Minute)
	defer late.Stop()
	for {
		r.mu.Lock()
		i, more := slices.IndexFunc(r.frames, ok), r.more
		r.mu.Unlock()
		if i >= 0 {
			r.mu.Lock()
			defer r.mu.Unlock()
			return r.frames[i]
		}
		select {
		case <-more:
		case <-late.C:
			r.W.T.Fatalf("%s: nothing of the kind came in a minute; link: %v", why, r.Err())
		}
	}
}

// Call sends a request and returns its answer.
func (r *Rogue) Call(f *wire.Frame) *wire.Frame {
	r.W.T.Helper()
	r.mu.Lock()
	r.lastID++
	id := r.lastID
	r.mu.Unlock()
	f.Id = id
	r.W.check(r.Send(f))
	return r.Await("an answer", func(a *wire.Frame) bool { return a.Re == id })
}

// Looper is a party that links again and again.
type Looper struct {
	dialer *link.Dialer
	to     *Agency
}

// Looper makes one with the identity id.
func (w *World) Looper(id *identity.Identity, to *Agency) *Looper {
	w.T.Helper()
	socket, _, err := w.Net.Host()
	w.check(err)
	l := &Looper{to: to}
	l.dialer, err = link.NewDialer(socket, w.linkConfig(id))
	w.check(err)
	w.ends = append(w.ends, func() { l.dialer.Close() })
	return l
}

// Link makes a link and leaves it at once.
func (l *Looper) Link() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := l.dialer.Dial(ctx, l.to.Addr, link.RelayOf(l.to.Name))
	if err == nil {
		c.Close(proto.Refuse(proto.ReasonReplaced, ""))
	}
	return err
}

// Flood sends what next returns, as fast as the relay takes it, until the link
// ends or until is over. It returns how many frames it got rid of.
func (r *Rogue) Flood(until time.Time, next func(i int) *wire.Frame) (sent int) {
	for time.Now().Before(until) {
		if r.Stats().ControlQueued > 128 {
			time.Sleep(time.Millisecond)
			continue
		}
		if r.Send(next(sent)) != nil {
			return sent
		}
		sent++
	}
	return sent
}

// Refusals counts the refusals that came, by their reason.
func (r *Rogue) Refusals() map[proto.Reason]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	count := make(map[proto.Reason]int)
	for _, f := range r.frames {
		if why := f.GetRefused(); why != nil {
			count[proto.Reason(why.Code)]++
		}
	}
	return count
}

// Refused makes a request that must be refused and returns the reason.
func (r *Rogue) Refused(f *wire.Frame) proto.Reason {
	r.W.T.Helper()
	a := r.Call(f)
	if a.GetRefused() == nil {
		r.W.T.Errorf("kind %d was not refused but answered with %v", proto.KindOf(f), a)
		return proto.ReasonNone
	}
	return proto.Reason(a.GetRefused().Code)
}

// Middle stands between two agencies' relays and holds both relays' keys:
// towards each it is the other one, turned hostile. It passes on whatever it is
// not told to change.
type Middle struct {
	w        *World
	facing   *Agency // dials the middle
	behind   *Agency // is dialled by the middle
	listener *link.Listener
	dialer   *link.Dialer
	wg       sync.WaitGroup // every goroutine of the middle

	mu     sync.Mutex // guards what follows; held while Tamper runs
	up     *link.Conn // to behind
	down   *link.Conn // to facing
	tamper func(Passing) []*wire.Frame
	voice  func(toward proto.Agency, alias proto.Alias, frame []byte) [][]byte
	log    []Passing
}

// Passing is one frame on its way through a Middle.
type Passing struct {
	Toward proto.Agency
	Frame  *wire.Frame
}

// Middle links two agencies through a Middle instead of Link. facing's relay
// dials; behind's waits.
func (w *World) Middle(facing, behind *Agency) *Middle {
	w.T.Helper()
	m := &Middle{w: w, facing: facing, behind: behind}
	inner, addr, err := w.Net.Host()
	w.check(err)
	outer, _, err := w.Net.Host()
	w.check(err)
	m.listener, err = link.Listen(inner, w.linkConfig(behind.Identity("relay/r1")))
	w.check(err)
	m.dialer, err = link.NewDialer(outer, w.linkConfig(facing.Identity("relay/r1")))
	w.check(err)
	facing.Peers = append(facing.Peers, relay.Peer{Agency: behind.Name, Addr: addr})
	behind.Peers = append(behind.Peers, relay.Peer{Agency: facing.Name})
	m.wg.Go(m.accept) // ends when the listener closes
	w.ends = append(w.ends, m.Close)
	return m
}

// Close ends both of the middle's links.
func (m *Middle) Close() {
	m.listener.Close()
	m.dialer.Close()
	m.wg.Wait()
}

func (m *Middle) accept() {
	for {
		down, err := m.listener.Accept(context.Background())
		if err != nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		up, err := m.dialer.Dial(ctx, m.behind.Addr, link.RelayOf(m.behind.Name))
		cancel()
		if err != nil {
			down.Close(nil)
			continue
		}
		m.mu.Lock()
		m.up, m.down = up, down
		m.mu.Unlock()
		m.pipe(down, up, m.behind.Name)
		m.pipe(up, down, m.facing.Name)
	}
}

// pipe passes frames and voice from one link to the other until one ends.
func (m *Middle) pipe(from, to *link.Conn, toward proto.Agency) {
	m.wg.Go(func() { // ends with from
		for {
			f, err := from.Receive(context.Background())
			if err != nil {
				to.Close(nil)
				return
			}
			m.pass(to, Passing{toward, f})
		}
	})
	m.wg.Go(func() { // ends with from
		for {
			b, err := from.ReceiveVoice(context.Background())
			if err != nil {
				return
			}
			m.passVoice(to, toward, b)
		}
	})
}

func (m *Middle) pass(to *link.Conn, p Passing) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.log = append(m.log, p)
	frames := []*wire.Frame{p.Frame}
	if m.tamper != nil {
		frames = m.tamper(p)
	}
	for _, f := range frames {
		to.Send(f)
	}
}

func (m *Middle) passVoice(to *link.Conn, toward proto.Agency, b []byte) {
	alias, frame, err := proto.ParseVoice(b)
	if err != nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	frames := [][]byte{frame}
	if m.voice != nil {
		frames = m.voice(toward, alias, frame)
	}
	for _, f := range frames {
		to.SendVoice(alias, f)
	}
}

// Tamper gives each frame to fn and passes on what it returns; nil passes
// everything. fn must not change the frame that it gets.
func (m *Middle) Tamper(fn func(Passing) []*wire.Frame) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tamper = fn
}

// TamperVoice is Tamper for voice frames.
func (m *Middle) TamperVoice(fn func(toward proto.Agency, alias proto.Alias, frame []byte) [][]byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.voice = fn
}

// Say sends a frame of the middle's own towards an agency.
func (m *Middle) Say(toward *Agency, f *wire.Frame) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if toward == m.facing {
		m.down.Send(f)
	} else {
		m.up.Send(f)
	}
}

// SayVoice sends a voice frame of the middle's own towards an agency.
func (m *Middle) SayVoice(toward *Agency, alias proto.Alias, frame []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if toward == m.facing {
		m.down.SendVoice(alias, frame)
	} else {
		m.up.SendVoice(alias, frame)
	}
}

// Seen returns what has passed so far.
func (m *Middle) Seen() []Passing {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.log)
}

// GreetedAfter makes a link whose greeting is held back, once the handshake is
// done, until meanwhile has run. It returns how the link ended within a minute.
func (w *World) GreetedAfter(id *identity.Identity, to *Agency, meanwhile func()) error {
	w.T.Helper()
	socket, _, err := w.Net.Host()
	w.check(err)
	slow := &heldBack{PacketConn: socket, holds: true}
	d, err := link.NewDialer(slow, w.linkConfig(id))
	w.check(err)
	defer d.Close()
	time.AfterFunc(time.Second, func() {
		meanwhile()
		slow.release()
	})
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := d.Dial(ctx, to.Addr, link.RelayOf(to.Name))
	if err != nil {
		return err
	}
	select {
	case <-c.Done():
		return c.Err()
	case <-ctx.Done():
		return nil
	}
}

// heldBack is a socket that keeps what follows a handshake until release.
type heldBack struct {
	net.PacketConn
	mu    sync.Mutex // guards holds
	holds bool
}

// WriteTo loses packets of established connections: they are sent again.
func (h *heldBack) WriteTo(b []byte, to net.Addr) (int, error) {
	h.mu.Lock()
	held := h.holds && len(b) > 0 && b[0]&0x80 == 0 // a short header (RFC 9000 17.3)
	h.mu.Unlock()
	if held {
		return len(b), nil
	}
	return h.PacketConn.WriteTo(b, to)
}

func (h *heldBack) release() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.holds = false
}

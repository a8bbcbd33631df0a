package link

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"

	"github.com/quic-go/quic-go"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"

	"crossband/proto"
	"crossband/proto/link/lane"
)

// socket is one UDP socket with every link on it, dialled or accepted.
type socket struct {
	cfg   Config
	pc    net.PacketConn
	tr    *quic.Transport
	gate  *gate
	voice *voiceSenders

	burst     *burst
	volleys   sync.Pool // of *Volley
	lanes     laneBook
	strangers atomic.Uint64      // packets that are neither QUIC's nor a lane's, if lanes are read
	noLanes   context.CancelFunc // ends the lanes' reader

	running sync.WaitGroup // links and the listener's goroutines

	mu     sync.Mutex // guards what follows; held for map operations only
	links  map[*Conn]struct{}
	closed bool
}

func newSocket(pc net.PacketConn, cfg Config) (*socket, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &socket{
		cfg:   cfg,
		pc:    pc,
		gate:  newGate(cfg.Limits),
		voice: newVoiceSenders(),
		links: make(map[*Conn]struct{}),

		burst:   newBurst(pc),
		volleys: sync.Pool{New: func() any { return new(Volley) }},
		lanes:   laneBook{of: make(map[lane.ID]*laneIn)},
	}
	var reading context.Context
	reading, s.noLanes = context.WithCancel(context.Background())
	// Ends when the socket is closed.
	s.lanes.read = func() { s.running.Go(func() { s.readLanes(reading) }) }
	s.tr = &quic.Transport{
		Conn:                pc,
		VerifySourceAddress: s.gate.mustProve,
		ConnContext:         s.connContext,
	}
	if key := quic.StatelessResetKey(cfg.StatelessResetKey); key != (quic.StatelessResetKey{}) {
		s.tr.StatelessResetKey = &key
	}
	return s, nil
}

// quicConfig is the same for every link but for the streams that the peer may
// open: a dialler's peer none, a listener's peer its one control stream, whose
// credit is never given back.
func (s *socket) quicConfig(incomingStreams int64) *quic.Config {
	return &quic.Config{
		HandshakeIdleTimeout:           s.cfg.Limits.GreetTime,
		MaxIdleTimeout:                 proto.LinkIdle,
		KeepAlivePeriod:                proto.LinkKeepAlive,
		InitialStreamReceiveWindow:     64 << 10,
		MaxStreamReceiveWindow:         1 << 20,
		InitialConnectionReceiveWindow: 96 << 10,
		MaxConnectionReceiveWindow:     3 << 19,
		MaxIncomingStreams:             incomingStreams,
		MaxIncomingUniStreams:          -1,
		RequireStreamCreditRelease:     true,
		EnableDatagrams:                true,
		// Packets stay at the size that every path carries (1280 octets of IP):
		// a path that shrinks in mid-call then loses nothing. Voice gains
		// nothing from larger packets.
		InitialPacketSize:       1200,
		DisablePathMTUDiscovery: true,
	}
}

var errClosed = errors.New("socket closed")

// adopt registers a link, so that close finds it and waits for it.
func (s *socket) adopt(c *Conn) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return fmt.Errorf("link: %w", errClosed)
	}
	s.links[c] = struct{}{}
	s.running.Add(1)
	return nil
}

// lost is how many of QUIC's packets the system did not take.
func (s *socket) lost() uint64 {
	if c, ok := s.pc.(*batchConn); ok {
		return c.stats.lost.Load()
	}
	return 0
}

func (s *socket) forget(c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.links, c)
}

// close ends every link in peace, waits for all that runs, then the socket.
func (s *socket) close(stopListening func()) error {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	links := make([]*Conn, 0, len(s.links))
	for c := range s.links {
		links = append(links, c)
	}
	s.mu.Unlock()
	if first {
		stopListening()
	}
	for _, c := range links {
		c.Close(nil)
	}
	s.noLanes()
	s.running.Wait()
	s.voice.close()
	if !first {
		return nil
	}
	return errors.Join(s.tr.Close(), s.pc.Close())
}

// source is the control message that makes packets leave from our address of a
// connection, as QUIC's do, on a socket that has many.
func (s *socket) source(local net.Addr) []byte {
	bound, ok := s.pc.LocalAddr().(*net.UDPAddr)
	a, isUDP := local.(*net.UDPAddr)
	if !ok || !isUDP || !bound.IP.IsUnspecified() || a.IP.IsUnspecified() {
		return nil
	}
	if v4 := a.IP.To4(); v4 != nil {
		return (&ipv4.ControlMessage{Src: v4}).Marshal()
	}
	return (&ipv6.ControlMessage{Src: a.IP}).Marshal()
}

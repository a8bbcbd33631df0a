package sound

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	pulse "github.com/jfreymuth/pulse/proto"

	"crossband/client/voice"
)

// ErrNoServer says that no sound server answers.
var ErrNoServer = errors.New("no sound server (PulseAudio or PipeWire) answers")

// ErrNoDevice says that a device of that name is not there.
var ErrNoDevice = errors.New("no such sound device")

// errLost says that the sound server has gone away.
var errLost = errors.New("the sound server has gone away")

// Server is a connection to the sound server. Its methods may be called from any
// goroutine.
type Server struct {
	c    *pulse.Client
	conn net.Conn
	lost chan struct{} // closed when the server has gone away

	mu      sync.Mutex // guards what follows; never held while waiting
	streams map[uint32]stream
	gone    bool
}

// stream is one direction of sound. Its methods are called by the connection's
// reader and must not block, nor ask the server for anything.
type stream interface {
	wanted(octets int)  // the server wants so much more
	arrived(pcm []byte) // the server has recorded this; good during the call only
	ended()             // nothing more comes: the device or the server has gone away
}

// requestTimeout is how long the server may take to answer, or to take what is sent.
const requestTimeout = 2 * time.Second

// Dial connects to the sound server at an address as PulseAudio writes it; empty is
// the one that the environment names, or the user's own. It wraps ErrNoServer. One on
// another machine is refused: voice would go there in the clear.
func Dial(address string) (*Server, error) {
	conn, err := reach(address)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoServer, err)
	}
	s := &Server{conn: conn, lost: make(chan struct{}), streams: make(map[uint32]stream)}
	s.c = &pulse.Client{Callback: s.news} // called by the connection's reader, which ends with the connection
	s.c.SetTimeout(requestTimeout)
	s.c.Open(&steady{conn})
	if err := s.greet(); err != nil {
		s.Close()
		return nil, fmt.Errorf("%w: %w", ErrNoServer, err)
	}
	return s, nil
}

func (s *Server) greet() error {
	cookie, err := cookie()
	if err != nil {
		return err
	}
	var auth pulse.AuthReply
	if err := s.c.Request(&pulse.Auth{Version: s.c.Version(), Cookie: cookie}, &auth); err != nil {
		return err
	}
	s.c.SetVersion(auth.Version)
	props := pulse.PropList{"application.name": pulse.PropListString("Crossband"), "media.role": pulse.PropListString("phone")}
	return s.c.Request(&pulse.SetClientName{Props: props}, &pulse.SetClientNameReply{})
}

// Close ends the connection and every stream on it.
func (s *Server) Close() error {
	s.end()
	return s.conn.Close()
}

// Lost is closed when the server has gone away, or the connection was closed.
func (s *Server) Lost() <-chan struct{} { return s.lost }

func (s *Server) end() {
	s.mu.Lock()
	was, all := s.gone, s.streams
	s.gone, s.streams = true, nil
	s.mu.Unlock()
	if was {
		return
	}
	close(s.lost)
	for _, x := range all {
		x.ended()
	}
}

// news takes what the server says of itself.
func (s *Server) news(msg any) {
	switch m := msg.(type) {
	case *pulse.Request:
		if x := s.stream(m.StreamIndex | playBit); x != nil {
			x.wanted(int(m.Length))
		}
	case *pulse.DataPacket:
		if x := s.stream(m.StreamIndex); x != nil {
			x.arrived(m.Data)
		}
	case *pulse.PlaybackStreamKilled:
		s.killed(m.StreamIndex | playBit)
	case *pulse.RecordStreamKilled:
		s.killed(m.StreamIndex)
	case *pulse.ConnectionClosed:
		s.end()
	}
}

// playBit tells playing streams from recording ones here: the server may count each
// kind by itself.
const playBit = 1 << 31

func (s *Server) stream(index uint32) stream {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.streams[index]
}

func (s *Server) killed(index uint32) {
	s.mu.Lock()
	x := s.streams[index]
	delete(s.streams, index)
	s.mu.Unlock()
	if x != nil {
		x.ended()
	}
}

func (s *Server) add(index uint32, x stream) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone {
		return errLost
	}
	s.streams[index] = x
	return nil
}

func (s *Server) remove(index uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.streams, index)
}

func format() pulse.SampleSpec {
	return pulse.SampleSpec{Format: pulse.FormatInt16LE, Channels: 1, Rate: voice.SampleRate}
}

func mono() pulse.ChannelMap { return pulse.ChannelMap{pulse.ChannelMono} }

// frameOctets is one frame of voice as the server counts.
const frameOctets = 2 * voice.FrameSamples

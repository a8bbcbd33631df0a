package yardstick

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/quic-go/quic-go"

	"crossband/proto"
)

// config is quic-go's own but for datagrams, and for the keep-alives of a link:
// what a silent connection costs is compared too.
func config() *quic.Config {
	return &quic.Config{EnableDatagrams: true, KeepAlivePeriod: proto.LinkKeepAlive}
}

// ServePlain fans datagrams out until the context ends: what a member of a group
// sends goes to all others of it, from the goroutine that reads it. dir is what
// NewKeys wrote; ready is called once it listens.
func ServePlain(ctx context.Context, pc net.PacketConn, dir string, ready func()) error {
	conf, err := readServer(dir)
	if err != nil {
		return err
	}
	t := &quic.Transport{Conn: pc}
	defer pc.Close()
	defer t.Close()
	l, err := t.Listen(conf, config())
	if err != nil {
		return err
	}
	ready()
	h := &hall{groups: make(map[uint16][]*quic.Conn)}
	var wg sync.WaitGroup
	defer wg.Wait()
	defer l.Close()
	for {
		c, err := l.Accept(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		wg.Go(func() { h.serve(ctx, c) }) // ends with the connection or ctx
	}
}

// hall is who is in which group. Lists are replaced, never changed.
type hall struct {
	mu     sync.RWMutex // guards groups
	groups map[uint16][]*quic.Conn
}

func (h *hall) serve(ctx context.Context, c *quic.Conn) {
	defer c.CloseWithError(0, "")
	group, err := h.welcome(ctx, c)
	if err != nil {
		return
	}
	defer h.change(group, func(list []*quic.Conn) []*quic.Conn {
		return slices.DeleteFunc(slices.Clone(list), func(o *quic.Conn) bool { return o == c })
	})
	for {
		b, err := c.ReceiveDatagram(ctx)
		if err != nil {
			return
		}
		for _, o := range h.members(group) {
			if o != c {
				o.SendDatagram(b) // an error is the end of that connection, which its own reader sees
			}
		}
	}
}

// welcome reads which group a connection is for, and says that it is in it.
func (h *hall) welcome(ctx context.Context, c *quic.Conn) (group uint16, err error) {
	s, err := c.AcceptStream(ctx)
	if err != nil {
		return 0, err
	}
	var b [2]byte
	if _, err := io.ReadFull(s, b[:]); err != nil {
		return 0, err
	}
	group = binary.BigEndian.Uint16(b[:])
	h.change(group, func(list []*quic.Conn) []*quic.Conn { return append(slices.Clip(list), c) })
	_, err = s.Write(b[:])
	return group, errors.Join(err, s.Close())
}

func (h *hall) change(group uint16, to func([]*quic.Conn) []*quic.Conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.groups[group] = to(h.groups[group])
}

func (h *hall) members(group uint16) []*quic.Conn {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.groups[group]
}

// Plain is an endpoint's connection to a plain server, on a socket of its own.
type Plain struct {
	conn *quic.Conn
	t    *quic.Transport
	pc   net.PacketConn
}

// joinTime bounds how long joining may take.
const joinTime = 10 * time.Second

// DialPlain connects an endpoint and makes it a member of a group.
func (k *Keys) DialPlain(ctx context.Context, server net.Addr, name string, group uint16) (*Plain, error) {
	conf, err := k.client(name, time.Now())
	if err != nil {
		return nil, err
	}
	p, err := dialPlain(ctx, server, conf, group)
	if err != nil {
		return nil, fmt.Errorf("plain endpoint %s: %w", name, err)
	}
	return p, nil
}

func dialPlain(ctx context.Context, server net.Addr, conf *tls.Config, group uint16) (*Plain, error) {
	conf.ServerName = "127.0.0.1"
	pc, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	p := &Plain{t: &quic.Transport{Conn: pc}, pc: pc}
	ctx, cancel := context.WithTimeout(ctx, joinTime)
	defer cancel()
	if p.conn, err = p.t.Dial(ctx, server, conf, config()); err == nil {
		err = p.join(ctx, group)
	}
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

func (p *Plain) join(ctx context.Context, group uint16) error {
	s, err := p.conn.OpenStreamSync(ctx)
	if err != nil {
		return err
	}
	if _, err := s.Write(binary.BigEndian.AppendUint16(nil, group)); err != nil {
		return err
	}
	s.SetReadDeadline(time.Now().Add(joinTime))
	var b [2]byte
	if _, err = io.ReadFull(s, b[:]); err != nil {
		return err
	}
	return s.Close()
}

// Send sends a datagram.
func (p *Plain) Send(b []byte) error { return p.conn.SendDatagram(b) }

// Receive returns the next datagram.
func (p *Plain) Receive(ctx context.Context) ([]byte, error) { return p.conn.ReceiveDatagram(ctx) }

// Close ends the connection and its socket.
func (p *Plain) Close() error {
	if p.conn != nil {
		p.conn.CloseWithError(0, "")
	}
	return errors.Join(p.t.Close(), p.pc.Close())
}

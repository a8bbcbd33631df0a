package link

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/quic-go/quic-go"

	"crossband/proto"
	"crossband/proto/wire"
)

// Dialer makes links from one UDP socket.
type Dialer struct {
	s    *socket
	stop func() // ends the socket's listener, if it has one
}

// NewDialer returns a Dialer on pc, which is the Dialer's from now on.
func NewDialer(pc net.PacketConn, cfg Config) (*Dialer, error) {
	s, err := newSocket(pc, cfg)
	if err != nil {
		return nil, err
	}
	return &Dialer{s, func() {}}, nil
}

// Expect judges whether the verified server is the one that was meant.
type Expect func(proto.Name) error

// Exactly expects one name. Another of the same agency is refused with
// ReasonUnknownPeer, one of another agency with ReasonWrongAgency.
func Exactly(want proto.Name) Expect {
	return func(got proto.Name) error {
		if got.Agency != want.Agency {
			return proto.Refusef(proto.ReasonWrongAgency, "%s where %s was expected", got, want)
		}
		if got != want {
			return proto.Refusef(proto.ReasonUnknownPeer, "%s where %s was expected", got, want)
		}
		return nil
	}
}

// RelayOf expects any relay of the agency.
func RelayOf(want proto.Agency) Expect {
	return func(got proto.Name) error {
		if got.Agency != want {
			return proto.Refusef(proto.ReasonWrongAgency, "%s where a relay of %s was expected", got, want)
		}
		if got.Role != proto.RoleRelay {
			return proto.Refusef(proto.ReasonUnknownPeer, "%s where a relay was expected", got)
		}
		return nil
	}
}

// Dial makes a link to addr and returns it greeted. An error is one of the
// three kinds that Conn.Err returns, or ctx's.
func (d *Dialer) Dial(ctx context.Context, addr net.Addr, expect Expect) (*Conn, error) {
	return d.dialMember(ctx, addr, expect, false)
}

func (d *Dialer) dialMember(ctx context.Context, addr net.Addr, expect Expect, bulk bool) (*Conn, error) {
	if d.s.cfg.Certificate == nil || d.s.cfg.Verify == nil {
		return nil, fmt.Errorf("%w: Dial needs Certificate and Verify", errConfig)
	}
	j := &judgement{verify: func(chain [][]byte) (proto.Name, error) {
		name, err := d.s.verify(chain, true)
		if err == nil {
			err = expect(name)
		}
		return name, err
	}}
	self := d.s.cfg.Self
	if self.Role == proto.RoleRelay {
		return d.dial(ctx, addr, j, d.s.cfg.dialerTLS(nil), ends{self: self, bulk: bulk})
	}
	return d.dial(ctx, addr, j, d.s.cfg.dialerTLS(j.judge), ends{self: self, bulk: bulk})
}

// DialEnrol makes an enrolment link: no certificate of ours is shown, and
// verify judges the server's chain, leaf first, within the handshake.
func (d *Dialer) DialEnrol(ctx context.Context, addr net.Addr, verify func(chain [][]byte) (proto.Name, error)) (*Conn, error) {
	j := &judgement{verify: verify}
	return d.dial(ctx, addr, j, enrolTLS(j.judge), ends{enrol: true})
}

// dial makes a link; e says what kind, and who we are on it.
func (d *Dialer) dial(ctx context.Context, addr net.Addr, j *judgement, conf *tls.Config, e ends) (*Conn, error) {
	qc := d.s.quicConfig(-1)
	qc.EnableDatagrams = !e.bulk // QUIC itself then refuses voice that comes
	q, err := d.s.tr.Dial(ctx, addr, conf, qc)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if refusal := j.refusal(); refusal != nil {
			return nil, refusal
		}
		return nil, verdict(err)
	}
	if conf.VerifyPeerCertificate == nil {
		j.judge(chainOf(q.ConnectionState().TLS))
	}
	name, refused := j.outcome()
	if refused != nil {
		d.s.refuseServer(ctx, q, refused)
		return nil, refused
	}
	if e.peer, e.dialled = name, true; e.enrol {
		e.self = proto.Name{Agency: name.Agency} // what is sent to us is sent within one agency
	}
	// The watch ends at the return below; it only closes the connection.
	unwatch := context.AfterFunc(ctx, func() { refuse(q, proto.Refuse(proto.ReasonClosing, "")) })
	stream, t, err := d.s.greetServer(q, e.self, name, e.bulk)
	if !unwatch() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		err = endGreeting(q, err)
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, err
	}
	return d.s.start(q, stream, e, t)
}

// refuseServer tells a server that it was not accepted. The server may not have
// our side of the handshake yet, and a QUIC close sent now would reach it
// without code and text (RFC 9000 10.2.3): the reason goes in the place of the
// greeting instead, and the server, which then has the handshake, closes.
func (s *socket) refuseServer(ctx context.Context, q *quic.Conn, why *proto.Refusal) {
	defer refuse(q, why)
	stream, err := q.OpenStream()
	if err != nil {
		return
	}
	told := &wire.Frame{Body: &wire.Frame_Refused{Refused: &wire.Refused{Code: uint32(why.Reason), Detail: why.Detail}}}
	if writeFrame(stream, told) != nil || stream.Close() != nil {
		return
	}
	late := time.NewTimer(s.cfg.Limits.GreetTime)
	defer late.Stop()
	select {
	case <-q.Context().Done():
	case <-late.C:
	case <-ctx.Done():
	}
}

// Close ends the Dialer's links and its socket, and waits for all of them.
func (d *Dialer) Close() error { return d.s.close(d.stop) }

// judgement keeps what was found of a server. judge may run on one of
// crypto/tls's goroutines while the caller gives up.
type judgement struct {
	verify func(chain [][]byte) (proto.Name, error)

	mu   sync.Mutex
	done bool
	name proto.Name
	err  *proto.Refusal
}

func (j *judgement) judge(chain [][]byte) error {
	name, err := j.verify(chain)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.done, j.name = true, name
	if err != nil {
		j.err = proto.AsRefusal(err)
	}
	return err
}

// refusal returns why the server was not accepted, nil if it was or was not
// judged at all.
func (j *judgement) refusal() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.err == nil {
		return nil
	}
	return j.err
}

// outcome returns the server's name; a server that was never judged is refused.
func (j *judgement) outcome() (proto.Name, *proto.Refusal) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.done {
		return proto.Name{}, proto.Refuse(proto.ReasonNoIdentity, "")
	}
	return j.name, j.err
}

// verify asks Config.Verify; a nameless success is none.
func (s *socket) verify(chain [][]byte, peerIsServer bool) (proto.Name, error) {
	name, err := s.cfg.Verify(chain, peerIsServer)
	if err == nil && name == (proto.Name{}) {
		err = proto.Refuse(proto.ReasonNoIdentity, "")
	}
	return name, err
}

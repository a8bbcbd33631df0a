package crowd

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"crossband/client/redial"
	"crossband/cmd/crossband/internal/bench"
	"crossband/cmd/crossband/internal/bench/barelink"
	"crossband/crypto/identity"
	"crossband/proto"
	"crossband/proto/link"
)

// Member is an endpoint that is a link and nothing more: it takes what the relay sends,
// and says nothing. It has a UDP socket of its own.
type Member struct {
	Identity *identity.Identity
	relay    net.Addr
	dialer   *link.Dialer
}

// NewMember opens the socket of an endpoint and dials nobody yet. trust judges the
// relay; members may share it.
func (w *World) NewMember(id *identity.Identity, trust *identity.TrustStore) (*Member, error) {
	certificate, err := id.TLSCertificate()
	if err != nil {
		return nil, err
	}
	shown := func() (*tls.Certificate, error) { return &certificate, nil }
	d, err := barelink.Endpoint{Name: id.Name, Certificate: shown, Trust: trust}.Dialer()
	if err != nil {
		return nil, err
	}
	return &Member{Identity: id, relay: w.Agency.Listen, dialer: d}, nil
}

// Close ends the member's link and its socket.
func (m *Member) Close() error { return m.dialer.Close() }

// Dial makes one try to link with the relay.
func (m *Member) Dial(ctx context.Context) (*link.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, redial.Timeout)
	defer cancel()
	return m.dialer.Dial(ctx, m.relay, link.RelayOf(m.Identity.Name.Agency))
}

// Watcher is told what becomes of members. Its methods are called concurrently.
type Watcher interface {
	Linked(*Member)
	Lost(*Member, error)   // a link has ended
	Failed(*Member, error) // a try has
}

// Keep keeps the member's link until ctx ends, with the waits between tries that a
// client.Session has.
func (m *Member) Keep(ctx context.Context, w Watcher) {
	var back redial.Backoff
	for {
		conn, err := m.Dial(ctx)
		switch {
		case ctx.Err() != nil:
			if err == nil {
				conn.Close(nil)
			}
			return
		case err != nil:
			w.Failed(m, err)
		default:
			begun := time.Now()
			w.Linked(m)
			if err = drain(ctx, conn); ctx.Err() != nil {
				return
			}
			w.Lost(m, err)
			back.Lost(time.Since(begun), proto.ReasonOf(err))
		}
		if bench.Sleep(ctx, back.Pause()) != nil {
			return
		}
	}
}

// drain takes what comes until the link ends, and returns why it did.
func drain(ctx context.Context, conn *link.Conn) error {
	for {
		if _, err := conn.Receive(ctx); err != nil {
			conn.Close(proto.Refuse(proto.ReasonClosing, ""))
			<-conn.Done()
			return conn.Err()
		}
	}
}

// Members makes n members with certificates of their own, unit/crowd-1 to n. told is
// called now and then with how many there are.
func (w *World) Members(ctx context.Context, n int, told func(int)) (list []*Member, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, CloseAll(list))
			list = nil
		}
	}()
	like, err := w.Issue("unit/crowd", time.Now())
	if err != nil {
		return nil, err
	}
	trust, err := like.TrustStore(time.Now())
	if err != nil {
		return nil, err
	}
	next := time.Now().Add(progress)
	for i := range n {
		if err := ctx.Err(); err != nil {
			return list, err
		}
		id, err := w.issueLike(like, fmt.Sprintf("crowd-%d", i+1), time.Now())
		if err != nil {
			return list, err
		}
		m, err := w.NewMember(id, trust)
		if err != nil {
			return list, err
		}
		if list = append(list, m); time.Now().After(next) {
			told(len(list))
			next = time.Now().Add(progress)
		}
	}
	return list, nil
}

// progress is how often something is said while it lasts.
const progress = 2 * time.Second

// CloseAll closes members, all at one time: each takes as long as its link may need to
// end in peace.
func CloseAll(list []*Member) error {
	errs := make(chan error, len(list))
	for _, m := range list {
		go func() { errs <- m.Close() }() // ends when its link has
	}
	var all error
	for range list {
		all = errors.Join(all, <-errs)
	}
	return all
}

// Package registrar is the online side of an agency's authority: a mailbox at
// the agency's own relay, which answers enrolments and renewals and hands out
// the trust list, the revocation lists, the agreements and the charters that the
// authority signed.
//
// It runs apart from the relay, so that no relay ever holds a key that can make
// an identity: a relay in wrong hands can withhold certificates, not forge them.
package registrar

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"time"

	"crossband/crypto/identity"
	"crossband/proto"
	"crossband/proto/link"
	"crossband/proto/wire"
)

// Config says whose registrar this is. Open, Mailbox, Relay and Socket are
// required.
type Config struct {
	// Open opens the authority. It is asked again for every request, so that
	// what an administrator changes on disk meanwhile is seen.
	Open      func() (*identity.Authority, error)
	Mailbox   *identity.Identity // role authority
	Save      func(*identity.Identity) error
	Documents func() ([]Document, error) // agreements, withdrawals and notices to hand over, all that can be read, and what cannot; nil: none
	Charters  func() ([][]byte, error)   // signed charters to register; nil: none
	Taken     func(list []byte)          // told of each revocation list that the relay has taken; nil: nobody
	Relay     net.Addr
	Socket    net.PacketConn // Run closes it
	Log       *slog.Logger
}

// Document is a signed document between agencies.
type Document struct {
	Kind   proto.DocumentKind
	Signed []byte
}

// Times of the registrar.
const (
	// At the authority's folder, for what changed: a revocation must reach the
	// relay within a second, because groups are re-keyed within two more.
	lookEvery = 500 * time.Millisecond
	dialAgain = time.Second
	dialMost  = 10 * time.Second
)

// Numbers of what the registrar asks the relay to take; those of revocation
// lists count up from the last one.
const (
	trustID   = 1
	charterID = 2 // and documents
	revokedID = 3
)

// maxGiven bounds the revocation lists remembered on one link: giving one twice
// does nothing.
const maxGiven = 16

// Run serves until ctx ends.
func Run(ctx context.Context, cfg Config) error {
	if cfg.Mailbox.Name.Role != proto.RoleAuthority {
		return fmt.Errorf("registrar: %s is not an authority's identity", cfg.Mailbox.Name)
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	r := &registrar{cfg: cfg, id: cfg.Mailbox}
	d, err := link.NewDialer(cfg.Socket, link.Config{
		Self:        cfg.Mailbox.Name,
		Certificate: func() (*tls.Certificate, error) { c, err := r.id.TLSCertificate(); return &c, err },
		Verify:      r.verify,
	})
	if err != nil {
		return fmt.Errorf("registrar: %w", err)
	}
	defer d.Close()
	for ctx.Err() == nil {
		if err := r.session(ctx, d); err != nil && ctx.Err() == nil {
			cfg.Log.Info("no link", "why", err.Error())
		}
		select {
		case <-ctx.Done():
		case <-time.After(dialAgain):
		}
	}
	return nil
}

// registrar is the state of one Run, all of it in its goroutine but for id,
// which is replaced only between links.
type registrar struct {
	cfg      Config
	id       *identity.Identity
	list     []byte            // trust list last handed out on this link
	revoked  map[string]bool   // revocation lists handed out on this link
	asked    map[uint64][]byte // those that the relay has not answered yet
	lastID   uint64
	charters map[string]bool  // charters and documents handed out on this link
	wrong    string           // which documents could not be read at the last look
	frames   chan *wire.Frame // from the link's reader
}

func (r *registrar) verify(chain [][]byte, _ bool) (proto.Name, error) {
	trust, err := r.id.TrustStore(time.Now())
	if err != nil {
		return proto.Name{}, err
	}
	return trust.VerifyPeer(chain, identity.UsageServer, time.Now())
}

// session serves one link until it ends.
func (r *registrar) session(ctx context.Context, d *link.Dialer) error {
	if err := r.renew(); err != nil {
		r.cfg.Log.Warn("own certificate not renewed", "why", err.Error())
	}
	dial, cancel := context.WithTimeout(ctx, dialMost)
	c, err := d.Dial(dial, r.cfg.Relay, link.RelayOf(r.id.Name.Agency))
	cancel()
	if err != nil {
		return err
	}
	defer c.Close(nil)
	r.cfg.Log.Info("linked", "relay", c.Peer().String())
	r.asked, r.lastID = make(map[uint64][]byte), revokedID
	r.list, r.revoked, r.charters, r.frames = nil, make(map[string]bool), make(map[string]bool), make(chan *wire.Frame)
	ctx, cancel = context.WithCancel(ctx)
	defer cancel()
	go r.read(ctx, c) // ends with the link or ctx
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if err := r.handOut(c); err != nil {
			r.cfg.Log.Warn("nothing handed out", "why", err.Error())
		}
		select {
		case f, ok := <-r.frames:
			if !ok {
				<-c.Done()
				return c.Err()
			}
			if f.Re != 0 {
				r.answered(f)
				continue
			}
			if err := c.Send(r.answer(f)); err != nil {
				return err
			}
		case <-tick.C:
			if at, err := r.id.RenewAt(); err == nil && time.Now().After(at) {
				return errors.New("registrar: time to renew the own certificate")
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (r *registrar) read(ctx context.Context, c *link.Conn) {
	defer close(r.frames)
	for {
		f, err := c.Receive(ctx)
		if err != nil {
			c.Close(nil)
			return
		}
		if why := f.GetRefused(); why != nil { // of what we handed out
			said := proto.Refuse(proto.Reason(min(why.Code, math.MaxUint16)), why.Detail)
			r.cfg.Log.Warn("the relay refuses what the authority signed", "code", int(said.Reason), "why", said.Error())
		}
		if f.GetEnrol() == nil && f.Re < revokedID {
			continue
		}
		select {
		case r.frames <- f:
		case <-ctx.Done():
			return
		}
	}
}

// handOut gives the relay the trust list, the revocation lists and the charters
// it does not have.
func (r *registrar) handOut(c *link.Conn) error {
	a, err := r.cfg.Open()
	if err != nil {
		return err
	}
	revoked, err := a.RevocationLists(time.Now())
	if err != nil {
		return err
	}
	// A root's list first: it may say that a trust list held is not to be
	// believed. The issuing authority's after the trust list, which may bring
	// the root that it stands below.
	for _, l := range revoked[1:] {
		if err := r.giveRevoked(c, l); err != nil {
			return err
		}
	}
	list, err := a.TrustList(time.Now())
	if err != nil {
		return err
	}
	if !bytes.Equal(list, r.list) {
		if err := c.Send(&wire.Frame{Id: trustID, Body: &wire.Frame_TrustList{TrustList: &wire.TrustList{Signed: list}}}); err != nil {
			return err
		}
		r.list = list
	}
	if err := r.giveRevoked(c, revoked[0]); err != nil {
		return err
	}
	if err := r.giveDocuments(c); err != nil { // before the charters that rest on them
		return err
	}
	if r.cfg.Charters == nil {
		return nil
	}
	charters, err := r.cfg.Charters()
	if err != nil {
		return err
	}
	for _, s := range charters {
		if r.charters[string(s)] {
			continue
		}
		if err := c.Send(&wire.Frame{Id: charterID, Body: &wire.Frame_PutCharter{PutCharter: &wire.PutCharter{Charter: s}}}); err != nil {
			return err
		}
		r.charters[string(s)] = true
	}
	return nil
}

// reason says an error in words; empty for none.
func reason(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// giveDocuments gives those that can be read. What cannot is said once, and keeps no
// other document and no charter from the relay.
func (r *registrar) giveDocuments(c *link.Conn) error {
	if r.cfg.Documents == nil {
		return nil
	}
	list, err := r.cfg.Documents()
	if wrong := reason(err); wrong != r.wrong {
		if r.wrong = wrong; err != nil {
			r.cfg.Log.Error("documents not handed out", "why", wrong)
		}
	}
	for _, d := range list {
		if r.charters[string(d.Signed)] {
			continue
		}
		if err := c.Send(&wire.Frame{Id: charterID, Body: &wire.Frame_Document{Document: &wire.Document{Kind: wire.Document_Kind(d.Kind), Signed: d.Signed}}}); err != nil {
			return err
		}
		r.charters[string(d.Signed)] = true
	}
	return nil
}

func (r *registrar) giveRevoked(c *link.Conn, list []byte) error {
	if r.revoked[string(list)] {
		return nil
	}
	if len(r.revoked) >= maxGiven { // one a day and one for each revocation
		clear(r.revoked)
		clear(r.asked)
	}
	r.revoked[string(list)] = true
	r.lastID++
	r.asked[r.lastID] = list
	return c.Send(&wire.Frame{Id: r.lastID, Body: &wire.Frame_RevocationList{RevocationList: &wire.RevocationList{Signed: list}}})
}

// answered takes the relay's answer to a revocation list; a refusal has been
// logged.
func (r *registrar) answered(f *wire.Frame) {
	list := r.asked[f.Re]
	delete(r.asked, f.Re)
	if list != nil && f.GetDone() != nil && r.cfg.Taken != nil {
		r.cfg.Taken(list)
	}
}

// answer enrols or renews.
func (r *registrar) answer(f *wire.Frame) *wire.Frame {
	out := &wire.Frame{Re: f.Id}
	reply, err := r.decide(f.GetEnrol())
	if err != nil {
		why := proto.AsRefusal(err)
		r.cfg.Log.Warn("enrolment refused", "code", int(why.Reason), "why", err.Error())
		out.Body = &wire.Frame_Refused{Refused: &wire.Refused{Code: uint32(why.Reason), Detail: why.Detail}}
		return out
	}
	out.Body = &wire.Frame_EnrolReply{EnrolReply: &wire.EnrolReply{Reply: reply}}
	return out
}

func (r *registrar) decide(e *wire.Enrol) ([]byte, error) {
	a, err := r.cfg.Open()
	if err != nil {
		return nil, err
	}
	if e.Renewal {
		return a.Renew(e.Request, time.Now())
	}
	return a.Enrol(e.Request, time.Now())
}

// renew replaces the mailbox's own certificate when it is time, or long past:
// its authority is at hand.
func (r *registrar) renew() error {
	at, err := r.id.RenewAt()
	if err != nil || time.Now().Before(at) {
		return err
	}
	a, err := r.cfg.Open()
	if err != nil {
		return err
	}
	id, err := a.Reissue(r.id, time.Now())
	if err != nil {
		return err
	}
	if r.cfg.Save != nil {
		if err := r.cfg.Save(id); err != nil {
			return err
		}
	}
	r.id = id
	return nil
}

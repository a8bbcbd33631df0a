package relay

import (
	"context"
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"crossband/crypto/identity"
	"crossband/proto"
	"crossband/proto/link"
	"crossband/relay/hub"
)

// linkConfig says who we are on links and whom we let in.
func (n *Node) linkConfig() link.Config {
	return link.Config{
		Self: n.cfg.Identity.Name,
		Certificate: func() (*tls.Certificate, error) {
			c, err := n.identity.Load().TLSCertificate()
			return &c, err
		},
		Verify:            n.verify,
		Software:          n.cfg.Software,
		VersionMin:        n.offers().VersionMin,
		VersionMax:        n.offers().VersionMax,
		Capabilities:      n.offers().Capabilities,
		StatelessResetKey: n.cfg.Identity.Derive("stateless reset"),
		Refused:           n.linkRefused,
	}
}

// verify judges who wants a link, and bounds how often it comes.
func (n *Node) verify(chain [][]byte, peerIsServer bool) (proto.Name, error) {
	name, err := n.judgePeer(chain, peerIsServer)
	if err != nil || peerIsServer {
		return name, err
	}
	return name, n.arrivals.take(name, time.Now())
}

// judgePeer judges a peer's certificate and whether we link with it at all. A
// fault of ours while reading what a stranger sent refuses the stranger.
func (n *Node) judgePeer(chain [][]byte, peerIsServer bool) (name proto.Name, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			n.counters.faults.Add(1)
			n.log.Error("a certificate could not be judged", "when", stamp(time.Now()), "fault", faultText(fault), "stack", string(debug.Stack()))
			name, err = proto.Name{}, proto.Refuse(proto.ReasonInternal, "")
		}
	}()
	usage := identity.UsageClient
	if peerIsServer {
		usage = identity.UsageServer
	}
	name, err = n.trust.VerifyPeer(chain, usage, time.Now())
	if err != nil {
		return name, err
	}
	own := name.Agency == n.Name().Agency
	switch {
	case own && name.Role == proto.RoleRelay:
		return name, proto.Refusef(proto.ReasonUnknownPeer, "%s is a relay of our own agency", name)
	case own:
	case name.Role != proto.RoleRelay:
		return name, proto.Refusef(proto.ReasonUnknownPeer, "%s belongs at its own agency's relay", name)
	case n.peers[name.Agency] == nil:
		return name, proto.Refusef(proto.ReasonUnknownPeer, "%s links with no relay of %s", n.Name(), name.Agency)
	}
	return name, nil
}

// accept takes in links until the listener closes.
func (n *Node) accept(ctx context.Context) {
	for {
		c, err := n.listener.Accept(ctx)
		if err != nil {
			return
		}
		n.serve(ctx, c)
	}
}

// Back-off between dials of a peer.
const (
	dialFirst   = 500 * time.Millisecond
	dialMost    = 15 * time.Second
	dialTimeout = 10 * time.Second
	// The relay with the greater name waits this long to be dialled, so that
	// two relays which know each other's address rarely dial at once.
	dialGrace = 3 * time.Second
)

// keepDialling keeps a link to a peer, with back-off and jitter.
func (n *Node) keepDialling(ctx context.Context, p *peerState) {
	wait := dialFirst
	if n.Name().Agency > p.Agency && !sleep(ctx, dialGrace) {
		return
	}
	for {
		if p.linked.Load() {
			wait = dialFirst
		} else if c, err := n.dial(ctx, p); err == nil {
			n.serve(ctx, c)
			n.keepBulk(ctx, p, c)
			wait = dialFirst
		} else {
			n.countRefusal(proto.Name{}, p.Agency, err)
			why := proto.AsRefusal(err)
			n.log.Warn("peer not reached", "agency", string(p.Agency), "address", p.Addr.String(), "code", int(why.Reason), "why", err.Error())
			wait = min(2*wait, dialMost)
		}
		if !sleep(ctx, wait/2+rand.N(wait)) {
			return
		}
	}
}

func (n *Node) dial(ctx context.Context, p *peerState) (*link.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	return n.listener.Dialer().Dial(ctx, p.Addr, link.RelayOf(p.Agency))
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// linkIn is a new link on its way to the loop. It is an event of the node, not
// of the hub: the hub knows links by number only.
type linkIn struct {
	hub.LinkUp
	conn *port
}

// serve starts the two readers of a link: each owns nothing but octets. Both
// end when the link ends; the frame reader ends last and tells the loop.
func (n *Node) serve(ctx context.Context, c *link.Conn) {
	p := newPort(c, hub.LinkID(n.counters.links.Add(1)))
	if !n.post(ctx, linkIn{hub.LinkUp{Link: p.id, Peer: c.Peer(), Dialled: c.Dialled(), Bulk: c.Bulk()}, p}) {
		c.Close(proto.Refuse(proto.ReasonClosing, ""))
		return
	}
	if skew := c.ClockSkew(); skew.Abs() > proto.ClockSkewWarning {
		n.log.Warn("clocks differ", "peer", c.Peer().String(), "ahead", skew)
	}
	n.figures.links.begin(c)
	voice := make(chan struct{})
	n.wg.Go(func() { // ends with the link
		defer close(voice)
		defer n.contain(p)
		if !c.Bulk() { // proto/link ends a bulk link on which voice comes
			n.forwardVoice(ctx, p)
		}
	})
	n.wg.Go(func() { // ends with the link
		n.readFrames(ctx, p)
		c.Close(proto.Refuse(proto.ReasonClosing, ""))
		<-c.Done()
		<-voice
		n.figures.links.end(c)
		n.linkEnded(c)
		n.post(ctx, hub.LinkDown{Link: p.id})
	})
}

func (n *Node) readFrames(ctx context.Context, p *port) {
	defer n.contain(p)
	for {
		f, err := p.conn.Receive(ctx)
		if err != nil {
			return
		}
		n.requestRefused(f)
		read := time.Now()
		if !n.admit(ctx, p, f) || !n.post(ctx, frameIn{hub.FrameIn{Link: p.id, Frame: f}, p, read}) {
			return
		}
	}
}

func (n *Node) linkEnded(c *link.Conn) {
	err := c.Err()
	n.countRefusal(c.Peer(), c.Peer().Agency, err)
	var theirs *link.RefusedByPeer
	switch {
	case c.Enrolment():
	case errors.As(err, &theirs):
		n.log.Info("link ended by the peer", "peer", c.Peer().String(), "code", int(theirs.Refusal.Reason), "why", theirs.Refusal.Error())
	case err != nil:
		n.log.Info("link ended", "peer", c.Peer().String(), "code", int(proto.ReasonOf(err)), "why", err.Error())
	}
}

// post hands an event to the loop; false when the node is shutting down.
func (n *Node) post(ctx context.Context, e hub.Event) bool {
	select {
	case n.events <- e:
		return true
	case <-ctx.Done():
		return false
	}
}

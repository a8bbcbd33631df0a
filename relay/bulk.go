package relay

import (
	"context"
	"crypto/x509"
	"math/rand/v2"
	"time"

	"crossband/proto"
	"crossband/proto/link"
)

// belongs refuses a bulk link that is not of the very device whose live link is there:
// a renewed certificate has the same key, another device under its name has not. The
// hub says whether there is a live link.
func (l *loop) belongs(p *port) error {
	var live *port
	for _, o := range l.ports {
		if !o.conn.Bulk() && o.conn.Peer() == p.conn.Peer() && (live == nil || live.id < o.id) {
			live = o
		}
	}
	if live == nil {
		return nil
	}
	if keyOf(leafOf(p.conn)) != keyOf(leafOf(live.conn)) {
		return proto.Refusef(proto.ReasonForbidden, "the live link of %s has another key", p.conn.Peer())
	}
	return nil
}

func leafOf(c *link.Conn) *x509.Certificate { return c.TLS().PeerCertificates[0] }

// bulkMost is the longest wait between two dials of a bulk link.
const bulkMost = time.Minute

// keepBulk keeps a bulk link beside a live one that we dialled to a partner's relay: the
// two ask for each other's logs all day, in their devices' names. It ends with the live
// link.
func (n *Node) keepBulk(ctx context.Context, p *peerState, live *link.Conn) {
	if !live.Has(proto.CapabilityBulk) {
		return
	}
	n.wg.Go(func() { // ends with the live link
		lives, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(live.Context(), cancel)()
		for wait := dialFirst; ; wait = min(2*wait, bulkMost) {
			c, err := n.dialBulk(lives, p, live.Peer())
			switch {
			case lives.Err() != nil && err == nil:
				c.Close(nil)
				return
			case lives.Err() != nil:
				return
			case err == nil:
				began := time.Now()
				n.serve(ctx, c) // to its end: the hub ends it with the live link
				<-c.Done()
				if time.Since(began) > bulkMost {
					wait = dialFirst
				}
			default:
				n.log.Warn("no bulk link", "peer", live.Peer().String(), "code", int(proto.ReasonOf(err)), "why", err.Error())
			}
			if !sleep(lives, wait/2+rand.N(wait)) {
				return
			}
		}
	})
}

func (n *Node) dialBulk(ctx context.Context, p *peerState, peer proto.Name) (*link.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	return n.listener.Dialer().DialBulk(ctx, p.Addr, link.Exactly(peer))
}

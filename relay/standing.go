package relay

import (
	"time"

	"crossband/proto"
	"crossband/relay/hub"
)

// A link lives longer than the handshake that let it in. It ends when its peer
// would not be let in any more: by a trust list or a revocation list, whether the
// link is there or still on its way, and by the end of a certificate.

// endedEvery is how often links are looked through for certificates that have
// ended since.
const endedEvery = time.Hour

// standing judges the peer of a link as the handshake did.
func (n *Node) standing(p *port) error {
	_, err := n.judgePeer(chainOf(p.conn), p.conn.Dialled())
	return err
}

// onTheWay is more than a link takes from its handshake to its port.
const onTheWay = time.Minute

// mayCome judges a new link: trust may have been withdrawn on its way from the
// handshake to the loop. To judge a chain anew costs signatures, which is for the
// few links that were on their way then.
func (l *loop) mayCome(p *port) bool {
	if p.conn.Enrolment() {
		return true
	}
	err := l.n.revoked(p)
	if moved, ok := l.moved[p.conn.Peer().Agency]; err == nil && ok && p.begun.Before(moved.Add(onTheWay)) {
		err = l.n.standing(p)
	}
	if err == nil && p.conn.Bulk() {
		err = l.belongs(p)
	}
	if err != nil {
		l.end(p, proto.AsRefusal(err))
	}
	return err == nil
}

// revoked refuses the peer of a link whose certificate has been taken back.
func (n *Node) revoked(p *port) error {
	if err := n.trust.Revoked(chainOf(p.conn)); proto.ReasonOf(err) == proto.ReasonRevoked {
		return err
	}
	return nil
}

// bundles returns what the trust in each agency rests on.
func (n *Node) bundles() map[proto.Agency]string {
	all := make(map[proto.Agency]string)
	for _, a := range n.trust.Agencies() {
		if b := n.trust.Bundle(a); b != nil {
			all[a] = string(b.Export())
		}
	}
	return all
}

// cutDistrusted ends the links that a new trust list does not let in. Those of an
// agency whose bundle is what it was before stand as they did: a list is signed
// anew each day.
func (l *loop) cutDistrusted(before map[proto.Agency]string) []hub.Event {
	now := l.n.bundles()
	for a, b := range before {
		if now[a] == b {
			continue
		}
		if l.moved == nil {
			l.moved = make(map[proto.Agency]time.Time)
		}
		l.moved[a] = time.Now()
	}
	return l.cut(func(p *port) error {
		if a := p.conn.Peer().Agency; now[a] == before[a] {
			return nil
		}
		return l.n.standing(p)
	})
}

// cutEnded ends links whose certificate's time is over.
func (l *loop) cutEnded(now time.Time) []hub.Event {
	if now.Before(l.endedAt) {
		return nil
	}
	l.endedAt = now.Add(endedEvery)
	return l.cut(func(p *port) error {
		for _, cert := range p.conn.TLS().PeerCertificates {
			if now.After(cert.NotAfter) {
				return l.n.standing(p)
			}
		}
		return nil
	})
}

// cut ends the links that judge refuses. The hub learns at once, so that nothing
// of what such a link has sent is looked at any more.
func (l *loop) cut(judge func(*port) error) (events []hub.Event) {
	for id, p := range l.ports {
		if p.conn.Enrolment() {
			continue
		}
		if err := judge(p); err != nil {
			l.end(p, proto.AsRefusal(err))
			events = append(events, hub.LinkDown{Link: id})
		}
	}
	return events
}

func (l *loop) end(p *port, why *proto.Refusal) {
	l.n.log.Warn("link cut", "peer", p.conn.Peer().String(), "code", int(why.Reason), "why", why.Detail)
	p.conn.Close(why)
	if why.Reason != proto.ReasonRevoked {
		return
	}
	l.n.counters.revokedCut.Add(1)
	if l.revoked.Cut != nil {
		l.revoked.Cut[p.conn.Peer().String()] = time.Now()
	}
}

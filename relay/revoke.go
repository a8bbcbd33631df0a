package relay

import (
	"context"
	"maps"
	"time"

	"crossband/crypto/identity"
	"crossband/proto"
	"crossband/proto/link"
	"crossband/proto/wire"
	"crossband/relay/hub"
)

// Policy on revocation lists. An authority signs its list anew each day, also
// when nothing was added, so that one which is withheld is noticed.
const (
	staleList  = 48 * time.Hour
	staleEvery = time.Hour // how often the administrator is warned
)

// listFound is a revocation list that did not come over a link. It is an event of
// the node; the hub learns of the list when that has been installed.
type listFound struct {
	hub.Tick // only to be an Event: the hub is never given it
	signed   []byte
}

// Revocations tells an administrator how far the own agency's newest list has
// come in this run.
type Revocations struct {
	Number    uint64
	Installed time.Time                  // at this relay, or its start
	Cut       map[string]time.Time       // links ended because of it, by name
	Told      map[proto.Agency]time.Time // partners whose relay has taken it
	Refused   map[proto.Agency]string    // and those whose relay has not, and why
}

func newRevocations(number uint64) Revocations {
	return Revocations{
		Number: number, Installed: time.Now(), Cut: make(map[string]time.Time),
		Told: make(map[proto.Agency]time.Time), Refused: make(map[proto.Agency]string),
	}
}

// report gives a copy of the state to whoever wants it.
func (l *loop) report() {
	if l.n.cfg.Revoked == nil || l.revoked.Number == 0 {
		return
	}
	r := l.revoked
	r.Cut, r.Told, r.Refused = maps.Clone(r.Cut), maps.Clone(r.Told), maps.Clone(r.Refused)
	l.n.cfg.Revoked(r)
}

// told notes what a partner's relay answered.
func (l *loop) told(e hub.Told) {
	if e.Refusal == nil {
		l.n.log.Info("partner has taken the revocation list", "peer", e.Peer.String(), "of", string(e.List))
	} else {
		l.n.log.Warn("partner has not taken the revocation list", "peer", e.Peer.String(), "of", string(e.List), "code", int(e.Refusal.Reason), "why", e.Refusal.Error())
	}
	if e.List != l.n.Name().Agency || l.revoked.Number == 0 {
		return
	}
	if e.Refusal == nil {
		l.revoked.Told[e.Peer.Agency] = time.Now()
		delete(l.revoked.Refused, e.Peer.Agency)
	} else if _, taken := l.revoked.Told[e.Peer.Agency]; !taken {
		l.revoked.Refused[e.Peer.Agency] = e.Refusal.Error()
	}
	l.report()
}

// Revoke hands a running relay a revocation list of its own agency that came to
// it other than over a link, such as in a file. It is judged as any other.
func (n *Node) Revoke(ctx context.Context, signed []byte) error {
	if !n.post(ctx, listFound{signed: signed}) {
		return ctx.Err()
	}
	return nil
}

// installRevocations takes in a revocation list: from our authority or out of
// our own folder its own agency's, from a partner its own or that of an agency
// which it meets on its channels. The signature decides, whoever brought it.
func (l *loop) installRevocations(ctx context.Context, e hub.InstallRevocations) error {
	n := l.n
	list, err := identity.ParseRevocationList(e.Signed)
	if err == nil {
		err = n.mayBring(e.Peer, list.Agency)
	}
	var before []identity.Revocation
	if err == nil {
		before = n.trust.RevokedEntries(list.Agency)
		if n.held(e.Signed) {
			l.answer(e.Link, e.ID, &wire.Frame{Body: &wire.Frame_Done{Done: &wire.Done{}}})
			return nil // the same again changes nothing, and is not handed round for ever
		}
		err = n.trust.ApplyRevocations(e.Signed, time.Now())
	}
	if identity.FaultOf(err) == identity.Stale && (e.Peer == proto.Name{}) {
		return nil // a file of before what the registrar has brought since
	}
	if err != nil {
		why := proto.AsRefusal(err)
		n.counters.listsRefused.Add(1)
		n.log.Warn("revocation list refused", "peer", e.Peer.String(), "code", int(why.Reason), "why", err.Error())
		l.answer(e.Link, e.ID, &wire.Frame{Body: &wire.Frame_Refused{Refused: &wire.Refused{Code: uint32(why.Reason), Detail: why.Detail}}})
		return nil
	}
	n.log.Info("revocation list installed", "agency", string(list.Agency), "number", list.Number, "entries", len(list.Entries))
	answer := &wire.Frame{Body: &wire.Frame_Done{Done: &wire.Done{}}}
	if !l.keep(n.identity.Load().Adopt(n.trust)) { // in force, and gone with a restart
		answer.Body = &wire.Frame_Refused{Refused: &wire.Refused{Code: uint32(proto.ReasonStore)}}
	}
	l.answer(e.Link, e.ID, answer)
	if list.Agency == n.Name().Agency {
		l.revoked = newRevocations(list.Number)
	}
	// First the cut: what a revoked link has sent and the hub has not seen yet
	// counts for nothing any more.
	events := l.cutRevoked()
	l.report()
	names := newlyRevoked(before, n.trust.RevokedEntries(list.Agency))
	return l.handle(ctx, append(events, hub.Revoked{Lists: n.signedLists(), Names: names, From: list.Agency}))
}

// mayBring says who may bring whose list. The zero Peer is the own folder.
func (n *Node) mayBring(peer proto.Name, of proto.Agency) error {
	own := n.Name().Agency
	switch {
	case of != own && (peer == proto.Name{} || peer.Role == proto.RoleAuthority):
		return proto.Refusef(proto.ReasonSpokenFor, "a revocation list of %s from %s", of, own)
	case of == own && peer.Role == proto.RoleRelay:
		return proto.Refusef(proto.ReasonSpokenFor, "a revocation list of %s from %s", of, peer)
	}
	return nil
}

func (n *Node) held(signed []byte) bool {
	for _, s := range n.trust.Revocations() {
		if string(s) == string(signed) {
			return true
		}
	}
	return false
}

// signedLists returns the lists held, each with its agency.
func (n *Node) signedLists() []hub.SignedList {
	var lists []hub.SignedList
	for _, s := range n.trust.Revocations() {
		if l, err := identity.ParseRevocationList(s); err == nil {
			lists = append(lists, hub.SignedList{Agency: l.Agency, Signed: s})
		}
	}
	return lists
}

// newlyRevoked names those whom the lists of now take back and those of before
// did not, or not up to so late a time.
func newlyRevoked(before, now []identity.Revocation) []proto.Name {
	since := make(map[proto.Name]time.Time)
	for _, r := range before {
		if r.At.After(since[r.Name]) {
			since[r.Name] = r.At
		}
	}
	var names []proto.Name
	for _, r := range now {
		if at, known := since[r.Name]; r.Name != (proto.Name{}) && (!known || r.At.After(at)) {
			names = append(names, r.Name)
			since[r.Name] = r.At
		}
	}
	return names
}

// cutRevoked ends every link whose certificate has been taken back: of a device,
// of the authority's mailbox, of a partner's relay.
func (l *loop) cutRevoked() []hub.Event {
	events := l.cut(l.n.revoked)
	if err := l.n.identity.Load().SelfRevoked(l.n.trust); proto.ReasonOf(err) == proto.ReasonRevoked {
		l.n.log.Error("this relay's own certificate has been revoked: partners and devices will refuse it", "why", err.Error())
	}
	return events
}

// chainOf returns the certificates that the other side of a link showed.
func chainOf(c *link.Conn) [][]byte {
	var chain [][]byte
	for _, cert := range c.TLS().PeerCertificates {
		chain = append(chain, cert.Raw)
	}
	return chain
}

// warnStale warns of agencies that we link with whose newest list is old, or
// missing: what they have revoked since is not known here.
func (l *loop) warnStale(now time.Time) {
	if now.Before(l.staleAt) {
		return
	}
	l.staleAt = now.Add(staleEvery)
	for _, a := range l.n.trust.Agencies() {
		if a != l.n.Name().Agency && l.n.peers[a] == nil {
			continue
		}
		number, issued, ok := l.n.trust.RevocationStatus(a)
		if ok && now.Sub(issued) <= staleList {
			continue
		}
		l.n.counters.listsStale.Add(1)
		if !ok {
			l.n.log.Warn("no revocation list", "agency", string(a), "why", "none has come since this relay was set up")
			continue
		}
		l.n.log.Warn("revocation list is stale", "agency", string(a), "number", number, "issued", issued.UTC().Format(time.RFC3339), "age", now.Sub(issued).Round(time.Minute))
	}
}

package relay

import (
	"context"
	"slices"
	"time"

	"crossband/crypto/identity"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/hub"
	"crossband/relay/notices"
)

// loop is the one owner of the hub and of the links' table. Everything else
// sends it events.
type loop struct {
	n        *Node
	hub      *hub.Hub
	ports    map[hub.LinkID]*port
	floors   map[*route]struct{} // routes whose frames keep a floor alive
	renewal  *identity.Renewal   // under way
	renewAt  time.Time
	staleAt  time.Time                  // when to look again for stale revocation lists
	endedAt  time.Time                  // when to look again for certificates that have ended
	moved    map[proto.Agency]time.Time // when the trust in an agency last changed
	revoked  Revocations
	settings hub.Settings               // that the hub has
	held     map[proto.ChannelID]string // the legal holds, with who ordered them
	look     time.Time                  // when to look for others
	written  int                        // octets given to the store since
	watch    *watch                     // measures
	showcase *showcase                  // publishes
	recorder *recorder
	noticed  noticed // follows change notices
	strains  strains // follows how voice fares
}

// batch bounds how many events share one write to the store.
const batch = 256

func (n *Node) loop(ctx context.Context) error {
	l := &loop{n: n, hub: hub.New(n.Name(), n.judge()), ports: make(map[hub.LinkID]*port), floors: make(map[*route]struct{}), watch: newWatch(n.figures), showcase: newShowcase(), recorder: newRecorder(n), noticed: noticed{watch: notices.NewWatch()}, strains: newStrains()}
	l.planRenewal()
	if err := l.load(ctx); err != nil {
		return err
	}
	if err := l.recorder.load(ctx); err != nil {
		return err
	}
	if err := l.loadNotices(ctx); err != nil {
		return err
	}
	l.staleAt = time.Now().Add(staleEvery)
	l.endedAt = time.Now().Add(endedEvery)
	if err := l.start(ctx); err != nil {
		return err
	}
	l.watch.tick(time.Now())
	l.show(time.Now())
	if err := l.followNotices(ctx, time.Now()); err != nil {
		return err
	}
	tick := time.NewTicker(hub.TickEvery)
	defer tick.Stop()
	for {
		var events []hub.Event
		ticked := false
		select {
		case <-ctx.Done():
			l.closeAll()
			return nil
		case <-tick.C:
			events, ticked = l.tick(ctx), true
			if err := l.followNotices(ctx, time.Now()); err != nil {
				l.closeAll()
				return err
			}
		case e := <-n.events:
			events = append(events, e)
		}
		for len(events) < batch && len(n.events) > 0 {
			events = append(events, <-n.events)
		}
		if l.written > lookAfter {
			l.look = time.Time{}
			events = append(l.settle(ctx, time.Now()), events...)
		}
		err := l.handle(ctx, events)
		if err == nil && ticked {
			err = l.recorder.tick(ctx, l, time.Now())
		}
		if err != nil {
			l.closeAll()
			return err
		}
	}
}

// start registers what the administrator gave: the trust list that endpoints
// are told and the charters that the authority signed.
func (l *loop) start(ctx context.Context) error {
	events := l.settle(ctx, time.Now())
	if signed := l.n.trust.TrustList(); signed != nil {
		events = append(events, hub.Trusted{Signed: signed})
	}
	events = append(events, hub.Revoked{Lists: l.n.signedLists()})
	if number, _, ok := l.n.trust.RevocationStatus(l.n.Name().Agency); ok {
		l.revoked = newRevocations(number) // partners are told again when they link
	}
	for _, d := range l.n.cfg.Documents {
		events = append(events, d.event())
	}
	for _, c := range l.n.cfg.Charters {
		events = append(events, charterIn(c))
	}
	return l.handle(ctx, events)
}

func (l *loop) tick(ctx context.Context) []hub.Event {
	now := time.Now()
	l.watch.tick(now)
	l.show(now)
	var events []hub.Event
	for _, p := range l.ports {
		p.early.sweep(now)
	}
	for r := range l.floors {
		if r.took(now) {
			events = append(events, hub.Heard{Channel: r.Channel})
		}
	}
	l.lookForStrain(now)
	events = append(events, l.settle(ctx, now)...)
	if !l.renewAt.IsZero() && now.After(l.renewAt) {
		if f := l.askRenewal(now); f != nil {
			events = append(events, hub.FrameIn{Link: hub.SelfLink, Frame: f})
		}
	}
	l.warnStale(time.Now())
	return append(append(events, l.cutEnded(now)...), hub.Tick{})
}

// handle applies events and performs their effects. All writes of the batch
// are made durable first, so that an acknowledgement never overtakes them.
func (l *loop) handle(ctx context.Context, events []hub.Event) error {
	var effects []hub.Effect
	turn := l.watch.turn(len(events))
	var rest []hub.Event
	for i, e := range events {
		now := time.Now()
		read := now
		switch in := e.(type) {
		case linkIn:
			if !l.mayCome(in.conn) {
				continue
			}
			l.ports[in.Link] = in.conn
			if !in.Bulk {
				l.linked(in.Peer, true)
				l.seen(in.conn.conn)
			}
			e = in.LinkUp
		case frameIn:
			e, read = in.taken(), in.at
			if b := in.Frame.GetVoiceStrain(); b != nil {
				l.strainSaid(in.Link, b, now)
				continue
			}
		}
		var news []hub.Effect
		if in, ok := e.(listFound); ok {
			news = []hub.Effect{hub.InstallRevocations{Signed: in.signed}}
		} else {
			news = turn.applied(e, read, now, l.hub.Apply(now, e))
		}
		effects = append(effects, news...)
		if down, ok := e.(hub.LinkDown); ok {
			l.gone(down.Link)
		}
		if slices.ContainsFunc(news, installs) {
			rest = events[i+1:] // whatever comes after a list is judged by it
			break
		}
	}
	if err := l.record(ctx, effects); err != nil {
		return err
	}
	if err := l.write(ctx, effects); err != nil {
		return err
	}
	for _, e := range effects {
		if err := l.perform(ctx, e); err != nil {
			return err
		}
	}
	turn.done()
	if len(rest) > 0 {
		return l.handle(ctx, rest)
	}
	return nil
}

func installs(e hub.Effect) bool {
	switch e.(type) {
	case hub.InstallTrust, hub.InstallRevocations:
		return true
	}
	return false
}

func (l *loop) linked(peer proto.Name, up bool) {
	if p := l.n.peers[peer.Agency]; p != nil && peer.Role == proto.RoleRelay {
		p.linked.Store(up)
	}
}

// gone forgets a link. A newer link of the same peer may be there by now.
func (l *loop) gone(id hub.LinkID) {
	p := l.ports[id]
	if p == nil {
		return
	}
	delete(l.ports, id)
	if p.conn.Bulk() {
		return
	}
	if t := p.routes.Load(); t != nil {
		for _, r := range *t {
			delete(l.floors, r)
		}
	}
	still := false
	for _, o := range l.ports {
		still = still || !o.conn.Bulk() && o.conn.Peer() == p.conn.Peer()
	}
	l.linked(p.conn.Peer(), still)
}

func (l *loop) perform(ctx context.Context, e hub.Effect) error {
	switch e := e.(type) {
	case hub.Send:
		l.send(e.Link, e.Frame)
	case hub.Close:
		if p := l.ports[e.Link]; p != nil {
			p.conn.Close(e.Why)
		}
	case hub.ReadLog:
		return l.readLog(ctx, e)
	case hub.ReadSealed:
		return l.readSealed(ctx, e)
	case hub.ReadVoice:
		l.readVoice(e)
	case hub.Sweep:
		found, err := l.sweep(ctx, e)
		if err != nil || len(found.Entries)+len(found.Messages) == 0 {
			return err
		}
		return l.handle(ctx, []hub.Event{found})
	case hub.Drop:
		return l.drop(ctx, e.Bucket)
	case hub.SetRoute:
		l.setRoute(e)
	case hub.BarEarly:
		if p := l.ports[e.Link]; p != nil {
			p.early.bar(time.Now(), e)
		}
	case hub.InstallTrust:
		return l.installTrust(ctx, e)
	case hub.InstallRevocations:
		return l.installRevocations(ctx, e)
	case hub.Told:
		l.told(e)
	case hub.Recording:
		return l.recorder.frame(ctx, l, e, time.Now())
	case hub.Audit:
		l.audit(e)
	}
	return nil
}

// record puts what happened into incidents' records, to be written with the rest.
func (l *loop) record(ctx context.Context, effects []hub.Effect) error {
	for _, e := range effects {
		if r, ok := e.(hub.Recorded); ok {
			if err := l.recorder.add(ctx, r, time.Now()); err != nil {
				return err
			}
		}
	}
	return nil
}

// peerLinks returns the newest live link with each other agency's relay.
func (l *loop) peerLinks() map[proto.Agency]*port {
	newest := make(map[proto.Agency]*port)
	for _, p := range l.ports {
		n := p.conn.Peer()
		if was := newest[n.Agency]; n.Role == proto.RoleRelay && !p.conn.Bulk() && (was == nil || p.id > was.id) {
			newest[n.Agency] = p
		}
	}
	return newest
}

func (l *loop) send(id hub.LinkID, f *wire.Frame) {
	if id == hub.SelfLink {
		l.answerToSelf(f)
		return
	}
	if p := l.ports[id]; p != nil {
		if err := p.conn.Send(f); err != nil { // the link is closing, or too slow and closed for it
			l.n.log.Debug("frame not sent", "peer", p.conn.Peer().String(), "why", err.Error())
		}
	}
}

func (l *loop) setRoute(e hub.SetRoute) {
	p := l.ports[e.Link]
	if p == nil {
		return
	}
	if old := p.route(e.Alias); old != nil {
		delete(l.floors, old)
	} else if e.Route == nil {
		return
	}
	if e.Route == nil {
		p.setRoute(e.Alias, nil)
		return
	}
	r := &route{Route: *e.Route}
	for _, o := range e.Route.Out {
		if to := l.ports[o.Link]; to != nil {
			r.out = append(r.out, voiceOut{to.conn, o.Alias})
		}
	}
	if r.Floor {
		l.floors[r] = struct{}{}
	}
	p.setRoute(e.Alias, r)
}

func names(list []proto.Name) []string {
	out := make([]string, len(list))
	for i, n := range list {
		out[i] = n.String()
	}
	return out
}

func (l *loop) closeAll() {
	for _, p := range l.ports {
		p.conn.Close(proto.Refuse(proto.ReasonClosing, ""))
	}
}

// installTrust takes in a trust list from the authority, keeps it, and cuts
// the links that it no longer lets in.
func (l *loop) installTrust(ctx context.Context, e hub.InstallTrust) error {
	n := l.n
	before := n.bundles()
	if err := n.trust.ApplyTrustList(e.Signed, time.Now()); err != nil {
		why := proto.AsRefusal(err)
		n.record(act{what: "trust", line: "trust list refused", who: l.peerOf(e.Link), where: "relay", result: err})
		l.answer(e.Link, e.ID, &wire.Frame{Body: &wire.Frame_Refused{Refused: &wire.Refused{Code: uint32(why.Reason), Detail: why.Detail}}})
		return nil
	}
	n.record(act{what: "trust", line: "trust list installed", who: l.peerOf(e.Link), where: "relay", more: []any{"agencies", n.trust.Agencies()}})
	answer := &wire.Frame{Body: &wire.Frame_Done{Done: &wire.Done{}}}
	if !l.keep(n.identity.Load().Adopt(n.trust)) { // in force, and gone with a restart
		answer.Body = &wire.Frame_Refused{Refused: &wire.Refused{Code: uint32(proto.ReasonStore)}}
	}
	l.answer(e.Link, e.ID, answer)
	return l.handle(ctx, append(l.cutDistrusted(before), hub.Trusted{Signed: e.Signed}))
}

// peerOf names who is at the other end of a link; "" when it is gone.
func (l *loop) peerOf(id hub.LinkID) string {
	if p := l.ports[id]; p != nil {
		return p.conn.Peer().String()
	}
	return ""
}

// answer sends what the node itself decided, if it was asked for.
func (l *loop) answer(id hub.LinkID, re uint64, f *wire.Frame) {
	if re != 0 {
		f.Re = re
		l.send(id, f)
	}
}

// keep replaces the node's identity, on disk first.
func (l *loop) keep(id *identity.Identity) bool {
	if save := l.n.cfg.Save; save != nil {
		if err := save(id); err != nil {
			l.n.log.Error("identity not saved", "why", err.Error())
			return false
		}
	}
	l.n.identity.Store(id)
	l.planRenewal()
	return true
}

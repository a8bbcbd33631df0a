package relay

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"net"
	"time"

	"crossband/crypto/identity"
	"crossband/proto"
	"crossband/proto/link"
	"crossband/relay/hub"
	"crossband/relay/notices"
	"crossband/relay/store"
)

// Notices is what the loop shows of change notices, once a second. It is never changed
// once published.
type Notices struct {
	At          time.Time
	Held        []NoticeState  // by agency and beginning
	Unannounced []notices.Seen // what has changed at partners of late without notice
}

// NoticeState is a change notice as it stands here.
type NoticeState struct {
	hub.NoticeSummary
	Stage proto.NoticeStage
	Left  time.Duration      // to its beginning; below 0: since
	Does  []notices.Breakage // nil once another has taken its place
}

// Notices returns what the loop published last; nil before it has begun.
func (n *Node) Notices() *Notices { return n.notices.Load() }

// noticed is the loop's part in change notices.
type noticed struct {
	watch *notices.Watch
	next  time.Time
	does  map[proto.NoticeID][]notices.Breakage // what each notice held does, as it was last worked out
	again time.Time                             // when to work it out anew
}

// impactEvery is how often it is worked out anew what the notices do: it depends on
// channels, members, bundles and partners. Of a new notice it is worked out at once.
const impactEvery = 10 * time.Second

// loadNotices takes in what the last run remembered.
func (l *loop) loadNotices(ctx context.Context) error {
	for _, bucket := range notices.Buckets() {
		err := l.n.cfg.Store.Scan(ctx, store.Bucket(bucket), nil, func(key, value []byte) bool {
			if err := l.noticed.watch.Load(bucket, key, value); err != nil {
				l.n.log.Error("a record of change notices cannot be read", "bucket", bucket, "why", err.Error())
			}
			return ctx.Err() == nil
		})
		if err != nil {
			return fmt.Errorf("relay: store: %w", err)
		}
	}
	return nil
}

// followNotices looks at the notices if it is time: what has come nearer, what has
// changed at partners. What is told is stored first, so that it is told once.
func (l *loop) followNotices(ctx context.Context, now time.Time) error {
	if now.Before(l.noticed.next) {
		return nil
	}
	l.noticed.next = now.Add(stateEvery)
	summary := l.n.state.Load().Hub // published in this turn, or a second ago
	know, held := l.knowledge(summary, now), heldNotices(summary)
	news := l.noticed.watch.Tick(now, held, know)
	var records []store.Record
	for _, r := range news.Records {
		records = append(records, store.Record{Bucket: store.Bucket(r.Bucket), Key: r.Key, Value: r.Value})
	}
	if err := l.store(ctx, records); err != nil {
		return err
	}
	for _, r := range news.Reminders {
		l.n.recordReminder(r)
	}
	for _, c := range news.Changes {
		l.n.recordChange(c)
	}
	l.noticed.impact(now, held, know)
	out := &Notices{At: now, Unannounced: l.noticed.watch.Alarms()}
	for _, s := range summary.Notices {
		out.Held = append(out.Held, NoticeState{NoticeSummary: s, Stage: s.Stage(now), Left: s.Begins.Sub(now), Does: l.noticed.does[s.ID]})
	}
	l.n.notices.Store(out)
	return nil
}

// impact works out what the notices that count do.
func (f *noticed) impact(now time.Time, held []notices.Held, k *notices.Knowledge) {
	anew := !now.Before(f.again)
	if anew {
		f.again = now.Add(impactEvery)
	}
	does := make(map[proto.NoticeID][]notices.Breakage)
	for i := range held {
		h := &held[i]
		known, ok := f.does[h.ID]
		switch {
		case h.Replaced:
		case ok && !anew:
			does[h.ID] = known
		default:
			does[h.ID] = notices.Impact(&h.Notice, k)
		}
	}
	f.does = does
}

func heldNotices(s hub.Summary) (list []notices.Held) {
	for _, n := range s.Notices {
		list = append(list, notices.Held{Notice: n.Notice, Came: n.Came, Replaced: n.ReplacedBy != proto.NoticeID{}})
	}
	return list
}

// knowledge is what this relay knows, as the impact of a change is worked out from it.
func (l *loop) knowledge(s hub.Summary, now time.Time) *notices.Knowledge {
	offers := l.n.offers()
	k := &notices.Knowledge{
		Self: l.n.Name().Agency, VersionMin: offers.VersionMin, VersionMax: offers.VersionMax, Capabilities: offers.Capabilities,
		Suites: []uint16{proto.SuiteP256, proto.SuiteP384}, Codecs: []string{"opus"},
		OwnRoots: rootsOf(l.n.trust.Own(), now), Partners: make(map[proto.Agency]notices.Partner),
	}
	for _, ch := range s.Channels {
		c := notices.Channel{Title: ch.Title, Owner: ch.Owner, Suite: ch.Suite, Calling: ch.Kind == proto.KindCalling}
		for _, p := range ch.Parties {
			c.Parties = append(c.Parties, notices.Party(p))
		}
		k.Channels = append(k.Channels, c)
	}
	for a, p := range l.n.peers {
		partner := notices.Partner{Roots: rootsOf(l.n.trust.Bundle(a), now), Last: l.noticed.watch.Last(a)}
		if p.Addr != nil {
			partner.Dials = p.Addr.String()
		}
		k.Partners[a] = partner
	}
	return k
}

// rootsOf lists the fingerprints of the roots that a bundle accepts at now.
func rootsOf(b *identity.Bundle, now time.Time) (list [][32]byte) {
	if b == nil {
		return nil
	}
	list = append(list, b.Fingerprint())
	for _, r := range b.Rollovers {
		if now.Before(r.Until) {
			list = append(list, keyOf(r.Old))
		}
	}
	return list
}

func keyOf(c *x509.Certificate) [32]byte { return sha256.Sum256(c.RawSubjectPublicKeyInfo) }

// seen notes what a partner's relay is like as its link comes up.
func (l *loop) seen(c *link.Conn) {
	if p := c.Peer(); p.Role == proto.RoleRelay && l.n.peers[p.Agency] != nil {
		l.noticed.watch.Seen(p.Agency, lookAt(c, l.n.cfg.Software, time.Now()))
	}
}

// lookAt takes down what a partner's relay shows of itself.
func lookAt(c *link.Conn, own string, now time.Time) notices.Look {
	offers, tls := c.Offers(), c.TLS()
	look := notices.Look{
		VersionMin: offers.VersionMin, VersionMax: offers.VersionMax, Capabilities: offers.Capabilities,
		Software: c.Software(), Relay: c.Peer().String(), Own: own, At: now,
	}
	if c.Dialled() {
		look.ExchangeOut = tls.CurveID.String()
	} else {
		look.Exchange = tls.CurveID.String()
	}
	if chain := tls.PeerCertificates; len(chain) > 1 { // its own, the issuing authority's, the root
		look.Issuer, look.Root = keyOf(chain[1]), keyOf(chain[len(chain)-1])
		if key, ok := chain[0].PublicKey.(*ecdsa.PublicKey); ok {
			look.Key = key.Curve.Params().Name
		}
	}
	if host, _, err := net.SplitHostPort(c.RemoteAddr().String()); err == nil && !c.Dialled() {
		look.Host = host
	}
	return look
}

// recordReminder tells that a change has come nearer.
func (n *Node) recordReminder(r notices.Reminder) {
	var breaks []string
	for _, b := range r.Does {
		if b.Breaks {
			breaks = append(breaks, string(b.Code)+" for "+string(b.For)+": "+b.Text)
		}
	}
	n.record(act{
		what: "notice", line: "change notice: " + r.Stage.String(), who: string(r.Agency), where: "relay",
		more: []any{"notice", r.ID.Short(), "about", r.Kind.String(), "title", r.Title, "begins", stamp(r.Begins), "ends", stamp(r.Ends), "breaks", breaks},
	})
}

// recordChange tells what has changed at a partner: an alarm unless a notice covers it.
func (n *Node) recordChange(c notices.Seen) {
	a := act{what: "change", line: "announced change at a partner", who: string(c.Agency), where: "link", alarm: c.Alarm}
	switch {
	case c.Alarm:
		a.line = "unannounced change at a partner"
		n.counters.unannounced.Add(1)
	case c.Late:
		a.line = "change at a partner announced after it was made"
	case c.Notice == proto.NoticeID{}:
		a.line = "change at a partner"
	}
	a.more = []any{"changed", string(c.What), "before", c.Before, "after", c.After, "since", stamp(c.At)}
	if c.Times > 1 {
		a.more = append(a.more, "times", c.Times)
	}
	if c.Notice != (proto.NoticeID{}) {
		a.more = append(a.more, "notice", c.Notice.Short())
	}
	if c.Why != "" {
		a.more = append(a.more, "why", c.Why)
	}
	n.record(a)
}

// offers is what this relay speaks.
func (n *Node) offers() link.Offers {
	o := n.cfg.Offers
	if o.VersionMin == 0 {
		o.VersionMin = proto.VersionMin
	}
	if o.VersionMax == 0 {
		o.VersionMax = max(proto.VersionMax, o.VersionMin)
	}
	if o.Capabilities == nil {
		o.Capabilities = proto.Capabilities()
	}
	return o
}

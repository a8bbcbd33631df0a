package adminhttp

import (
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"crossband/crypto/identity"
	"crossband/proto"
	"crossband/relay"
)

// stalled is how long the loop may rest: it has a tick every 100 ms.
const stalled = 5 * time.Second

// unhealthy says what keeps the process from working at all.
func unhealthy(n *relay.Node, now time.Time) error {
	ticked := n.Ticked()
	switch {
	case n.StoreBroken():
		return errors.New("the store has failed")
	case ticked.IsZero():
		return errors.New("the relay has not begun")
	case now.Sub(ticked) > stalled:
		return fmt.Errorf("the loop has not turned for %v", now.Sub(ticked).Round(time.Second))
	}
	return nil
}

// unready says what keeps the relay from taking links.
func unready(n *relay.Node, now time.Time) error {
	if err := unhealthy(n, now); err != nil {
		return err
	}
	leaf, err := n.Identity().Leaf()
	switch {
	case err != nil:
		return fmt.Errorf("own certificate: %w", err)
	case now.After(leaf.NotAfter):
		return fmt.Errorf("the own certificate ended %s", leaf.NotAfter.UTC().Format(time.RFC3339))
	case now.Before(leaf.NotBefore):
		return fmt.Errorf("the own certificate begins %s", leaf.NotBefore.UTC().Format(time.RFC3339))
	}
	return nil
}

// certificates lists the relay's own and those above it, without the root,
// which is not shown on links.
func certificates(n *relay.Node, now time.Time) []Certificate {
	list := []Certificate{}
	for i, der := range n.Identity().Chain {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			continue // it was read when the relay started
		}
		of := "relay"
		if i > 0 {
			of = "authority"
		}
		list = append(list, Certificate{of, cert.NotAfter.UTC(), cert.NotAfter.Sub(now).Hours() / 24})
	}
	return list
}

// Warnings come this long before a certificate ends; the last is a problem.
const (
	warnFirst  = 30 * 24 * time.Hour
	warnSecond = 7 * 24 * time.Hour
	warnLast   = 24 * time.Hour
)

// overdue is how long a renewal may take after its time.
const overdue = time.Hour

// full is the share of a bound from which on it is worth a look.
const full = 0.8

func warnings(n *relay.Node, s Status, now time.Time) (list []Warning) {
	add := func(problem bool, about, format string, args ...any) {
		list = append(list, Warning{problem, about, fmt.Sprintf(format, args...)})
	}
	if err := unready(n, now); err != nil {
		add(true, "relay", "not ready: %v", err)
	}
	if s.FIPS.Asked && s.FIPS.Mode == "off" {
		add(true, "relay", "FIPS 140-3 mode is asked for and off")
	}
	for _, c := range s.Certificates {
		if c.Of == "relay" {
			warnOwn(n.Identity(), c, now, add)
		} else {
			warnIssuing(c, now, add)
		}
	}
	for _, p := range s.Peers {
		warnPeer(p, s.Notices.Maintenance(p.Agency, now), add)
	}
	for _, ch := range s.Channels {
		if !ch.AwaySince.IsZero() {
			add(true, "channel", "%s (%s): its hub at %s is away since %s; it works locally", ch.Title, ch.ID, ch.Owner, stamp(ch.AwaySince))
		}
		if ch.Expires.IsZero() {
			add(true, "channel", "%s (%s): no agreement is held for it, so nothing passes: crossband agreement put", ch.Title, ch.ID)
			continue
		}
		if ch.Kind != "incident" && ch.Expires.Sub(now) < warnSecond {
			add(false, "channel", "%s (%s): it ends %s", ch.Title, ch.ID, stamp(ch.Expires))
		}
	}
	for _, a := range s.Agreements {
		warnAgreement(a, now, add)
	}
	list = append(list, s.Notices.Warnings(now)...)
	for _, q := range s.Queues {
		if float64(q.Depth) >= full*float64(q.Bound) {
			add(false, "queue", "%s: %d of %d; at the bound, %s", q.Name, q.Depth, q.Bound, q.AtBound)
		}
	}
	if st := s.Store; st != nil && st.Bound > 0 && float64(st.Used) >= full*float64(st.Bound) {
		add(false, "store", "%d of %d octets are in use", st.Used, st.Bound)
	}
	return list
}

// warnOwn looks at the relay's own certificate, which lives for a week and is
// renewed by itself after two thirds: near its end it is a warning only when
// the renewal has not come.
func warnOwn(id *identity.Identity, c Certificate, now time.Time, add func(bool, string, string, ...any)) {
	at, err := id.RenewAt()
	if err != nil || now.Before(at.Add(overdue)) || now.After(c.Ends) { // what has ended is not ready, and said there
		return
	}
	add(c.Ends.Sub(now) < warnLast, "certificate", "the relay's own certificate ends %s and was not renewed when it was time, %s; is the registrar running?", stamp(c.Ends), stamp(at))
}

// warnIssuing looks at the certificate above, which a person renews.
func warnIssuing(c Certificate, now time.Time, add func(bool, string, string, ...any)) {
	switch left := c.Ends.Sub(now); {
	case left < 0:
		add(true, "certificate", "the issuing authority's certificate ended %s: crossband agency roll --issuing", stamp(c.Ends))
	case left < warnLast:
		add(true, "certificate", "the issuing authority's certificate ends within a day, %s: crossband agency roll --issuing", stamp(c.Ends))
	case left < warnSecond:
		add(true, "certificate", "the issuing authority's certificate ends within a week, %s: crossband agency roll --issuing", stamp(c.Ends))
	case left < warnFirst:
		add(false, "certificate", "the issuing authority's certificate ends within 30 days, %s: crossband agency roll --issuing", stamp(c.Ends))
	}
}

// warnAgreement looks at an agreement: without it nothing passes, and a new one takes
// every party's signature, which takes weeks.
func warnAgreement(a Agreement, now time.Time, add func(bool, string, string, ...any)) {
	what := fmt.Sprintf("%s (%s)", a.Title, a.ID)
	left := a.Ends.Sub(now)
	switch {
	case left < -warnSecond: // long since over
	case a.Withdrawn != "" && left > 0:
		add(true, "agreement", "%s ends %s: %s withdraws", what, stamp(a.Ends), a.Withdrawn)
	case left <= 0 && a.Withdrawn != "":
		add(true, "agreement", "%s has ended %s: %s has withdrawn", what, stamp(a.Ends), a.Withdrawn)
	case left <= 0:
		add(true, "agreement", "%s has ended %s: nothing passes", what, stamp(a.Ends))
	case left < warnLast:
		add(true, "agreement", "%s ends within a day, %s", what, stamp(a.Ends))
	case left < warnSecond:
		add(true, "agreement", "%s ends within a week, %s", what, stamp(a.Ends))
	case left < warnFirst:
		add(false, "agreement", "%s ends within 30 days, %s", what, stamp(a.Ends))
	case now.Before(a.Begins):
		add(false, "agreement", "%s has not begun: it begins %s", what, stamp(a.Begins))
	}
}

func warnPeer(p Peer, announced *Notice, add func(bool, string, string, ...any)) {
	if p.Linked {
		if skew := time.Duration(p.SkewSeconds * float64(time.Second)); skew.Abs() > proto.ClockSkewWarning {
			add(true, "clock", "the clock of %s is %v ahead of ours: one of the two is wrong", p.Agency, skew.Round(time.Second))
		}
		return
	}
	since, why := "yet", "; it has said nothing: it does not run, does not dial, or UDP does not get through"
	if !p.Since.IsZero() {
		since = "since " + stamp(p.Since)
	}
	if r := p.Refusal; r != nil {
		whose := "we refused"
		if r.By == "peer" {
			whose = "it refused us"
		}
		why = fmt.Sprintf("; %s at %s: %s", whose, stamp(r.At), r.Why)
	}
	if announced != nil {
		add(false, "peer", "no link with %s %s: announced maintenance until %s, %q", p.Agency, since, stamp(announced.Ends), announced.Title)
		return
	}
	add(true, "peer", "no link with %s %s%s", p.Agency, since, why)
}

// stamp is a time as people read it, without guessing at their zone.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

package adminhttp

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"crossband/relay/store"
)

// said collects warnings.
type said []string

func (s *said) add(problem bool, about, format string, args ...any) {
	mark := "soon"
	if problem {
		mark = "problem"
	}
	*s = append(*s, mark+" "+about+": "+fmt.Sprintf(format, args...))
}

// TestCertificatesAbove: what a person has to renew is told 30, 7 and 1 days
// before its end, and after it.
func TestCertificatesAbove(t *testing.T) {
	now := time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	const day = 24 * time.Hour
	for left, want := range map[time.Duration]string{
		31 * day:            "",
		30*day - time.Hour:  "soon certificate: the issuing authority's certificate ends within 30 days",
		7*day + time.Hour:   "soon certificate: the issuing authority's certificate ends within 30 days",
		7*day - time.Hour:   "problem certificate: the issuing authority's certificate ends within a week",
		day - time.Hour:     "problem certificate: the issuing authority's certificate ends within a day",
		-time.Hour:          "problem certificate: the issuing authority's certificate ended 2026-11-02 11:00:00 UTC",
		365 * 2 * day:       "",
		-2 * 365 * 24 * day: "problem certificate: the issuing authority's certificate ended",
	} {
		var s said
		warnIssuing(Certificate{Ends: now.Add(left)}, now, s.add)
		if got := strings.Join(s, "\n"); want == "" && got != "" || !strings.HasPrefix(got, want) {
			t.Errorf("%v left: %q, want %q", left, got, want)
		}
	}
}

// TestAgreements: one that ends is told 30, 7 and 1 days before, and for a week after;
// one that a party withdraws from at once.
func TestAgreements(t *testing.T) {
	now := time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	const day = 24 * time.Hour
	for _, c := range []struct {
		left      time.Duration
		withdrawn string
		begins    time.Duration
		want      string
	}{
		{31 * day, "", -day, ""},
		{30*day - time.Hour, "", -day, "soon agreement: Border (0102) ends within 30 days, 2026-12-02"},
		{7*day - time.Hour, "", -day, "problem agreement: Border (0102) ends within a week"},
		{day - time.Hour, "", -day, "problem agreement: Border (0102) ends within a day"},
		{-time.Hour, "", -day, "problem agreement: Border (0102) has ended 2026-11-02 11:00:00 UTC: nothing passes"},
		{-8 * day, "", -30 * day, ""},
		{31 * day, "gn.example", -day, "problem agreement: Border (0102) ends 2026-12-03 12:00:00 UTC: gn.example withdraws"},
		{-time.Hour, "gn.example", -day, "problem agreement: Border (0102) has ended 2026-11-02 11:00:00 UTC: gn.example has withdrawn"},
		{300 * day, "", day, "soon agreement: Border (0102) has not begun"},
	} {
		var s said
		warnAgreement(Agreement{ID: "0102", Title: "Border", Begins: now.Add(c.begins), Ends: now.Add(c.left), Withdrawn: c.withdrawn}, now, s.add)
		if got := strings.Join(s, "\n"); c.want == "" && got != "" || !strings.HasPrefix(got, c.want) {
			t.Errorf("%v left, withdrawn by %q: %q, want %q", c.left, c.withdrawn, got, c.want)
		}
	}
}

// TestOwnCertificate: a certificate of a week is no warning for being short,
// only when its renewal has not come.
func TestOwnCertificate(t *testing.T) {
	id := newRelay(t, store.NewMemory()).id
	leaf, err := id.Leaf()
	check(t, err)
	at, err := id.RenewAt()
	check(t, err)
	for _, c := range []struct {
		now  time.Time
		want string
	}{
		{leaf.NotBefore.Add(time.Minute), ""},
		{at.Add(overdue - time.Minute), ""},
		{at.Add(overdue + time.Minute), "soon certificate: the relay's own certificate ends"},
		{leaf.NotAfter.Add(-warnLast + time.Minute), "problem certificate: the relay's own certificate ends"},
		{leaf.NotAfter.Add(time.Minute), ""}, // not ready says so
	} {
		var s said
		warnOwn(id, Certificate{Of: "relay", Ends: leaf.NotAfter}, c.now, s.add)
		if got := strings.Join(s, "\n"); c.want == "" && got != "" || !strings.HasPrefix(got, c.want) {
			t.Errorf("%v before the end: %q, want %q", leaf.NotAfter.Sub(c.now), got, c.want)
		}
	}
}

func TestPeers(t *testing.T) {
	at := time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		p    Peer
		want string
	}{
		{Peer{Agency: "gn.example", Linked: true, SkewSeconds: 119}, ""},
		{Peer{Agency: "gn.example", Linked: true, SkewSeconds: -121}, "problem clock: the clock of gn.example is -2m1s ahead of ours"},
		{Peer{Agency: "gn.example"}, "problem peer: no link with gn.example yet; it has said nothing"},
		{Peer{Agency: "gn.example", Since: at}, "problem peer: no link with gn.example since 2026-11-02 12:00:00 UTC; it has said nothing"},
		{Peer{Agency: "gn.example", Since: at, Refusal: &Refusal{At: at, By: "peer", Code: 109, Why: "not wanted (109)"}},
			"problem peer: no link with gn.example since 2026-11-02 12:00:00 UTC; it refused us at 2026-11-02 12:00:00 UTC: not wanted (109)"},
		{Peer{Agency: "gn.example", Refusal: &Refusal{At: at, By: "us", Code: 100, Why: "expired (100)"}},
			"problem peer: no link with gn.example yet; we refused at"},
	} {
		var s said
		warnPeer(c.p, nil, s.add)
		if got := strings.Join(s, "\n"); c.want == "" && got != "" || !strings.HasPrefix(got, c.want) {
			t.Errorf("%+v: %q, want %q", c.p, got, c.want)
		}
	}
}

func TestNamesThisMachine(t *testing.T) {
	for host, want := range map[string]bool{
		"127.0.0.1": true, "127.0.0.1:9464": true, "127.1.2.3": true, "[::1]:9464": true, "::1": true, "localhost": true, "localhost:9464": true,
		"": false, "localhost.evil.example": false, "127.0.0.1.nip.io:9464": false, "10.0.0.1": false, "0.0.0.0": false, "relay:9464": false,
	} {
		if got := namesThisMachine(host); got != want {
			t.Errorf("%q: %t, want %t", host, got, want)
		}
	}
}

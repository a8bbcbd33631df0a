package relaytest_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"maps"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"crossband/client"
	"crossband/crypto/identity"
	"crossband/proto"
	"crossband/proto/link"
	"crossband/proto/wire"
	"crossband/relay"
	"crossband/relay/metrics"
	"crossband/relay/relaytest"
)

// scraped is a page of metrics: each line's value under its name and labels.
type scraped map[string]float64

func scrape(t *testing.T, n *relay.Node) scraped {
	t.Helper()
	h, err := metrics.Handler(n)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	if found, err := promlint.New(bytes.NewReader(w.Body.Bytes())).Lint(); err != nil || len(found) > 0 {
		t.Errorf("what Prometheus' own rules find: %v, %v", found, err)
	}
	page := make(scraped)
	for s := bufio.NewScanner(w.Body); s.Scan(); {
		if name, value, ok := strings.Cut(s.Text(), "} "); ok && !strings.HasPrefix(name, "#") {
			page[name+"}"], _ = strconv.ParseFloat(value, 64)
		} else if name, value, ok := strings.Cut(s.Text(), " "); ok && name != "#" {
			page[name], _ = strconv.ParseFloat(value, 64)
		}
	}
	return page
}

// grew checks that a figure has grown by at least so much.
func (s scraped) grew(t *testing.T, before scraped, why string, least float64, name string) {
	t.Helper()
	if got := s[name] - before[name]; got < least {
		t.Errorf("%s: %s grew by %v, want %v at least; there are %q", why, name, got, least, like(s, name))
	}
}

func like(s scraped, name string) []string {
	name, _, _ = strings.Cut(name, "{")
	return slices.DeleteFunc(slices.Sorted(maps.Keys(s)), func(k string) bool { return !strings.HasPrefix(k, name) })
}

// TestMetricsOfAWorkingFederation: what happens to a real node moves the
// figure that stands for it, on the page that an administrator fetches.
func TestMetricsOfAWorkingFederation(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		hub, follower := scrape(t, b.us.Node), scrape(t, b.mx.Node)

		if _, err := p.mx.Text(minute(t), "two persons in the river"); err != nil {
			t.Fatal(err)
		}
		heard(t, p.guard, push(t, p.us, 50, client.TalkOptions{}).well(), "a burst from the hub's side")
		heard(t, p.agent, push(t, p.mx, 50, client.TalkOptions{}).well(), "a burst from the follower's side")
		talking := push(t, p.us, endless, client.TalkOptions{}).held()
		push(t, p.mx, 20, client.TalkOptions{}).refused("the floor is taken", proto.ReasonFloorTaken, p.agent.Name())
		talking.release()
		time.Sleep(2 * time.Second)

		now := scrape(t, b.us.Node)
		for _, c := range []struct {
			why   string
			least float64
			name  string
		}{
			{"a text was acknowledged", 1, "crossband_append_ack_seconds_count"},
			{"a text was written", 1, "crossband_store_records_total"},
			{"it took one write", 1, "crossband_store_write_seconds_count"},
			{"the hub granted three bursts", 3, `crossband_floor_grant_seconds_count{decided="here"}`},
			{"a press was denied", 1, `crossband_refusals_total{by="us_or_hub",code="400",of="floor"}`},
			{"the hub applied events", 10, "crossband_hub_apply_seconds_count"},
			{"the loop turned", 10, "crossband_loop_turn_seconds_count"},
			{"voice went out to the other relay", 100, "crossband_voice_frames_forwarded_total"},
			{"voice came in", 100, "crossband_voice_frames_received_total"},
			{"frames came in from the relay", 1, `crossband_link_frames_total{direction="received",kind="live",role="relay"}`},
		} {
			now.grew(t, hub, c.why, c.least, c.name)
		}
		up := scrape(t, b.mx.Node)
		up.grew(t, follower, "the hub granted the follower's burst", 1, `crossband_floor_grant_seconds_count{decided="at_the_hub"}`)
		if n := up[`crossband_floor_grant_seconds_count{decided="here"}`]; n != 0 {
			t.Errorf("the follower says that it granted %v bursts; the hub did", n)
		}
		if up[`crossband_peer_up{agency="usbp.example"}`] != 1 || now[`crossband_peer_up{agency="rcmp.example"}`] != 1 {
			t.Errorf("peers that are linked: %q", like(now, "crossband_peer_up"))
		}
		if now[`crossband_links{agency="usbp.example",role="unit"}`] != 1 || now[`crossband_channels{kind="standing",part="hub"}`] != 1 {
			t.Errorf("links and channels: %q, %q", like(now, "crossband_links{"), like(now, "crossband_channels{"))
		}
		for _, queue := range []string{
			"node_events", "handshakes", "greetings", "enrolments", "link_control_longest", "link_voice_longest",
			"floor_longest", "log_longest", "welcomes_fullest", "forwarded_longest",
		} {
			if bound := now[`crossband_queue_bound{queue="`+queue+`"}`]; bound <= 0 {
				t.Errorf("queue %s has no bound on the page", queue)
			}
		}
		nobodyNamed(t, now, p)
	})
}

// nobodyNamed: no label tells an endpoint or a channel.
func nobodyNamed(t *testing.T, page scraped, p *patrol) {
	t.Helper()
	if len(page) < 100 {
		t.Fatalf("%d lines: the search looks at the wrong thing", len(page))
	}
	for name := range page {
		name = strings.ReplaceAll(name, `kind="patrol"`, "") // what kind of channel, not which
		for _, secret := range []string{"del-rio", "gn-7", p.group.Short(), p.group.String(), "patrol", "spiffe:"} {
			if strings.Contains(strings.ToLower(name), secret) {
				t.Errorf("%s names %s", name, secret)
			}
		}
	}
}

// TestMetricsOfRefusalsAndDrops: what is refused or dropped is counted under
// its cause, on the side whose word it is.
func TestMetricsOfRefusalsAndDrops(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		newPatrol(t, b)
		before := scrape(t, b.mx.Node)

		stranger := b.ca.Identity("relay/r1") // trusted, but no peer of the MX relay
		refusal := dialRefused(t, b, stranger, b.mx)
		thief := carrier(t, b, b.mx, "unit/thief", b.group)
		g := thief.group(b.group)
		for range 10 {
			thief.SendVoice(thief.aliases[b.group], seal(t, thief.sender(g, uint32(g.OwnLeaf()))))
		}
		nowhere := b.group
		nowhere[0] ^= 1
		bad := &wire.Frame{Body: &wire.Frame_Subscribe{Subscribe: &wire.Subscribe{Channel: nowhere[:], Alias: 2}}}
		if why := thief.Refused(bad); why != proto.ReasonNoChannel {
			t.Fatalf("reason %d", why)
		}
		bad = &wire.Frame{Body: &wire.Frame_Commit{Commit: &wire.Commit{Channel: b.group[:], Id: []byte("short")}}}
		if thief.Refused(bad) == proto.ReasonNone {
			t.Fatal("a broken commit was taken")
		}
		time.Sleep(2 * time.Second)

		now := scrape(t, b.mx.Node)
		now.grew(t, before, "a relay that is no peer", 1, `crossband_refusals_total{by="us",code="109",of="link"}`)
		now.grew(t, before, "a channel that is not there", 1, `crossband_refusals_total{by="us",code="300",of="request"}`)
		now.grew(t, before, "voice without the floor", 10, `crossband_voice_frames_dropped_total{cause="no_floor"}`)
		now.grew(t, before, "the hub refused a commit that was passed on", 1, `crossband_refusals_total{by="peer",code="201",of="request"}`)
		if refusal != proto.ReasonUnknownPeer {
			t.Errorf("the stranger was told %d", refusal)
		}
	})
}

// dialRefused dials as a relay that is not wanted and returns what it is told.
func dialRefused(t *testing.T, b *border, id *identity.Identity, to *relaytest.Agency) proto.Reason {
	t.Helper()
	socket, _, err := b.Net.Host()
	if err != nil {
		t.Fatal(err)
	}
	trust, err := id.TrustStore(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	d, err := link.NewDialer(socket, link.Config{
		Self:        id.Name,
		Certificate: func() (*tls.Certificate, error) { c, err := id.TLSCertificate(); return &c, err },
		Verify: func(chain [][]byte, _ bool) (proto.Name, error) {
			return trust.VerifyPeer(chain, identity.UsageServer, time.Now())
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err = d.Dial(ctx, to.Addr, link.RelayOf(to.Name))
	if errors.As(err, new(*link.RefusedByPeer)) {
		return proto.ReasonOf(err)
	}
	t.Fatalf("not refused: %v", err)
	return 0
}

// TestStateOfTheNodes: the loop's own view, a second old at most, of peers
// that are there, gone and refused, and of channels whose hub is away.
func TestStateOfTheNodes(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		newPatrol(t, b)
		began := time.Now()
		s := b.mx.Node.State()
		us, ok := peerOf(s, b.us)
		if !ok || !us.Linked || us.Name.Agency != b.us.Name || us.Since.IsZero() || len(s.Away) != 0 {
			t.Errorf("while all is well: %+v, away %v", us, s.Away)
		}
		b.Net.Cut(b.us.Addr, b.mx.Addr)
		time.Sleep(20 * time.Second)
		s = b.mx.Node.State()
		us, _ = peerOf(s, b.us)
		since, away := s.Away[b.group]
		if us.Linked || !us.Since.After(began) || !away || !since.After(began) || time.Since(s.At) > 2*time.Second {
			t.Errorf("while the border is cut: %+v, away since %v, state of %v", us, since, s.At)
		}
		b.Net.Mend(b.us.Addr, b.mx.Addr)
		time.Sleep(time.Minute)
		s = b.mx.Node.State()
		if us, _ = peerOf(s, b.us); !us.Linked || len(s.Away) != 0 {
			t.Errorf("afterwards: %+v, away %v", us, s.Away)
		}
		if ticked := b.mx.Node.Ticked(); time.Since(ticked) > time.Second || b.mx.Node.StoreBroken() {
			t.Errorf("the loop last turned at %v", ticked)
		}
	})
}

func peerOf(s *relay.State, a *relaytest.Agency) (relay.PeerState, bool) {
	if s == nil {
		return relay.PeerState{}, false
	}
	i := slices.IndexFunc(s.Peers, func(p relay.PeerState) bool { return p.Agency == a.Name })
	if i < 0 {
		return relay.PeerState{}, false
	}
	return s.Peers[i], true
}

package adminhttp

import (
	"bufio"
	"context"
	"crypto/elliptic"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crossband/client"
	"crossband/crypto/identity"
	"crossband/proto"
	"crossband/relay"
	"crossband/relay/store"
)

// running is a real relay on loopback with its admin address.
type running struct {
	t       *testing.T
	node    *relay.Node
	auth    *identity.Authority
	id      *identity.Identity
	udp     net.Addr
	address string
	stop    func() error // ends the relay
	ended   chan error   // of the server
}

// measured is a store that tells its use, and fails when told to.
type measured struct {
	*store.Memory
	fail chan struct{}
}

func (m *measured) Usage(context.Context) (store.Usage, error) {
	return store.Usage{Used: 81, Limit: 100, Reserve: 10}, nil
}

func (m *measured) Write(ctx context.Context, r []store.Record) error {
	select {
	case <-m.fail:
		return errors.New("disk full")
	default:
		return m.Memory.Write(ctx, r)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newRelay makes a relay that links with one partner, who does not come.
func newRelay(t *testing.T, s store.Store) *running {
	t.Helper()
	auth, err := identity.InitAuthority(filepath.Join(t.TempDir(), "us"), "usbp.example", time.Now(), identity.AuthorityOptions{})
	check(t, err)
	name, err := proto.ParseName("spiffe://usbp.example/relay/r1")
	check(t, err)
	id, err := auth.IssueLocal(name, elliptic.P256(), time.Now())
	check(t, err)
	socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	check(t, err)
	node, err := relay.New(relay.Config{Identity: id, Listen: socket, Store: s, Peers: []relay.Peer{{Agency: "gn.example"}}})
	check(t, err)
	return &running{t: t, node: node, auth: auth, id: id, udp: socket.LocalAddr(), ended: make(chan error, 1)}
}

// serve shows a relay that has not begun; run begins it.
func serve(t *testing.T, s store.Store, open bool) *running {
	t.Helper()
	r := newRelay(t, s)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	r.address = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	go func() { // ends with the test
		r.ended <- Serve(ctx, l, Options{Node: r.node, Started: time.Now(), Open: open, Log: slog.New(slog.DiscardHandler)})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-r.ended; err != nil {
			t.Errorf("the server ended with %v", err)
		}
		if _, err := net.Dial("tcp", r.address); err == nil {
			t.Error("the address is still open")
		}
	})
	return r
}

func (r *running) run() {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.node.Run(ctx) }() // ends with stop
	done := false
	r.stop = func() error {
		if done {
			return nil
		}
		done = true
		cancel()
		return <-ended
	}
	r.t.Cleanup(func() { r.stop() })
	for late := time.Now().Add(30 * time.Second); r.node.State() == nil; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(late) {
			r.t.Fatal("the relay does not begin")
		}
	}
}

// get asks and returns what came back.
func (r *running) get(method, path, host string) (int, string, http.Header) {
	r.t.Helper()
	q, err := http.NewRequest(method, "http://"+r.address+path, nil)
	check(r.t, err)
	q.Host = host
	a, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(q)
	check(r.t, err)
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	check(r.t, err)
	return a.StatusCode, string(body), a.Header
}

func TestAnswers(t *testing.T) {
	r := serve(t, store.NewMemory(), false)
	for _, path := range []string{"/healthz", "/readyz"} {
		if code, body, _ := r.get("GET", path, ""); code != 503 || !strings.Contains(body, "has not begun") {
			t.Errorf("%s of a relay that has not begun: %d %s", path, code, body)
		}
	}
	r.run()
	for _, c := range []struct {
		method, path, host string
		code               int
		body               string
	}{
		{"GET", "/healthz", "", 200, "ok\n"},
		{"GET", "/readyz", "", 200, "ok\n"},
		{"GET", "/status", "localhost:9464", 200, `"name": "spiffe://usbp.example/relay/r1"`},
		{"GET", "/metrics", "[::1]:9464", 200, "crossband_hub_apply_seconds_count"},
		{"GET", "/", "", 404, ""},
		{"GET", "/debug/pprof/", "", 404, ""},
		{"POST", "/status", "", 405, ""},
		{"DELETE", "/metrics", "", 405, ""},
		{"GET", "/status", "evil.example", 403, "this machine only"},
		{"GET", "/metrics", "10.1.2.3:9464", 403, "this machine only"},
	} {
		code, body, header := r.get(c.method, c.path, c.host)
		if code != c.code || !strings.Contains(body, c.body) {
			t.Errorf("%s %s as %q: %d, want %d with %q:\n%.300s", c.method, c.path, c.host, code, c.code, c.body, body)
		}
		if header.Get("Cache-Control") != "no-store" || header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s %s: %v", c.method, c.path, header)
		}
	}
}

func TestAnOpenAddressAnswersUnderAnyName(t *testing.T) {
	r := serve(t, store.NewMemory(), true)
	r.run()
	if code, body, _ := r.get("GET", "/healthz", "relay.usbp.example:9464"); code != 200 {
		t.Errorf("%d %s", code, body)
	}
}

func TestStatusOfARunningRelay(t *testing.T) {
	r := serve(t, &measured{store.NewMemory(), make(chan struct{})}, false)
	r.run()
	_, body, _ := r.get("GET", "/status", "")
	var s Status
	check(t, json.Unmarshal([]byte(body), &s))
	if !s.Healthy || !s.Ready || s.Name != r.id.Name.String() || s.FIPS.Mode == "" || s.FIPS.Module == "" || s.At.IsZero() {
		t.Errorf("head: %+v", s)
	}
	if len(s.Certificates) != len(r.id.Chain) || s.Certificates[0].Of != "relay" || s.Certificates[0].DaysLeft < 6 {
		t.Errorf("certificates: %+v", s.Certificates)
	}
	if len(s.Peers) != 1 || s.Peers[0].Agency != "gn.example" || s.Peers[0].Linked {
		t.Errorf("peers: %+v", s.Peers)
	}
	if s.Store == nil || s.Store.Used != 81 || s.Store.Bound != 100 {
		t.Errorf("store: %+v", s.Store)
	}
	for _, q := range s.Queues {
		if q.Bound <= 0 || q.AtBound == "" {
			t.Errorf("queue without a bound or a policy: %+v", q)
		}
	}
	if len(s.Queues) != len(relay.Queues(relay.Figures{}, &relay.State{})) {
		t.Errorf("%d queues are shown", len(s.Queues))
	}
	if strings.Contains(body, `"drops": null`) || strings.Count(body, `"drops": 0`) != 4 {
		t.Errorf("what is not counted must be absent, and the four queues that count have lost nothing: %s", body)
	}
	if len(s.Warnings) != 2 || !s.Warnings[0].Problem || s.Warnings[0].About != "peer" || s.Warnings[1].About != "store" {
		t.Errorf("warnings: %+v, want the missing partner first, then the store that fills", s.Warnings)
	}
	for _, secret := range []string{"PRIVATE", "BEGIN", "key-"} {
		if strings.Contains(body, secret) {
			t.Errorf("the status tells %q", secret)
		}
	}
}

// TestTheStoreFails: the relay ends, and for as long as the page is there it
// says why.
func TestTheStoreFails(t *testing.T) {
	m := &measured{store.NewMemory(), make(chan struct{})}
	r := serve(t, m, false)
	ended := make(chan error, 1)
	go func() { ended <- r.node.Run(context.Background()) }() // ends when a write fails
	close(m.fail)
	desk, err := r.auth.IssueLocal(proto.Name{Agency: "usbp.example", Role: proto.RoleDesk, Label: "d"}, elliptic.P256(), time.Now())
	check(t, err)
	socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	check(t, err)
	s, err := client.Open(client.Config{Identity: desk, Relay: r.udp, Socket: socket, State: client.NewMemoryState()}) // it publishes key packages
	check(t, err)
	defer s.Close()
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("the relay ended with %v", err)
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		if code, body, _ := r.get("GET", path, ""); code != 503 || body != "the store has failed\n" {
			t.Errorf("%s: %d %q", path, code, body)
		}
	}
}

// failing is a listener that accepts nothing more once it is told to.
type failing struct {
	net.Listener
	fail chan struct{}
}

func (f *failing) Accept() (net.Conn, error) {
	c, err := f.Listener.Accept()
	select {
	case <-f.fail:
		if err == nil {
			c.Close()
		}
		return nil, errors.New("no more files")
	default:
		return c, err
	}
}

// TestNothingMoreIsAccepted: the server ends, says why, and leaves no connection
// open that nobody would end.
func TestNothingMoreIsAccepted(t *testing.T) {
	r := newRelay(t, store.NewMemory())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	f := &failing{l, make(chan struct{})}
	go func() { // ends with the listener
		r.ended <- Serve(t.Context(), f, Options{Node: r.node, Started: time.Now(), Log: slog.New(slog.DiscardHandler)})
	}()
	idle, err := net.Dial("tcp", l.Addr().String())
	check(t, err)
	defer idle.Close()
	io.WriteString(idle, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
	answer, err := http.ReadResponse(bufio.NewReader(idle), nil)
	check(t, err) // and it stays open for the next request
	answer.Body.Close()
	close(f.fail)
	last, err := net.Dial("tcp", l.Addr().String())
	check(t, err)
	defer last.Close()
	if err := <-r.ended; err == nil || !strings.Contains(err.Error(), "no more files") {
		t.Errorf("the server ended with %v", err)
	}
	idle.SetReadDeadline(time.Now().Add(idleTime / 2))
	if _, err := io.Copy(io.Discard, idle); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("a connection is still open")
	}
	if _, err := net.Dial("tcp", l.Addr().String()); err == nil {
		t.Error("the address is still open")
	}
}

func TestConnectionsAreBounded(t *testing.T) {
	r := serve(t, store.NewMemory(), false)
	var open []net.Conn
	for range maxConnections {
		c, err := net.Dial("tcp", r.address)
		check(t, err)
		defer c.Close()
		open = append(open, c)
	}
	one, err := net.Dial("tcp", r.address)
	check(t, err)
	defer one.Close()
	one.SetDeadline(time.Now().Add(30 * time.Second))
	io.WriteString(one, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n") // it may be closed already
	if answer, _ := io.ReadAll(one); len(answer) > 0 {
		t.Errorf("a connection beyond the bound is answered: %s", answer)
	}
	open[0].Close() // gives its place back, as soon as the server has seen it
	for late := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		q, _ := http.NewRequest("GET", "http://"+r.address+"/healthz", nil)
		if a, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(q); err == nil {
			a.Body.Close()
			return
		}
		if time.Now().After(late) {
			t.Fatal("a place that is free again is not given")
		}
	}
}

package relaytest_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"crossband/client"
	"crossband/client/console"
	"crossband/client/voice"
	"crossband/relay/relaytest"
)

// wires is a listener whose connections are in memory.
type wires struct {
	conns chan net.Conn
	end   chan struct{}
	once  sync.Once
}

const wiresHost = "127.0.0.1:8443"

func (w *wires) Accept() (net.Conn, error) {
	select {
	case c := <-w.conns:
		return c, nil
	case <-w.end:
		return nil, net.ErrClosed
	}
}

func (w *wires) Close() error {
	w.once.Do(func() { close(w.end) })
	return nil
}

func (w *wires) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8443} }

func (w *wires) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case w.conns <- theirs:
		return ours, nil
	case <-w.end:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// toned is a Bridge with a microphone that beeps while the button is pressed.
type toned struct{ *console.Bridge }

func (t toned) Press() console.Speech { return &toneSpeech{released: make(chan struct{})} }

func (t toned) Microphone() error { return nil }

type toneSpeech struct {
	once     sync.Once
	released chan struct{}
}

func (s *toneSpeech) Release()             { s.once.Do(func() { close(s.released) }) }
func (s *toneSpeech) Source() voice.Source { return toneSource{s} }

type toneSource struct{ *toneSpeech }

func (s toneSource) Codec() voice.Codec { return voice.CodecPCMU }

func (s toneSource) Next() ([]byte, error) {
	select {
	case <-s.released:
		return nil, io.EOF
	default:
		return beep(), nil
	}
}

// desk is a dispatcher's endpoint with its server, and a browser in front of it.
type desk struct {
	t       *testing.T
	session *client.Session
	server  *console.Server
	http    *http.Client
	cookie  *http.Cookie
	page    chan struct{} // closed when the stream has ended
	ends    []func()

	mu       sync.Mutex // guards what follows
	sections map[string]json.RawMessage
	view     console.View // of them; made anew each time
	rings    []string
	more     chan struct{} // closed and replaced at each event
}

// newDesk opens an endpoint whose page is open. mic: the page has a microphone.
func newDesk(t *testing.T, w *relaytest.World, a *relaytest.Agency, short string, mic bool) *desk {
	t.Helper()
	conn, _, err := w.Net.Host()
	ok(t, err)
	bridge := console.NewBridge(console.BridgeConfig{})
	session, err := client.Open(client.Config{Identity: a.Identity(short), Relay: a.Addr, Socket: conn, Sink: bridge})
	ok(t, err)
	wire := &wires{conns: make(chan net.Conn), end: make(chan struct{})}
	cfg := console.Config{
		Session: session, Bridge: bridge, Listener: wire, Software: "test",
		Page: fstest.MapFS{"index.html": {Data: []byte("front")}},
	}
	if mic {
		cfg.Sound = toned{bridge}
	}
	server, err := console.New(cfg)
	ok(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx) }() // ends with cancel
	d := &desk{
		t: t, session: session, server: server, page: make(chan struct{}), more: make(chan struct{}), sections: make(map[string]json.RawMessage),
		http: &http.Client{
			Transport:     &http.Transport{DialContext: wire.dial, DisableKeepAlives: true},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	d.ends = append(d.ends, func() {
		cancel()
		ok(t, <-done)
		ok(t, server.Close())
		bridge.Close()
		ok(t, session.Close())
	})
	d.login()
	d.look()
	return d
}

// end closes the page and the endpoint.
func (d *desk) end() {
	for i := len(d.ends) - 1; i >= 0; i-- {
		d.ends[i]()
	}
}

func (d *desk) login() {
	d.t.Helper()
	r, err := d.http.Get(d.server.URL())
	ok(d.t, err)
	r.Body.Close()
	if len(r.Cookies()) != 1 {
		d.t.Fatalf("login: %d", r.StatusCode)
	}
	d.cookie = r.Cookies()[0]
}

func (d *desk) request(ctx context.Context, method, path string, body []byte) *http.Request {
	d.t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, "http://"+wiresHost+path, bytes.NewReader(body))
	ok(d.t, err)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Content-Type", "application/json")
	r.AddCookie(d.cookie)
	return r
}

// look opens the page's stream and keeps what it tells.
func (d *desk) look() {
	d.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r, err := d.http.Do(d.request(ctx, "GET", "/api/events", nil))
	ok(d.t, err)
	if r.StatusCode != 200 {
		d.t.Fatalf("events: %d", r.StatusCode)
	}
	go func() { // ends with cancel
		defer close(d.page)
		defer r.Body.Close()
		d.read(bufio.NewReader(r.Body))
	}()
	d.ends = append(d.ends, func() {
		cancel()
		<-d.page
	})
}

func (d *desk) read(r *bufio.Reader) {
	name := ""
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimSpace(line)
		if n, is := strings.CutPrefix(line, "event: "); is {
			name = n
		}
		if data, is := strings.CutPrefix(line, "data: "); is {
			d.take(name, data)
		}
	}
}

func (d *desk) take(name, data string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if name == "ring" {
		var ring struct{ Call string }
		ok(d.t, json.Unmarshal([]byte(data), &ring))
		d.rings = append(d.rings, ring.Call)
	} else {
		d.sections[name] = json.RawMessage(data)
		all, err := json.Marshal(d.sections)
		ok(d.t, err)
		var v console.View
		ok(d.t, json.Unmarshal(all, &v))
		d.view = v
	}
	close(d.more)
	d.more = make(chan struct{})
}

// rang lists the calls that have rung.
func (d *desk) rang() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.rings)
}

// shows waits until the page shows something.
func (d *desk) shows(what string, is func(console.View) bool) console.View {
	d.t.Helper()
	timeout := time.NewTimer(time.Minute)
	defer timeout.Stop()
	for {
		d.mu.Lock()
		v, more := d.view, d.more
		d.mu.Unlock()
		if is(v) {
			return v
		}
		select {
		case <-more:
		case <-timeout.C:
			d.t.Fatalf("%s: not within a minute; %+v", what, v)
		}
	}
}

// does a deed.
func (d *desk) does(deed console.Deed) console.Outcome {
	d.t.Helper()
	body, err := json.Marshal(deed)
	ok(d.t, err)
	r, err := d.http.Do(d.request(context.Background(), "POST", "/api/do", body))
	ok(d.t, err)
	defer r.Body.Close()
	var o console.Outcome
	if err := json.NewDecoder(r.Body).Decode(&o); err != nil || r.StatusCode != 200 {
		d.t.Fatalf("%+v: %d, %v", deed, r.StatusCode, err)
	}
	return o
}

// done does a deed that nothing stands in the way of.
func (d *desk) done(deed console.Deed) console.Outcome {
	d.t.Helper()
	o := d.does(deed)
	if !o.Done {
		d.t.Fatalf("%+v: %+v", deed, o)
	}
	return o
}

// get fetches something.
func (d *desk) get(path string) (int, http.Header, []byte) {
	d.t.Helper()
	r, err := d.http.Do(d.request(context.Background(), "GET", path, nil))
	ok(d.t, err)
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	ok(d.t, err)
	return r.StatusCode, r.Header, b
}

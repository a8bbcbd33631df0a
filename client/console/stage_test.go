package console

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"crossband/client"
	"crossband/client/phrase"
	"crossband/client/voice"
	"crossband/proto"
)

// shownBoard is a Board that shows what the test puts there.
type shownBoard struct {
	mu      sync.Mutex // held for the whole of every method
	view    View
	views   int // times that it was asked for its View
	folded  []client.Event
	rings   []Call
	presses []string // channel state
	seen    []int
	read    []proto.MessageID
	speaks  phrase.Language
}

func (b *shownBoard) Fold(e client.Event, _ time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.folded = append(b.folded, e)
	if h, ok := e.(client.HailReceived); ok && h.Rings {
		c := Call{ID: h.ID.String(), Urgency: h.Urgency.String(), Rings: true}
		b.rings, b.view.Calls = append(b.rings, c), append(slices.Clone(b.view.Calls), c)
	}
}

func (b *shownBoard) View(time.Time) View {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.views++
	return b.view
}

func (b *shownBoard) Ringing() []Call {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer func() { b.rings = nil }()
	return b.rings
}

func (b *shownBoard) Press(ch proto.ChannelID, p PressState, _ time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.presses = append(b.presses, ch.Short()+" "+p.State)
}

func (b *shownBoard) SetLanguage(l phrase.Language) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.speaks = l
}

func (b *shownBoard) AlarmSeen(id int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen = append(b.seen, id)
}

func (b *shownBoard) Shown(id proto.MessageID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.read = append(b.read, id)
}

func (b *shownBoard) change(f func(*View)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f(&b.view)
}

func (b *shownBoard) look(f func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f()
}

// silentSound carries no voice, and notes what it is asked for.
type silentSound struct {
	mu       sync.Mutex // held for the whole of every method
	stale    bool
	channels []proto.ChannelID
	offers   []string
	hungUp   int
	reached  string // the address at which the last offer came in
	speeches []*speech
	recalls  map[proto.BurstID][]byte
	changed  chan struct{}
}

func newSilentSound() *silentSound {
	return &silentSound{changed: make(chan struct{}, 1), recalls: make(map[proto.BurstID][]byte)}
}

func (s *silentSound) Answer(ctx context.Context, offer string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at, ok := ctx.Value(http.LocalAddrContextKey).(net.Addr); ok {
		s.reached = at.String()
	}
	if offer == "bad" {
		return "", errors.New("no offer")
	}
	s.offers, s.stale = append(s.offers, offer), false
	return "answer to " + offer, nil
}

func (s *silentSound) Stale() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stale
}

func (s *silentSound) SetChannels(list []proto.ChannelID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.channels = list
}

func (s *silentSound) HangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hungUp++
}

func (s *silentSound) Microphone() error { return nil }

func (s *silentSound) Press() Speech {
	s.mu.Lock()
	defer s.mu.Unlock()
	sp := &speech{released: make(chan struct{})}
	s.speeches = append(s.speeches, sp)
	return sp
}

func (s *silentSound) Recall(id proto.BurstID) ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	wav, ok := s.recalls[id]
	return wav, ok
}

func (s *silentSound) Changed() <-chan struct{} { return s.changed }

func (s *silentSound) set(stale bool) {
	s.mu.Lock()
	s.stale = stale
	s.mu.Unlock()
	s.changed <- struct{}{}
}

// speech gives frames of silence until it is released.
type speech struct {
	once     sync.Once
	released chan struct{}
}

func (s *speech) Release() { s.once.Do(func() { close(s.released) }) }

func (s *speech) Source() voice.Source { return speechSource{s} }

type speechSource struct{ *speech }

func (s speechSource) Codec() voice.Codec { return voice.CodecPCMU }

func (s speechSource) Next() ([]byte, error) {
	select {
	case <-s.released:
		return nil, io.EOF
	default:
		return make([]byte, 160), nil
	}
}

func (s *speech) over() bool {
	select {
	case <-s.released:
		return true
	default:
		return false
	}
}

// stage is a server under test without an endpoint.
type stage struct {
	t      *testing.T
	server *Server
	board  *shownBoard
	sound  *silentSound
	events chan client.Event
	pipes  *pipes
	cookie *http.Cookie
	stop   context.CancelFunc
	done   chan error
}

const stageHost = "127.0.0.1:8443"

func pageFiles() fstest.MapFS {
	return fstest.MapFS{
		"index.html":        {Data: []byte("<!doctype html><title>front</title>")},
		"app.js":            {Data: []byte("run()")},
		"site.webmanifest":  {Data: []byte("{}")},
		"icons/logo.svg":    {Data: []byte("<svg/>")},
		"map/base.json":     {Data: []byte("{}")},
		"odd/thing.unknown": {Data: []byte("x")},
	}
}

// newStage makes a server that is not run; its handler can be asked.
func newStage(t *testing.T, change func(*Config)) *stage {
	t.Helper()
	s := &stage{t: t, board: &shownBoard{}, sound: newSilentSound(), events: make(chan client.Event, 16), pipes: newPipes(), done: make(chan error, 1)}
	cfg := Config{Board: s.board, Sound: s.sound, Page: pageFiles(), Listener: s.pipes}
	if change != nil {
		change(&cfg)
	}
	var err error
	s.server, err = newServer(cfg, feed{s.events, func() []proto.ChannelID { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	s.cookie = s.server.guard.made(s.server.guard.logins.begin(), 60)
	return s
}

// run starts the server; it ends with the test.
func (s *stage) run() *stage {
	ctx, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	go func() { s.done <- s.server.Run(ctx) }() // ends with stop
	return s
}

func (s *stage) end() {
	s.t.Helper()
	s.stop()
	if err := <-s.done; err != nil {
		s.t.Errorf("Run: %v", err)
	}
}

// request is one of our own page, logged in.
func (s *stage) request(method, path, body string) *http.Request {
	r := httptest.NewRequest(method, "http://"+stageHost+path, strings.NewReader(body))
	r.Header.Set("Origin", "http://"+stageHost)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Content-Type", "application/json")
	r.AddCookie(s.cookie)
	return r
}

func (s *stage) ask(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.server.guard.wrap(s.server.routes()).ServeHTTP(w, r)
	return w
}

// pipes is a listener whose connections are in memory.
type pipes struct {
	conns chan net.Conn
	end   chan struct{}
	once  sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), end: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.end:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.end) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8443} }

func (p *pipes) dial(t *testing.T) net.Conn {
	t.Helper()
	ours, theirs := net.Pipe()
	select {
	case p.conns <- theirs:
	case <-p.end:
		t.Fatal("nobody listens")
	}
	return ours
}

// sse reads a stream of events.
type sse struct {
	conn   net.Conn
	reader *bufio.Reader
}

type told struct{ name, data string }

// open begins a stream and reads its head.
func (s *stage) open(query string) (*sse, int) {
	s.t.Helper()
	conn := s.pipes.dial(s.t)
	r := s.request("GET", "/api/events"+query, "")
	var head bytes.Buffer
	if err := r.Write(&head); err != nil {
		s.t.Fatal(err)
	}
	go conn.Write(head.Bytes()) // ends when it is read, or with the connection
	reader := bufio.NewReader(conn)
	answer, err := http.ReadResponse(reader, r)
	if err != nil {
		s.t.Fatal(err)
	}
	return &sse{conn, bufio.NewReader(answer.Body)}, answer.StatusCode
}

// next reads one event.
func (e *sse) next() (told, error) {
	var n told
	for {
		line, err := e.reader.ReadString('\n')
		if err != nil {
			return n, err
		}
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "event: "):
			n.name = line[len("event: "):]
		case strings.HasPrefix(line, "data: "):
			n.data = line[len("data: "):]
		case line == "" && n.name != "":
			return n, nil
		}
	}
}

// until reads up to an event of a name and returns all.
func (e *sse) until(t *testing.T, name string) (list []told) {
	t.Helper()
	for {
		n, err := e.next()
		if err != nil {
			t.Fatalf("no event %s: %v; had %v", name, err, list)
		}
		list = append(list, n)
		if n.name == name {
			return list
		}
		if len(list) == 200 { // beats for ever
			t.Fatalf("no event %s; had %v", name, names(list))
		}
	}
}

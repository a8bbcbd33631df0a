package console

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"crossband/client"
	"crossband/client/phrase"
	"crossband/proto"
)

// Config says what a Server serves. Session and Page are required, and Bridge, or Board and
// Sound in its place.
type Config struct {
	Session  *client.Session // its events are the server's from New on: nobody else may drain them
	Bridge   *Bridge         // of the Session's voice; whoever made it closes it
	Page     fs.FS           // the page's files, index.html among them
	Software string          // and version, for the page

	Board Board // what is shown; nil: a Model of Session and Bridge. The server owns it from New on
	Sound Sound // voice between page and channels; nil: Bridge

	// Listen is the address, HOST:PORT; empty: a port of 127.0.0.1 that is free. One
	// that is not a loopback's needs TLS, and either Passphrase or that TLS asks for
	// and verifies client certificates.
	Listen     string
	Listener   net.Listener // in place of Listen, a socket that is open already; its address counts as Listen's
	TLS        *tls.Config
	Passphrase *Passphrase

	Language phrase.Language  // in which the page begins
	Clock    func() time.Time // nil: time.Now
	Log      *slog.Logger     // nil discards
}

// Bounds of the server.
const (
	maxConnections = 64
	maxHeader      = 16 << 10 // octets
	maxDeed        = 64 << 10 // octets; a text is at most client.MaxText, and JSON may write a character as six
	maxAtOnce      = 16       // deeds, and presses
	headerTimeout  = 5 * time.Second
	bodyTimeout    = 15 * time.Second
	answerTimeout  = time.Minute // for writing an answer, a record or a recall too
	idleTimeout    = 2 * time.Minute
	closeTimeout   = 2 * time.Second
)

// Server serves one page of this endpoint to at most MaxPages browsers at once.
//
// Its goroutines are: the owner of the Board (own), one for each connection, two for
// each channel of a press, and short tasks. All end with Run.
type Server struct {
	cfg      Config
	log      *slog.Logger
	listener net.Listener
	loopback bool
	secret   string // of the printed address
	key      digest // its digest
	guard    *guard
	attempts *attempts
	trying   chan struct{} // holds one token while a passphrase is tried
	door     *template.Template
	static   *static
	speaks   atomic.Uint32 // phrase.Language
	pages    *pages
	board    *owner
	press    *presser
	joiner   *joiner
	patches  *patches
	busy     chan struct{} // a token for each deed under way, but for
	pressing chan struct{} // presses, which have their own
	export   chan struct{} // a token while a record is fetched
	ctx      context.Context
	cancel   context.CancelFunc
	tasks    sync.WaitGroup
}

// New makes a Server and opens its socket, so that URL is known. Run serves.
func New(cfg Config) (*Server, error) {
	if cfg.Session == nil || cfg.Bridge == nil && (cfg.Board == nil || cfg.Sound == nil) {
		return nil, errors.New("console: Session and Bridge are required")
	}
	if cfg.Board == nil {
		cfg.Board = modelOf(cfg)
	}
	if cfg.Sound == nil {
		cfg.Sound = bridged{cfg.Bridge}
	}
	s, err := newServer(cfg, feed{cfg.Session.Events(), func() []proto.ChannelID { return joinedChannels(cfg.Session) }})
	if err == nil && cfg.Bridge != nil {
		cfg.Bridge.Pass(s.patches)
	}
	return s, err
}

func newServer(cfg Config, f feed) (*Server, error) {
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	files, err := readPage(cfg.Page)
	if err != nil {
		return nil, err
	}
	door, err := newDoor()
	if err != nil {
		return nil, err
	}
	s := &Server{
		cfg: cfg, log: cfg.Log, static: files, door: door, secret: newSecret(), attempts: &attempts{now: cfg.Clock},
		trying: make(chan struct{}, 1), busy: make(chan struct{}, maxAtOnce), pressing: make(chan struct{}, maxAtOnce), export: make(chan struct{}, 1),
	}
	s.key = digestOf(s.secret)
	s.speaks.Store(uint32(cfg.Language))
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.pages = newPages()
	s.joiner = newJoiner(s.joinIncident)
	s.patches = newPatches(cfg)
	s.board = newOwner(s, f)
	s.press = newPresser(s.ctx, cfg.Sound, s.board.pressed)
	if err := s.listen(); err != nil {
		s.cancel()
		return nil, err
	}
	s.guard = newGuard(s.listener.Addr(), cfg.TLS, newLogins(cfg.Clock))
	return s, nil
}

// ErrExposed says that a page would be served beyond this machine to whoever comes.
var ErrExposed = errors.New("console: beyond this machine a page is served with a TLS certificate, and to those only who show a client certificate or know the passphrase")

// listen opens the socket, where it may be open.
func (s *Server) listen() error {
	l := s.cfg.Listener
	if l == nil {
		at := s.cfg.Listen
		if at == "" {
			at = "127.0.0.1:0"
		}
		if host, _, err := net.SplitHostPort(at); err != nil {
			return fmt.Errorf("console: listen at %q: %w", at, err)
		} else if host != "localhost" && !isLoopback(host) && !s.strong() {
			return ErrExposed
		}
		var err error
		if l, err = net.Listen("tcp", at); err != nil {
			return fmt.Errorf("console: %w", err)
		}
	}
	at, err := netip.ParseAddrPort(l.Addr().String())
	s.loopback = err == nil && at.Addr().Unmap().IsLoopback()
	if !s.loopback && !s.strong() { // what "localhost" means is for the machine to say
		l.Close()
		return ErrExposed
	}
	s.listener = l
	return nil
}

func isLoopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

// strong reports whether the page may be served to a network.
func (s *Server) strong() bool {
	t := s.cfg.TLS
	return t != nil && (len(t.Certificates) > 0 || t.GetCertificate != nil) &&
		(s.cfg.Passphrase != nil || t.ClientAuth == tls.RequireAndVerifyClientCert && t.ClientCAs != nil)
}

// URL is the address at which the page is. On a loopback it holds the secret that lets
// in: it is for the person who began the console, once, and for nobody's log.
func (s *Server) URL() string {
	u := url.URL{Scheme: "http", Host: s.listener.Addr().String(), Path: "/"}
	if s.cfg.TLS != nil {
		u.Scheme = "https"
	}
	if s.loopback {
		u.RawQuery = url.Values{"key": {s.secret}}.Encode()
	}
	return u.String()
}

// Run serves until ctx ends. It returns nil then.
func (s *Server) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, s.cancel)
	defer stop()
	defer s.cancel()
	s.tasks.Go(func() { s.board.own(s.ctx) }) // ends with Run
	h := &http.Server{
		Handler: s.guard.wrap(s.routes()), ReadHeaderTimeout: headerTimeout, ReadTimeout: bodyTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeader, TLSConfig: s.cfg.TLS, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		BaseContext: func(net.Listener) context.Context { return s.ctx },
	}
	s.tasks.Go(func() { // ends with Run; streams see s.ctx and end by themselves
		<-s.ctx.Done()
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		if h.Shutdown(ctx) != nil {
			h.Close()
		}
	})
	l := limited(s.listener, maxConnections)
	var err error
	if s.cfg.TLS != nil {
		err = h.ServeTLS(l, "", "")
	} else {
		err = h.Serve(l)
	}
	s.cancel()
	s.press.letGo()
	s.tasks.Wait()
	s.press.wait()
	s.endPatches()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("console: %w", err)
}

// Close gives up a Server that was never run. After Run it does nothing.
func (s *Server) Close() error {
	s.cancel()
	if err := s.listener.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

func (s *Server) routes() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET /{$}", s.front)
	m.HandleFunc("POST /login", s.login)
	m.HandleFunc("POST /logout", s.logout)
	m.HandleFunc("GET /api/events", s.events)
	m.HandleFunc("POST /api/do", s.do)
	m.HandleFunc("POST /api/voice", s.voice)
	m.HandleFunc("GET /api/recall/{burst}", s.recall)
	m.HandleFunc("GET /api/record/{incident}", s.record)
	m.Handle("GET /", s.static)
	return m
}

// language is the page's.
func (s *Server) language() phrase.Language { return phrase.Language(s.speaks.Load()) }

// limited lets at most n connections be open at once; further ones are closed.
func limited(l net.Listener, n int) net.Listener {
	return &limitedListener{Listener: l, free: make(chan struct{}, n)}
}

type limitedListener struct {
	net.Listener
	free chan struct{} // holds a token for each open connection
}

func (l *limitedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	select {
	case l.free <- struct{}{}:
		return &limitedConn{Conn: c, done: sync.OnceFunc(func() { <-l.free })}, nil
	default: // one that waits in vain looks like a server that hangs
		c.Close()
		return &limitedConn{Conn: c, done: func() {}}, nil
	}
}

type limitedConn struct {
	net.Conn
	done func()
}

func (c *limitedConn) Close() error {
	c.done()
	return c.Conn.Close()
}

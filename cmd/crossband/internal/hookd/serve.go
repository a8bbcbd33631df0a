package hookd

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"crossband/client"
	"crossband/relay/hook"
	"crossband/relay/store"
)

// Limits of the journal and of the server.
const (
	journalLimit   = 512 << 20
	journalReserve = 16 << 20
	maxConns       = 256 // connections at a time; beyond it the oldest waits in the kernel
	maxHeader      = 16 << 10
	endLife        = 3 * time.Second // answers under way get so long at the end
)

// OpenJournal opens the journal at a path, and makes it if need be.
func OpenJournal(path string, log *slog.Logger) (*store.SQLite, error) {
	return store.OpenSQLite(path, store.Options{Limit: journalLimit, Reserve: journalReserve, Log: log})
}

// Service serves a configuration with a device's session.
type Service struct {
	Config  Config
	Session *client.Session
	Log     *slog.Logger
	Ready   func(addr net.Addr) // called when it listens; may be nil
	Seen    func(client.Event)  // told what happens; may be nil
}

// Run serves until ctx ends, the journal fails, or the device is taken out.
func (s *Service) Run(ctx context.Context) (err error) {
	journal, err := OpenJournal(s.Config.Journal, s.Log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, journal.Close()) }()
	inbox, err := hook.Open(ctx, journal, hook.Limits{}, s.Log, nil)
	if err != nil {
		return err
	}
	listener, err := s.listen()
	if err != nil {
		return err
	}
	if s.Ready != nil {
		s.Ready(listener.Addr())
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	raiser := &Raiser{Session: s.Session, Channel: s.Config.Channel, Speaker: &s.Config}
	var group sync.WaitGroup
	defer group.Wait()
	group.Go(func() { cancel(inbox.Run(ctx, raiser)) })               // ends with ctx, or ends it
	group.Go(func() { cancel(Watch(ctx, s.Session, inbox, s.Seen)) }) // ends with ctx, or ends it
	group.Go(func() { s.comeIn(ctx, raiser) })                        // ends with ctx, or when it is in
	server := &http.Server{
		Handler: hook.NewServer(inbox, s.Config.Hooks(), s.Log, nil), MaxHeaderBytes: maxHeader,
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: 30 * time.Second,
		ErrorLog: slog.NewLogLogger(s.Log.Handler(), slog.LevelInfo),
	}
	group.Go(func() { // ends with ctx
		<-ctx.Done()
		bounded, done := context.WithTimeout(context.Background(), endLife)
		defer done()
		if server.Shutdown(bounded) != nil {
			server.Close()
		}
	})
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		cancel(err)
	}
	if why := context.Cause(ctx); !errors.Is(why, context.Canceled) {
		return why
	}
	return nil
}

// comeIn joins the calling channel before there is an alert: joining takes time
// that an alert does not have.
func (s *Service) comeIn(ctx context.Context, r *Raiser) {
	for wait := time.Second; ctx.Err() == nil; wait = min(2*wait, 30*time.Second) {
		bounded, cancel := context.WithTimeout(ctx, 30*time.Second)
		ch, err := r.Join(bounded)
		cancel()
		if err == nil {
			s.Log.Info("on the calling channel", "channel", ch.ID().Short())
			return
		}
		s.Log.Warn("not on the calling channel yet", "why", err.Error())
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// listen opens the socket, with TLS if the file says so.
func (s *Service) listen() (net.Listener, error) {
	l, err := net.Listen("tcp", s.Config.Listen)
	if err != nil {
		return nil, err
	}
	l = &bounded{Listener: l, places: make(chan struct{}, maxConns)}
	if s.Config.Certificate == "" {
		return l, nil
	}
	files := &certificate{cert: s.Config.Certificate, key: s.Config.Key}
	if _, err := files.get(nil); err != nil {
		l.Close()
		return nil, err
	}
	return tls.NewListener(l, &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: files.get}), nil
}

// bounded hands on so many connections at a time.
type bounded struct {
	net.Listener
	places chan struct{}
}

func (b *bounded) Accept() (net.Conn, error) {
	b.places <- struct{}{}
	c, err := b.Listener.Accept()
	if err != nil {
		<-b.places
		return nil, err
	}
	return &placed{c, sync.OnceFunc(func() { <-b.places })}, nil
}

type placed struct {
	net.Conn
	free func()
}

func (p *placed) Close() error {
	defer p.free()
	return p.Conn.Close()
}

// certificate reads the files anew when they have changed.
type certificate struct {
	cert, key string

	mu     sync.Mutex // held for the whole of get
	loaded *tls.Certificate
	at     [2]time.Time
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var at [2]time.Time
	for i, path := range []string{c.cert, c.key} {
		info, err := os.Stat(path)
		if err != nil {
			return c.last(err)
		}
		at[i] = info.ModTime()
	}
	if c.loaded != nil && at == c.at {
		return c.loaded, nil
	}
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return c.last(fmt.Errorf("%s, %s: %w", c.cert, c.key, err))
	}
	c.loaded, c.at = &pair, at
	return c.loaded, nil
}

// last goes on with what was read before: files are seldom replaced both at once.
func (c *certificate) last(err error) (*tls.Certificate, error) {
	if c.loaded != nil {
		return c.loaded, nil
	}
	return nil, err
}

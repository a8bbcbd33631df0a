package adminhttp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"crossband/relay"
	"crossband/relay/metrics"
)

// Options say what the server shows.
type Options struct {
	Node    *relay.Node
	Started time.Time    // of the process
	FIPS    bool         // the configuration asks for FIPS 140-3 mode
	Open    bool         // requests may come from other machines, under any name
	Log     *slog.Logger // what goes wrong in the server itself
}

// Bounds on whoever asks. Beyond maxConnections new ones are closed at once.
const (
	maxConnections = 32
	maxHeader      = 8 << 10
	readTime       = 5 * time.Second
	writeTime      = 15 * time.Second
	idleTime       = 30 * time.Second
	endTime        = time.Second // for answers under way when the relay ends
)

// Serve answers on l, which it closes, until ctx ends or nothing more can be
// accepted. When it returns no connection is open any more; an answer that was
// under way for longer than endTime may still find out that its own is closed.
func Serve(ctx context.Context, l net.Listener, o Options) error {
	h, err := handler(o)
	if err != nil {
		l.Close()
		return fmt.Errorf("admin: %w", err)
	}
	s := &http.Server{
		Handler: h, MaxHeaderBytes: maxHeader, ReadTimeout: readTime, WriteTimeout: writeTime, IdleTimeout: idleTime,
		ErrorLog: slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug),
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(bound(l)) }() // ends with Shutdown or Close below
	select {
	case err = <-ended:
		s.Close() // the connections that are open; the listener is closed already
	case <-ctx.Done():
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTime)
		defer cancel()
		if s.Shutdown(late) != nil {
			s.Close()
		}
		err = <-ended
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("admin: %w", err)
}

func handler(o Options) (http.Handler, error) {
	page, err := metrics.Handler(o.Node)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", page)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { say(w, unhealthy(o.Node, time.Now())) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { say(w, unready(o.Node, time.Now())) })
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		enc.Encode(Look(o, time.Now())) // an error here is the other side's going away
	})
	return guard(mux, o.Open), nil
}

// say answers a probe.
func say(w http.ResponseWriter, wrong error) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if wrong != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, wrong)
		return
	}
	fmt.Fprintln(w, "ok")
}

// guard keeps answers out of caches, and out of pages of other sites: a name
// of theirs can be made to lead to this machine, and the browser then takes
// what is here for theirs.
func guard(h http.Handler, open bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if !open && !namesThisMachine(r.Host) {
			http.Error(w, "this address answers requests to this machine only", http.StatusForbidden)
			return
		}
		h.ServeHTTP(w, r)
	})
}

func namesThisMachine(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// boundListener takes at most maxConnections at a time.
type boundListener struct {
	net.Listener
	places chan struct{} // a token for each open connection
}

func bound(l net.Listener) net.Listener {
	return &boundListener{l, make(chan struct{}, maxConnections)}
}

// Accept implements net.Listener.
func (b *boundListener) Accept() (net.Conn, error) {
	for {
		c, err := b.Listener.Accept()
		if err != nil {
			return nil, err
		}
		select {
		case b.places <- struct{}{}:
			return &boundConn{Conn: c, leave: sync.OnceFunc(func() { <-b.places })}, nil
		default:
			c.Close()
		}
	}
}

type boundConn struct {
	net.Conn
	leave func()
}

// Close implements net.Conn.
func (c *boundConn) Close() error {
	c.leave()
	return c.Conn.Close()
}

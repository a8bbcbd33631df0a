package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"crossband/relay/hook/deliver"
	"crossband/relay/store"
)

// While "hook deliver" runs, its store is its own: other commands ask it, over
// a socket in the device's folder that only its user may use. When it does not
// run they open the store themselves.

// hookOrder is what is asked, hookAnswer what comes back.
type hookOrder struct {
	Do     string // list, replay, preview or enable
	Filter deliver.Filter
}

type hookAnswer struct {
	Deliveries []deliver.Delivery    `json:",omitempty"`
	Targets    []deliver.TargetState `json:",omitempty"`
	Requests   []deliver.Request     `json:",omitempty"`
	Replayed   int                   `json:",omitempty"`
	Error      string                `json:",omitempty"`
}

func carryOut(ctx context.Context, d *deliver.Deliverer, o hookOrder) (a hookAnswer, err error) {
	switch o.Do {
	case "list":
		a.Deliveries, err = d.List(ctx, o.Filter)
		a.Targets = d.Targets()
	case "replay":
		a.Replayed, err = d.Replay(ctx, o.Filter)
	case "preview":
		a.Requests, err = d.Preview(ctx, o.Filter)
	case "enable":
		err = d.Enable(ctx, o.Filter.Target)
	default:
		err = fmt.Errorf("unknown order %q", o.Do)
	}
	return a, err
}

func deskPath(home string) string { return filepath.Join(home, "deliver.sock") }

// hookDesk answers orders.
type hookDesk struct {
	server *http.Server
	ended  sync.WaitGroup
}

// Limits of the desk.
const (
	maxOrder     = 64 << 10 // octets
	deskPatience = time.Minute
)

// openDesk begins to answer. The caller holds the device's lock: a socket that
// is there is of a run that was killed.
func openDesk(d *deliver.Deliverer, home string) (*hookDesk, error) {
	path := deskPath(home)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	desk := &hookDesk{server: &http.Server{
		ReadTimeout: 5 * time.Second, WriteTimeout: deskPatience, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var o hookOrder
			if err := json.NewDecoder(io.LimitReader(r.Body, maxOrder)).Decode(&o); err != nil || r.Method != http.MethodPost {
				http.Error(w, "not an order", http.StatusBadRequest)
				return
			}
			a, err := carryOut(r.Context(), d, o)
			if err != nil {
				a.Error = err.Error()
			}
			json.NewEncoder(w).Encode(a)
		}),
	}}
	desk.ended.Go(func() { desk.server.Serve(l) }) // ends with close
	return desk, nil
}

func (d *hookDesk) close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if d.server.Shutdown(ctx) != nil {
		d.server.Close()
	}
	d.ended.Wait()
}

// errDesk is what a running "hook deliver" said against an order.
type errDesk struct{ text string }

func (e errDesk) Error() string { return e.text }

// order has an order carried out by the running "hook deliver", or here.
func (o hookOutFlags) order(ctx context.Context, what hookOrder) (hookAnswer, error) {
	conn, err := net.Dial("unix", deskPath(o.home))
	if err == nil {
		return askDesk(ctx, conn, what)
	}
	d, kept, err := openDeliverer(ctx, o, "spiffe://crossband.invalid/hook/none", slog.New(slog.DiscardHandler), nil)
	if errors.Is(err, store.ErrInUse) {
		return hookAnswer{}, fmt.Errorf("%w; name the folder of its device with --home", err)
	}
	if err != nil {
		return hookAnswer{}, err
	}
	a, err := carryOut(ctx, d, what)
	return a, errors.Join(err, kept.Close())
}

func askDesk(ctx context.Context, conn net.Conn, what hookOrder) (a hookAnswer, err error) {
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, deskPatience)
	defer cancel()
	body, err := json.Marshal(what)
	if err != nil {
		return a, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://desk/", bytes.NewReader(body))
	if err != nil {
		return a, err
	}
	resp, err := (&http.Transport{
		DisableKeepAlives: true,
		DialContext:       func(context.Context, string, string) (net.Conn, error) { return conn, nil },
	}).RoundTrip(r)
	if err != nil {
		return a, err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil {
		return a, err
	}
	if a.Error != "" {
		return a, errDesk{a.Error}
	}
	return a, nil
}

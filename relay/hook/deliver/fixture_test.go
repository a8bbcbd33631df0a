package deliver_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crossband/formats/webhook"
	"crossband/proto"
	"crossband/relay/hook/deliver"
	"crossband/relay/hook/deliver/door"
	"crossband/relay/store"
)

const source = "spiffe://usbp.example/hook/out"

// got is one request that a receiver has had.
type got struct {
	id       string
	incident string
	sequence uint64
	replayed bool
	at       time.Time
}

// receiver is a real receiver without a network: it verifies signatures, drops
// what it has had, and answers as it is told.
type receiver struct {
	secret webhook.Secret

	mu     sync.Mutex // guards what follows
	answer func(n int, r *http.Request) (status int, err error)
	header http.Header
	all    []got // that it took, repeated ones too
	tries  int
	bad    []string
}

func newReceiver(seed byte) *receiver {
	s, err := webhook.NewSecret(bytes.NewReader(bytes.Repeat([]byte{seed}, 32)))
	if err != nil {
		panic(err)
	}
	return &receiver{secret: s}
}

func (x *receiver) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	x.mu.Lock()
	x.tries++
	n, answer := x.tries, x.answer
	h := webhook.Header{ID: r.Header.Get(webhook.HeaderID), Timestamp: r.Header.Get(webhook.HeaderTimestamp), Signature: r.Header.Get(webhook.HeaderSignature)}
	if err := webhook.Verify(h, body, time.Now(), x.secret); err != nil {
		x.bad = append(x.bad, err.Error())
	}
	x.mu.Unlock()
	status := http.StatusOK
	if answer != nil {
		if status, err = answer(n, r); err != nil {
			return nil, err
		}
	}
	if status < 300 {
		x.take(h.ID, body)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	return &http.Response{StatusCode: status, Header: x.header, Body: http.NoBody}, nil
}

func (x *receiver) take(id string, body []byte) {
	var e struct {
		ID       string
		Subject  string
		Replayed bool
		Data     struct{ Sequence uint64 }
	}
	err := json.Unmarshal(body, &e)
	x.mu.Lock()
	defer x.mu.Unlock()
	if err != nil || e.ID != id {
		x.bad = append(x.bad, fmt.Sprintf("%v: %s", err, body))
	}
	x.all = append(x.all, got{id, e.Subject, e.Data.Sequence, e.Replayed, time.Now()})
}

func (x *receiver) had() []got {
	x.mu.Lock()
	defer x.mu.Unlock()
	return append([]got(nil), x.all...)
}

func (x *receiver) tried() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.tries
}

func (x *receiver) ids() (list []string) {
	for _, g := range x.had() {
		list = append(list, g.id)
	}
	return list
}

func (x *receiver) answers(fn func(n int, r *http.Request) (int, error)) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.answer = fn
}

func always(status int) func(int, *http.Request) (int, error) {
	return func(int, *http.Request) (int, error) { return status, nil }
}

func dead(int, *http.Request) (int, error) { return 0, errors.New("connection refused") }

// rig is a Deliverer at work in virtual time.
type rig struct {
	*deliver.Deliverer
	t         *testing.T
	store     store.Store
	receivers map[string]*receiver
	targets   []deliver.Target
	stop      func() error

	mu      sync.Mutex // guards results
	results []deliver.Result
}

func newRig(t *testing.T, names ...string) *rig {
	r := &rig{t: t, store: store.NewMemory(), receivers: make(map[string]*receiver)}
	for i, name := range names {
		r.receivers[name] = newReceiver(byte(i + 1))
		r.targets = append(r.targets, deliver.Target{
			Name: name, URL: "https://" + name + ".example.com/in", Secrets: []webhook.Secret{r.receivers[name].secret}, Exercises: true,
		})
	}
	return r
}

func (r *rig) config() deliver.Config {
	return deliver.Config{
		Source: source, Targets: r.targets, Store: r.store, Random: func() float64 { return 0.5 },
		Door: func(t deliver.Target) *door.Door { return door.Through(r.receivers[t.Name], t.Timeout) },
		Result: func(x deliver.Result) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.results = append(r.results, x)
		},
	}
}

// open makes the Deliverer without running it.
func (r *rig) open() *rig {
	r.t.Helper()
	d, err := deliver.Open(context.Background(), r.config())
	if err != nil {
		r.t.Fatal(err)
	}
	r.Deliverer = d
	return r
}

// begin runs it; end stops it and checks that all was well.
func (r *rig) begin() *rig {
	r.t.Helper()
	r.open()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	r.stop = func() error { cancel(); return <-ended }
	return r
}

func (r *rig) end() {
	r.t.Helper()
	if err := r.stop(); err != nil {
		r.t.Errorf("run ended with %v", err)
	}
	for name, x := range r.receivers {
		if len(x.bad) > 0 {
			r.t.Errorf("%s: %v", name, x.bad)
		}
	}
}

func (r *rig) put(e deliver.Event) deliver.Outcome {
	r.t.Helper()
	o, err := r.Put(context.Background(), e)
	if err != nil {
		r.t.Fatal(err)
	}
	return o
}

func (r *rig) told() []deliver.Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]deliver.Result(nil), r.results...)
}

func (r *rig) list(f deliver.Filter) []deliver.Delivery {
	r.t.Helper()
	list, err := r.List(context.Background(), f)
	if err != nil {
		r.t.Fatal(err)
	}
	return list
}

// run runs a test in virtual time.
func run(t *testing.T, fn func(t *testing.T)) { synctest.Test(t, fn) }

// after lets virtual time pass.
func after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func incident(n byte) proto.IncidentID { return proto.IncidentID{n} }

func event(id string, of byte) deliver.Event {
	return deliver.Event{
		ID: id, Incident: incident(of), Kind: deliver.Hail, At: time.Now(), Class: proto.PriorityEmergency, State: proto.HailSent,
		From: proto.Name{Agency: "usbp.example", Role: proto.RoleUnit, Label: "del-rio-214"},
		To:   proto.Name{Agency: "gn.example", Role: proto.RoleDesk, Label: "piedras-negras"},
	}
}

func page(id string, of byte) deliver.Event {
	e := event(id, of)
	e.Kind, e.Page, e.Step = deliver.LadderStep, true, 2
	return e
}

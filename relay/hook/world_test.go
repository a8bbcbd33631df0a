package hook_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crossband/proto"
	"crossband/relay/hook"
	"crossband/relay/store"
)

// radio is a small Raiser: it has hails ring as a channel does, each identifier
// once, whatever it is asked twice. It outlives the inbox, as a channel does.
type radio struct {
	mu      sync.Mutex // held for the whole of every method
	hails   map[proto.MessageID]*rung
	order   []*rung
	fail    func(what string) error // nil: nothing fails
	updates []string                // texts that came as updates
	told    map[proto.MessageID]bool
}

type rung struct {
	hook.Raise
	at        time.Time
	cancelled int
	over      bool // it expired, and nobody took it
}

func newRadio() *radio {
	return &radio{hails: make(map[proto.MessageID]*rung), told: make(map[proto.MessageID]bool)}
}

func (r *radio) failing(what string) error {
	if r.fail == nil {
		return nil
	}
	return r.fail(what)
}

func (r *radio) Raise(_ context.Context, x hook.Raise) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.failing("raise"); err != nil {
		return err
	}
	if r.hails[x.Hail] == nil {
		r.hails[x.Hail] = &rung{Raise: x, at: time.Now()}
		r.order = append(r.order, r.hails[x.Hail])
	}
	return nil
}

func (r *radio) Update(_ context.Context, u hook.Update) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.failing("update"); err != nil {
		return err
	}
	h := r.hails[u.Hail]
	if h == nil || h.over {
		return hook.ErrOver
	}
	if !u.Repeat && !r.told[u.Message] {
		r.told[u.Message] = true
		r.updates = append(r.updates, fmt.Sprintf("%s: %s", u.Incident, u.Alert.ID))
	}
	return nil
}

func (r *radio) Cancel(_ context.Context, c hook.Cancel) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.failing("cancel"); err != nil {
		return err
	}
	if h := r.hails[c.Hail]; h != nil && h.cancelled == 0 {
		h.cancelled++
	}
	return nil
}

func (r *radio) Known(_ context.Context, hail proto.MessageID) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.hails[hail] != nil, r.failing("known")
}

// rang returns a copy of what rang.
func (r *radio) rang() (list []rung) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, h := range r.order {
		list = append(list, *h)
	}
	return list
}

func (r *radio) heard() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.updates)
}

func (r *radio) set(fail func(string) error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fail = fail
}

func (r *radio) expireAll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, h := range r.order {
		h.over = true
	}
}

// post is an inbox at work over a journal.
type post struct {
	t     *testing.T
	inbox *hook.Inbox
	radio *radio
	src   *hook.Source
	end   func() error
	n     int
}

// open runs an inbox within a bubble.
func open(t *testing.T, j hook.Journal, r *radio, l hook.Limits) *post {
	t.Helper()
	b, err := hook.Open(t.Context(), j, l, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := &post{t: t, inbox: b, radio: r, src: &hook.Source{Name: "nws"}}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx, r) }() // ends with end
	p.end = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() { p.end() })
	return p
}

// bubble runs a test in virtual time.
func bubble(t *testing.T, fn func(t *testing.T, p *post)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { fn(t, open(t, store.NewMemory(), newRadio(), hook.Limits{})) })
}

// alert is a real one that rings.
func alert(id string) hook.Alert {
	return hook.Alert{Sender: "s", ID: id, Kind: hook.KindAlert, Status: hook.Actual, Severity: hook.Moderate, Event: "e", Digest: [32]byte{1}}
}

func about(a hook.Alert, kind hook.Kind, refs ...string) hook.Alert {
	a.Kind = kind
	for _, id := range refs {
		a.References = append(a.References, hook.Ref{Sender: "s", ID: id})
	}
	return a
}

// send has alerts accepted as one delivery.
func (p *post) send(alerts ...hook.Alert) ([]hook.Result, error) {
	p.n++
	return p.inbox.Accept(p.t.Context(), p.src, fmt.Sprintf("delivery-%d", p.n), [32]byte{byte(p.n), byte(p.n >> 8)}, alerts)
}

// must sends one alert and wants an outcome.
func (p *post) must(want hook.Outcome, a hook.Alert) hook.Result {
	p.t.Helper()
	res, err := p.send(a)
	if err != nil || len(res) != 1 {
		p.t.Fatalf("%s: %v, %v", a.ID, res, err)
	}
	if res[0].Outcome != want {
		p.t.Fatalf("%s: %s (%s), want %s", a.ID, res[0].Outcome, res[0].Why, want)
	}
	return res[0]
}

// settle lets everything happen that is under way.
func settle() { time.Sleep(2 * time.Second); synctest.Wait() }

var errDown = errors.New("the relay is away")

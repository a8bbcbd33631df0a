// Package deliver sends hooks: what happens on a calling channel, as far as
// the open envelope tells it, to receivers that an agency names. An event that
// Put has taken is on the disk and is sent at least once, over restarts, with
// the same ID each time; the receiver drops what it has had. Events of one
// incident reach a target in order.
//
// It knows events, records and targets. When something is sent stands in plan,
// how it leaves the machine in door, how it is signed in formats/webhook.
package deliver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"sync"
	"time"

	"crossband/relay/hook/deliver/door"
	"crossband/relay/hook/deliver/plan"
	"crossband/relay/store"
)

// Config says what a Deliverer works with. Source, Targets, Store and Random
// are required.
type Config struct {
	Source  string // who sends: a SPIFFE ID, the CloudEvents "source"
	Targets []Target
	Store   store.Store    // its own; the caller closes it after Run
	Random  func() float64 // in [0, 1): the jitter of pauses
	// Result is told how pages fare: Delivered, or failed at the first failure.
	// A page that failed may be delivered later, and is told then too; after a
	// crash a result may come again. It must not block.
	Result func(Result)
	Clock  func() time.Time        // nil: time.Now
	Door   func(Target) *door.Door // nil: door.New
	Log    *slog.Logger            // nil discards
}

// Result is how a page fared at one target.
type Result struct {
	Target    string
	ID        string
	Delivered bool
	Why       string // of a failure
}

// Deliverer keeps and sends events. Its methods may be called from several
// goroutines.
type Deliverer struct {
	cfg   Config
	log   *slog.Logger
	sites []*site // of the targets, in their order
	wake  chan struct{}

	// mu guards what follows. It is held over a write to the store, so that
	// what is kept and what is planned never differ; never over a request.
	mu        sync.Mutex
	plan      *plan.Plan
	incidents incidents
	refused   map[string]uint64 // by target: events refused at the bound
	broken    error             // the store failed: nothing goes any more
}

// site is a target with what belongs to it.
type site struct {
	Target
	url   *url.URL
	door  *door.Door
	index index // guarded by Deliverer.mu
}

// Open reads what waits in the store. A target whose disabling was recorded
// stays disabled.
func Open(ctx context.Context, cfg Config) (*Deliverer, error) {
	if cfg.Source == "" || cfg.Store == nil || cfg.Random == nil {
		return nil, errors.New("deliver: Source, Store and Random are required")
	}
	if len(cfg.Targets) == 0 || len(cfg.Targets) > MaxTargets {
		return nil, fmt.Errorf("deliver: %d targets, want 1 to %d", len(cfg.Targets), MaxTargets)
	}
	d := &Deliverer{cfg: filled(cfg), wake: make(chan struct{}, 1), refused: make(map[string]uint64)}
	d.log = d.cfg.Log
	var names []string
	for _, t := range cfg.Targets {
		u, err := t.check()
		if err != nil {
			return nil, err
		}
		if d.site(t.Name) != nil {
			return nil, fmt.Errorf("%w: two are named %s", ErrTarget, t.Name)
		}
		d.sites = append(d.sites, &site{Target: t, url: u, door: d.cfg.Door(t), index: newIndex()})
		names = append(names, t.Name)
	}
	d.plan = plan.New(cfg.Random, names...)
	if err := d.load(ctx); err != nil {
		return nil, fmt.Errorf("deliver: load: %w", err)
	}
	return d, nil
}

func filled(c Config) Config {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Result == nil {
		c.Result = func(Result) {}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Door == nil {
		c.Door = func(t Target) *door.Door {
			return door.New(door.Config{Policy: t.Policy, Timeout: t.Timeout, Roots: t.Roots})
		}
	}
	return c
}

func (d *Deliverer) site(name string) *site {
	for _, s := range d.sites {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// rouse has Run look again.
func (d *Deliverer) rouse() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// ErrNoTarget: no target of that name.
var ErrNoTarget = errors.New("deliver: no such target")

// TargetState is how a target stands.
type TargetState struct {
	Name     string
	Waiting  int
	Refused  uint64 // events refused at the bound, since the start
	Disabled string // why; "": it is not
	Since    time.Time
	Failing  time.Time // since when it fails; zero: it does not
}

// Targets tells how every target stands.
func (d *Deliverer) Targets() []TargetState {
	d.mu.Lock()
	defer d.mu.Unlock()
	var list []TargetState
	for _, s := range d.sites {
		h := d.plan.Health(s.Name)
		list = append(list, TargetState{s.Name, d.plan.Pending(s.Name), d.refused[s.Name], h.Disabled, h.Since, h.FailingSince})
	}
	return list
}

// Enable lets a disabled target have events again, and has what waits for a
// failing one tried soon. What was given up comes by Replay only.
func (d *Deliverer) Enable(ctx context.Context, name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.site(name) == nil {
		return fmt.Errorf("%w: %q", ErrNoTarget, name)
	}
	record, err := healthRecord(name, plan.Health{})
	if err != nil {
		return err
	}
	if err := d.writeLocked(ctx, record); err != nil {
		return err
	}
	d.plan.Enable(d.cfg.Clock(), name)
	d.rouse()
	return nil
}

// writeLocked stores records. When the store is full it makes room once by
// forgetting the oldest of the delivery log. After ErrFull nothing has
// changed; after any other error the Deliverer does nothing more.
func (d *Deliverer) writeLocked(ctx context.Context, records ...store.Record) error {
	if d.broken != nil {
		return d.broken
	}
	err := d.cfg.Store.Write(ctx, records)
	if errors.Is(err, store.ErrFull) && d.forgetLocked(ctx, forgetAtOnce) > 0 {
		err = d.cfg.Store.Write(ctx, records)
	}
	if err != nil && !errors.Is(err, store.ErrFull) && !errors.Is(err, store.ErrRecord) && ctx.Err() == nil {
		d.broken = fmt.Errorf("deliver: store: %w", err)
		d.rouse()
	}
	return err
}

package deliver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"crossband/proto"
	"crossband/relay/hook/deliver/plan"
	"crossband/relay/store"
)

// Filter says which deliveries are meant. What is empty does not matter.
type Filter struct {
	Target   string
	ID       string
	Incident proto.IncidentID
	State    plan.State
	Limit    int // the newest so many of each target; 0: DefaultLimit; at most MaxLogged
}

// DefaultLimit bounds a list for which no other limit is asked.
const DefaultLimit = 100

func (f Filter) meets(r *Delivery) bool {
	return (f.ID == "" || f.ID == r.ID) && (f.State == "" || f.State == r.State) &&
		(f.Incident == proto.IncidentID{} || incidentText(f.Incident) == r.Data.Incident)
}

// List returns deliveries, those that wait and those that have ended, target
// by target, oldest first.
func (d *Deliverer) List(ctx context.Context, f Filter) ([]Delivery, error) {
	if f.Target != "" && d.site(f.Target) == nil {
		return nil, fmt.Errorf("%w: %q", ErrNoTarget, f.Target)
	}
	if f.Limit <= 0 {
		f.Limit = DefaultLimit
	}
	f.Limit = min(f.Limit, MaxLogged)
	var list []Delivery
	for _, s := range d.sites {
		if f.Target != "" && f.Target != s.Name {
			continue
		}
		var of []Delivery
		err := d.scan(ctx, s.Name, func(r *Delivery) bool {
			if f.meets(r) {
				of = append(of, *r)
			}
			if len(of) > 2*f.Limit { // what is too old goes now and then
				of = append(of[:0], of[len(of)-f.Limit:]...)
			}
			return true
		})
		if err != nil {
			return nil, err
		}
		list = append(list, of[max(0, len(of)-f.Limit):]...)
	}
	return list, nil
}

// Errors of Replay and Preview.
var (
	ErrNothing = errors.New("deliver: no such delivery in the log")
	ErrFull    = errors.New("deliver: too much waits for this target")
)

// Replay puts again what has ended, with the same ID and marked as replayed, in
// the order of old, behind what waits. The filter names an ID or an incident at
// least. What still waits is left as it is. It returns how many were put; with
// an error some may have been.
func (d *Deliverer) Replay(ctx context.Context, f Filter) (int, error) {
	if f.ID == "" && f.Incident == (proto.IncidentID{}) {
		return 0, fmt.Errorf("%w: name an ID or an incident", ErrNothing)
	}
	f.Limit = MaxLogged
	list, err := d.List(ctx, f)
	if err != nil {
		return 0, err
	}
	if len(list) == 0 {
		return 0, ErrNothing
	}
	defer d.rouse()
	done := 0
	for _, r := range list {
		again, err := d.replay(ctx, r)
		if err != nil {
			return done, err
		}
		if again {
			done++
		}
	}
	return done, nil
}

func (d *Deliverer) replay(ctx context.Context, r Delivery) (bool, error) {
	now := d.cfg.Clock()
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.site(r.Target)
	if e, ok := s.index.byID[r.ID]; !ok || !e.ended || e.serial != r.Serial {
		return false, nil // it waits, or was put again or forgotten meanwhile
	}
	if h := d.plan.Health(r.Target); h.Disabled != "" {
		return false, fmt.Errorf("%w: %s is disabled: %s", ErrTarget, r.Target, h.Disabled)
	}
	if n := d.plan.Pending(r.Target); n >= plan.MaxPending {
		return false, fmt.Errorf("%w: %s", ErrFull, whyFull(n))
	}
	old := r.key()
	r.Serial, r.State, r.Why, r.Ended = s.index.last+1, plan.Waiting, "", time.Time{}
	r.Accepted, r.Due, r.Tries, r.Told = now, now, 0, true // a page of long ago is nobody's to wait for
	r.Replays++
	record, err := r.record()
	if err != nil {
		return false, err
	}
	if err := d.writeLocked(ctx, []store.Record{record, erased(old)}...); err != nil {
		return false, err
	}
	s.index.put(&r, false)
	d.plan.Add(r.job())
	return true, nil
}

// DryRun returns what would be sent now for an event, to each target that wants
// it. Nothing is sent, looked up or kept. Its sequence is the one that the
// event would have.
func (d *Deliverer) DryRun(e Event) ([]Request, error) {
	if err := e.check(); err != nil {
		return nil, err
	}
	d.mu.Lock()
	sequence := d.incidents[incidentText(e.Incident)].Last + 1
	d.mu.Unlock()
	var list []Request
	for _, s := range d.sites {
		if !s.wants(e) {
			continue
		}
		r, err := s.request(d.cfg.Clock(), d.cfg.Source, e.ID, dataOf(e, sequence), false)
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, nil
}

// Preview is DryRun for what is in the delivery log or waits.
func (d *Deliverer) Preview(ctx context.Context, f Filter) ([]Request, error) {
	stored, err := d.List(ctx, f)
	if err != nil {
		return nil, err
	}
	if len(stored) == 0 {
		return nil, ErrNothing
	}
	var list []Request
	for _, r := range stored {
		req, err := d.site(r.Target).request(d.cfg.Clock(), d.cfg.Source, r.ID, r.Data, r.State != plan.Waiting || r.Replays > 0)
		if err != nil {
			return nil, err
		}
		list = append(list, req)
	}
	return list, nil
}

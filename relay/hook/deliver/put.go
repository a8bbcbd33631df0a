package deliver

import (
	"context"
	"fmt"
	"time"

	"crossband/relay/hook/deliver/plan"
	"crossband/relay/store"
)

// Outcome is what became of an event.
type Outcome struct {
	Sequence uint64            // within its incident; 0: nobody wants it, or all refused it
	Accepted []string          // targets for which it is on the disk now
	Known    []string          // targets that have it already
	Refused  map[string]string // targets that do not get it, and why
}

// Reasons for which a target does not get an event.
const (
	whyDisabled = "target disabled: " // and why; it is in the delivery log, and can be replayed
)

func whyFull(waiting int) string {
	return fmt.Sprintf("%d events wait for this target; at most %d may", waiting, plan.MaxPending)
}

// Put takes an event for every target that wants it. When it returns without
// an error, what Accepted names is durable. For a disabled target it goes to
// the delivery log only. An error means that nothing was changed.
func (d *Deliverer) Put(ctx context.Context, e Event) (Outcome, error) {
	if err := e.check(); err != nil {
		return Outcome{}, err
	}
	now := d.cfg.Clock()
	d.mu.Lock()
	o, err := d.putLocked(ctx, now, e)
	d.mu.Unlock()
	if err != nil {
		return Outcome{}, err
	}
	if e.Page {
		for target, why := range o.Refused {
			d.cfg.Result(Result{Target: target, ID: e.ID, Why: why})
		}
	}
	d.rouse()
	return o, nil
}

// entering is an event on its way into the store.
type entering struct {
	deliveries []*Delivery
	records    []store.Record
}

func (d *Deliverer) putLocked(ctx context.Context, now time.Time, e Event) (Outcome, error) {
	if d.broken != nil {
		return Outcome{}, d.broken
	}
	o := Outcome{Refused: make(map[string]string)}
	var to []*site
	for _, s := range d.sites {
		if !s.wants(e) {
			continue
		}
		waiting := d.plan.Pending(s.Name)
		if old, ok := s.index.byID[e.ID]; ok {
			o.Known, o.Sequence = append(o.Known, s.Name), old.sequence
		} else if waiting >= plan.MaxPending {
			d.refused[s.Name]++
			o.Refused[s.Name] = whyFull(waiting)
		} else {
			to = append(to, s)
		}
	}
	if len(to) == 0 {
		return o, nil
	}
	incident := incidentText(e.Incident)
	c, records, err := d.incidents.next(incident, now)
	if err != nil {
		return o, err
	}
	if o.Sequence != 0 { // another target has it already: it keeps its number
		c, records = counter{}, nil
	} else {
		o.Sequence = c.Last
	}
	gone, surplus := d.incidents.surplus(incident)
	if surplus {
		records = append(records, store.Record{Bucket: incidentBucket, Key: incidentKey(gone)})
	}
	in, err := d.enter(now, e, to, &o)
	if err != nil {
		return o, err
	}
	if err := d.writeLocked(ctx, append(records, in.records...)...); err != nil {
		return o, err
	}
	if c.Last != 0 {
		d.incidents[incident] = c
	}
	if surplus {
		delete(d.incidents, gone)
	}
	for _, r := range in.deliveries {
		d.site(r.Target).index.put(r, r.State != plan.Waiting)
		if r.State == plan.Waiting {
			d.plan.Add(r.job())
		}
	}
	d.trimLocked(ctx)
	return o, nil
}

// enter makes the deliveries of an event.
func (d *Deliverer) enter(now time.Time, e Event, to []*site, o *Outcome) (in entering, err error) {
	for _, s := range to {
		r := &Delivery{
			Target: s.Name, Serial: s.index.last + 1, ID: e.ID, State: plan.Waiting, Accepted: now, Due: now,
			Data: dataOf(e, o.Sequence),
		}
		if h := d.plan.Health(s.Name); h.Disabled != "" {
			r.end(now, plan.Failed, whyDisabled+h.Disabled)
			r.Told = e.Page
			o.Refused[s.Name] = r.Why
		} else {
			o.Accepted = append(o.Accepted, s.Name)
		}
		record, err := r.record()
		if err != nil {
			return in, err
		}
		in.deliveries, in.records = append(in.deliveries, r), append(in.records, record)
	}
	return in, nil
}

// trimLocked forgets the oldest of the delivery log beyond its bound, a good
// part at once so that it is not at every event.
func (d *Deliverer) trimLocked(ctx context.Context) {
	for _, s := range d.sites {
		if over := len(s.index.logged) - MaxLogged; over > 0 {
			d.forgetSiteLocked(ctx, s, over)
		}
	}
}

// forgetLocked forgets the oldest ended deliveries, n of each target at most,
// and returns how many. It makes the store smaller, so that a full one takes
// it.
func (d *Deliverer) forgetLocked(ctx context.Context, n int) (gone int) {
	for _, s := range d.sites {
		gone += d.forgetSiteLocked(ctx, s, n)
	}
	return gone
}

func (d *Deliverer) forgetSiteLocked(ctx context.Context, s *site, n int) int {
	n = min(n, len(s.index.logged))
	if n == 0 {
		return 0
	}
	var records []store.Record
	for _, serial := range s.index.logged[:n] {
		records = append(records, erased(plan.Key{Target: s.Name, Serial: serial}))
	}
	if err := d.cfg.Store.Write(ctx, records); err != nil {
		d.log.Warn("delivery log not shortened", "target", s.Name, "why", err.Error())
		return 0
	}
	for _, serial := range append([]uint64(nil), s.index.logged[:n]...) {
		s.index.drop(s.index.ids[serial])
	}
	return n
}

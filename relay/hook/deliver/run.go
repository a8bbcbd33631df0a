package deliver

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"crossband/relay/hook/deliver/door"
	"crossband/relay/hook/deliver/plan"
	"crossband/relay/store"
)

// Run sends what waits until ctx ends, or returns an error when the store
// fails. It is called once. Requests that are under way when ctx ends are
// broken off, count as not made, and are made by the next run.
func (d *Deliverer) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var flights sync.WaitGroup
	defer flights.Wait()
	defer cancel()
	for {
		o, results, err := d.next(ctx)
		for _, r := range results {
			d.cfg.Result(r)
		}
		if err != nil {
			return err
		}
		for _, j := range o.Start {
			flights.Go(func() { d.attempt(ctx, j) }) // at most plan.MaxFlying; ends with ctx or in the target's timeout
		}
		if !d.pause(ctx, o.Wake) {
			return nil
		}
	}
}

// pause waits until something happens; false when ctx has ended.
func (d *Deliverer) pause(ctx context.Context, until time.Time) bool {
	var due <-chan time.Time
	if !until.IsZero() {
		t := time.NewTimer(until.Sub(d.cfg.Clock()))
		defer t.Stop()
		due = t.C
	}
	select {
	case <-ctx.Done():
		return false
	case <-d.wake:
	case <-due:
	}
	return ctx.Err() == nil
}

// next gives up what is to be given up, and says what to send now.
func (d *Deliverer) next(ctx context.Context) (plan.Orders, []Result, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var results []Result
	for {
		if d.broken != nil {
			return plan.Orders{}, results, d.broken
		}
		now := d.cfg.Clock()
		o := d.plan.Next(now)
		for _, j := range o.Tell {
			results = append(results, Result{Target: j.Target, ID: d.idLocked(ctx, j.Key), Why: "not delivered in time, or behind an event that was not"})
		}
		if len(o.Fail) == 0 {
			return o, results, nil
		}
		if err := d.giveUpLocked(ctx, now, o.Fail); err != nil {
			return plan.Orders{}, results, err
		}
	}
}

func (d *Deliverer) idLocked(ctx context.Context, k plan.Key) string {
	if r, err := d.read(ctx, k); err == nil && r != nil {
		return r.ID
	}
	return ""
}

// most records written at once while much is given up.
const givenUpAtOnce = 256

func (d *Deliverer) giveUpLocked(ctx context.Context, now time.Time, jobs []plan.Job) error {
	for _, j := range jobs[:min(len(jobs), givenUpAtOnce)] {
		r, err := d.read(ctx, j.Key)
		if err == nil && r == nil {
			err = errors.New("its record is damaged")
		}
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			d.log.Error("hook given up unread", "target", j.Target, "serial", j.Serial, "why", err.Error())
			d.plan.Remove(j.Key, j.Incident)
			continue
		}
		why := "not delivered within " + plan.GiveUp.String()
		if h := d.plan.Health(j.Target); h.Disabled != "" {
			why = whyDisabled + h.Disabled
		}
		r.Told = j.Told
		r.end(now, plan.Failed, why)
		if err := d.keepLocked(ctx, r, nil); err != nil {
			return err
		}
		d.plan.Remove(j.Key, j.Incident)
	}
	d.trimLocked(ctx)
	return nil
}

// keepLocked stores how a delivery stands. When a full store has no room, what
// was delivered is forgotten rather than sent again, and the rest goes on from
// memory.
func (d *Deliverer) keepLocked(ctx context.Context, r *Delivery, more []store.Record) error {
	ended := r.State != plan.Waiting
	record, err := r.record()
	if err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx) // what has happened has happened
	err = d.writeLocked(ctx, append(more, record)...)
	if !errors.Is(err, store.ErrFull) {
		if err == nil {
			d.site(r.Target).index.put(r, ended)
		}
		return err
	}
	d.log.Error("store full: how a hook fared is not kept", "target", r.Target, "id", r.ID, "state", string(r.State))
	if !ended {
		return nil
	}
	d.site(r.Target).index.drop(r.ID)
	return d.writeLocked(ctx, erased(r.key()))
}

// attempt makes one request and keeps what came of it.
func (d *Deliverer) attempt(ctx context.Context, j plan.Job) {
	defer d.rouse()
	r, err := d.read(ctx, j.Key)
	if err != nil || r == nil {
		d.unreadable(ctx, j, err)
		return
	}
	s := d.site(j.Target)
	begun := d.cfg.Clock()
	req, err := s.request(begun, d.cfg.Source, r.ID, r.Data, r.Replays > 0)
	answer := door.Answer{Err: err}
	if err == nil {
		answer = s.door.Post(ctx, s.url, req.Header, req.Body)
	}
	if ctx.Err() != nil && answer.Err != nil {
		d.mu.Lock()
		d.plan.Abandon(j.Key, j.Incident)
		d.mu.Unlock()
		return
	}
	if result := d.answered(ctx, r, begun, answer); result != nil {
		d.cfg.Result(*result)
	}
}

// unreadable takes a delivery whose record the store cannot serve out of the
// plan: it would hold up its incident for ever.
func (d *Deliverer) unreadable(ctx context.Context, j plan.Job, err error) {
	d.mu.Lock()
	d.plan.Abandon(j.Key, j.Incident)
	if ctx.Err() != nil {
		d.mu.Unlock()
		return
	}
	d.plan.Remove(j.Key, j.Incident)
	d.mu.Unlock()
	d.log.Error("stored hook cannot be read; it is given up", "target", j.Target, "serial", j.Serial, "why", err)
	if j.Page {
		d.cfg.Result(Result{Target: j.Target, Why: "its record is damaged"})
	}
}

func verdictOf(a door.Answer, now time.Time) plan.Verdict {
	v := plan.Verdict{OK: a.Err == nil && a.Status >= 200 && a.Status < 300, Gone: a.Status == http.StatusGone}
	if a.Status == http.StatusTooManyRequests || a.Status == http.StatusServiceUnavailable {
		v.RetryAfter = door.RetryAfter(a.RetryAfter, now)
	}
	return v
}

// answered keeps what came of a request, and returns what is to be told.
func (d *Deliverer) answered(ctx context.Context, r *Delivery, begun time.Time, a door.Answer) *Result {
	now := d.cfg.Clock()
	attempt := Attempt{At: begun, Status: a.Status, Took: now.Sub(begun)}
	if a.Err != nil {
		attempt.Why = a.Err.Error()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	o := d.plan.Finish(now, r.key(), r.Data.Incident, verdictOf(a, now))
	r.note(attempt)
	r.Tries, r.Due, r.Told = o.Tries, o.Due, o.Told
	if o.State != plan.Waiting {
		why := ""
		if o.State == plan.Failed {
			why = d.whyFailed(r)
		}
		r.end(now, o.State, why)
	}
	var more []store.Record
	if o.Changed {
		health, err := healthRecord(r.Target, d.plan.Health(r.Target))
		if err == nil {
			more = append(more, health)
		}
	}
	if err := d.keepLocked(ctx, r, more); err != nil {
		return nil // Run ends by it
	}
	d.trimLocked(ctx)
	switch {
	case r.Data.Page && o.State == plan.Delivered:
		return &Result{Target: r.Target, ID: r.ID, Delivered: true}
	case o.Tell:
		return &Result{Target: r.Target, ID: r.ID, Why: attempt.failure()}
	}
	return nil
}

func (d *Deliverer) whyFailed(r *Delivery) string {
	if h := d.plan.Health(r.Target); h.Disabled != "" {
		return whyDisabled + h.Disabled
	}
	return "not delivered within " + plan.GiveUp.String()
}

// failure says why an attempt was none that succeeded.
func (a Attempt) failure() string {
	switch {
	case a.Why != "":
		return a.Why
	case a.Status >= 300 && a.Status < 400:
		return http.StatusText(a.Status) + ": redirects are not followed"
	}
	return http.StatusText(a.Status)
}

package plan_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"crossband/relay/hook/deliver/plan"
)

// flight is a request under way in the simulation.
type flight struct {
	job  plan.Job
	ends time.Time
}

// world simulates days of deliveries: receivers that are slow, fail, refuse, go
// away and come back, all by chance.
type world struct {
	t       *testing.T
	p       *plan.Plan
	r       *rand.Rand
	now     time.Time
	serial  uint64
	flights []flight
	down    map[string]time.Time // until when a target answers nothing
	ended   map[string][]uint64  // serials by target and incident, as they ended
	added   map[string][]uint64
	told    map[plan.Key]int
	left    int // to be added
}

func lineOf(j plan.Job) string { return j.Target + "/" + j.Incident }

func (w *world) add() {
	for range 1 + w.r.IntN(5) {
		w.serial++
		j := plan.Job{
			Key:      plan.Key{Target: string(rune('a' + w.r.IntN(3))), Serial: w.serial},
			Incident: fmt.Sprint(w.r.IntN(6)), Page: w.r.IntN(5) == 0, Accepted: w.now, Due: w.now,
		}
		if w.p.Health(j.Target).Disabled != "" {
			w.p.Enable(w.now, j.Target)
		}
		w.added[lineOf(j)] = append(w.added[lineOf(j)], j.Serial)
		w.p.Add(j)
		w.left--
	}
}

func (w *world) step() {
	o := w.p.Next(w.now)
	for _, j := range o.Tell {
		w.told[j.Key]++
	}
	for _, j := range o.Fail {
		if j.Page && w.told[j.Key] == 0 {
			w.t.Fatalf("page %+v was given up and nobody was told", j)
		}
		w.end(j)
		w.p.Remove(j.Key, j.Incident)
	}
	for _, j := range o.Start {
		for _, f := range w.flights {
			if lineOf(f.job) == lineOf(j) {
				w.t.Fatalf("%+v starts while %+v is under way", j, f.job)
			}
		}
		if len(w.ended[lineOf(j)]) != w.place(j) {
			w.t.Fatalf("%+v starts before its turn", j)
		}
		w.flights = append(w.flights, flight{j, w.now.Add(time.Duration(w.r.Int64N(int64(10 * time.Second))))})
	}
	if len(w.flights) > plan.MaxFlying {
		w.t.Fatalf("%d under way", len(w.flights))
	}
	w.advance(o)
}

func (w *world) place(j plan.Job) int {
	for i, s := range w.added[lineOf(j)] {
		if s == j.Serial {
			return i
		}
	}
	w.t.Fatalf("%+v was never added", j)
	return 0
}

// advance goes on to whatever comes next.
func (w *world) advance(o plan.Orders) {
	next := -1
	for i, f := range w.flights {
		if next < 0 || f.ends.Before(w.flights[next].ends) {
			next = i
		}
	}
	switch {
	case w.left > 0 && w.r.IntN(4) == 0:
		w.now = w.now.Add(time.Duration(w.r.Int64N(int64(time.Minute))))
		w.land()
		w.add()
	case next >= 0 && (o.Wake.IsZero() || !o.Wake.Before(w.flights[next].ends)):
		w.now = w.flights[next].ends
		w.land()
	case !o.Wake.IsZero():
		w.now = o.Wake
	case w.pending() > 0:
		w.t.Fatalf("%d wait, nothing is under way, and nobody is to be woken", w.pending())
	}
}

func (w *world) pending() int { return w.p.Pending("a") + w.p.Pending("b") + w.p.Pending("c") }

// land ends the flights whose time has come.
func (w *world) land() {
	var on []flight
	for _, f := range w.flights {
		if f.ends.After(w.now) {
			on = append(on, f)
			continue
		}
		w.answer(f.job)
	}
	w.flights = on
}

func (w *world) answer(j plan.Job) {
	if w.r.IntN(20) == 0 {
		w.p.Abandon(j.Key, j.Incident)
		return
	}
	if w.r.IntN(60) == 0 {
		w.down[j.Target] = w.now.Add(time.Duration(w.r.Int64N(int64(40 * time.Hour))))
	}
	v := plan.Verdict{OK: w.now.After(w.down[j.Target]) && w.r.IntN(4) > 0}
	if !v.OK {
		v.Gone = w.r.IntN(2000) == 0
		v.RetryAfter = time.Duration(w.r.Int64N(3)) * time.Minute
	}
	out := w.p.Finish(w.now, j.Key, j.Incident, v)
	if out.Tell {
		w.told[j.Key]++
	}
	if j.Page && !v.OK && w.told[j.Key] == 0 {
		w.t.Fatalf("page %+v failed and nobody was told", j)
	}
	if out.State != plan.Waiting {
		w.end(j)
	}
}

func (w *world) end(j plan.Job) {
	w.ended[lineOf(j)] = append(w.ended[lineOf(j)], j.Serial)
}

// TestOrderUnderRandomFailures: whatever receivers do, every delivery ends, in
// the order of its line, at most four are under way, and no page fails in
// silence or is reported twice.
func TestOrderUnderRandomFailures(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		w := &world{
			t: t, p: plan.New(r.Float64, "a", "b", "c"), r: r, now: start(), down: map[string]time.Time{},
			ended: map[string][]uint64{}, added: map[string][]uint64{}, told: map[plan.Key]int{}, left: 150,
		}
		for steps := 0; w.left > 0 || w.pending() > 0; steps++ {
			if steps > 100_000 {
				t.Fatalf("seed %d: %d still wait at %v", seed, w.pending(), w.now)
			}
			if w.left > 0 && w.pending() == 0 {
				w.add()
			}
			w.step()
		}
		if fmt.Sprint(w.ended) != fmt.Sprint(w.added) {
			t.Errorf("seed %d: ended as %v, added as %v", seed, w.ended, w.added)
		}
		for k, n := range w.told {
			if n != 1 {
				t.Errorf("seed %d: %v reported %d times", seed, k, n)
			}
		}
	}
}

// BenchmarkNext is a full backlog of as many incidents.
func BenchmarkNext(b *testing.B) {
	p := plan.New(func() float64 { return 0.5 }, "a")
	for i := range uint64(plan.MaxPending) {
		p.Add(plan.Job{Key: plan.Key{Target: "a", Serial: i}, Incident: fmt.Sprint(i), Accepted: start(), Due: start()})
	}
	for b.Loop() {
		for _, j := range p.Next(start()).Start {
			p.Abandon(j.Key, j.Incident)
		}
	}
}

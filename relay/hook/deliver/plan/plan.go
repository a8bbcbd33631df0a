// Package plan decides when which delivery of a hook is tried, given up, or
// reported as failed, and when a target is taken out. It knows names, numbers
// and times; nothing of events, stores or HTTP. It is pure: time and chance
// are passed in.
//
// Deliveries of one incident to one target form a line: the first is tried
// until it is delivered or given up, and only then the next. Lines do not wait
// for each other.
package plan

import (
	"slices"
	"time"
)

// The rules.
const (
	MaxPending   = 10_000           // deliveries that wait for one target
	MaxFlying    = 4                // requests under way
	MaxOrdinary  = MaxFlying - 1    // of them those that are not urgent: one place is left for a page
	MaxHealthy   = 2                // ordinary requests under way to one target
	MaxFailing   = 1                // the same while it fails
	FirstBackoff = 2 * time.Second  // the first pause is between half of it and all of it; it doubles
	MaxBackoff   = 15 * time.Minute // the longest pause
	GiveUp       = 24 * time.Hour   // from acceptance on, while the target fails
	DisableAfter = 72 * time.Hour   // a target that failed for so long without a success or an idle hour
	Idle         = time.Hour        // without a try: what was known of the target's health is out of date
	PageLimit    = 10 * time.Second // a page that is not delivered by then is reported as failed
	WakeSpread   = 10 * time.Second // what waited for a target that is back is tried within this time
)

// Key names a delivery: the target, and its number there. Numbers rise.
type Key struct {
	Target string
	Serial uint64
}

// Job is one delivery that waits.
type Job struct {
	Key
	Incident string // names its line
	Page     bool   // its first failure is reported at once
	Accepted time.Time
	Tries    int
	Due      time.Time // not tried before
	Told     bool      // its failure has been reported
}

// Health is what is known of a target.
type Health struct {
	Disabled     string    // why nothing is sent any more; "": it is
	Since        time.Time // when it was disabled
	FailingSince time.Time // first failure since the last success; zero: the last try was one
	LastTry      time.Time
}

// Plan holds what waits for which target. It is not safe for use by several
// goroutines.
type Plan struct {
	random  func() float64 // in [0, 1)
	targets []*target      // the order of turns
	turn    int
	flying  int // requests under way
	ordered int // of them ordinary ones
}

type target struct {
	name    string
	health  Health
	pause   time.Time // it asked for no requests before
	lines   map[string]*line
	pending int
	flying  int // ordinary requests under way
}

type line struct {
	jobs   []*Job // the first may be under way
	flying bool
	urgent bool // the request under way was started as urgent
	pages  int  // pages that have not been reported on
}

// New makes an empty plan for targets. random returns numbers in [0, 1).
func New(random func() float64, targets ...string) *Plan {
	p := &Plan{random: random}
	for _, name := range targets {
		p.targets = append(p.targets, &target{name: name, lines: make(map[string]*line)})
	}
	return p
}

func (p *Plan) target(name string) *target {
	for _, t := range p.targets {
		if t.name == name {
			return t
		}
	}
	return nil
}

// Pending returns how many deliveries wait for a target.
func (p *Plan) Pending(name string) int { return p.target(name).pending }

// Health returns what is known of a target.
func (p *Plan) Health(name string) Health { return p.target(name).health }

// Enable forgets what was against a target: it is disabled or failing no more,
// and what waits for it is tried soon.
func (p *Plan) Enable(now time.Time, name string) {
	t := p.target(name)
	t.health, t.pause = Health{}, time.Time{}
	t.soon(now, p.random)
}

// SetHealth says what is known of a target from a run before.
func (p *Plan) SetHealth(name string, h Health) {
	p.target(name).health = h
}

// Add puts a delivery at the end of its line. The caller keeps to MaxPending,
// and adds in the order of serial numbers.
func (p *Plan) Add(j Job) {
	t := p.target(j.Target)
	l := t.lines[j.Incident]
	if l == nil {
		l = new(line)
		t.lines[j.Incident] = l
	}
	l.jobs = append(l.jobs, &j)
	if j.Page && !j.Told {
		l.pages++
	}
	t.pending++
}

// Remove takes out a delivery that is not under way.
func (p *Plan) Remove(k Key, incident string) {
	t := p.target(k.Target)
	l := t.lines[incident]
	if l == nil {
		return
	}
	i := slices.IndexFunc(l.jobs, func(j *Job) bool { return j.Key == k })
	if i < 0 || i == 0 && l.flying {
		return
	}
	t.drop(l, i)
}

func (t *target) drop(l *line, i int) {
	j := l.jobs[i]
	if j.Page && !j.Told {
		l.pages--
	}
	l.jobs = slices.Delete(l.jobs, i, i+1)
	t.pending--
	if len(l.jobs) == 0 {
		delete(t.lines, j.Incident)
	}
}

// Told reports whether a page's failure has been reported, or it waits no more.
func (p *Plan) Told(k Key, incident string) bool {
	l := p.target(k.Target).lines[incident]
	if l == nil {
		return true
	}
	i := slices.IndexFunc(l.jobs, func(j *Job) bool { return j.Key == k })
	return i < 0 || l.jobs[i].Told
}

// failing reports whether the target is known not to answer.
func (t *target) failing(now time.Time) bool {
	return !t.health.FailingSince.IsZero() && now.Sub(t.health.LastTry) <= Idle
}

package plan

import "time"

// Verdict is what came of a request.
type Verdict struct {
	OK         bool
	Gone       bool          // the target says that it wants no more
	RetryAfter time.Duration // the target asks to be left alone for so long
}

// State says how a delivery stands.
type State string

// The states.
const (
	Waiting   State = "waiting"
	Delivered State = "delivered"
	Failed    State = "failed" // given up
)

// Outcome is what a verdict comes to.
type Outcome struct {
	Job           // as it stands now
	State   State // Delivered and Failed: it is out of the plan
	Tell    bool  // report the page's failure
	Changed bool  // the target's health is another
}

// Why a target is disabled.
const (
	WhyGone    = "410 Gone: it wants no more"
	WhyFailing = "it failed for three days"
)

// Finish takes the verdict on a delivery that is under way.
func (p *Plan) Finish(now time.Time, k Key, incident string, v Verdict) Outcome {
	t := p.target(k.Target)
	l := p.landed(t, incident)
	j := l.jobs[0]
	j.Tries++
	before := t.health
	if v.OK {
		t.succeeded(now, p.random)
		t.drop(l, 0)
		return Outcome{Job: *j, State: Delivered, Changed: before != t.health}
	}
	t.failed(now, v)
	o := Outcome{State: Waiting, Changed: true}
	if j.Page && !j.Told {
		j.Told, o.Tell = true, true
		l.pages--
	}
	if t.health.Disabled != "" || now.Sub(j.Accepted) >= GiveUp {
		o.State = Failed
		t.drop(l, 0)
	} else {
		j.Due = now.Add(max(p.backoff(j.Tries), asked(v)))
		if last := j.Accepted.Add(GiveUp); j.Due.After(last) {
			j.Due = last
		}
	}
	o.Job = *j
	return o
}

// Abandon takes back a delivery whose request was broken off by our own end: it
// counts as not tried.
func (p *Plan) Abandon(k Key, incident string) { p.landed(p.target(k.Target), incident) }

func (p *Plan) landed(t *target, incident string) *line {
	l := t.lines[incident]
	l.flying = false
	p.flying--
	if !l.urgent {
		p.ordered--
		t.flying--
	}
	return l
}

// succeeded ends a failure, if there was one: what waited for the target is
// then tried soon, and not at one moment.
func (t *target) succeeded(now time.Time, random func() float64) {
	t.pause = time.Time{}
	if t.health.FailingSince.IsZero() {
		return
	}
	t.health.FailingSince, t.health.LastTry = time.Time{}, now
	t.soon(now, random)
}

// soon has what waits tried within WakeSpread.
func (t *target) soon(now time.Time, random func() float64) {
	for _, l := range t.lines {
		soon := now.Add(time.Duration(random() * float64(WakeSpread)))
		if !l.flying && l.jobs[0].Due.After(soon) {
			l.jobs[0].Due = soon
		}
	}
}

func (t *target) failed(now time.Time, v Verdict) {
	h := &t.health
	if !t.failing(now) {
		h.FailingSince = now
	}
	h.LastTry = now
	if until := now.Add(asked(v)); until.After(t.pause) {
		t.pause = until
	}
	switch {
	case h.Disabled != "":
	case v.Gone:
		h.Disabled, h.Since = WhyGone, now
	case now.Sub(h.FailingSince) >= DisableAfter:
		h.Disabled, h.Since = WhyFailing, now
	}
}

// asked bounds what a target may ask for: it must not silence us for longer
// than our own longest pause.
func asked(v Verdict) time.Duration { return min(v.RetryAfter, MaxBackoff) }

// backoff is the pause after so many tries.
func (p *Plan) backoff(tries int) time.Duration {
	most := MaxBackoff
	if n := tries - 1; n < 16 { // beyond that the doubling is above the bound for long
		most = min(MaxBackoff, FirstBackoff<<n)
	}
	return most/2 + time.Duration(p.random()*float64(most/2))
}

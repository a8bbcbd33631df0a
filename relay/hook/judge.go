package hook

import (
	"fmt"
	"time"

	"crossband/proto"
)

// Practice says what an exercise does.
type Practice uint8

// What an exercise does. The zero Practice logs it.
const (
	PracticeLogged Practice = iota
	PracticeRings           // as an exercise, shown as one
)

// Policy says what of a source's alerts calls somebody.
type Policy struct {
	Practice Practice
	Least    Severity       // what is below does not ring; Unknown always does
	Most     proto.Priority // no hail is of a higher class; 0: no limit but the charter's
}

// Verdict says whether an alert rings, and why not.
type Verdict struct {
	Rings    bool
	Exercise bool
	Urgency  proto.Priority
	Why      string // one sentence, when it does not ring
}

// Judge decides about an alert for itself, whatever came before it. It is pure. An
// update that rings does so only when what it updates is not known, or rings no more.
func Judge(a *Alert, p Policy, now time.Time) Verdict {
	silent := func(format string, args ...any) Verdict { return Verdict{Why: fmt.Sprintf(format, args...)} }
	switch {
	case a.Kind == KindNotice:
		return silent("it acknowledges or reports, and calls nobody")
	case a.Status == Exercise && p.Practice == PracticeLogged:
		return silent("its status is Exercise, and this source's exercises are logged only")
	case a.Status != Actual && a.Status != Exercise:
		return silent("its status is %s, which never rings", a.Status)
	case a.Kind == KindCancel:
		v := p.verdict(a)
		v.Rings, v.Why = false, "it ends what it cancels, and calls nobody"
		return v
	case !a.Expires.IsZero() && !now.Before(a.Expires):
		return silent("it expired at %s", a.Expires.UTC().Format(time.RFC3339))
	case a.AllClear:
		return silent("it says that its subject is over")
	case a.Severity != Unknown && a.Severity < p.Least && !a.Distress:
		return silent("its severity is %s, and this source rings from %s on", a.Severity, p.Least)
	}
	return p.verdict(a)
}

// verdict is that of an alert that rings.
func (p Policy) verdict(a *Alert) Verdict {
	v := Verdict{Rings: true, Exercise: a.Status == Exercise, Urgency: a.urgency()}
	if p.Most != 0 {
		v.Urgency = min(v.Urgency, p.Most)
	}
	return v
}

// Limits of lateness: an alert that lives so short is late when it is raised so
// long after it was sent (SASMEX alerts live 60 s).
const (
	shortLife = 5 * time.Minute
	lateAfter = 5 * time.Second
)

// late returns how late a short-lived alert is; 0 for in time, and for one that
// lives long or does not say when it was sent.
func (a *Alert) late(now time.Time) time.Duration {
	if a.Sent.IsZero() || a.Expires.IsZero() || a.Expires.Sub(a.Sent) > shortLife {
		return 0
	}
	if age := now.Sub(a.Sent); age > lateAfter {
		return age
	}
	return 0
}

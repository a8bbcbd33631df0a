package proto

import "time"

// Span is the time in which a channel may run.
type Span struct {
	Begins time.Time
	End    End
}

// End says when a channel ends, and why.
type End struct {
	At     time.Time
	Reason Reason
	Detail string
}

// Refusal is what is said to who comes too late.
func (e End) Refusal() *Refusal { return Refuse(e.Reason, e.Detail) }

// sooner makes at the end if it is not later.
func (e *End) sooner(at time.Time, why Reason, detail string) {
	if !at.After(e.At) {
		*e = End{at, why, detail}
	}
}

// Span returns the time in which a channel may run, as of a moment: within its
// charter, while revisions of its agreement that follow each other permit it, and up
// to a party's withdrawal. What is over at that moment does not count, so a charter
// for a revision that is yet to begin has its time with that revision; and a channel
// that one revision allows no more may have another time under a later one. When
// nothing is left, it is the last time that there was.
//
// running says that the channel has been let in before: what came late gives such a
// one a countdown from when it came. A channel whose agreement is not held has ended.
func (p Pacts) Span(c *Charter, now time.Time, running bool) Span {
	s := Span{c.NotBefore, End{c.Expires, ReasonClosed, "ended " + stamp(c.Expires)}}
	if !c.NeedsAgreement() {
		return s
	}
	pact := p[c.Agreement]
	if pact == nil {
		s.End = End{time.Time{}, ReasonNoAgreement, c.Agreement.Short()}
		return s
	}
	from, end := pact.permitted(c, Later(now, c.NotBefore), running)
	s.Begins = Later(s.Begins, from)
	s.End.sooner(end.At, end.Reason, end.Detail)
	for i := range pact.Withdrawals {
		w := &pact.Withdrawals[i]
		s.End.sooner(w.end(pact.Revisions[0].Countdown), ReasonWithdrawn, w.said(pact.Revisions[0].Title))
	}
	return s
}

// Running returns when a channel ends that has been let in and runs at now: now, if it
// may run later only.
func (p Pacts) Running(c *Charter, now time.Time) End {
	s := p.Span(c, now, true)
	if err := p.Covers(c, now); err != nil && now.Before(s.Begins) {
		why := AsRefusal(err)
		return End{now, why.Reason, why.Detail}
	}
	return s.End
}

// permitted returns from when to when revisions that follow each other without a gap
// permit a charter: the first such time that is not over at now, or else the last.
func (p *Pact) permitted(c *Charter, now time.Time, running bool) (from time.Time, end End) {
	list := p.inTurn()
	from = list[0].Begins
	if err := list[0].permits(c); err != nil { // what it followed, which is not held any more, may have
		end = list[0].forbids(err)
		first := len(list) == 1 || now.Before(list[1].Begins)
		if running && first && now.Before(end.At) {
			return from, end
		}
	}
	for i := 0; i < len(list); i++ {
		if list[i].permits(c) != nil {
			continue
		}
		from = list[i].Begins
		for end = list[i].over(); i+1 < len(list) && !list[i].Ends.Before(list[i+1].Begins); end = list[i].over() {
			i++
			if err := list[i].permits(c); err != nil {
				end = list[i].forbids(err)
				break
			}
		}
		if now.Before(end.At) {
			break
		}
	}
	return from, end
}

// inTurn lists the revisions that are in force one after the other. One that is to
// begin when a later one has begun never is.
func (p *Pact) inTurn() (list []*HeldRevision) {
	for i := range p.Revisions {
		r := &p.Revisions[i]
		for len(list) > 0 && !r.Begins.After(list[len(list)-1].Begins) {
			list = list[:len(list)-1]
		}
		list = append(list, r)
	}
	return list
}

// over is the end that a revision's own end makes.
func (r *HeldRevision) over() End {
	return End{r.Ends, ReasonWithdrawn, "\"" + r.Title + "\" ended " + stamp(r.Ends)}
}

// forbids is the end that a revision makes which does not permit a channel.
func (r *HeldRevision) forbids(why error) End {
	return End{Later(r.Begins, r.Came.Add(r.Countdown)), ReasonAgreement, AsRefusal(why).Detail}
}

// Later returns the later of two times.
func Later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

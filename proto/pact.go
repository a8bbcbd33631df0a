package proto

import (
	"slices"
	"time"
)

// Pacts are the agreements held at one place, by their identifiers. A relay's hub
// and every endpoint keep their own and ask them the same questions, so that
// neither can let pass what the other would refuse.
type Pacts map[AgreementID]*Pact

// Pact is one agreement as it stands here.
type Pact struct {
	Revisions   []HeldRevision   // rising; the first is in force, or will be first
	Withdrawals []HeldWithdrawal // at most one of each party, its soonest
}

// HeldRevision is a revision that every party has signed, and since when it is held.
type HeldRevision struct {
	Agreement
	Came time.Time
}

// HeldWithdrawal is a party's withdrawal, and since when it is held: one that hastens
// another may count as held before it came, see TakeWithdrawal.
type HeldWithdrawal struct {
	Withdrawal
	Came time.Time
}

// MaxRevisionsAhead bounds the revisions held of one agreement: the one in force
// and those that follow it.
const MaxRevisionsAhead = 4

// Take enters a revision whose signatures have been judged. It replaces the one
// before as soon as it begins; what it replaces at once is returned.
//
// An older revision is refused, and one of what a party has withdrawn from; and so is
// one with other parties: whoever was asked for the first is asked for every later
// one.
func (p Pacts) Take(a Agreement, came time.Time) (replaced []uint32, err error) {
	old := p[a.ID]
	if old == nil {
		p[a.ID] = &Pact{Revisions: []HeldRevision{{a, came}}}
		return nil, nil
	}
	last := old.Revisions[len(old.Revisions)-1]
	switch w := old.Withdrawn(); {
	case w != nil:
		return nil, Refuse(ReasonWithdrawn, w.said(a.Title))
	case a.Revision == last.Revision:
		return nil, Refusef(ReasonConflict, "revision %d of %q is held with another text", a.Revision, a.Title)
	case a.Revision < last.Revision:
		return nil, Refusef(ReasonAgreement, "revision %d of %q; revision %d is held", a.Revision, a.Title, last.Revision)
	case !sameSet(a.Parties, last.Parties):
		return nil, Refusef(ReasonAgreement, "revision %d of %q has other parties: that takes a new agreement", a.Revision, a.Title)
	}
	list := append(slices.Clone(old.Revisions), HeldRevision{a, came})
	for i := len(list) - 1; i > 0; i-- {
		if came.Before(list[i].Begins) {
			continue
		}
		for _, r := range list[:i] { // a later one has begun
			replaced = append(replaced, r.Revision)
		}
		list = list[i:]
		break
	}
	if len(list) > MaxRevisionsAhead {
		return nil, Refusef(ReasonQuota, "%d revisions of %q wait to begin", len(list), a.Title)
	}
	p[a.ID] = &Pact{list, old.Withdrawals}
	return replaced, nil
}

func sameSet[T comparable](a, b []T) bool { return subset(a, b) && subset(b, a) }

// TakeWithdrawal enters a withdrawal whose signature has been judged. A party may
// hasten its own, and never put it off; one that would change nothing, because the
// agreement has ended by then, is refused.
func (p Pacts) TakeWithdrawal(w Withdrawal, came time.Time) error {
	old := p[w.Agreement]
	if old == nil {
		return Refusef(ReasonNoAgreement, "a withdrawal from agreement %s, which is not held", w.Agreement.Short())
	}
	if !old.Revisions[0].HasParty(w.By) {
		return Refusef(ReasonAgreement, "%s is no party of %q", w.By, old.Revisions[0].Title)
	}
	if last := p.Last(w.Agreement); !w.At.Before(last) {
		return Refusef(ReasonAgreement, "%q ends %s, not after a withdrawal as of %s", old.Revisions[0].Title, stamp(last), stamp(w.At))
	}
	list := slices.Clone(old.Withdrawals)
	i := slices.IndexFunc(list, func(h HeldWithdrawal) bool { return h.By == w.By })
	switch {
	case i < 0:
		list = append(list, HeldWithdrawal{w, came})
	case w.At.Before(list[i].At) && came.Before(list[i].At):
		warn := old.Revisions[0].Countdown
		if end := list[i].end(warn); came.Add(warn).After(end) {
			came = end.Add(-warn) // the countdown that runs is not begun again
		}
		list[i] = HeldWithdrawal{w, came}
	default:
		return Refusef(ReasonWithdrawn, "%s has withdrawn from %q as of %s before", w.By, old.Revisions[0].Title, stamp(list[i].At))
	}
	p[w.Agreement] = &Pact{old.Revisions, list}
	return nil
}

// end is when the withdrawal ends what runs.
func (w *HeldWithdrawal) end(countdown time.Duration) time.Time {
	return Later(w.At, w.Came.Add(countdown))
}

// WithdrawalOf returns a party's withdrawal, or nil.
func (p *Pact) WithdrawalOf(party Agency) *HeldWithdrawal {
	i := slices.IndexFunc(p.Withdrawals, func(w HeldWithdrawal) bool { return w.By == party })
	if i < 0 {
		return nil
	}
	return &p.Withdrawals[i]
}

// Current returns the revision in force at now: the newest that has begun, or the
// first to begin.
func (p *Pact) Current(now time.Time) *Agreement {
	i := len(p.Revisions) - 1
	for i > 0 && now.Before(p.Revisions[i].Begins) {
		i--
	}
	return &p.Revisions[i].Agreement
}

// Holds reports whether the very text of a revision is held.
func (p Pacts) Holds(a *Agreement) bool {
	pact := p[a.ID]
	return pact != nil && slices.ContainsFunc(pact.Revisions, func(r HeldRevision) bool { return r.Revision == a.Revision && r.Digest == a.Digest })
}

// Concern reports whether an agency signs an agreement that is held.
func (p Pacts) Concern(id AgreementID, agency Agency) bool {
	pact := p[id]
	return pact != nil && slices.ContainsFunc(pact.Revisions, func(r HeldRevision) bool { return slices.Contains(r.Signers(), agency) })
}

// Last returns when the last revision held of an agreement ends.
func (p Pacts) Last(id AgreementID) (last time.Time) {
	if pact := p[id]; pact != nil {
		for _, r := range pact.Revisions {
			last = Later(last, r.Ends)
		}
	}
	return last
}

// Withdrawn returns the withdrawal that counts first, or nil.
func (p *Pact) Withdrawn() (first *HeldWithdrawal) {
	for i := range p.Withdrawals {
		if w := &p.Withdrawals[i]; first == nil || w.At.Before(first.At) {
			first = w
		}
	}
	return first
}

// Check refuses an agreement that is not in force at now.
func (p *Pact) Check(now time.Time) error {
	if w := p.Withdrawn(); w != nil && !now.Before(w.At) {
		return Refuse(ReasonWithdrawn, w.said(p.Revisions[0].Title))
	}
	return p.Current(now).Check(now)
}

func (w *HeldWithdrawal) said(title string) string {
	s := string(w.By) + " has withdrawn from \"" + title + "\" as of " + stamp(w.At)
	if w.Why != "" {
		s += ": " + w.Why
	}
	return s
}

// NeedsAgreement reports whether a channel must rest on an agreement: it has more
// than one agency, or its charter names one.
func (c *Charter) NeedsAgreement() bool {
	return len(c.Parties) > 1 || len(c.Template) > 1 || c.Agreement != AgreementID{}
}

// Covers refuses a charter between agencies that rests on no agreement in force:
// no agreement, no channel.
func (p Pacts) Covers(c *Charter, now time.Time) error {
	if !c.NeedsAgreement() {
		return nil
	}
	if c.Agreement == (AgreementID{}) {
		return Refusef(ReasonNoAgreement, "the charter of %q names none", c.Title)
	}
	pact := p[c.Agreement]
	if pact == nil {
		return Refusef(ReasonNoAgreement, "%s, on which %q rests, is not held", c.Agreement.Short(), c.Title)
	}
	if err := pact.Check(now); err != nil {
		return err
	}
	return pact.Current(now).permits(c)
}

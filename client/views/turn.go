package views

import "time"

// How often members beat. A group of up to Voices members hears each of them
// in every Interval; of a larger one about Voices beat in each, whatever its
// size, so that a beat's cost to the channel stays the same.
const (
	Interval = 15 * time.Second
	Voices   = 16
	// MinGap is the least time between two beats of one member. Relays hold a
	// member to it (relay/hub).
	MinGap = 5 * time.Second
	// epochWait and epochSpread put the beat that follows a new epoch 1 to 5 s
	// after it: the others have the commit by then, and they do not all speak
	// at once.
	epochWait   = time.Second
	epochSpread = 4 * time.Second
	// quorum is how many others must have agreed with us within an Interval
	// before we leave the word to those whose turn it is.
	quorum = Voices / 2
)

// rounds is after how many intervals every one of n members has had its turn.
func rounds(n int) int { return max(1, (n+Voices-1)/Voices) }

// myTurn reports whether the member at a place among n, in the order of the
// leaves, beats in the interval that holds t.
func myTurn(place, n int, t time.Time) bool {
	r := rounds(n)
	return place%r == int(intervalOf(t)%int64(r))
}

func intervalOf(t time.Time) int64 { return t.Unix() / int64(Interval/time.Second) }

// nextInterval returns when the interval after the one that holds t begins.
func nextInterval(t time.Time) time.Time {
	return time.Unix((intervalOf(t)+1)*int64(Interval/time.Second), 0)
}

// pace is when this member beats next.
type pace struct {
	due   time.Time // the regular beat of the running interval
	extra time.Time // one besides: after a new epoch, or put off by MinGap; zero: none
	last  time.Time // our last beat
	owed  bool      // our turn has come and we have not beaten since
}

// soon asks for a beat shortly after now, unless one is asked for already:
// however fast epochs follow each other, a beat comes.
func (p *pace) soon(now time.Time, pick func(time.Duration) time.Duration) {
	if p.extra.IsZero() {
		p.extra = now.Add(epochWait + pick(epochSpread))
	}
}

// Soon asks for a beat within 5 s, for instance because a link is new.
func (b *Book) Soon(now time.Time) { b.pace.soon(now, b.pick) }

// Due reports whether this member beats now, and if so takes it as done. It is
// asked about once a second.
func (b *Book) Due(now time.Time) bool {
	p := &b.pace
	if p.due.IsZero() {
		p.due = now.Add(b.pick(Interval))
	}
	due, extra := !now.Before(p.due), !p.extra.IsZero() && !now.Before(p.extra)
	if due {
		p.owed = p.owed || myTurn(b.place, b.size, now)
		p.due = nextInterval(now).Add(b.pick(Interval - time.Second)) // asked within its own interval
	}
	if extra {
		p.extra = time.Time{}
		p.owed = p.owed || b.size <= Voices
	}
	switch {
	case !due && !extra, !p.owed && b.agreeing(now) >= quorum:
		return false
	case now.Sub(p.last) < MinGap:
		p.extra = p.last.Add(MinGap)
		return false
	}
	p.last, p.owed = now, false
	return true
}

// agreeing counts the others who have confirmed our present view within an
// Interval. While they are few, we speak up out of turn: the roster's other
// members may be off, or we are one of few in a fork, and the many must hear.
func (b *Book) agreeing(now time.Time) (n int) {
	for _, m := range b.members {
		if m.epoch == b.epoch && !m.agreed.IsZero() && now.Sub(m.agreed) < Interval {
			n++
		}
	}
	return n
}

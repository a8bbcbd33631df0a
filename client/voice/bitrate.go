package voice

import "time"

// LeastBitrate is as low as a talker goes, bits a second. RFC 6716 section 2.1.1
// gives 8 kbit/s as the lower end for speech of narrow band; below it speech
// falls apart, and the packet around it costs four times as much anyway.
const LeastBitrate = 8_000

// bitrates are the steps from the best to the least.
func bitrates() [5]int { return [...]int{DefaultBitrate, 20_000, 16_000, 12_000, LeastBitrate} }

// repairing is the last step at which Opus repeats the gist of the frame before;
// below it has no bits for that.
const repairing = 1

// How fast the steps go.
const (
	fallEvery  = 2 * time.Second  // down: for so long a step may take to show
	riseEvery  = 5 * time.Second  // up, at first
	riseRegret = 10 * time.Second // strain so soon after a rise doubles that,
	riseMost   = time.Minute      // up to this
	strainLife = time.Minute      // nobody says anything any more: it has eased
	judgeAfter = 10 * time.Second // at the least bit rate: whether that has helped
	firmFor    = time.Minute      // it has not: repairing does more, for so long
)

// Side is who says that voice is lost on its way.
type Side uint8

// Voice is lost before the relay, or after it. That one side has nothing to complain of
// says nothing of the other.
const (
	OwnLink   Side = iota // our link to our relay
	Listeners             // the links behind it, of which the relay tells
	sides
)

// Bitrate decides how many bits a second a talker spends on Opus, from what is said
// of how its voice fares. Whatever that is, it stays between LeastBitrate
// and DefaultBitrate. The zero Bitrate has heard nothing and spends DefaultBitrate.
type Bitrate struct {
	step  int
	moved time.Time // to this step
	rose  bool      // by that move
	wait  time.Duration
	sides [sides]complaint
	firm  time.Time // until when it goes no lower than repairing
}

// complaint is what one side has said.
type complaint struct {
	strained  bool
	told      time.Time
	high, low mean // of what was lost with repairing, and at the least bit rate
}

// mean is that of what was added.
type mean struct{ sum, n int }

func (m *mean) add(x int) { m.sum, m.n = m.sum+x, m.n+1 }

// strained reports whether either side complains.
func (b *Bitrate) strained() bool {
	for _, c := range b.sides {
		if c.strained {
			return true
		}
	}
	return false
}

// Strained takes in that so much of the voice is lost on one side, per mille, or with
// 0 that it has eased there.
func (b *Bitrate) Strained(by Side, lost int, now time.Time) {
	b.settle(now)
	was, c := b.strained(), &b.sides[by]
	c.strained, c.told = lost > 0, now
	switch {
	case was && !b.strained():
		b.moved, b.rose = now, false // the first rise is a wait away
	case lost <= 0:
	case b.At(now) == LeastBitrate:
		c.low.add(lost)
		b.judge(now)
	default:
		b.fall(c, was, lost, now)
	}
}

// fall goes down by a step when it is time to.
func (b *Bitrate) fall(c *complaint, was bool, lost int, now time.Time) {
	if b.step == 0 {
		b.forgetLosses()
	}
	if b.step <= repairing {
		c.high.add(lost)
	}
	switch {
	case b.step >= repairing && now.Before(b.firm):
	case b.step == 0 || b.rose || now.Sub(b.moved) >= fallEvery:
		if b.rose && now.Sub(b.moved) < riseRegret {
			b.wait = min(2*b.wait, riseMost)
		} else if !was {
			b.wait = riseEvery
		}
		b.step, b.moved, b.rose = b.step+1, now, false
	}
}

func (b *Bitrate) forgetLosses() {
	for i := range b.sides {
		b.sides[i].high, b.sides[i].low = mean{}, mean{}
	}
}

// judge gives the least bit rate up if on both sides about as much is lost at it as was
// with more: then it is lost by chance and not because a link is full, and what Opus
// repeats does more for those who lose it.
func (b *Bitrate) judge(now time.Time) {
	if now.Sub(b.moved) < judgeAfter {
		return
	}
	for _, c := range b.sides {
		if c.helped() {
			return
		}
	}
	b.step, b.moved, b.rose, b.firm = repairing, now, false, now.Add(firmFor)
	b.forgetLosses()
}

// helped reports whether the least bit rate has been a help to one side.
func (c *complaint) helped() bool {
	const part, of = 3, 4 // less than this of what was lost before is a help
	return c.low.sum*c.high.n*of < c.high.sum*c.low.n*part
}

// At returns what is to be spent now.
func (b *Bitrate) At(now time.Time) int {
	b.settle(now)
	return bitrates()[b.step]
}

// settle forgets what nobody says any more, and goes up by the steps that are due.
func (b *Bitrate) settle(now time.Time) {
	was := b.strained()
	for i := range b.sides {
		if c := &b.sides[i]; c.strained && now.Sub(c.told) >= strainLife {
			c.strained = false
		}
	}
	if was && !b.strained() {
		*b = Bitrate{}
	}
	for !b.strained() && b.step > 0 && now.Sub(b.moved) >= b.wait {
		b.step, b.moved, b.rose = b.step-1, b.moved.Add(b.wait), true
	}
}

// Limited is a Source or an Encoder whose bit rate can be lowered and raised
// again while it works. What cannot (G.711, a file of packets) is not one.
type Limited interface {
	// Limit sets the bits a second from the next frame on. What lies outside
	// LeastBitrate to DefaultBitrate is taken for the nearer of the two.
	Limit(bits int)
}

// limit passes a limit on to an encoder that can keep to one.
func limit(enc Encoder, bits int) {
	if l, ok := enc.(Limited); ok {
		l.Limit(bits)
	}
}

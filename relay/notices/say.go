package notices

import (
	"time"

	"crossband/proto"
)

// sayRate is how often a change of one aspect of one partner's relay is told: a line of
// the record each. What goes beyond is told together.
func sayRate() proto.Rate { return proto.Rate{PerSecond: 1.0 / 600, Burst: 4} }

// saying is what has been told of one aspect.
type saying struct {
	bucket proto.Bucket
	waits  *Seen // to be told when the rate allows it; nil: nothing
}

// say tells of a change, or keeps it for later.
func (p *partner) say(now time.Time, s Seen, n *News) {
	if p.said == nil {
		p.said = make(map[Aspect]*saying)
	}
	of := p.said[s.What]
	if of == nil {
		of = new(saying)
		p.said[s.What] = of
	}
	switch {
	case of.waits != nil:
		of.waits.join(s.Change)
		of.waits.Alarm, of.waits.Late = of.waits.Alarm || s.Alarm, of.waits.Late && s.Late
	case of.bucket.TakeIf(now, sayRate(), 1):
		n.Changes = append(n.Changes, s)
	default:
		of.waits = &s
	}
}

// sayLater tells what has waited for long enough.
func (p *partner) sayLater(now time.Time, n *News) {
	for _, what := range aspects() {
		if of := p.said[what]; of != nil && of.waits != nil && of.bucket.TakeIf(now, sayRate(), 1) {
			n.Changes = append(n.Changes, *of.waits)
			of.waits = nil
		}
	}
}

// join counts a later change in. What is there again as it was before the first has
// not been there all the time: After stays what it had become.
func (c *Change) join(later Change) {
	if later.After != c.Before {
		c.After = later.After
	}
	c.At, c.Why, c.Times = later.At, later.Why, c.Times+later.Times
	if c.Notice != later.Notice {
		c.Notice = proto.NoticeID{}
	}
}

package hook

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"crossband/proto"
)

// Inbox takes alerts in and has them raised. Run must run for anything to
// happen.
type Inbox struct {
	journal Journal
	limits  Limits
	log     *slog.Logger
	clock   func() time.Time
	asks    chan ask
	returns chan messageReturned
	ended   chan struct{} // closed when Run has ended

	// Run's, and no one else's.
	ledger    *ledger
	broken    error
	under     [lanes]*errand     // what the raiser is at; nil: nothing
	waits     map[Key]*patience  // errands that failed
	doubts    []Key              // hails of the last run that may not have gone out
	unwritten []messageReturned  // the journal had no room for them
	errands   [lanes]chan func() // to the raiser
	done      chan errandOutcome // from it
}

// ask is a delivery that waits for its answer.
type ask struct {
	source   *Source
	delivery string
	digest   Key
	alerts   []Alert
	answer   chan answer // of one
}

type answer struct {
	results []Result
	err     error
}

type messageReturned struct {
	id  proto.MessageID
	why string
}

// lane is one of two that do not wait for each other: no number of texts, and no
// text that hangs, holds up a hail.
type lane int

const (
	raising lane = iota
	telling      // updates and ends, and whether hails are known
	lanes
)

// errand is what a raiser is at.
type errand struct {
	lane  lane
	key   Key
	sends []proto.MessageID
	doubt bool   // only whether a hail is known is asked
	back  string // what it sends has come back meanwhile: why
}

type errandOutcome struct {
	*errand
	err error
}

// patience is when an errand is tried again.
type patience struct {
	next time.Time
	wait time.Duration
}

// Bounds of an inbox's queues, and its times.
const (
	maxAsks    = 1024 // deliveries that wait to be written; beyond it ErrBusy
	maxBatch   = 256  // deliveries of one write
	tickEach   = 500 * time.Millisecond
	errandLife = 15 * time.Second
	againFirst = time.Second
	againMost  = 15 * time.Second
	writeLife  = 10 * time.Second
)

// Open reads the journal. clock is the time of day; nil is time.Now.
func Open(ctx context.Context, j Journal, l Limits, log *slog.Logger, clock func() time.Time) (*Inbox, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if clock == nil {
		clock = time.Now
	}
	b := &Inbox{
		journal: j, limits: l.filled(), log: log, clock: clock, asks: make(chan ask, maxAsks), returns: make(chan messageReturned, maxAsks),
		ended: make(chan struct{}), waits: make(map[Key]*patience), done: make(chan errandOutcome),
	}
	for i := range b.errands {
		b.errands[i] = make(chan func())
	}
	if err := b.load(ctx); err != nil {
		return b, err
	}
	b.doubts = b.ledger.doubtful(clock())
	return b, nil
}

// Accept takes the alerts of one delivery in. When it returns results they are on
// disk, and what is to be raised will be, once, whatever happens to this process.
// delivery is the delivery's own identifier, digest that of its body: the same
// identifier with another body is a conflict. An error leaves nothing behind that
// sending again would not put right; a Fault says that sending again is of no use.
func (b *Inbox) Accept(ctx context.Context, src *Source, delivery string, digest [32]byte, alerts []Alert) ([]Result, error) {
	for i := range alerts { // a journal that cannot hold one must still hold the others
		if _, err := json.Marshal(&alerts[i]); err != nil {
			return nil, fault("alert", "%s cannot be kept: %v", line(alerts[i].ID, maxEvent), err)
		}
	}
	a := ask{src, delivery, digest, alerts, make(chan answer, 1)}
	select {
	case b.asks <- a:
	default:
		return nil, ErrBusy
	}
	select {
	case out := <-a.answer:
		return out.results, out.err
	case <-b.ended:
		return nil, ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Returned tells that a hail, a text or a reply which a Raiser had on its way was not
// taken. It is sent again, a hail under another identifier.
func (b *Inbox) Returned(ctx context.Context, id proto.MessageID, why string) {
	select {
	case b.returns <- messageReturned{id, why}:
	case <-b.ended:
	case <-ctx.Done():
	}
}

// Run takes in and raises until ctx ends. It returns nil then, and ErrBroken when
// the journal cannot be written: nothing is acknowledged after that. It runs once.
func (b *Inbox) Run(ctx context.Context, r Raiser) error {
	defer close(b.ended)
	ctx, cancel := context.WithCancel(ctx)
	var group sync.WaitGroup
	defer func() { cancel(); group.Wait() }()
	for _, errands := range b.errands {
		group.Go(func() { serve(ctx, errands) }) // ends with ctx
	}
	tick := time.NewTicker(tickEach)
	defer tick.Stop()
	for {
		for way := range lanes {
			b.dispatch(ctx, r, way)
		}
		select {
		case <-ctx.Done():
			return nil
		case a := <-b.asks:
			b.takeIn(ctx, a)
		case o := <-b.done:
			b.under[o.lane] = nil
			delete(b.ledger.atWork, o.key)
			b.settle(ctx, o)
		case h := <-b.returns:
			b.takeBack(ctx, h)
		case <-tick.C:
			again := b.unwritten
			b.unwritten = nil
			for _, h := range again {
				b.takeBack(ctx, h)
			}
			for _, lost := range b.ledger.tick(b.clock()) {
				delete(b.waits, lost.key)
				b.log.Error("given up: "+lost.Op.lost(), "source", lost.Source, "incident", b.ledger.incidentOf(lost), "why", lost.Why)
			}
			b.write(ctx)
		}
		if b.broken != nil {
			return fmt.Errorf("%w: %w", ErrBroken, b.broken)
		}
	}
}

// serve runs a raiser's errands until ctx ends.
func serve(ctx context.Context, errands <-chan func()) {
	for {
		select {
		case do := <-errands:
			do()
		case <-ctx.Done():
			return
		}
	}
}

// takeIn decides about a delivery, and about others that wait, and answers after
// one write for all.
func (b *Inbox) takeIn(ctx context.Context, first ask) {
	batch := []ask{first}
	for len(batch) < maxBatch {
		select {
		case a := <-b.asks:
			batch = append(batch, a)
			continue
		default:
		}
		break
	}
	now := b.clock()
	answers, room := make([]answer, len(batch)), b.ledger.room()
	for i, a := range batch {
		if !room.take(a) {
			answers[i].err = ErrFull
			continue
		}
		answers[i].results = b.ledger.deliver(now, a)
	}
	err := b.write(ctx)
	for i, a := range batch {
		if err != nil {
			answers[i] = answer{nil, err}
		}
		for _, r := range answers[i].results {
			b.tell(a.source, r)
		}
		a.answer <- answers[i]
	}
}

// tell writes a line for what is new. What is repeated or held comes in numbers.
func (b *Inbox) tell(src *Source, r Result) {
	if r.Outcome != Duplicate && r.Outcome != Held {
		b.log.Info("alert", "source", src.Name, "sender", r.Sender, "id", r.ID, "kind", r.Kind.String(), "outcome", string(r.Outcome), "rings", r.Rings, "exercise", r.Exercise, "why", r.Why)
	}
}

// deliver decides about the alerts of a delivery.
func (l *ledger) deliver(now time.Time, a ask) (results []Result) {
	k := keyOf(forDelivery, a.source.Name, a.delivery)
	if old := l.records[k]; old != nil && old.Digest != a.digest {
		for _, x := range a.alerts {
			results = append(results, Result{Sender: x.Sender, ID: x.ID, Outcome: Conflict, Why: "the delivery's identifier came with another body"})
		}
		return results
	}
	for i := range a.alerts {
		results = append(results, l.decide(now, a.source, &a.alerts[i]))
	}
	if l.records[k] == nil && a.delivery != "" {
		l.seq++
		r := &record{key: k, Source: a.source.Name, Digest: a.digest, Received: now, Seq: l.seq, State: stateDone}
		l.add(r)
		l.write(r)
	}
	return results
}

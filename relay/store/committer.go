package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
)

// Bounds of the committer. A group is what arrived while the one before was
// being synced, so under load one sync serves many Writes and an idle store
// does not wait for company.
const (
	queueLength = 1024    // Writes; callers wait beyond, and are counted
	groupWrites = 1024    // Writes in one transaction
	groupOctets = 4 << 20 // of values in one transaction, but for one large Write
)

// engine is what differs between databases. Only the committer calls it.
type engine interface {
	begin() error
	// lengths reports the length of the value stored under each record's
	// bucket and key, or absent.
	lengths([]Record) ([]int, error)
	apply([]Record) error
	// commit returns when the transaction is durable.
	commit() error
	// rollback leaves no transaction open, whatever came before.
	rollback() error
	judge(error) verdict
	// relieve gives up some of what is kept for a full disk, for a Write that
	// must go on. It reports whether another try makes sense.
	relieve() bool
	// tidy does what is due after commits that wrote so many octets.
	tidy(octets int64) error
}

// verdict is what an engine's error means.
type verdict int

const (
	broken  verdict = iota // nobody knows what is on the disk
	full                   // the disk; nothing was changed
	refused                // nothing was changed, the next Write may do
)

// small is the most that a Write may hold, in octets of values, to be served
// from what is kept for a full disk.
const small = 64 << 10

type request struct {
	records []Record
	done    chan error // holds one
}

// committer is the one writer of a database. Its goroutine ends with close.
type committer struct {
	eng     engine
	limit   int64
	log     *slog.Logger
	queue   chan *request
	closing chan struct{}
	ended   chan struct{}
	once    sync.Once // closes closing
	used    atomic.Int64
	broke   atomic.Pointer[error]
	// fault stands in for a failing disk in tests: its error counts as the
	// error of the commit.
	fault func(moment) error
}

// moment is where a fault can strike.
type moment int

const (
	beforeCommit moment = iota
	afterCommit         // the records are on the disk, nobody has been told
)

func newCommitter(eng engine, used int64, o Options) *committer {
	c := &committer{
		eng: eng, limit: o.Limit, log: o.Log, queue: make(chan *request, queueLength),
		closing: make(chan struct{}), ended: make(chan struct{}),
		fault: func(moment) error { return nil },
	}
	c.used.Store(used)
	return c
}

func (c *committer) write(ctx context.Context, records []Record) error {
	if c.isClosing() {
		return ErrClosed
	}
	if err := c.broke.Load(); err != nil {
		return *err
	}
	folded, err := fold(records)
	if err != nil || len(folded) == 0 {
		return err
	}
	r := &request{folded, make(chan error, 1)}
	select {
	case c.queue <- r: // whatever ctx says: there is nothing to wait for
	default:
		select {
		case c.queue <- r:
		case <-c.closing:
			return ErrClosed
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	select {
	case err = <-r.done:
		return err
	case <-c.ended: // perhaps after this one was answered
	}
	select {
	case err = <-r.done:
		return err
	default:
		return ErrClosed
	}
}

func (c *committer) isClosing() bool {
	select {
	case <-c.closing:
		return true
	default:
		return false
	}
}

// close ends the committer after what is queued.
func (c *committer) close() {
	c.once.Do(func() { close(c.closing) })
	<-c.ended
}

func (c *committer) run() {
	defer close(c.ended)
	for {
		select {
		case r := <-c.queue:
			c.commit(c.gather(r))
		case <-c.closing:
			for len(c.queue) > 0 {
				c.commit(c.gather(<-c.queue))
			}
			return
		}
	}
}

// gather adds to first what else is waiting.
func (c *committer) gather(first *request) []*request {
	group := []*request{first}
	for octets := first.octets(); octets < groupOctets && len(group) < groupWrites && len(c.queue) > 0; {
		r := <-c.queue
		group = append(group, r)
		octets += r.octets()
	}
	return group
}

func (r *request) octets() (n int) {
	for _, rec := range r.records {
		n += len(rec.Value)
	}
	return n
}

// commit answers every Write of the group. Where the group fails as a whole
// without harm, each is tried alone, so that none fails for its neighbour.
func (c *committer) commit(group []*request) {
	if err := c.broke.Load(); err != nil {
		answer(group, *err)
		return
	}
	p, err := c.attempt(group)
	if err == nil {
		c.succeeded(group, p)
		return
	}
	switch v := c.eng.judge(err); {
	case v == broken:
		c.breakWith(err)
		answer(group, *c.broke.Load())
	case len(group) > 1:
		for _, r := range group {
			c.commit([]*request{r})
		}
	case v == full && group[0].octets() <= small && c.eng.relieve():
		c.commit(group)
	case v == full:
		answer(group, fmt.Errorf("%w: %w", ErrFull, err))
	default:
		answer(group, fmt.Errorf("store: write: %w", err))
	}
}

// attempt makes one transaction of the group. After an error none is open.
func (c *committer) attempt(group []*request) (p plan, err error) {
	if err = c.eng.begin(); err != nil {
		return p, err
	}
	defer func() {
		if err == nil {
			return
		}
		if undo := c.eng.rollback(); undo != nil {
			c.breakWith(errors.Join(err, undo))
		}
	}()
	var all []Record
	for _, r := range group {
		all = append(all, r.records...)
	}
	values, err := c.eng.lengths(all)
	if err != nil {
		return p, err
	}
	p = makePlan(group, values, c.used.Load(), c.limit)
	if err = c.eng.apply(p.change); err != nil {
		return p, err
	}
	if err = c.fault(beforeCommit); err != nil {
		return p, err
	}
	if err = c.eng.commit(); err != nil {
		return p, err
	}
	return p, c.fault(afterCommit)
}

func (c *committer) succeeded(group []*request, p plan) {
	c.used.Store(p.used)
	octets := int64(0)
	for i, r := range group {
		r.done <- p.refused[i]
		octets += int64(r.octets())
	}
	if err := c.eng.tidy(octets); err != nil && c.eng.judge(err) == broken {
		c.breakWith(err)
	}
}

func (c *committer) breakWith(cause error) {
	err := fmt.Errorf("%w: %w", ErrBroken, cause)
	if c.broke.CompareAndSwap(nil, &err) {
		c.log.Error("store broken: nothing more is accepted", "cause", cause)
	}
}

func answer(group []*request, err error) {
	for _, r := range group {
		r.done <- err
	}
}

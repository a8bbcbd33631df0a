package console

import (
	"context"
	"slices"
	"sync"
	"time"

	"crossband/client"
	"crossband/client/voice"
	"crossband/proto"
)

// Bounds of a press.
const (
	maxPressed  = 32              // channels at once
	pressFinish = 5 * time.Second // after the release: for a grant on its way and the last frames
	pressBefore = 2 * time.Second // for the press before on the same channel to finish
	deniedShown = 4 * time.Second // how long a denial is shown once the button is up
)

// talker is a channel as a press needs it.
type talker interface {
	Talk(context.Context, voice.Source, client.TalkOptions) (client.TalkReport, error)
}

// presser holds the one button that there is: the microphone is one too. A press speaks
// on all its channels at once, each with its own floor.
type presser struct {
	ctx    context.Context // ends every press
	sound  Sound
	report func(proto.ChannelID, PressState)

	mu     sync.Mutex // guards what follows
	now    *press     // not released yet; nil: none
	latest map[proto.ChannelID]*turn
	early  []pressID // presses whose release came first, the newest last
	turns  sync.WaitGroup
}

// maxEarly bounds releases that have come before their presses.
const maxEarly = 16

// pressID is what a press is known by to its page. Each page numbers its own, and all
// begin alike.
type pressID struct{ page, number string }

// same reports whether two are one press, as far as they say.
func (i pressID) same(j pressID) bool {
	return !other(i.page, j.page) && !other(i.number, j.number)
}

// endedBy reports whether a press j shows that i is over: it is another of the same page,
// which has one button.
func (i pressID) endedBy(j pressID) bool {
	return i.page != "" && i.page == j.page && other(i.number, j.number)
}

// press is one press of the button.
type press struct {
	id       pressID // empty: it did not say
	speech   Speech
	released chan struct{} // closed at the release
	turns    []*turn
	left     int // turns that are not over
}

// turn is a press on one channel.
type turn struct {
	channel proto.ChannelID
	press   *press
	ctx     context.Context
	cancel  context.CancelFunc
	over    chan struct{} // closed when Talk has returned
	queued  bool          // waits for the floor, and says nothing
	granted bool
}

func newPresser(ctx context.Context, sound Sound, report func(proto.ChannelID, PressState)) *presser {
	return &presser{ctx: ctx, sound: sound, report: report, latest: make(map[proto.ChannelID]*turn)}
}

// start presses on channels. Speech is taken from now on. What becomes of it, channel by
// channel, is reported.
//
// A page that presses anew has let go before, whatever became of its release; nor does a
// press stand in the way of which nothing is said any more.
func (p *presser) start(page, number string, on map[proto.ChannelID]talker, priority proto.Priority) error {
	id := pressID{page, number}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ctx.Err() != nil {
		return p.ctx.Err()
	}
	if number != "" && slices.ContainsFunc(p.early, id.same) {
		return nil // it is over already
	}
	if p.now != nil {
		if p.now.left > 0 && !p.now.id.endedBy(id) {
			return client.ErrBusy
		}
		p.releaseLocked()
	}
	pr := &press{id: id, speech: p.sound.Press(), released: make(chan struct{}), left: len(on)}
	p.now = pr
	for id, ch := range on {
		t := &turn{channel: id, press: pr, over: make(chan struct{})}
		t.ctx, t.cancel = context.WithCancel(p.ctx)
		before := p.latest[id]
		p.latest[id] = t
		pr.turns = append(pr.turns, t)
		p.report(id, PressState{State: "asked", Press: number})
		source := pr.speech.Source()
		p.turns.Go(func() { p.talk(t, before, ch, source, priority) }) // ends soon after the release
	}
	return nil
}

// talk is one channel's part of a press, from the press until its end is shown.
func (p *presser) talk(t, before *turn, ch talker, source voice.Source, priority proto.Priority) {
	defer t.cancel()
	if before != nil {
		before.finish()
	}
	_, err := ch.Talk(t.ctx, source, client.TalkOptions{
		Priority: priority, Queue: true,
		OnGrant: func(limit time.Duration) { p.granted(t, limit) },
		OnQueue: func(at int, _ proto.Name) { p.queued(t, at) },
		OnWarn:  func(left time.Duration) { p.tell(t, PressState{State: "warned", Left: left}) },
	})
	if t.ctx.Err() != nil {
		err = nil // given up here, after the release
	}
	p.ended(t)
	if err == nil {
		p.tell(t, PressState{State: "idle"})
		p.forget(t)
		return
	}
	p.tell(t, PressState{State: "denied", Why: err})
	select {
	case <-t.press.released:
	case <-p.ctx.Done():
	}
	timer := time.NewTimer(deniedShown)
	defer timer.Stop()
	select {
	case <-timer.C:
		p.tell(t, PressState{State: "idle"})
	case <-p.ctx.Done():
	}
	p.forget(t)
}

// finish waits for a turn that a new one follows, and ends it if it takes long.
func (t *turn) finish() {
	timer := time.NewTimer(pressBefore)
	defer timer.Stop()
	select {
	case <-t.over:
	case <-timer.C:
		t.cancel()
		<-t.over // Talk returns when its context ends
	}
}

func (p *presser) granted(t *turn, limit time.Duration) {
	p.mu.Lock()
	t.queued, t.granted = false, true
	p.mu.Unlock()
	p.tell(t, PressState{State: "granted", Left: limit})
}

// queued is told that the channel's floor is another's. Whoever has let go of the button
// does not wait for it.
func (p *presser) queued(t *turn, at int) {
	p.mu.Lock()
	t.queued = true
	select {
	case <-t.press.released:
		t.cancel()
	default:
	}
	p.mu.Unlock()
	p.tell(t, PressState{State: "queued", Queue: at})
}

// tell reports how a turn stands, unless a newer one is on its channel.
func (p *presser) tell(t *turn, state PressState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.latest[t.channel] == t {
		state.Press = t.press.id.number
		p.report(t.channel, state)
	}
}

// ended notes that a channel's talk is over; with the last one the press is, whether
// the button is still held or not: nobody listens to the microphone any more.
func (p *presser) ended(t *turn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(t.over)
	if t.press.left--; t.press.left == 0 {
		t.press.speech.Release()
	}
}

func (p *presser) forget(t *turn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.latest[t.channel] == t {
		delete(p.latest, t.channel)
	}
}

// release lets go of the button. What another page presses, as far as is known, or what
// has another number, it leaves.
func (p *presser) release(page, number string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	id := pressID{page, number}
	switch {
	case p.now != nil && p.now.id.same(id):
		p.releaseLocked()
	case number != "":
		p.early = append(p.early, id)
		p.early = p.early[max(0, len(p.early)-maxEarly):]
	}
}

func other(a, b string) bool { return a != "" && b != "" && a != b }

// letGo lets go of the button, whoever pressed it.
func (p *presser) letGo() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.now != nil {
		p.releaseLocked()
	}
}

// pageGone lets go of what a page pressed that is not there any more.
func (p *presser) pageGone(page string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.now != nil && p.now.id.page == page {
		p.releaseLocked()
	}
}

func (p *presser) releaseLocked() {
	pr := p.now
	p.now = nil
	close(pr.released)
	pr.speech.Release()
	for _, t := range pr.turns {
		if t.queued && !t.granted {
			t.cancel()
		}
		time.AfterFunc(pressFinish, t.cancel)
	}
}

// wait waits until nothing of any press is left. The presser's context has ended.
func (p *presser) wait() { p.turns.Wait() }

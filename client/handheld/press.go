package handheld

import (
	"context"
	"slices"
	"sync"
	"time"

	"crossband/client"
	"crossband/client/console"
	"crossband/client/voice"
	"crossband/proto"
)

// talker is a channel that one talks on.
type talker interface {
	Talk(context.Context, voice.Source, client.TalkOptions) (client.TalkReport, error)
}

// button is the one push-to-talk button. One press is under way at a time.
type button struct {
	audio  func() Audio
	report func(proto.ChannelID, console.PressState)

	mu   sync.Mutex // guards what follows
	now  *turn      // nil: the button is up
	last *turn      // the newest, perhaps still saying its last words
	gone []string   // numbers of presses whose release came first, the newest last
	wait sync.WaitGroup
}

// turn is one press.
type turn struct {
	number string // that whoever pressed gave it; empty: none
	on     proto.ChannelID
	rec    Press
	cancel context.CancelFunc
	queued bool
	up     bool
	done   chan struct{} // closed when the channel is free again
}

// releasedFor is how long after the button is up the last words may take to go out.
const releasedFor = 3 * time.Second

// maxGone bounds releases that have come before their presses.
const maxGone = 16

// press begins to talk on a channel and returns at once; report tells the rest. One whose
// release has come already does not begin.
func (b *button) press(ctx context.Context, number string, id proto.ChannelID, ch talker, priority proto.Priority) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if number != "" && slices.Contains(b.gone, number) {
		return nil
	}
	if b.now != nil {
		return client.ErrBusy
	}
	rec, err := b.audio().Press()
	if err != nil {
		return err
	}
	src, err := rec.Source()
	if err != nil {
		rec.Release()
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	t, before := &turn{number: number, on: id, rec: rec, cancel: cancel, done: make(chan struct{})}, b.last
	b.now, b.last = t, t
	b.report(id, console.PressState{State: "asked", Press: number})
	b.wait.Go(func() { b.talk(ctx, t, before, ch, src, priority) }) // ends releasedFor after the release at the latest, or with ctx
	return nil
}

func (b *button) talk(ctx context.Context, t, before *turn, ch talker, src voice.Source, priority proto.Priority) {
	defer t.cancel()
	defer close(t.done)
	if before != nil {
		<-before.done // releasedFor at most
	}
	_, err := ch.Talk(ctx, src, client.TalkOptions{
		Priority: priority, Queue: true,
		OnGrant: func(limit time.Duration) {
			b.queue(t, false)
			b.tell(t, console.PressState{State: "granted", Left: limit})
		},
		OnQueue: func(at int, _ proto.Name) {
			b.queue(t, true)
			b.tell(t, console.PressState{State: "queued", Queue: at})
		},
		OnWarn: func(left time.Duration) { b.tell(t, console.PressState{State: "warned", Left: left}) },
	})
	b.mu.Lock()
	released := t.up
	t.up = true
	if b.now == t {
		b.now = nil
	}
	b.mu.Unlock()
	if !released { // the turn was taken away: the microphone must not stay open
		t.rec.Release()
	}
	state := console.PressState{State: "idle"}
	if err != nil && !(released && ctx.Err() != nil) {
		state = console.PressState{State: "denied", Why: err}
	}
	b.tell(t, state)
}

// tell reports how a turn stands, unless a newer one is on its channel: the end of what
// was said before is not the end of what is said now.
func (b *button) tell(t *turn, state console.PressState) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.last == t || b.last.on != t.on {
		state.Press = t.number
		b.report(t.on, state)
	}
}

// queue notes whether the turn waits: what is said then is for nobody.
func (b *button) queue(t *turn, on bool) {
	b.mu.Lock()
	t.queued = on
	up := t.up
	b.mu.Unlock()
	t.rec.Skip(on)
	if on && up {
		t.cancel()
	}
}

// release lets the button go. What was said so far is still said, unless the turn has
// not come yet. With a number it lets go of that press only, and one that has not begun
// yet never does.
func (b *button) release(number string) {
	b.mu.Lock()
	t := b.now
	if t == nil || t.up || number != "" && t.number != "" && t.number != number {
		if number != "" {
			b.gone = append(b.gone, number)
			b.gone = b.gone[max(0, len(b.gone)-maxGone):]
		}
		b.mu.Unlock()
		return
	}
	t.up = true
	queued := t.queued
	b.now = nil
	b.mu.Unlock()
	if queued {
		t.cancel()
	}
	t.rec.Release()
	time.AfterFunc(releasedFor, t.cancel)
}

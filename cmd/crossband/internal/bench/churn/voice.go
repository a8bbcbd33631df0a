package churn

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"crossband/client"
	"crossband/client/voice"
	"crossband/cmd/crossband/internal/bench"
	"crossband/cmd/crossband/internal/bench/crowd"
	"crossband/cmd/crossband/internal/clip"
	"crossband/proto"
)

// pair is a talker and a listener: whole sessions, on one channel.
type pair struct {
	talker, listener *client.Session
	channel          proto.ChannelID
	ear              *ear
	over             chan struct{}  // closed: no more events
	drains           sync.WaitGroup // who reads events
}

const pairSize = 2

// newPair opens both, and has them join.
func newPair(ctx context.Context, w *crowd.World) (p *pair, err error) {
	p = &pair{channel: w.Channels[0], ear: &ear{}, over: make(chan struct{})}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
			p = nil
		}
	}()
	if p.talker, err = p.open(ctx, w, "unit/talker", nil); err != nil {
		return p, err
	}
	p.listener, err = p.open(ctx, w, "unit/listener", p.ear)
	return p, err
}

func (p *pair) open(ctx context.Context, w *crowd.World, short string, sink client.Sink) (*client.Session, error) {
	s, err := w.Session(short, sink)
	if err != nil {
		return nil, err
	}
	p.drains.Go(func() { // ends with close
		for {
			select {
			case <-s.Events():
			case <-p.over:
				return
			}
		}
	})
	if _, err := s.Join(ctx, p.channel); err != nil {
		return s, fmt.Errorf("%s joins: %w", short, err)
	}
	return s, nil
}

func (p *pair) close() (err error) {
	for _, s := range []*client.Session{p.talker, p.listener} {
		if s != nil {
			err = errors.Join(err, s.Close())
		}
	}
	close(p.over)
	p.drains.Wait()
	return err
}

// hearing is the first frame that is played from some moment on.
type hearing struct {
	at   time.Time     // to be read once done is closed
	done chan struct{} // closed when it has been played
}

// listen begins to wait for voice.
func (p *pair) listen() *hearing {
	h := &hearing{done: make(chan struct{})}
	p.ear.mu.Lock()
	defer p.ear.mu.Unlock()
	p.ear.first = h
	return h
}

// pressAgain is how soon the talker presses again when it could not talk.
const pressAgain = 20 * time.Millisecond

// talk presses until the listener hears something.
func (p *pair) talk(ctx context.Context, h *hearing) error {
	recorded, err := clip.Get(clip.HailEnglish)
	if err != nil {
		return err
	}
	press, release := context.WithCancel(ctx)
	defer release()
	go func() { // ends when something is heard, or with press
		select {
		case <-h.done:
			release()
		case <-press.Done():
		}
	}()
	for press.Err() == nil {
		src, wrong := voice.NewOggSource(recorded.Ogg)
		if wrong != nil {
			return wrong
		}
		if ch := p.talker.Channel(p.channel); ch != nil {
			_, err = ch.Talk(press, src, client.TalkOptions{})
		}
		bench.Sleep(press, pressAgain) // its end is seen above
	}
	select {
	case <-h.done:
		return nil
	default:
		return fmt.Errorf("no voice: %w; the last press: %v", ctx.Err(), err)
	}
}

// ear tells of the first frame. It implements client.Sink.
type ear struct {
	mu    sync.Mutex // guards first
	first *hearing
}

// Play implements client.Sink.
func (e *ear) Play(p client.Played) {
	if p.Conceal || len(p.PCM) == 0 {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.first != nil {
		e.first.at = time.Now()
		close(e.first.done)
		e.first = nil
	}
}

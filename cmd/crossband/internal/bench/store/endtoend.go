package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"crossband/client"
	"crossband/cmd/crossband/internal/bench/crowd"
)

// setupTime bounds founding, starting and joining.
const setupTime = 60 * time.Second

// speaker is an endpoint of the end to end part.
type speaker struct {
	session *client.Session
	channel *client.Channel
	over    chan struct{} // closed: no more events
	drained chan struct{} // closed when nobody reads events any more
}

func newSpeaker(s *client.Session) *speaker {
	p := &speaker{session: s, over: make(chan struct{}), drained: make(chan struct{})}
	go p.drain() // ends with close
	return p
}

// drain shows every text, to nobody.
func (p *speaker) drain() {
	defer close(p.drained)
	for {
		select {
		case e := <-p.session.Events():
			if t, ok := e.(client.TextReceived); ok {
				p.session.Shown(t) // an error says that the session is closed
			}
		case <-p.over:
			return
		}
	}
}

func (p *speaker) close() error {
	err := p.session.Close()
	close(p.over)
	<-p.drained
	return err
}

// endToEnd has endpoints say texts through a relay in a process of its own, each on a
// talkgroup of its own: whoever else were there would have to open them, on this
// machine too. One text is under way of each: it counts when the relay has acknowledged
// it to its sender.
func (o Options) endToEnd(ctx context.Context) (r Row, err error) {
	o.Say("a relay and %d endpoints", o.Endpoints)
	w, err := crowd.Found(o.Dir, o.Endpoints, o.Relay)
	if err != nil {
		return r, err
	}
	defer w.Stop()
	if err := w.Start(); err != nil {
		return r, err
	}
	raw, err := newRawFile(filepath.Join(o.Dir, "raw"))
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, raw.close()) }()
	speakers, err := o.speakers(ctx, w)
	defer func() {
		for _, s := range speakers {
			err = errors.Join(err, s.close())
		}
	}()
	if err != nil {
		return r, err
	}
	var m meter
	for range o.Rounds {
		if err := m.raw(ctx, raw, o, len(speakers)); err != nil {
			return r, err
		}
		t, err := sayAll(ctx, speakers, strings.Repeat("x", o.Octets), o.Texts)
		if err != nil {
			return r, err
		}
		m.add(t)
	}
	o.Say("relay, %d endpoints: %.0f texts/s", len(speakers), m.messages.perSecond())
	return m.row("relay", len(speakers), o.Octets), nil
}

// speakers opens sessions and has each join its talkgroup.
func (o Options) speakers(ctx context.Context, w *crowd.World) (list []*speaker, err error) {
	ctx, cancel := context.WithTimeout(ctx, setupTime)
	defer cancel()
	for i := range o.Endpoints {
		s, err := w.Session(fmt.Sprintf("unit/speaker-%d", i+1), nil)
		if err != nil {
			return list, err
		}
		list = append(list, newSpeaker(s))
	}
	for i, p := range list {
		if p.channel, err = p.session.Join(ctx, w.Channels[1+i]); err != nil {
			return list, fmt.Errorf("%s joins: %w", p.session.Name().Short(), err)
		}
	}
	return list, nil
}

// sayAll has each speaker say n texts, one after the other.
func sayAll(ctx context.Context, speakers []*speaker, text string, n int) (turn, error) {
	var wg sync.WaitGroup
	turns, failed := make([]turn, len(speakers)), make([]error, len(speakers))
	start := time.Now()
	for i, p := range speakers {
		wg.Go(func() { turns[i], failed[i] = p.say(ctx, text, n) }) // ends when its texts are accepted
	}
	wg.Wait()
	all := turn{took: time.Since(start)}
	for i := range speakers {
		all.count += turns[i].count
		all.waits = append(all.waits, turns[i].waits...)
	}
	return all, errors.Join(failed...)
}

// textTime is how long one text may take.
const textTime = 20 * time.Second

func (p *speaker) say(ctx context.Context, text string, n int) (t turn, err error) {
	for range n {
		asked := time.Now()
		wait, cancel := context.WithTimeout(ctx, textTime)
		_, err := p.channel.Text(wait, text)
		cancel()
		if err != nil {
			return t, fmt.Errorf("%s says a text: %w", p.session.Name().Short(), err)
		}
		t.count++
		t.waits = append(t.waits, time.Since(asked))
	}
	return t, nil
}

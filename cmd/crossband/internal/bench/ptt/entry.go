package ptt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"crossband/client"
	"crossband/cmd/crossband/internal/bench"
	"crossband/cmd/crossband/internal/bench/stand"
	"crossband/crypto/identity"
)

// enterLate has somebody talk for long, and a device come into the channel again and
// again, each time as if for the first time.
func (p *path) enterLate(ctx context.Context, o Options) error {
	var ids [2]*identity.Identity // in turn: one may still be leaving when the next comes
	for i := range ids {
		var err error
		if ids[i], err = p.entry[1].Identity(fmt.Sprintf("late-%d-%s", i, strings.ReplaceAll(p.name, " ", "-"))); err != nil {
			return err
		}
	}
	var leaving sync.WaitGroup
	defer leaving.Wait()
	for done := 0; done < o.Bursts; {
		m := &mouth{words: p.words, start: time.Now()}
		granted, over := make(chan struct{}), make(chan struct{})
		var talked error // to be read once over is closed
		go func() {      // ends when the mouth is hushed, or with ctx
			defer close(over)
			_, talked = p.entryMouth.Talk(ctx, m, client.TalkOptions{OnGrant: func(time.Duration) { close(granted) }})
		}()
		select {
		case <-granted:
		case <-over:
		}
		err := bench.Sleep(ctx, entryAfter)
		for err == nil && done < o.Bursts && time.Since(m.start) < entryPress && !closed(over) {
			err = p.enter(ctx, ids[done%2], m, &leaving)
			done++
		}
		m.hush()
		<-over
		if err := errors.Join(err, talked); err != nil {
			return fmt.Errorf("%s: late entries: %w", p.name, err)
		}
	}
	return nil
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// enter comes in once.
func (p *path) enter(ctx context.Context, id *identity.Identity, m *mouth, leaving *sync.WaitGroup) error {
	defer p.note("entries")
	began, e, all := time.Now(), newEar(), ctx
	ctx, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	d, err := p.stand.Open(ctx, p.entry[1], id, e)
	if d != nil {
		defer leaving.Go(func() { d.Close() }) // ends when the link has
	}
	if err != nil {
		return err
	}
	ch, err := stand.Channel(ctx, d, p.entryTitle)
	if err != nil {
		return err
	}
	if err := bench.Sleep(ctx, time.Until(began.Add(entryQuiet))); err != nil { // what a new link brings is over
		return err
	}
	start := time.Now()
	if _, err := d.Session.Join(ctx, ch); err != nil {
		p.entryFailed++
		return all.Err()
	}
	limit := time.NewTimer(patience)
	defer limit.Stop()
	select {
	case at := <-e.first:
		p.entries = append(p.entries, at.Sub(start))
	case <-limit.C:
		p.entryFailed++
	case <-all.Done():
		return all.Err()
	}
	if err := e.onlyWhatWasSaid(m); err != nil {
		return err
	}
	return bench.Sleep(all, time.Until(began.Add(entryPace)))
}

// onlyWhatWasSaid compares all frames that were played with a mouth's.
func (e *ear) onlyWhatWasSaid(m *mouth) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, h := range e.bursts {
		for _, f := range h.frames {
			if !bytes.Equal(f.payload, m.said(f.index)) {
				return fmt.Errorf("frame %d was played otherwise than it was said", f.index)
			}
		}
	}
	return nil
}

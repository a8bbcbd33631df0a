package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"crossband/client"
	"crossband/proto"
	"crossband/relay/hook/deliver"
)

// pageAnswer bounds how long it is waited for a page's answer to go out: it is in the
// outbox then, and goes when it can.
const pageAnswer = 5 * time.Second

// pageLog is where hails, and what was said of their pages, are kept.
type pageLog interface {
	// Page returns the page of a hail that has reached this hook; false: none has.
	Page(hail proto.MessageID) (client.Page, bool)
	// Answer says how it fares. What was said before is not said again.
	Answer(ctx context.Context, hail proto.MessageID, round, step int, why proto.Reason) error
}

// sessionPages is the pageLog of a session.
type sessionPages struct{ *client.Session }

func (s sessionPages) Page(hail proto.MessageID) (client.Page, bool) {
	if h := s.FindHail(hail); h != nil {
		return h.Page()
	}
	return client.Page{}, false
}

func (s sessionPages) Answer(ctx context.Context, hail proto.MessageID, round, step int, why proto.Reason) error {
	if h := s.FindHail(hail); h != nil {
		return h.AnswerPage(ctx, round, step, why)
	}
	return proto.Refuse(proto.ReasonNoHail, hail.String())
}

// pager answers the hub for the pages that have reached this hook: delivered once one
// target has it, failed once all have failed the first time. A page that failed and is
// delivered later is answered again: the caller learns that somebody has it after all.
// It remembers nothing that a restart needs: what was said stands in the channel's log,
// what became of a page in the deliverer's store.
type pager struct {
	pages pageLog
	fate  func(ctx context.Context, id string) (deliver.Fate, error)
	log   *slog.Logger
	wake  chan struct{}

	turn sync.Mutex // held while answering, so that each thing is said once
	mu   sync.Mutex // guards open; never held while waiting
	open map[string]*openPage
}

// openPage is a page that may have to be answered.
type openPage struct {
	hail        proto.MessageID
	round, step int
	look        bool         // something has changed
	delivered   bool         // the deliverer has said so
	why         proto.Reason // no target will ever have it: why
	old         bool         // of a hail that rings no more: not answered if it was never put
}

func newPager(pages pageLog, log *slog.Logger) *pager {
	return &pager{pages: pages, log: log, wake: make(chan struct{}, 1), open: make(map[string]*openPage)}
}

// expect says that a page is about to be put. Those that other pages have taken the
// place of are forgotten, so that there is one for each hail at most.
func (p *pager) expect(id string, page openPage) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, o := range p.open {
		if now, ok := p.pages.Page(o.hail); !ok || now.Round != o.round || now.Step != o.step || now.Delivered {
			delete(p.open, id)
		}
	}
	p.open[id] = &page
}

// put says what became of putting a page: why no target will ever have it, or 0.
func (p *pager) put(id string, why proto.Reason) {
	p.change(func(of string, o *openPage) bool {
		if of == id && why != 0 {
			o.why = why
		}
		return of == id
	})
}

// result takes what a target has done with a page. It does not block.
func (p *pager) result(r deliver.Result) {
	p.change(func(id string, o *openPage) bool {
		if id == r.ID && r.Delivered {
			o.delivered = true
		}
		return id == r.ID || r.ID == "" // of a record that cannot be read
	})
}

func (p *pager) change(fn func(id string, o *openPage) bool) {
	p.mu.Lock()
	for id, o := range p.open {
		o.look = fn(id, o) || o.look
	}
	p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// run answers until ctx ends.
func (p *pager) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.wake:
			p.answer(ctx)
		}
	}
}

// giveUp answers for every page that waits: the store has failed, and nothing is
// delivered any more.
func (p *pager) giveUp(ctx context.Context) {
	p.change(func(_ string, o *openPage) bool {
		o.why = proto.ReasonNoPage // unless a target has it
		return true
	})
	p.answer(ctx)
}

// answer says of each page of which something has changed how it fares.
func (p *pager) answer(ctx context.Context) {
	p.turn.Lock()
	defer p.turn.Unlock()
	for id, o := range p.changed() {
		why, known := p.judge(ctx, id, o)
		page, ok := p.pages.Page(o.hail)
		if !known || !ok || page.Round != o.round || page.Step != o.step || page.Delivered || why != 0 && page.Failed {
			continue
		}
		bounded, cancel := context.WithTimeout(ctx, pageAnswer)
		err := p.pages.Answer(bounded, o.hail, o.round, o.step, why)
		cancel()
		switch {
		case errors.Is(err, client.ErrWaiting):
			p.log.Info("a page's answer waits for the relay", "id", id)
		case err != nil:
			p.log.Error("page not answered", "id", id, "hail", o.hail.String(), "why", err.Error())
		}
	}
}

func (p *pager) changed() map[string]openPage {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := make(map[string]openPage)
	for id, o := range p.open {
		if o.look {
			list[id], o.look = *o, false
		}
	}
	return list
}

// judge says why a page failed, or 0 when it was delivered; false: it is not known yet,
// or nobody asks.
func (p *pager) judge(ctx context.Context, id string, o openPage) (proto.Reason, bool) {
	switch {
	case o.delivered:
		return 0, true
	case o.why != 0:
		return o.why, true
	}
	f, err := p.fate(ctx, id)
	switch {
	case err != nil: // ctx has ended
		return 0, false
	case f.Delivered > 0:
		return 0, true
	case f.Waiting > 0:
		return 0, false
	case f.Failed > 0:
		return proto.ReasonNoPage, true
	}
	return proto.ReasonNoPage, !o.old
}

package console

import (
	"sync"
	"time"

	"crossband/proto"
)

// Bounds of open streams. A browser makes six connections to a host and lets everything
// else wait: as many streams over HTTP/1.1 would hold up the release of a button.
const (
	MaxPages      = 8 // that can look on at once
	maxPagesOfOne = 4 // of one login, each on a connection of its own
)

// pageGrace is how long a page may be away, as when its stream is made anew, before
// what it pressed is released.
const pageGrace = 2 * time.Second

// pages are the open streams. A stream holds no queue: it looks at the newest picture
// when it is ready for one, so a slow reader costs nothing but what it misses.
type pages struct {
	mu     sync.Mutex // held for the whole of every method
	open   map[*page]struct{}
	newest *picture
	voice  string // the page whose voice was connected last; empty: none has said its name
	by     digest // the login with which it was; zero: there was none to end, or it is hung up
}

// page is one open stream.
type page struct {
	id    string        // that the page gave itself; empty: none
	login digest        // whose connection of its own it is; zero: it shares one
	wake  chan struct{} // holds one token when there is something new
	rings []ring        // not told yet
}

func newPages() *pages { return &pages{open: make(map[*page]struct{})} }

func (ps *pages) enter(id string, login digest) (*page, error) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if len(ps.open) == MaxPages {
		return nil, proto.Refusef(proto.ReasonFull, "%d", MaxPages)
	}
	same := 0
	for p := range ps.open {
		if p.login == login {
			same++
		}
	}
	if login != (digest{}) && same == maxPagesOfOne {
		return nil, proto.Refusef(proto.ReasonQuota, "%d", maxPagesOfOne)
	}
	p := &page{id: id, login: login, wake: make(chan struct{}, 1)}
	ps.open[p] = struct{}{}
	return p, nil
}

func (ps *pages) leave(p *page) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	delete(ps.open, p)
	if len(ps.open) == 0 {
		ps.newest = nil // nobody keeps it up to date from now on
	}
}

func (ps *pages) count() int {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	return len(ps.open)
}

// there reports whether a page has a stream; of the empty one, whether any has.
func (ps *pages) there(id string) bool {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	for p := range ps.open {
		if id == "" || p.id == id {
			return true
		}
	}
	return false
}

func (ps *pages) shown() *picture {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	return ps.newest
}

// show hands a picture, and what has begun to ring, to every page.
func (ps *pages) show(pic *picture, rings []ring) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	ps.newest = pic
	for p := range ps.open {
		p.rings = append(p.rings, rings...)
		if len(p.rings) > maxRings { // it reads nothing; a ring is in the picture too
			p.rings = p.rings[len(p.rings)-maxRings:]
		}
		select {
		case p.wake <- struct{}{}:
		default:
		}
	}
}

// voiceOf notes whose voice is connected now, by which login, and has the others told.
func (ps *pages) voiceOf(id string, by digest) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	ps.voice, ps.by = id, by
	for p := range ps.open {
		select {
		case p.wake <- struct{}{}:
		default:
		}
	}
}

// hungUp reports, once, whether the login is over with which the voice was connected.
func (ps *pages) hungUp(lives func(digest) bool) bool {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if ps.by == (digest{}) || lives(ps.by) {
		return false
	}
	ps.voice, ps.by = "", digest{}
	return true
}

// taken returns whose voice is connected, if that is another page's than id's.
func (ps *pages) taken(id string) string {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if id == "" || ps.voice == id {
		return ""
	}
	return ps.voice
}

// next returns what a page has to be told now.
func (ps *pages) next(p *page) (*picture, []ring) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	rings := p.rings
	p.rings = nil
	return ps.newest, rings
}

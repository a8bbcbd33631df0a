package console

import (
	"bytes"
	"encoding/json"
	"net/http"
	"time"
)

// Pace and bounds of a stream.
const (
	streamPace   = paceLeast         // at least between two writes
	streamBeat   = 5 * time.Second   // an event "beat", so that both ends notice when the other is gone
	streamWrite  = 5 * time.Second   // who does not read for so long is cut, comes back, and gets everything
	streamRetry  = "retry: 1000\n\n" // milliseconds after which a browser comes back
	maxPageID    = 64                // octets
	streamBuffer = 64 << 10
)

// events answers GET /api/events: Server-Sent Events (HTML 9.2), first all sections of
// the View, then those that change. The page may name itself by ?page=ID, with the same
// ID in its Deeds: then a press ends with this page and not with the last one.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodHead { // a page asks whether it is the login that it lacks
		return
	}
	id := r.URL.Query().Get("page")
	if len(id) > maxPageID {
		http.Error(w, "page", http.StatusBadRequest)
		return
	}
	var login digest
	if r.ProtoMajor == 1 {
		login = digestOf(s.guard.token(r))
	}
	p, err := s.pages.enter(id, login)
	if err != nil {
		s.fail(w, http.StatusServiceUnavailable, err)
		return
	}
	defer s.gone(p)
	control := http.NewResponseController(w)
	control.SetReadDeadline(time.Time{}) // the connection is this stream's as long as it lasts
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	t := &stream{s: s, page: p, w: w, control: control}
	if t.write([]byte(streamRetry)) != nil {
		return
	}
	s.board.pageCame()
	t.run(r)
}

// gone is called when a stream has ended. What its page pressed is released, unless the
// page comes back at once.
func (s *Server) gone(p *page) {
	s.pages.leave(p)
	time.AfterFunc(pageGrace, func() {
		if !s.pages.there(p.id) {
			s.press.pageGone(p.id)
		}
		if !s.pages.there("") {
			s.press.letGo()
		}
	})
}

// stream writes one page's events on its handler's goroutine.
type stream struct {
	s       *Server
	page    *page
	w       http.ResponseWriter
	control *http.ResponseController
	told    *picture // nil: nothing yet
	taken   string   // the page of which it has been told that it took the voice over
	buffer  bytes.Buffer
}

// run writes until the page or the server is gone.
func (t *stream) run(r *http.Request) {
	beat := time.NewTicker(streamBeat)
	defer beat.Stop()
	pause := time.NewTimer(0)
	defer pause.Stop()
	<-pause.C
	for {
		t.buffer.Reset()
		select {
		case <-t.page.wake:
			if err := t.news(); err != nil {
				t.s.log.Error("console: events", "why", err.Error())
				return
			}
		case <-beat.C:
			if !t.s.guard.known(r) { // logged out, or idle for too long
				return
			}
			t.event("beat", []byte("{}"))
		case <-r.Context().Done():
			return
		case <-t.s.ctx.Done():
			return
		}
		if t.write(t.buffer.Bytes()) != nil {
			return
		}
		pause.Reset(streamPace)
		select { // what comes meanwhile is told in one
		case <-pause.C:
		case <-r.Context().Done():
			return
		case <-t.s.ctx.Done():
			return
		}
	}
}

// news writes what has changed since the picture told last into the buffer.
func (t *stream) news() error {
	pic, rings := t.s.pages.next(t.page)
	if pic == nil {
		return nil
	}
	for i, n := range pic.sections {
		if t.told == nil || !n.same(t.told.sections[i]) {
			t.event(n.name, n.data)
		}
	}
	if t.told == nil {
		rings = pic.ringing
	}
	for _, n := range rings {
		data, err := json.Marshal(n)
		if err != nil {
			return err
		}
		t.event("ring", data)
	}
	if pic.offer && (t.told == nil || !t.told.offer) {
		t.event("voice", []byte(`{"offer":true}`))
	}
	if by := t.s.pages.taken(t.page.id); by != t.taken {
		if t.taken = by; by != "" {
			t.event("voice", []byte(`{"taken":true}`))
		}
	}
	t.told = pic
	return nil
}

// event adds one event. JSON has no line breaks of its own, so a line holds it.
func (t *stream) event(name string, data []byte) {
	t.buffer.WriteString("event: " + name + "\ndata: ")
	t.buffer.Write(data)
	t.buffer.WriteString("\n\n")
}

func (t *stream) write(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if err := t.control.SetWriteDeadline(time.Now().Add(streamWrite)); err != nil {
		return err
	}
	if _, err := t.w.Write(b); err != nil {
		return err
	}
	if t.buffer.Cap() > streamBuffer {
		t.buffer = bytes.Buffer{}
	}
	return t.control.Flush()
}

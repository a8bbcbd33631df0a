package hook

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"crossband/formats/cap"
	"crossband/formats/cloudevents"
	"crossband/formats/cot"
	"crossband/formats/webhook"
	"crossband/proto"
)

// Limits of the server.
const (
	MaxBody     = 1 << 20          // octets of a body, packed or not
	maxReading  = 16               // messages of one source that are read at the same time
	readingLife = 5 * time.Second  // a message waits so long for its turn, and so long for its answer
	bodyLife    = 10 * time.Second // a body must have come after this
)

// Prefix is where sources post to: Prefix and the source's name.
const Prefix = "/in/"

// Server is the HTTP side of an inbox: an http.Handler. What it answers is JSON
// with the reason.
//
//	202 accepted and on disk     200 a duplicate, or holds no alert
//	400 cannot be read           401 not proved who sends
//	404 no such source           405 not POST
//	409 same id, other body      413 too large, packed or unpacked
//	415 a format or encoding that this source may not send
//	422 breaks a rule of its format; element names where
//	429 too many                 503 cannot be kept now: send it again
type Server struct {
	inbox   *Inbox
	sources map[string]*door
	log     *slog.Logger
	clock   func() time.Time
}

// door is what the server keeps of a source.
type door struct {
	*Source
	turns chan struct{} // one for each message that is being read

	mu    sync.Mutex // guards rates; held for a few instructions
	rates [2]proto.Bucket
}

// NewServer serves sources, whose names must differ. clock nil is time.Now.
func NewServer(b *Inbox, sources []*Source, log *slog.Logger, clock func() time.Time) *Server {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if clock == nil {
		clock = time.Now
	}
	s := &Server{b, make(map[string]*door), log, clock}
	for _, src := range sources {
		s.sources[src.Name] = &door{Source: src, turns: make(chan struct{}, maxReading)}
	}
	return s
}

// refusal is an answer that takes nothing in.
type refusal struct {
	code    int
	element string
	why     string
	after   time.Duration // when to come again
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	results, no := s.serve(w, r)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	if no != nil {
		if no.after > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(no.after/time.Second)+1))
		}
		if no.code != http.StatusNotFound {
			s.log.Info("message refused", "path", r.URL.Path, "from", r.RemoteAddr, "status", no.code, "element", no.element, "why", no.why)
		}
		w.WriteHeader(no.code)
		json.NewEncoder(w).Encode(map[string]string{"error": no.why, "element": no.element})
		return
	}
	w.WriteHeader(statusOf(results))
	json.NewEncoder(w).Encode(map[string]any{"results": results})
}

// statusOf is the answer for all alerts of a message: what was taken in counts
// most, because its sender need not send it again.
func statusOf(results []Result) int {
	code := http.StatusOK
	for _, r := range results {
		switch r.Outcome {
		case Accepted, Logged, Held:
			return http.StatusAccepted
		case Conflict:
			code = http.StatusConflict
		case Refused:
			if code == http.StatusOK {
				code = http.StatusUnprocessableEntity
			}
		}
	}
	return code
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) ([]Result, *refusal) {
	name, ok := strings.CutPrefix(r.URL.Path, Prefix)
	src := s.sources[name]
	switch {
	case !ok || src == nil:
		return nil, &refusal{code: http.StatusNotFound, why: "no such source"}
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		return nil, &refusal{code: http.StatusMethodNotAllowed, why: "only POST"}
	}
	ctx, cancel := context.WithTimeout(r.Context(), bodyLife+2*readingLife)
	defer cancel()
	reading, m, no := s.read(ctx, w, r, src)
	if no != nil {
		return nil, no
	}
	if no := src.takeRate(s.clock(), reading); no != nil {
		return nil, no
	}
	return s.take(ctx, src, m, reading)
}

// read reads and proves a message, in one of the source's turns, and then what
// it says. Nothing of a body is looked at before its signature is good.
func (s *Server) read(ctx context.Context, w http.ResponseWriter, r *http.Request, src *door) (Reading, Message, *refusal) {
	turn, cancel := context.WithTimeout(ctx, readingLife)
	defer cancel()
	select {
	case src.turns <- struct{}{}:
		defer func() { <-src.turns }()
	case <-turn.Done():
		return Reading{}, Message{}, &refusal{code: http.StatusServiceUnavailable, why: "too many messages at once", after: time.Second}
	}
	sent, no := receive(w, r)
	if no != nil {
		return Reading{}, Message{}, no
	}
	h := webhook.Header{ID: r.Header.Get(webhook.HeaderID), Timestamp: r.Header.Get(webhook.HeaderTimestamp), Signature: r.Header.Get(webhook.HeaderSignature)}
	if err := webhook.Verify(h, sent, s.clock(), src.Secrets...); err != nil {
		return Reading{}, Message{}, &refusal{code: http.StatusUnauthorized, why: err.Error()}
	}
	body, no := unpack(sent, r.Header.Values("Content-Encoding"))
	if no != nil {
		return Reading{}, Message{}, no
	}
	m := Message{ContentType: r.Header.Get("Content-Type"), Header: r.Header, Body: body, ID: h.ID}
	reading, err := Read(m, src.allows)
	if err != nil {
		return Reading{}, m, refusalOf(err)
	}
	return reading, m, nil
}

func (d *door) allows(f Format) bool {
	for _, have := range d.Formats {
		if have == f {
			return true
		}
	}
	return false
}

// takeRate holds a source to its rate, alert by alert. Severe ones have a rate of
// their own, and what comes with them is counted without being refused for it, so
// that a flood of others does not hold them up. A message of more than may come at
// once takes all there is.
func (d *door) takeRate(now time.Time, r Reading) *refusal {
	rate := d.Rate
	if rate == (proto.Rate{}) {
		rate = proto.Rate{PerSecond: 100, Burst: 1000}
	}
	severe := 0
	for _, a := range r.Alerts {
		if a.severe() {
			severe++
		}
	}
	others := max(len(r.Alerts)+len(r.Refused)-severe, 1-severe, 0)
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case severe > 0 && d.rates[1].TakeIf(now, rate, min(float64(severe), rate.Burst)):
		d.rates[0].Take(now, rate, min(float64(others), rate.Burst))
		return nil
	case severe == 0 && d.rates[0].TakeIf(now, rate, min(float64(others), rate.Burst)):
		return nil
	}
	return &refusal{code: http.StatusTooManyRequests, why: "more than this source may send", after: time.Second}
}

// take gives a message's alerts to the inbox.
func (s *Server) take(ctx context.Context, src *door, m Message, r Reading) ([]Result, *refusal) {
	var results []Result
	if len(r.Alerts) > 0 {
		var err error
		if results, err = s.inbox.Accept(ctx, src.Source, m.ID, sha256.Sum256(m.Body), r.Alerts); err != nil {
			if errors.As(err, new(*Fault)) {
				return nil, refusalOf(err)
			}
			return nil, &refusal{code: http.StatusServiceUnavailable, why: err.Error(), after: time.Second}
		}
	}
	for _, err := range r.Refused {
		results = append(results, refused(err))
	}
	if r.Nothing != "" {
		results = append(results, Result{ID: m.ID, Outcome: Ignored, Why: r.Nothing})
	}
	return results, nil
}

// refused is what is said of one alert of several.
func refused(err error) Result {
	own, ofCAP := new(Fault), new(cap.Fault)
	switch {
	case errors.As(err, &own):
		return Result{ID: own.ID, Outcome: Refused, Element: own.Element, Why: own.Why}
	case errors.As(err, &ofCAP):
		return Result{ID: ofCAP.Identifier, Outcome: Refused, Element: ofCAP.Element, Why: ofCAP.Why}
	}
	return Result{Outcome: Refused, Why: err.Error()}
}

// refusalOf is the answer to a message that cannot be read.
func refusalOf(err error) *refusal {
	no := &refusal{code: http.StatusUnprocessableEntity, element: element(err), why: err.Error()}
	switch {
	case isTooLarge(err):
		no.code = http.StatusRequestEntityTooLarge
	case isSyntax(err):
		no.code = http.StatusBadRequest
	case errors.Is(err, errFormat):
		no.code = http.StatusUnsupportedMediaType
	case errors.Is(err, cap.ErrNotCAP), errors.Is(err, cot.ErrNotCoT), errors.Is(err, cloudevents.ErrNotCloudEvent):
		no.code = http.StatusUnprocessableEntity
	}
	return no
}

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crossband/client"
	"crossband/formats/webhook"
	"crossband/proto"
	"crossband/proto/incident"
	"crossband/proto/wire"
	"crossband/relay/hook/deliver"
	"crossband/relay/hook/deliver/door"
	"crossband/relay/store"
)

// pageBook is a pageLog over a real book of hails: it refuses what a hub refuses.
type pageBook struct {
	*incident.Book
	hook    proto.Name
	hail    proto.MessageID
	away    bool // answers wait in the outbox
	answers []string
}

// newPageBook returns a book with one hail whose ladder has come to the hook.
func newPageBook(t *testing.T) *pageBook {
	t.Helper()
	unit := proto.Name{Agency: "usbp.example", Role: proto.RoleUnit, Label: "a"}
	desk := proto.Name{Agency: "usbp.example", Role: proto.RoleDesk, Label: "d"}
	b := &pageBook{hook: proto.Name{Agency: "usbp.example", Role: proto.RoleHook, Label: "out"}, hail: proto.MessageID{1}}
	b.Book = incident.NewBook(proto.Charter{
		Kind: proto.KindCalling, Owner: "usbp.example", Expires: time.Now().Add(time.Hour),
		Parties: []proto.Party{{Agency: "usbp.example", Send: []proto.Role{proto.RoleUnit, proto.RoleDesk, proto.RoleHook}, MaxPriority: proto.PriorityEmergency}},
		Ladder:  []proto.LadderStep{{After: time.Second, Page: []proto.Name{b.hook}}, {After: time.Hour, Page: []proto.Name{desk}}},
	})
	in := proto.IncidentID{2}
	err := b.Hail(&wire.Hail{
		Id: b.hail[:], Incident: in[:], From: unit.String(), To: desk.String(), Urgency: uint32(proto.PriorityUrgent), ExpiresMs: time.Now().Add(2 * time.Minute).UnixMilli(),
	}, unit, time.Now())
	if err == nil {
		_, err = b.Book.Page(&wire.Page{Hail: b.hail[:], Round: 1, Step: 1, To: []string{b.hook.String()}}, time.Now().Add(time.Second))
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *pageBook) Page(hail proto.MessageID) (client.Page, bool) {
	c, ok := b.Call(hail)
	for _, r := range c.Reached {
		if r.Name == b.hook {
			return client.Page{Round: r.Round, Step: r.Step, Delivered: r.Delivered, Failed: r.Failed, Waits: c.State < proto.HailAccepted}, ok
		}
	}
	return client.Page{}, false
}

func (b *pageBook) Answer(_ context.Context, hail proto.MessageID, round, step int, why proto.Reason) error {
	if b.away {
		return client.ErrWaiting
	}
	b.answers = append(b.answers, fmt.Sprint(int(why)))
	return b.Result(&wire.PageResult{Hail: hail[:], From: b.hook.String(), Round: uint32(round), Step: uint32(step), Reason: uint32(why)}, b.hook, time.Now())
}

// nextAtOnce reports whether the next step is due without waiting for its time.
func (b *pageBook) nextAtOnce() bool { return len(b.Due(time.Now().Add(2*time.Second))) > 0 }

// pageTarget answers requests without a network.
type pageTarget struct {
	mu     sync.Mutex // guards what follows
	status int        // 0: it says nothing
	had    int
}

func (x *pageTarget) RoundTrip(r *http.Request) (*http.Response, error) {
	io.Copy(io.Discard, r.Body)
	x.mu.Lock()
	status := x.status
	if status/100 == 2 {
		x.had++
	}
	x.mu.Unlock()
	if status == 0 {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	return &http.Response{StatusCode: status, Body: http.NoBody}, nil
}

func (x *pageTarget) answers(status int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.status = status
}

// pageWorld is a deliverer with its pager, in virtual time.
type pageWorld struct {
	t       *testing.T
	book    *pageBook
	store   store.Store
	targets []deliver.Target
	at      map[string]*pageTarget
	log     bytes.Buffer

	teller *hookTeller
	stop   func() error
}

func newPageWorld(t *testing.T, targets map[string]int) *pageWorld {
	secret, err := webhook.NewSecret(bytes.NewReader(make([]byte, 32)))
	if err != nil {
		t.Fatal(err)
	}
	w := &pageWorld{t: t, book: newPageBook(t), store: store.NewMemory(), at: make(map[string]*pageTarget)}
	for name, status := range targets {
		w.at[name] = &pageTarget{status: status}
		w.targets = append(w.targets, deliver.Target{Name: name, URL: "https://" + name + ".example.com/", Secrets: []webhook.Secret{secret}})
	}
	slices.SortFunc(w.targets, func(a, b deliver.Target) int { return bytes.Compare([]byte(a.Name), []byte(b.Name)) })
	return w
}

// begin starts a run; end ends it as a crash does for what is in memory.
func (w *pageWorld) begin() {
	w.t.Helper()
	log := slog.New(slog.NewTextHandler(&w.log, nil))
	pages := newPager(w.book, log)
	d, err := deliver.Open(w.t.Context(), deliver.Config{
		Source: "spiffe://usbp.example/hook/out", Targets: w.targets, Store: w.store, Random: func() float64 { return 0.5 },
		Door:   func(t deliver.Target) *door.Door { return door.Through(w.at[t.Name], t.Timeout) },
		Result: pages.result,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	pages.fate = d.Fate
	w.teller = &hookTeller{deliverer: d, pages: pages, log: log}
	ctx, cancel := context.WithCancel(w.t.Context())
	ended := make(chan error, 1)
	go func() { // ends with stop, or when the store fails
		ended <- w.teller.work(ctx, func(ctx context.Context) error { <-ctx.Done(); return nil })
	}()
	w.stop = func() error { cancel(); return <-ended }
}

func (w *pageWorld) end() {
	w.t.Helper()
	if err := w.stop(); err != nil {
		w.t.Errorf("ended with %v", err)
	}
}

func (w *pageWorld) page() {
	w.t.Helper()
	if err := w.teller.put(w.t.Context(), w.event()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *pageWorld) event() deliver.Event {
	return deliver.Event{
		ID: pageID(w.book.hail, 1, 1), Incident: proto.IncidentID{2}, Hail: w.book.hail, Kind: deliver.LadderStep, Page: true, At: time.Now(), Round: 1, Step: 1,
	}
}

// said checks what the hub was told so far.
func (w *pageWorld) said(why string, want ...string) {
	w.t.Helper()
	synctest.Wait()
	if !slices.Equal(w.book.answers, want) {
		w.t.Errorf("%s: the hub was told %v, want %v\n%s", why, w.book.answers, want, w.log.String())
	}
}

func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

const noPage, noTarget = "513", "514"

// TestAPageIsAnsweredByItsFirstOutcome: one target that has it is enough; failed it has
// when all have, and then the next step is due at once.
func TestAPageIsAnsweredByItsFirstOutcome(t *testing.T) {
	for name, c := range map[string]struct {
		targets map[string]int
		kinds   []deliver.Kind
		after   time.Duration
		want    []string
	}{
		"delivered":                       {map[string]int{"a": 200}, nil, time.Second, []string{"0"}},
		"one has it, one is dead":         {map[string]int{"a": 500, "b": 200}, nil, time.Second, []string{"0"}},
		"one is dead, one says nothing":   {map[string]int{"a": 500, "b": 0}, nil, time.Second, nil},
		"and then it counts as failed":    {map[string]int{"a": 500, "b": 0}, nil, 10 * time.Second, []string{noPage}},
		"all are dead":                    {map[string]int{"a": 500, "b": 404}, nil, time.Second, []string{noPage}},
		"gone":                            {map[string]int{"a": 410}, nil, time.Second, []string{noPage}},
		"no target wants steps":           {map[string]int{"a": 200}, []deliver.Kind{deliver.Hail}, 0, []string{noTarget}},
		"one wants them and one does not": {map[string]int{"a": 200, "b": 500}, []deliver.Kind{deliver.Hail}, time.Second, []string{noPage}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newPageWorld(t, c.targets)
				w.targets[0].Kinds = c.kinds
				w.begin()
				defer w.end()
				w.page()
				pass(c.after)
				w.said(name, c.want...)
				if failed := len(c.want) > 0 && c.want[0] != "0"; w.book.nextAtOnce() != failed {
					t.Errorf("the next step comes at once: %v", !failed)
				}
			})
		})
	}
}

// TestAPageThatFailedIsDeliveredAfterAll: the hub is told both, each once.
func TestAPageThatFailedIsDeliveredAfterAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newPageWorld(t, map[string]int{"a": 500, "b": 500})
		w.begin()
		defer w.end()
		w.page()
		pass(time.Minute)
		w.said("it fails again and again", noPage)
		w.at["a"].answers(200)
		pass(time.Hour)
		w.said("one is back", noPage, "0")
		w.at["b"].answers(200)
		w.page() // the session says it again
		pass(time.Hour)
		w.said("and the other", noPage, "0")
	})
}

// TestAPageIsAnsweredOverARestart, once: whatever had come to pass before it.
func TestAPageIsAnsweredOverARestart(t *testing.T) {
	for name, c := range map[string]struct {
		away   bool // of the first run
		before int
		after  int
		want   []string
	}{
		"put, not tried":                  {false, 0, 200, []string{"0"}},
		"delivered, not answered":         {true, 200, 200, []string{"0"}},
		"failed, not answered":            {true, 500, 500, []string{noPage}},
		"delivered and answered":          {false, 200, 200, []string{"0"}},
		"failed and answered":             {false, 500, 500, []string{noPage}},
		"failed, answered, delivered now": {false, 500, 200, []string{noPage, "0"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newPageWorld(t, map[string]int{"a": c.before})
				w.book.away = c.away
				w.begin()
				w.page()
				pass(time.Second)
				w.end()
				w.book.away = false
				w.at["a"].answers(c.after)
				for range 3 {
					w.begin()
					w.page() // as takeUp puts it
					pass(time.Hour)
					w.end()
				}
				w.said(name, c.want...)
				if n := w.at["a"].had; n > 1 {
					t.Errorf("the target had it %d times", n)
				}
			})
		})
	}
}

// TestAnOldPageIsNotPutAgain: its hail has been accepted. How it fared is told, if it
// was put; if not, nothing is.
func TestAnOldPageIsNotPutAgain(t *testing.T) {
	for _, put := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			w := newPageWorld(t, map[string]int{"a": 200})
			w.book.away = true
			w.begin()
			if put {
				w.page()
			}
			pass(time.Second)
			w.end()
			w.book.away = false
			w.begin()
			defer w.end()
			w.teller.pages.expect(w.event().ID, openPage{hail: w.book.hail, round: 1, step: 1, old: true})
			w.teller.pages.put(w.event().ID, 0)
			pass(time.Second)
			if put {
				w.said("it was put", "0")
			} else {
				w.said("it was not")
			}
		})
	}
}

// TestAPageOfAnExerciseIsRefused, were it ever made: it is in no log, and nobody is
// told that it was delivered.
func TestAPageOfAnExerciseIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newPageWorld(t, map[string]int{"a": 200})
		w.targets[0].Exercises = true
		w.begin()
		defer w.end()
		e := w.event()
		e.Exercise = true
		if err := w.teller.put(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
		w.said("an exercise", noPage)
		if w.at["a"].had != 0 {
			t.Error("it was sent")
		}
	})
}

// failingStore fails at every write from the time it is told to.
type failingStore struct {
	store.Store
	mu     sync.Mutex
	failed bool
}

var errDisk = errors.New("the disk has failed")

func (f *failingStore) Write(ctx context.Context, records []store.Record) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.failed {
		return errDisk
	}
	return f.Store.Write(ctx, records)
}

// TestAStoreThatFailsAnswersForItsPages: those that wait have failed, at once.
func TestAStoreThatFailsAnswersForItsPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newPageWorld(t, map[string]int{"a": 0})
		kept := &failingStore{Store: w.store}
		w.store = kept
		w.begin()
		w.page()
		pass(time.Second)
		w.said("it waits")
		kept.mu.Lock()
		kept.failed = true
		kept.mu.Unlock()
		if err := w.teller.put(t.Context(), deliver.Event{ID: "x", Kind: deliver.Hail, At: time.Now()}); !errors.As(err, new(errStoreFailed)) || !errors.Is(err, errDisk) {
			t.Errorf("put: %v", err)
		}
		w.said("the store has failed", noPage)
		if err := w.stop(); !errors.As(err, new(errStoreFailed)) {
			t.Errorf("ended with %v", err)
		}
	})
}

package soak

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"crossband/client"
	"crossband/client/views"
	"crossband/client/voice"
	"crossband/cmd/crossband/internal/endpointdir"
	"crossband/proto"
)

// EndpointOptions says what one endpoint of a run does. All are required but Log.
type EndpointOptions struct {
	Node    Node
	Home    string // the device's folder
	Journal string
	Channel proto.ChannelID
	Talker  uint8         // what its frames say
	Seed    uint64        // of its pace
	Texts   time.Duration // between two texts, on average
	Bursts  time.Duration // between two bursts, on average
	Control io.Reader     // lines: SayQuiet, SayEnd
	Ready   func()        // called when the journal is open
	Log     *slog.Logger
}

// What the rig tells an endpoint.
const (
	SayBegin = "begin" // texts and bursts: everybody is in the channel
	SayQuiet = "quiet" // no new text, no new burst
	SayEnd   = "end"   // write down what you see, and end
)

// Limits of an endpoint's doings.
const (
	textPatience = 2 * time.Second        // for the own relay's acknowledgement; then it waits in the outbox
	joinPatience = 20 * time.Second       // for one try to come in
	burstFrames  = 25                     // half a second
	flushEvery   = 500 * time.Millisecond // of what was heard
	endPatience  = 5 * time.Second        // for what is under way at the end
)

// StaleAfter is how old live voice may be when it is played. An answer that comes
// later meets a situation that is over. What was said before the floor was granted
// may be older by what it waited for that: see voice.Early.
const StaleAfter = 2 * time.Second

// station is an endpoint at work.
type station struct {
	o       EndpointOptions
	journal *Journal
	session *client.Session
	ear     *ear
	next    uint64 // number of the next text; the texts' goroutine's
	rand    *rand.Rand
	wg      sync.WaitGroup
}

// RunEndpoint is one life of an endpoint: it joins, says numbered texts and short
// bursts, and writes down what it says, sees and hears, until it is told to end,
// its control closes, or it is killed.
func RunEndpoint(ctx context.Context, o EndpointOptions) error {
	journal, old, err := OpenJournal(o.Journal)
	if err != nil {
		return err
	}
	defer journal.Close()
	runs := 0
	st := &station{o: o, journal: journal, ear: &ear{}}
	for _, r := range old {
		switch r.What {
		case Started:
			runs++
		case Saying:
			st.next = r.N
		}
	}
	st.rand = rand.New(rand.NewPCG(o.Seed, uint64(runs)))
	st.write(Record{What: Started, N: uint64(runs)})
	o.Ready()
	session, release, err := endpointdir.At(o.Home).Session(st.ear, o.Log, "crossband soak")
	if err != nil {
		return err
	}
	st.session = session
	defer release()
	return st.live(ctx)
}

// live does everything until the end.
func (st *station) live(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	active, quiet := context.WithCancel(ctx)
	defer quiet()
	orders := make(chan string)
	go st.listen(ctx, orders) // ends with ctx, or when the control closes
	st.wg.Go(func() { st.events(ctx) })
	st.wg.Go(func() { st.come(ctx) })
	defer st.wg.Wait()
	defer cancel()
	flush := time.NewTicker(flushEvery)
	defer flush.Stop()
	for {
		select {
		case <-flush.C:
			st.heard()
		case order, ok := <-orders:
			switch {
			case !ok:
				return errors.New("the rig has gone")
			case order == SayBegin:
				st.wg.Go(func() { st.say(active) })
				st.wg.Go(func() { st.talk(active) })
			case order == SayQuiet:
				quiet()
			case order == SayEnd:
				quiet()
				return st.final()
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// listen passes the rig's orders on.
func (st *station) listen(ctx context.Context, orders chan<- string) {
	defer close(orders)
	lines := bufio.NewScanner(st.o.Control)
	for lines.Scan() {
		select {
		case orders <- lines.Text():
		case <-ctx.Done():
			return
		}
	}
}

// write keeps a line; what cannot be kept ends the process, for a diary with holes
// proves nothing.
func (st *station) write(r Record) {
	if err := st.journal.Write(r); err != nil {
		panic(fmt.Sprintf("the journal cannot be written: %v", err))
	}
}

// channel returns the channel, joined if that is possible now.
func (st *station) channel(ctx context.Context) *client.Channel {
	if ch := st.session.Channel(st.o.Channel); ch != nil {
		if _, authenticator := ch.Epoch(); authenticator != nil {
			return ch
		}
	}
	ctx, cancel := context.WithTimeout(ctx, joinPatience)
	defer cancel()
	ch, err := st.session.Join(ctx, st.o.Channel)
	if err != nil {
		if ctx.Err() == nil {
			st.write(Record{What: Trouble, Why: "join: " + err.Error()})
		}
		return nil
	}
	return ch
}

// come comes into the channel. From then on the session comes back by itself.
func (st *station) come(ctx context.Context) {
	for st.channel(ctx) == nil && st.sleep(ctx, time.Second) {
	}
}

// say says numbered texts.
func (st *station) say(ctx context.Context) {
	for st.sleep(ctx, st.o.Texts) {
		ch := st.session.Channel(st.o.Channel)
		if ch == nil {
			continue
		}
		st.next++
		n := st.next
		st.write(Record{What: Saying, N: n})
		wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), textPatience)
		id, err := ch.Text(wait, textOf(st.o.Node, n))
		cancel()
		said := Record{What: Said, N: n, ID: id.String()}
		if err != nil {
			said.Why = err.Error()
		}
		st.write(said)
	}
}

// sleep waits for between half and three halves of a time.
func (st *station) sleep(ctx context.Context, around time.Duration) bool {
	t := time.NewTimer(around/2 + rand.N(around))
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// textOf and partsOf: a text says who says it and which one it is.
func textOf(from Node, n uint64) string { return fmt.Sprintf("soak %s %d", from, n) }

func partsOf(text string) (from Node, n uint64, ok bool) {
	_, err := fmt.Sscanf(text, "soak %s %d", &from, &n)
	return from, n, err == nil
}

// talk says short bursts.
func (st *station) talk(ctx context.Context) {
	for st.sleep(ctx, st.o.Bursts) {
		ch := st.session.Channel(st.o.Channel)
		if ch == nil {
			continue
		}
		wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), endPatience)
		r, err := ch.Talk(wait, &stamped{talker: st.o.Talker, left: burstFrames}, client.TalkOptions{})
		cancel()
		talked := Record{What: Talked, ID: r.Burst.String(), N: uint64(r.Sent)}
		if err != nil {
			talked.Why = err.Error()
		}
		st.write(talked)
	}
}

// events writes down what the session tells.
func (st *station) events(ctx context.Context) {
	for {
		select {
		case e := <-st.session.Events():
			st.event(e)
		case <-ctx.Done():
			return
		}
	}
}

func (st *station) event(e client.Event) {
	switch e := e.(type) {
	case client.TextReceived:
		st.shown(e)
	case client.MessageMoved:
		switch e.State {
		case client.MessageKept, client.MessageOrdered:
			st.write(Record{What: Accepted, ID: e.ID.String(), Seq: e.Seq})
		case client.MessageFailed:
			st.write(Record{What: Failed, ID: e.ID.String(), Why: e.Why.Error()})
		}
	case client.Connected:
		st.write(Record{What: Connected, Why: e.Skew.String()})
	case client.Disconnected:
		st.write(Record{What: Link, Why: fmt.Sprint(e.Err)})
	case client.Joined:
		st.write(Record{What: Joined, N: e.Epoch})
	case client.Left:
		st.write(Record{What: Left, Why: e.Why.Error()})
	case client.Expelled:
		st.write(Record{What: Left, Why: e.Why.Error()})
	case client.Alarm:
		st.write(Record{What: Alarmed, Why: e.Why.Error()})
	case client.Missed:
		st.write(Record{What: Missed, Seq: e.Seq, N: e.Count})
	case client.Gap:
		st.write(Record{What: Gap, From: nodeOf(e.From), Seq: e.First, N: e.Count})
	case client.ViewsChanged:
		if e.Views.State == views.Differ {
			st.write(Record{What: Differ, Why: fmt.Sprintf("%+v", e.Views)})
		}
	}
}

// shown shows a text: it is written down, then the session is told, then that is
// written down. A kill between the first two gives the text again.
func (st *station) shown(e client.TextReceived) {
	from, n, ok := partsOf(e.Text)
	if !ok || from != nodeOf(e.From) {
		st.write(Record{What: Trouble, ID: e.ID.String(), Why: fmt.Sprintf("a text of %s that it did not say: %q", e.From, e.Text)})
		return
	}
	st.write(Record{What: Shown, ID: e.ID.String(), From: from, N: n, Seq: e.Seq})
	if err := st.session.Shown(e); err != nil {
		st.write(Record{What: Trouble, ID: e.ID.String(), Why: "not kept as shown: " + err.Error()})
		return
	}
	st.write(Record{What: Kept, ID: e.ID.String()})
}

// nodeOf is an endpoint's name in a run: its label.
func nodeOf(n proto.Name) Node { return Node(n.Label) }

func (st *station) heard() {
	if v := st.ear.take(); v.Frames > 0 {
		st.write(Record{What: Heard, Voice: &v})
	}
}

// final writes down the state at the end.
func (st *station) final() error {
	st.heard()
	f := Final{}
	if ch := st.session.Channel(st.o.Channel); ch != nil {
		var authenticator []byte
		f.Epoch, authenticator = ch.Epoch()
		f.Authenticator = hex.EncodeToString(authenticator)
		f.Member = authenticator != nil
		f.Views = ch.Views().State.String()
		f.Outbox = len(ch.Outbox())
	}
	st.write(Record{What: FinalView, Final: &f})
	return nil
}

// ear counts what is played. It implements client.Sink.
type ear struct {
	mu sync.Mutex // held for the whole of every method
	v  Voice
}

// Play implements client.Sink.
func (e *ear) Play(p client.Played) {
	if p.Conceal {
		return
	}
	talker, old, ok := age(p.PCM, Monotonic())
	e.mu.Lock()
	defer e.mu.Unlock()
	e.v.Frames++
	if !ok {
		return
	}
	e.v.Measured++
	if old > StaleAfter+voice.Early(p.Index) {
		e.v.Stale++
	}
	if ms := old.Milliseconds(); ms > e.v.WorstMS {
		e.v.WorstMS, e.v.TalkerID = ms, talker
	}
}

// take returns what has been counted and begins anew.
func (e *ear) take() Voice {
	e.mu.Lock()
	defer e.mu.Unlock()
	v := e.v
	e.v = Voice{}
	return v
}

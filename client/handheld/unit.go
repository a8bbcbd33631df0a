package handheld

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"crossband/client"
	"crossband/client/console"
	"crossband/client/handheld/sound"
	"crossband/client/phrase"
	"crossband/client/voice"
	"crossband/proto"
)

// UnitConfig says whose unit it is. Session, whose Sink is Ear, and Ear are required.
type UnitConfig struct {
	Session  *client.Session
	Ear      *Ear
	Events   <-chan client.Event // nil: the Session's own; whoever takes those hands each on
	Audio    Audio               // nil: none
	Language phrase.Language
	Software string
	Log      *slog.Logger     // nil discards
	Now      func() time.Time // nil is time.Now
}

// Seen is what a person sees.
type Seen struct {
	View    console.View
	Ringing []console.Call // that have begun to ring since the last time
	At      time.Time
	Mic     int    // percent, while pressed
	Muted   bool   // a person wants to hear nothing now
	Sound   error  // why there is no sound; nil: there is
	Fix     *Fix   // where the unit is; nil: not known
	FixWhy  string // why the source of fixes gives none
}

// Unit owns an endpoint for a person without a browser: Run folds what happens, Do does
// what a person wants.
type Unit struct {
	cfg    UnitConfig
	model  *console.Model // Run's alone
	asks   chan func()    // for Run
	bell   bell           // Run's alone
	button button
	tasks  sync.WaitGroup

	mu     sync.Mutex // guards what follows
	ctx    context.Context
	lang   phrase.Language
	unseen map[proto.MessageID]client.TextReceived // bounded by maxUnseen
	fix    *Fix
	fixWhy string
	shared time.Time                    // the newest fix that the patrols' partners were told
	opens  map[proto.MessageID]struct{} // hails accepted here, whose channel is to be joined; bounded by maxOpens
}

// Bounds of a Unit.
const (
	maxUnseen = 1000 // texts that no person has been shown: beyond it they are given again by the next run
	maxOpens  = 256
	asksWait  = 64
)

// NewUnit returns a Unit; Run has it work.
func NewUnit(cfg UnitConfig) *Unit {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Events == nil {
		cfg.Events = cfg.Session.Events()
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	u := &Unit{
		cfg: cfg, asks: make(chan func(), asksWait), lang: cfg.Language, ctx: context.Background(),
		unseen: make(map[proto.MessageID]client.TextReceived), opens: make(map[proto.MessageID]struct{}),
	}
	u.model = console.NewModel(console.ModelConfig{
		Endpoint: console.EndpointOf(cfg.Session), Me: cfg.Session.Name(), Language: cfg.Language, Voice: cfg.Ear, Opus: encodesOpus(), Software: cfg.Software,
	})
	u.button.audio = func() Audio {
		if cfg.Audio == nil {
			return silent{}
		}
		return cfg.Audio
	}
	u.button.report = func(id proto.ChannelID, p console.PressState) {
		u.ask(func() { u.model.Press(id, p, cfg.Now()) })
	}
	return u
}

// encodesOpus reports whether this build's voice goes out as Opus: else its bit rate is
// what it is.
func encodesOpus() bool {
	enc, err := voice.NewEncoder()
	return err == nil && enc.Codec() == voice.CodecOpus
}

// How often Run looks.
const (
	showEvery  = 200 * time.Millisecond
	shareEvery = 30 * time.Second
)

// Run folds what happens and shows it, until ctx ends; show is called on its goroutine.
// When it returns the button is up and nothing of the Unit's runs any more.
func (u *Unit) Run(ctx context.Context, show func(Seen)) {
	u.mu.Lock()
	u.ctx = ctx
	u.mu.Unlock()
	tick := time.NewTicker(showEvery)
	defer tick.Stop()
	share := time.NewTicker(shareEvery)
	defer share.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case e := <-u.cfg.Events:
			u.event(e)
		case f := <-u.asks:
			f()
		case <-share.C:
			u.share()
		case <-tick.C:
			s := u.seen()
			u.ring(s)
			show(s)
		}
	}
	u.button.release("")
	u.button.wait.Wait()
	u.tasks.Wait()
}

// ring has a call heard that wants an answer, unless a person wants to hear nothing.
func (u *Unit) ring(s Seen) {
	if pcm := u.bell.due(s.View.Calls, s.At); pcm != nil && !s.Muted && s.Sound == nil {
		u.task(ringEvery, func(ctx context.Context) error { return u.button.audio().Say(ctx, pcm) })
	}
}

func (u *Unit) event(e client.Event) {
	u.model.Fold(e, u.cfg.Now())
	switch e := e.(type) {
	case client.Offered:
		if e.Charter.Kind != proto.KindIncident {
			u.join(e.Channel)
		}
	case client.TextReceived:
		u.mu.Lock()
		if len(u.unseen) < maxUnseen {
			u.unseen[e.ID] = e
		}
		u.mu.Unlock()
	case client.IncidentOpened:
		u.mu.Lock()
		_, ours := u.opens[e.Hail]
		delete(u.opens, e.Hail)
		u.mu.Unlock()
		if h := u.cfg.Session.FindHail(e.Hail); ours || h != nil && h.Ring().From == u.cfg.Session.Name() {
			u.join(e.Channel)
		}
	}
}

// joinFor is how long joining a channel may take.
const joinFor = 20 * time.Second

// join comes into a channel by itself: a unit is to hear whatever it may hear.
func (u *Unit) join(id proto.ChannelID) {
	u.task(joinFor, func(ctx context.Context) error {
		_, err := u.cfg.Session.Join(ctx, id)
		return err
	})
}

// task runs what takes a while. It ends with Run.
func (u *Unit) task(long time.Duration, fn func(context.Context) error) {
	u.mu.Lock()
	ctx := u.ctx
	u.mu.Unlock()
	u.tasks.Go(func() { // ends after long, or with Run
		ctx, cancel := context.WithTimeout(ctx, long)
		defer cancel()
		if err := fn(ctx); err != nil && ctx.Err() == nil {
			u.cfg.Log.Warn("handheld", "why", err.Error())
		}
	})
}

// ask has Run do something to the model.
func (u *Unit) ask(f func()) {
	u.mu.Lock()
	ctx := u.ctx
	u.mu.Unlock()
	select {
	case u.asks <- f:
	case <-ctx.Done():
	}
}

func (u *Unit) seen() Seen {
	now := u.cfg.Now()
	s := Seen{View: u.model.View(now), Ringing: u.model.Ringing(), At: now, Muted: u.cfg.Ear.Muted()}
	audio := u.button.audio()
	s.Mic, s.Sound = audio.MicLevel(), audio.State()
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.fix != nil {
		f := *u.fix
		s.Fix = &f
	}
	s.FixWhy = u.fixWhy
	return s
}

// SetFix says where the unit is.
func (u *Unit) SetFix(f Fix) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.fix = &f
}

// FixTold says why there is no fix; nil: there is.
func (u *Unit) FixTold(err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.fixWhy = ""; err != nil {
		u.fixWhy = phrase.Inert(err.Error())
	}
}

// share tells the partners of our patrols where we are, when that is newly known.
func (u *Unit) share() {
	u.mu.Lock()
	fix, before := u.fix, u.shared
	if fix != nil {
		u.shared = fix.At
	}
	u.mu.Unlock()
	if fix == nil || !fix.At.After(before) {
		return
	}
	for _, ch := range u.cfg.Session.Channels() {
		if ch.Charter().Kind == proto.KindPatrol {
			u.task(sendFor, func(ctx context.Context) error {
				_, err := ch.SendPosition(ctx, fix.Position())
				if errors.Is(err, client.ErrWaiting) {
					return nil
				}
				return err
			})
		}
	}
}

// Unheard lists the bursts that nobody has heard, the oldest first.
func (u *Unit) Unheard() []console.Spoken {
	return slices.DeleteFunc(u.cfg.Ear.Bursts(), func(s console.Spoken) bool { return s.Heard || !s.Over })
}

// Replay plays a burst again.
func (u *Unit) Replay(ctx context.Context, id proto.BurstID) error {
	pcm, ok := u.cfg.Ear.Recall(id)
	if !ok {
		return proto.Refuse(proto.ReasonExpired, id.String())
	}
	return u.button.audio().Say(ctx, pcm)
}

// Parrot hears a person for three seconds, plays that back and reports on it.
func (u *Unit) Parrot(ctx context.Context, meter func(percent int)) (sound.Report, error) {
	return u.button.audio().Parrot(ctx, meter)
}

// Mute has nothing played, or everything again.
func (u *Unit) Mute(on bool) { u.cfg.Ear.Mute(on) }

// Typed takes where the unit is from a person, and tells the partners of its patrols.
func (u *Unit) Typed(text string) error {
	f, err := TypedFix(text, u.cfg.Now())
	if err != nil {
		return err
	}
	u.SetFix(f)
	u.share()
	return nil
}

func (u *Unit) language() phrase.Language {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.lang
}

// slots writes slots as the command line does.
func slots(m map[string]string) []string {
	var list []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		list = append(list, k+"="+m[k])
	}
	return list
}

package patch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"crossband/client"
	"crossband/client/voice"
	"crossband/proto"
)

// Limits of a patch.
const (
	MaxLegs = 4             // channels joined by one patch
	MaxLife = 4 * time.Hour // how long one may last; what lasts longer wants an agreement
	memory  = 256           // numbers of bursts that are remembered, so as not to carry one twice; beyond it the oldest goes
)

// Leg is a channel of a patch; *client.Channel is one.
type Leg interface {
	ID() proto.ChannelID
	Charter() proto.Charter
	Members() ([]proto.Name, error)
	Talk(context.Context, voice.Source, client.TalkOptions) (client.TalkReport, error)
	Text(context.Context, string) (proto.MessageID, error)
	HubThere() bool // what is said there reaches all who are on it
}

// Config says what is joined, by whom and until when.
type Config struct {
	Self  proto.Name
	Legs  []Leg // 2 to MaxLegs
	Until time.Time
	Log   *slog.Logger
}

// Patch is channels joined. It is a client.Sink for what is heard on them.
type Patch struct {
	cfg   Config
	ctx   context.Context
	end   context.CancelFunc
	dying *time.Timer // ends it at Until

	mu       sync.Mutex
	met      []proto.BurstID
	carries  []*carry
	priority map[proto.ChannelID]proto.Priority // of who has the floor
	telling  map[proto.ChannelID]bool           // is to be told again
	told     map[proto.ChannelID]time.Time      // when it was told again last
	talks    sync.WaitGroup                     // added to under mu, before the end
	counts   struct{ carried, refused, dropped atomic.Uint64 }
}

// Counts says what became of what was heard.
type Counts struct {
	Carried uint64 // bursts brought to another channel
	Refused uint64 // bursts not brought: the rule, a floor that was taken, or no link
	Dropped uint64 // frames that waited for the other channel too long
}

// Open tells every channel which others will hear it and, when all have been told,
// joins them until Until, Close, or the end of the process. now is the time of the
// announcement. A text that waits does not count as told: without its hub a channel goes
// on talking where it can, and would be joined unawares. If a channel cannot be told,
// nothing is joined, and those told, or still to be, are told so.
func Open(ctx context.Context, cfg Config, now time.Time) (*Patch, error) {
	if err := check(cfg, now); err != nil {
		return nil, err
	}
	for i, l := range cfg.Legs {
		if _, err := l.Text(ctx, joined(cfg, l)); err != nil {
			unsay(context.WithoutCancel(ctx), cfg, cfg.Legs[:i])
			if errors.Is(err, client.ErrWaiting) { // the text waits, the patch does not
				unsay(context.WithoutCancel(ctx), cfg, cfg.Legs[i:i+1])
				err = context.DeadlineExceeded
			}
			return nil, fmt.Errorf("%s cannot be told: %w", l.Charter().Title, err)
		}
	}
	p := &Patch{
		cfg: cfg, priority: make(map[proto.ChannelID]proto.Priority),
		telling: make(map[proto.ChannelID]bool), told: make(map[proto.ChannelID]time.Time),
	}
	p.ctx, p.end = context.WithCancel(context.Background())
	p.dying = time.AfterFunc(cfg.Until.Sub(now), p.end)
	return p, nil
}

func check(cfg Config, now time.Time) error {
	if n := len(cfg.Legs); n < 2 || n > MaxLegs {
		return proto.Refusef(proto.ReasonMalformed, "a patch of %d channels, from 2 to %d", n, MaxLegs)
	}
	if left := cfg.Until.Sub(now); left <= 0 || left > MaxLife {
		return proto.Refusef(proto.ReasonMalformed, "a patch of %s, at most %s", left.Round(time.Second), MaxLife)
	}
	if cfg.Self.Role != proto.RoleDesk { // a desk's voice is known to be perhaps another's: see Carries
		return proto.Refuse(proto.ReasonForbidden, cfg.Self.Short())
	}
	for i, l := range cfg.Legs {
		rules := l.Charter()
		if rules.RightOf(cfg.Self) != proto.RightSend {
			return proto.Refuse(proto.ReasonListenOnly, rules.Title)
		}
		if !l.HubThere() {
			return proto.Refuse(proto.ReasonHubAway, rules.Title)
		}
		if slices.ContainsFunc(cfg.Legs[:i], func(o Leg) bool { return o.ID() == l.ID() }) {
			return proto.Refuse(proto.ReasonExists, rules.Title)
		}
	}
	first := cfg.Legs[0].Charter()
	for _, l := range cfg.Legs {
		if rules := l.Charter(); rules.Exercise != first.Exercise {
			return proto.Refuse(proto.ReasonExercise, rules.Title)
		}
	}
	return nil
}

// unsay tells channels that what they were told does not come to be. It waits for none of
// them: the texts are in the outbox.
func unsay(ctx context.Context, cfg Config, legs []Leg) {
	ctx, cancel := context.WithTimeout(ctx, unsayTime)
	defer cancel()
	for _, l := range legs {
		tell(ctx, l, parted(cfg, l))
	}
}

// unsayTime is how long unsay may take.
const unsayTime = time.Second

// tell says a text; that it waits in the outbox is no error.
func tell(ctx context.Context, l Leg, text string) error {
	if _, err := l.Text(ctx, text); err != nil && !errors.Is(err, client.ErrWaiting) {
		return err
	}
	return nil
}

// Channels lists what is joined.
func (p *Patch) Channels() (ids []proto.ChannelID) {
	for _, l := range p.cfg.Legs {
		ids = append(ids, l.ID())
	}
	return ids
}

// Until returns when the patch ends by itself.
func (p *Patch) Until() time.Time { return p.cfg.Until }

// Withheld is whose voice is not brought from one channel to another, and why.
type Withheld struct {
	Speaker  proto.Agency // the desk's own: its units are brought all the same
	From, To proto.ChannelID
	Why      error
}

// Withheld lists what the patch does not carry at now, which a person at the desk should
// know.
func (p *Patch) Withheld(now time.Time) (list []Withheld) {
	for _, from := range p.cfg.Legs {
		for _, to := range p.cfg.Legs {
			a, b := from.Charter(), to.Charter()
			for _, speaker := range a.Members() {
				if err := Carries(p.cfg.Self.Agency, proto.Name{Agency: speaker, Role: proto.RoleDesk}, &a, &b, now); err != nil {
					list = append(list, Withheld{speaker, from.ID(), to.ID(), err})
				}
			}
		}
	}
	return list
}

// Legs lists what is joined, as Config had it.
func (p *Patch) Legs() []Leg { return p.cfg.Legs }

// Context ends with the patch: by Close, or by its time.
func (p *Patch) Context() context.Context { return p.ctx }

// Counts returns the figures so far.
func (p *Patch) Counts() Counts {
	return Counts{p.counts.carried.Load(), p.counts.refused.Load(), p.counts.dropped.Load()}
}

// Close ends the patch and whatever it carries, and tells the channels. It returns when
// no goroutine of the patch is left.
func (p *Patch) Close(ctx context.Context) {
	p.dying.Stop()
	p.mu.Lock() // what begins, begins before
	p.end()
	p.mu.Unlock()
	p.talks.Wait()
	for _, l := range p.cfg.Legs {
		if err := tell(ctx, l, parted(p.cfg, l)); err != nil {
			p.cfg.Log.Warn("patch ended, channel not told", "channel", l.Charter().Title, "why", err.Error())
		}
	}
}

// Yield ends what is carried to a channel, for the desk wants to talk there itself. It
// returns when the floor has been given back, or with ctx.
func (p *Patch) Yield(ctx context.Context, to proto.ChannelID) {
	p.mu.Lock()
	var done []<-chan struct{}
	for _, c := range p.carries {
		if c.to == to {
			c.stop()
			done = append(done, c.done)
		}
	}
	p.mu.Unlock()
	for _, d := range done {
		select {
		case <-d:
		case <-ctx.Done():
			return
		}
	}
}

// FloorChanged tells the patch with which priority somebody talks: what is carried
// asks with the same.
func (p *Patch) FloorChanged(f client.FloorChanged) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.priority[f.Channel] = f.Priority
}

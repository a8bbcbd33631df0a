package console

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"crossband/client"
	"crossband/client/patch"
	"crossband/client/phrase"
	"crossband/proto"
)

// maxPatches bounds the patches of one console; a channel is in one at most.
const maxPatches = 8

// ErrPatched says that a channel is in a patch, and so cannot be in another, nor be
// listened to no more.
var ErrPatched = errors.New("console: the channel is in a patch")

// patches are the patches of this console. It is the client.Sink that feeds them.
type patches struct {
	self proto.Name
	log  *slog.Logger
	turn chan struct{} // holds one token: whoever opens a patch takes it

	mu   sync.Mutex // guards list; never held while anything is told
	list []opened
	over chan struct{} // holds one token when a patch has ended by itself
}

type opened struct {
	id string
	*patch.Patch
}

func newPatches(cfg Config) *patches {
	p := &patches{log: cfg.Log, turn: make(chan struct{}, 1), over: make(chan struct{}, 1)}
	p.turn <- struct{}{}
	if cfg.Session != nil {
		p.self = cfg.Session.Name()
	}
	return p
}

// Play implements client.Sink.
func (p *patches) Play(heard client.Played) {
	for _, o := range p.now() {
		o.Play(heard)
	}
}

func (p *patches) now() []opened {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.list
}

// open joins channels for a while, one patch after the other, and returns its number.
// They are told before it returns.
func (p *patches) open(ctx context.Context, legs []patch.Leg, lasts time.Duration, now time.Time) (id string, err error) {
	select {
	case <-p.turn:
		defer func() { p.turn <- struct{}{} }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	for _, l := range legs {
		if _, ok := p.of(l.ID()); ok {
			return "", fmt.Errorf("%w: %s", ErrPatched, l.Charter().Title)
		}
	}
	if len(p.now()) >= maxPatches {
		return "", proto.Refusef(proto.ReasonQuota, "%d", maxPatches)
	}
	j, err := patch.Open(ctx, patch.Config{Self: p.self, Legs: legs, Until: now.Add(lasts), Log: p.log}, now)
	if err != nil {
		return "", err
	}
	var b [8]byte
	rand.Read(b[:])
	id = hex.EncodeToString(b[:])
	p.mu.Lock()
	defer p.mu.Unlock()
	p.list = append(slices.Clip(p.list), opened{id, j})
	context.AfterFunc(j.Context(), func() { wakeUp(p.over) })
	return id, nil
}

func wakeUp(token chan struct{}) {
	select {
	case token <- struct{}{}:
	default: // it is there already
	}
}

func title(o opened, id proto.ChannelID) string {
	for _, l := range o.Legs() {
		if l.ID() == id {
			return l.Charter().Title
		}
	}
	return id.Short()
}

// of returns the patch that a channel is in.
func (p *patches) of(id proto.ChannelID) (opened, bool) {
	for _, o := range p.now() {
		if slices.Contains(o.Channels(), id) {
			return o, true
		}
	}
	return opened{}, false
}

// end ends a patch and tells its channels.
func (p *patches) end(ctx context.Context, id string) error {
	if o, ok := p.take(func(o opened) bool { return o.id == id }); ok {
		o.Close(ctx)
	}
	return nil // it has ended already
}

// ended ends what is over by its time, or has lost a channel. It tells the channels.
func (p *patches) ended(ctx context.Context, gone func(proto.ChannelID) bool) {
	for {
		o, ok := p.take(func(o opened) bool { return o.Context().Err() != nil || slices.ContainsFunc(o.Channels(), gone) })
		if !ok {
			return
		}
		o.Close(ctx)
	}
}

// closeAll ends every patch.
func (p *patches) closeAll(ctx context.Context) {
	p.ended(ctx, func(proto.ChannelID) bool { return true })
}

func (p *patches) take(which func(opened) bool) (opened, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.list, which)
	if i < 0 {
		return opened{}, false
	}
	o := p.list[i]
	p.list = slices.Delete(slices.Clone(p.list), i, i+1) // readers hold the old one
	return o, true
}

// yield makes room for the desk's own press.
func (p *patches) yield(ctx context.Context, id proto.ChannelID) {
	if o, ok := p.of(id); ok {
		o.Yield(ctx, id)
	}
}

func (p *patches) floorChanged(f client.FloorChanged) {
	if o, ok := p.of(f.Channel); ok {
		o.FloorChanged(f)
	}
}

// membersChanged has those who have come told of the patch that their channel is in.
func (p *patches) membersChanged(m client.MembersChanged) {
	if o, ok := p.of(m.Channel); ok && len(m.Added) > 0 {
		o.Newcomers(m.Channel)
	}
}

// view is what a page shows of the patches.
func (p *patches) view(l phrase.Language, now time.Time) []Patch {
	list := []Patch{}
	for _, o := range p.now() {
		v := Patch{ID: o.id, Until: stamp(o.Until()), Withheld: []string{}}
		for _, id := range o.Channels() {
			v.Channels = append(v.Channels, id.String())
		}
		for _, w := range o.Withheld(now) {
			v.Withheld = append(v.Withheld, p.withheld(l, w.Speaker, title(o, w.From), title(o, w.To)))
		}
		list = append(list, v)
	}
	return list
}

func (p *patches) withheld(l phrase.Language, speaker proto.Agency, from, to string) string {
	who := inert(string(speaker), maxDetail)
	if speaker == p.self.Agency {
		who = phrase.Wording{"other desks of %s", "otras mesas de %s", "d'autres postes de %s"}.Say(l, who)
	}
	return phrase.Wording{
		"What is said on “%[2]s” by %[1]s is not carried to “%[3]s”: not all there are parties of that channel.",
		"Lo que se dice en “%[2]s” por %[1]s no se pasa a “%[3]s”: no todos allí son partes de ese canal.",
		"Ce qui est dit sur « %[2]s » par %[1]s n'est pas transmis à « %[3]s » : tous là-bas ne sont pas parties à ce canal.",
	}.Say(l, who, inert(from, maxDetail), inert(to, maxDetail))
}

// Package live plays units and desks that act by themselves beside a person at a
// console: they call, answer, talk, write, and say back what they hear. They are real
// devices on real links; only nobody holds them.
package live

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"crossband/client"
	"crossband/client/parrot"
	"crossband/client/voice"
	"crossband/cmd/crossband/internal/clip"
	"crossband/cmd/crossband/internal/endpointdir"
	"crossband/proto"
)

// Habits are what a Unit does by itself.
type Habits struct {
	// Joins says which channels on offer it joins: those of calling and standing kind
	// when nil.
	Joins func(proto.Charter) bool

	// Follows lets it come into the incidents of its calling channel. Where its agency
	// has no right to that it stays outside.
	Follows bool

	// Parrots names devices whose every burst it says back on the same channel.
	Parrots []proto.Name

	// Answers lets it accept and commit every call that rings at it, after Thinks, and
	// say something on the incident's channel.
	Answers bool
	Thinks  time.Duration

	// Brings names who is added to each incident that it follows, to observe.
	Brings []proto.Name
}

// Unit is a device that acts by its Habits.
type Unit struct {
	Session *client.Session
	habits  Habits
	ear     *parrot.Parrot // nil: it says nothing back
	log     *slog.Logger
	work    chan job
	end     func() error
}

// job is something that takes time: one after the other.
type job struct {
	what string
	do   func(context.Context) error
}

// maxJobs bounds what a unit has to do yet. What comes beyond is left undone.
const maxJobs = 32

// jobTimeout ends what gets no answer.
const jobTimeout = time.Minute

// Open opens an enrolled device's folder. Run lets it live; Close ends it.
func Open(home, software string, h Habits, log *slog.Logger) (*Unit, error) {
	u := &Unit{habits: h, log: log, work: make(chan job, maxJobs)}
	var ear client.Sink
	if len(h.Parrots) > 0 {
		u.ear = parrot.New(h.Parrots...)
		ear = u.ear
	}
	s, end, err := endpointdir.At(home).Session(ear, log, software)
	if err != nil {
		return nil, err
	}
	u.Session, u.end, u.log = s, end, log.With("unit", s.Name().Short())
	return u, nil
}

// Close ends the unit's session.
func (u *Unit) Close() error { return u.end() }

// Run acts until ctx ends.
func (u *Unit) Run(ctx context.Context) {
	ended := make(chan struct{})
	go func() { // ends with ctx
		defer close(ended)
		u.labour(ctx)
	}()
	defer func() { <-ended }()
	for {
		select {
		case e := <-u.Session.Events():
			u.see(e)
		case <-ctx.Done():
			return
		}
	}
}

// WaitIn waits until the unit is in a channel of each kind. Run must be running.
func (u *Unit) WaitIn(ctx context.Context, kinds ...proto.CharterKind) error {
	for _, kind := range kinds {
		for u.channel(kind) == nil {
			if err := pause(ctx, 50*time.Millisecond); err != nil {
				return fmt.Errorf("%s waits for a channel of kind %v: %w", u.Session.Name().Short(), kind, err)
			}
		}
	}
	return nil
}

// channel returns a channel of a kind that the unit is in; nil if it is in none.
func (u *Unit) channel(kind proto.CharterKind) *client.Channel {
	for _, ch := range u.Session.Channels() {
		if _, authenticator := ch.Epoch(); authenticator != nil && ch.Charter().Kind == kind {
			return ch
		}
	}
	return nil
}

func (u *Unit) labour(ctx context.Context) {
	for {
		select {
		case j := <-u.work:
			limited, cancel := context.WithTimeout(ctx, jobTimeout)
			if err := j.do(limited); err != nil && ctx.Err() == nil {
				u.log.Info(j.what, "why", err.Error())
			}
			cancel()
		case <-ctx.Done():
			return
		}
	}
}

func (u *Unit) todo(what string, do func(context.Context) error) {
	select {
	case u.work <- job{what, do}:
	default:
		u.log.Warn("left undone", "what", what)
	}
}

// see takes up what follows from an event.
func (u *Unit) see(e client.Event) {
	switch e := e.(type) {
	case client.Offered:
		if u.joins(e.Charter) {
			u.todo("join", func(ctx context.Context) error { return u.join(ctx, e.Channel) })
		}
	case client.IncidentOpened:
		if u.habits.Follows && e.Channel != (proto.ChannelID{}) {
			u.todo("follow", func(ctx context.Context) error { return u.follow(ctx, e.Channel) })
		}
	case client.HailReceived:
		if u.habits.Answers && e.Rings {
			u.todo("answer", func(ctx context.Context) error { return u.answer(ctx, e) })
		}
	case client.BurstHeard:
		if u.ear == nil {
			return
		}
		if said := u.ear.Take(e.Burst); said != nil {
			u.todo("say back", func(ctx context.Context) error { return u.sayBack(ctx, e.Channel, said) })
		}
	case client.TextReceived: // somebody is to see that it was read
		u.Session.Shown(e)
	}
}

func (u *Unit) joins(c proto.Charter) bool {
	if u.habits.Joins != nil {
		return u.habits.Joins(c)
	}
	return c.Kind == proto.KindCalling || c.Kind == proto.KindStanding
}

func (u *Unit) join(ctx context.Context, id proto.ChannelID) error {
	_, err := u.Session.Join(ctx, id)
	return err
}

// follow joins an incident and brings in those who are to observe it.
func (u *Unit) follow(ctx context.Context, id proto.ChannelID) error {
	ch, err := u.Session.Join(ctx, id)
	for _, name := range u.habits.Brings {
		if err == nil {
			err = ch.Add(ctx, name)
		}
	}
	return err
}

// answer takes a call that still rings, says so, and comes.
func (u *Unit) answer(ctx context.Context, ring client.HailReceived) error {
	if err := pause(ctx, u.habits.Thinks); err != nil {
		return err
	}
	h := u.Session.FindHail(ring.ID)
	if h == nil {
		return nil
	}
	if state, _ := h.State(); state >= proto.HailAccepted {
		return nil // somebody was quicker
	}
	for _, state := range []proto.HailState{proto.HailAccepted, proto.HailCommitted} {
		if err := h.Reply(ctx, state, proto.ReasonNone, nil); err != nil {
			return err
		}
	}
	id, err := h.WaitIncident(ctx)
	if err != nil {
		return err
	}
	ch, err := u.Session.Join(ctx, id)
	if err != nil {
		return err
	}
	if _, err := ch.Text(ctx, "Enterado. Dos unidades en camino, cuatro minutos."); err != nil && !errors.Is(err, client.ErrWaiting) {
		return err
	}
	return u.Say(ctx, id, clip.AnswerSpanish)
}

// Say says a clip on a channel, once the floor is free.
func (u *Unit) Say(ctx context.Context, id proto.ChannelID, name string) error {
	c, err := clip.Get(name)
	if err != nil {
		return err
	}
	src, err := voice.NewOggSource(c.Ogg)
	if err != nil {
		return err
	}
	return u.talk(ctx, id, src)
}

func (u *Unit) talk(ctx context.Context, id proto.ChannelID, src voice.Source) error {
	ch := u.Session.Channel(id)
	if ch == nil {
		return proto.Refuse(proto.ReasonNoChannel, id.String())
	}
	_, err := ch.Talk(ctx, src, client.TalkOptions{Queue: true})
	return err
}

// sayBack waits for as long as a person takes to let go and listen.
func (u *Unit) sayBack(ctx context.Context, id proto.ChannelID, said voice.Source) error {
	if err := pause(ctx, parrot.Waits); err != nil {
		return err
	}
	return u.talk(ctx, id, said)
}

// pause waits, unless ctx ends before.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

package live

import (
	"context"
	"errors"
	"fmt"
	"time"

	"crossband/client"
	"crossband/client/phrase"
	"crossband/cmd/crossband/internal/clip"
	"crossband/proto"
)

// Call is something that a Caller calls for.
type Call struct {
	Phrase   string   // of the phrasebook
	Slots    []string // as the command line writes them
	Note     string
	Urgency  proto.Priority
	Exercise bool
}

// Caller calls a desk again and again.
type Caller struct {
	*Unit
	To    proto.Name
	Calls []Call        // one after the other, over and over
	First time.Duration // until the first
	Every time.Duration // between two
	Told  func(format string, args ...any)
}

// maxOpen is how many incidents of its own a Caller lets be open before it waits for
// somebody to close one.
const maxOpen = 3

// callLife is how long a call rings.
const callLife = 90 * time.Second

// Run calls until ctx ends. What fails once is tried again with the next call.
func (c *Caller) Run(ctx context.Context) {
	wait := c.First
	for i := 0; pause(ctx, wait) == nil; wait = c.Every {
		if c.open() >= maxOpen {
			continue
		}
		if err := c.call(ctx, c.Calls[i%len(c.Calls)]); err != nil && ctx.Err() == nil {
			c.log.Info("call", "why", err.Error())
		}
		i++
	}
}

// open counts the incidents that this unit has called for and that still go on.
func (c *Caller) open() (n int) {
	for _, i := range c.Session.Incidents() {
		if len(i.Hails) == 0 || i.Hails[0].From != c.Session.Name() {
			continue
		}
		switch i.State {
		case client.IncidentOver, client.IncidentMerged, client.IncidentClosed:
		default:
			n++
		}
	}
	return n
}

func (c *Caller) call(ctx context.Context, what Call) error {
	ctx, cancel := context.WithTimeout(ctx, callLife+jobTimeout)
	defer cancel()
	ch := c.channel(proto.KindCalling)
	if ch == nil {
		return errors.New("in no calling channel yet")
	}
	content, err := what.content()
	if err != nil {
		return err
	}
	h, err := ch.Hail(ctx, c.To, content, client.HailOptions{Urgency: what.Urgency, Exercise: what.Exercise, Note: what.Note, Life: callLife})
	if err != nil {
		return err
	}
	c.Told("%s calls %s: %s", c.Session.Name().Short(), c.To.Short(), content.Sentence(phrase.English))
	state, err := h.WaitState(ctx, proto.HailAccepted)
	if err != nil || state.Over() {
		return err
	}
	id, err := h.WaitIncident(ctx)
	if err != nil {
		return err
	}
	c.Told("somebody has taken it; %s speaks on incident %s", c.Session.Name().Short(), id.Short())
	return c.tell(ctx, id)
}

// tell says on the incident's channel what it is about.
func (c *Caller) tell(ctx context.Context, id proto.ChannelID) error {
	if err := pause(ctx, time.Second); err != nil { // for those who come
		return err
	}
	ch := c.Session.Channel(id)
	if ch == nil {
		return proto.Refuse(proto.ReasonNoChannel, id.String())
	}
	if _, err := ch.Text(ctx, "Estamos en la orilla norte, junto al cruce viejo."); err != nil && !errors.Is(err, client.ErrWaiting) {
		return err
	}
	return c.Say(ctx, id, clip.AnswerSpanish)
}

func (c Call) content() (phrase.Content, error) {
	code, ok := phrase.Lookup(c.Phrase)
	if !ok {
		return phrase.Content{}, fmt.Errorf("the phrasebook has no %q", c.Phrase)
	}
	slots, err := phrase.ParseSlots(code, c.Slots)
	if err != nil {
		return phrase.Content{}, err
	}
	return phrase.Compose(code, slots...)
}

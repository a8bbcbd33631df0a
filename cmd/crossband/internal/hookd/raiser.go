package hookd

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"crossband/client"
	"crossband/proto"
	"crossband/relay/hook"
)

// Raiser hails on a calling channel for an inbox.
type Raiser struct {
	Session *client.Session
	Channel string // title or beginning of the identifier; "": the only one
	Speaker Speaker

	mu     sync.Mutex // guards joined; not held while joining
	joined *client.Channel
}

// hailLife is how long a hail rings unanswered, when the alert lives longer.
const hailLife = 2 * time.Minute

// Join comes into the calling channel, once.
func (r *Raiser) Join(ctx context.Context) (*client.Channel, error) {
	r.mu.Lock()
	ch := r.joined
	r.mu.Unlock()
	if ch != nil {
		return ch, nil
	}
	id, err := r.find(ctx)
	if err != nil {
		return nil, err
	}
	if ch, err = r.Session.Join(ctx, id); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.joined = ch
	return ch, nil
}

// find waits for a calling channel that fits: its charter may be on its way.
func (r *Raiser) find(ctx context.Context) (proto.ChannelID, error) {
	for {
		var found []proto.ChannelID
		for _, ch := range r.Session.Channels() {
			c := ch.Charter()
			if c.Kind == proto.KindCalling && (r.Channel == "" || c.Title == r.Channel || strings.HasPrefix(ch.ID().String(), r.Channel)) {
				found = append(found, ch.ID())
			}
		}
		switch {
		case len(found) == 1:
			return found[0], nil
		case len(found) > 1:
			return proto.ChannelID{}, fmt.Errorf("%d calling channels fit: name one", len(found))
		}
		select {
		case <-ctx.Done():
			return proto.ChannelID{}, proto.Refuse(proto.ReasonNoChannel, "calling channel "+r.Channel)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Raise implements hook.Raiser.
func (r *Raiser) Raise(ctx context.Context, x hook.Raise) error {
	ch, err := r.Join(ctx)
	if err != nil {
		return err
	}
	w, err := r.Speaker.Words(x)
	if err != nil {
		return err
	}
	life := lifeOf(x, time.Now())
	if life <= 0 {
		return errEnded
	}
	h, err := ch.Hail(ctx, w.To, w.Content, client.HailOptions{
		Urgency: x.Urgency, Life: life, Exercise: x.Exercise, Note: w.Note, ID: x.Hail, Incident: incidentOf(r.Session.Incidents(), x.Incident, x.Hail),
	})
	if why := cameBack(h); why != nil {
		return why
	}
	return onItsWay(err)
}

// cameBack is why a hail that was on its way is not, and was not heard; nil if it
// is or was. One that rang out expires without a reason.
func cameBack(h *client.Hail) error {
	if h == nil {
		return nil
	}
	if state, why := h.State(); state == proto.HailExpired && why != proto.ReasonNone {
		return fmt.Errorf("%w: it came back: %w", hook.ErrRefused, proto.Refuse(why, h.ID().String()))
	}
	return nil
}

// Known implements hook.Raiser.
func (r *Raiser) Known(ctx context.Context, hail proto.MessageID) (bool, error) {
	ch, err := r.Join(ctx)
	if err != nil {
		return false, err
	}
	h := r.Session.FindHail(hail)
	return h != nil && cameBack(h) == nil || ch.Delivery(hail).State != 0, nil
}

// incidentOf is the incident in which an alert is raised: its own, or the one as which
// that counts. When people have closed it a new one: a hub takes no hail in what is
// closed, and what comes after that is news. The new one has its name from the hail, so
// that it is the same after a crash.
func incidentOf(list []client.Incident, id proto.IncidentID, hail proto.MessageID) proto.IncidentID {
	known := make(map[proto.IncidentID]client.Incident, len(list))
	for _, i := range list {
		known[i.ID] = i
	}
	for range list { // no ring: merging makes none
		switch i := known[id]; i.State {
		case client.IncidentMerged:
			id = i.Into
		case client.IncidentClosed:
			sum := sha256.Sum256(append([]byte("crossband/1 hook incident\x00"), hail[:]...))
			return proto.IncidentID(sum[:len(id)])
		default:
			return id
		}
	}
	return id
}

var errEnded = errors.New("the alert has ended")

// lifeOf is how long a hail rings: no longer than its alert lives.
func lifeOf(x hook.Raise, now time.Time) time.Duration {
	if x.Alert.Expires.IsZero() {
		return hailLife
	}
	return min(hailLife, x.Alert.Expires.Sub(now))
}

// onItsWay sorts what a call to the session came to.
func onItsWay(err error) error {
	var refusal *proto.Refusal
	switch {
	case err == nil, errors.Is(err, client.ErrWaiting): // it is in the outbox, on disk
		return nil
	case proto.ReasonOf(err) == proto.ReasonConflict: // it is in the log, from a run before this one
		return nil
	case errors.As(err, &refusal):
		return fmt.Errorf("%w: %w", hook.ErrRefused, err)
	}
	return err
}

// Update implements hook.Raiser: the news is a text, in the incident once there
// is one, and before that on the calling channel.
func (r *Raiser) Update(ctx context.Context, u hook.Update) error {
	ch, err := r.Join(ctx)
	if err != nil {
		return err
	}
	h := r.Session.FindHail(u.Hail)
	if h == nil {
		return hook.ErrOver
	}
	state, _ := h.State()
	switch {
	case u.Repeat && !state.Over(): // it rings, or somebody is at it
		return nil
	case state.Over():
		return hook.ErrOver
	}
	return onItsWay(r.tell(ctx, ch, h, u.Message, "UPDATE "+note(hook.Raise{Call: u.Call})))
}

// openLife is how long news waits for an incident that somebody has accepted and
// that is not open yet. After it the calling channel hears the news.
const openLife = 2 * time.Second

func (r *Raiser) tell(ctx context.Context, ch *client.Channel, h *client.Hail, id proto.MessageID, text string) error {
	if state, _ := h.State(); state >= proto.HailAccepted {
		bounded, cancel := context.WithTimeout(ctx, openLife)
		defer cancel()
		if opened, err := h.WaitIncident(bounded); err == nil {
			if incident := r.Session.Channel(opened); incident != nil {
				ch = incident
			}
		}
	}
	return ch.TextAs(ctx, id, text)
}

// Cancel implements hook.Raiser. A hail that somebody has accepted is cancelled
// too, before those in its incident are told why: what ends a call for help waits for
// no text.
func (r *Raiser) Cancel(ctx context.Context, c hook.Cancel) error {
	if _, err := r.Join(ctx); err != nil {
		return err
	}
	h := r.Session.FindHail(c.Hail)
	if h == nil {
		return nil
	}
	if state, _ := h.State(); !state.Over() {
		err := h.ReplyAs(ctx, c.Reply, proto.HailCancelled, proto.ReasonNone, nil)
		if reason := proto.ReasonOf(err); reason != proto.ReasonHailState && reason != proto.ReasonNoHail { // it is over
			if err := onItsWay(err); err != nil {
				return err
			}
		}
	} else if state != proto.HailCancelled {
		return nil
	}
	return r.tellWhy(ctx, h, c)
}

// tellWhy tells those in the incident of a cancelled hail that its source ended it.
// Where there is none, the calling channel has seen the end.
func (r *Raiser) tellWhy(ctx context.Context, h *client.Hail, c hook.Cancel) error {
	bounded, cancel := context.WithTimeout(ctx, openLife)
	defer cancel()
	opened, err := h.WaitIncident(bounded)
	incident := r.Session.Channel(opened)
	if err != nil || incident == nil {
		return nil
	}
	return onItsWay(incident.TextAs(ctx, c.Message, "CANCELLED by its source "+note(hook.Raise{Call: c.Call})))
}

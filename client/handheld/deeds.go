package handheld

import (
	"context"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"crossband/client"
	"crossband/client/console"
	"crossband/client/handheld/sound"
	"crossband/client/phrase"
	"crossband/proto"
)

// sendFor is how long a deed may take; what waits for the relay longer stays in the
// outbox.
const sendFor = 4 * time.Second

// Do does what a person wants and says what became of it, in the unit's language. It
// may be called from any goroutine while Run runs.
func (u *Unit) Do(ctx context.Context, d console.Deed) console.Outcome {
	ctx, cancel := context.WithTimeout(ctx, sendFor)
	defer cancel()
	o, err := u.do(ctx, d)
	o.Done = err == nil
	if err == nil {
		return o
	}
	o.Waits = errors.Is(err, client.ErrWaiting)
	o.Code, o.Says = u.explain(err)
	return o
}

// explain says an error in the unit's language; the machine's sound is not the
// endpoint's, and explained here.
func (u *Unit) explain(err error) (int, string) {
	l := u.language()
	if errors.Is(err, ErrNoMicrophone) || errors.Is(err, sound.ErrNoServer) || errors.Is(err, sound.ErrNoDevice) {
		return 0, wordsFor(l).noSound
	}
	return console.Explain(err, l)
}

func (u *Unit) do(ctx context.Context, d console.Deed) (console.Outcome, error) {
	switch d.Do {
	case console.DoPress:
		return console.Outcome{}, u.press(d)
	case console.DoRelease:
		u.button.release(d.Press)
		return console.Outcome{}, nil
	case console.DoText:
		return u.text(ctx, d)
	case console.DoShown:
		return console.Outcome{}, u.shown(d)
	case console.DoHail:
		return u.hail(ctx, d)
	case console.DoReply:
		return console.Outcome{Call: d.Call}, u.reply(ctx, d)
	case console.DoPosition:
		return console.Outcome{}, u.position(ctx, d)
	case console.DoJoin:
		return console.Outcome{}, u.doJoin(d)
	case console.DoAlarmSeen:
		u.ask(func() { u.model.AlarmSeen(d.Alarm) })
		return console.Outcome{}, nil
	case console.DoLanguage:
		return console.Outcome{}, u.setLanguage(d.Language)
	}
	return console.Outcome{}, proto.Refusef(proto.ReasonUnknown, "deed %q", d.Do)
}

func (u *Unit) channel(text string) (*client.Channel, error) {
	id, err := proto.ParseChannelID(text)
	if err != nil {
		return nil, err
	}
	ch := u.cfg.Session.Channel(id)
	if ch == nil {
		return nil, proto.Refuse(proto.ReasonNoChannel, text)
	}
	return ch, nil
}

// messageID reads the hexadecimal form of a message's identifier.
func messageID(text string) (proto.MessageID, error) {
	b, err := hex.DecodeString(text)
	if err != nil {
		return proto.MessageID{}, proto.Refuse(proto.ReasonMalformed, "message identifier is not hexadecimal")
	}
	return proto.MessageIDFrom(b)
}

func priorityOf(text string, without proto.Priority) (proto.Priority, error) {
	if text == "" {
		return without, nil
	}
	p, err := proto.ParsePriority(text)
	if err != nil {
		return 0, proto.Refuse(proto.ReasonMalformed, err.Error())
	}
	return p, nil
}

func (u *Unit) press(d console.Deed) error {
	p, err := priorityOf(d.Priority, proto.PriorityRoutine)
	if err != nil {
		return err
	}
	if len(d.Channels) != 1 {
		return proto.Refusef(proto.ReasonMalformed, "%d channels; a handheld speaks on one", len(d.Channels))
	}
	ch, err := u.channel(d.Channels[0])
	if err != nil {
		return err
	}
	u.mu.Lock()
	ctx := u.ctx // not the deed's: the press outlasts it
	u.mu.Unlock()
	return u.button.press(ctx, d.Press, ch.ID(), ch, p)
}

func (u *Unit) text(ctx context.Context, d console.Deed) (console.Outcome, error) {
	ch, err := u.channel(d.Channel)
	if err != nil {
		return console.Outcome{}, err
	}
	id, err := ch.Text(ctx, d.Text)
	if id == (proto.MessageID{}) {
		return console.Outcome{}, err
	}
	return console.Outcome{Message: id.String()}, err
}

func (u *Unit) shown(d console.Deed) error {
	id, err := messageID(d.Message)
	if err != nil {
		return err
	}
	u.mu.Lock()
	t, ok := u.unseen[id]
	delete(u.unseen, id)
	u.mu.Unlock()
	if !ok {
		return nil // shown before
	}
	u.ask(func() { u.model.Shown(id) })
	return u.cfg.Session.Shown(t)
}

func (u *Unit) hail(ctx context.Context, d console.Deed) (console.Outcome, error) {
	ch, err := u.channel(d.Channel)
	if err != nil {
		return console.Outcome{}, err
	}
	to, err := proto.ParseName(d.Name)
	if err != nil {
		return console.Outcome{}, proto.Refuse(proto.ReasonMalformed, err.Error())
	}
	what, err := phrase.ComposeTyped(d.Phrase, slots(d.Slots))
	if err != nil {
		return console.Outcome{}, err
	}
	urgency, err := priorityOf(d.Priority, proto.PriorityUrgent)
	if err != nil {
		return console.Outcome{}, err
	}
	h, err := ch.Hail(ctx, to, what, client.HailOptions{Urgency: urgency, Exercise: d.Exercise, Note: d.Text})
	if h == nil {
		return console.Outcome{}, err
	}
	return console.Outcome{Call: h.ID().String()}, err
}

// reply answers a call. Committing to one that is not accepted accepts it too; who
// accepts joins the incident's channel as soon as there is one.
func (u *Unit) reply(ctx context.Context, d console.Deed) error {
	id, err := messageID(d.Call)
	if err != nil {
		return err
	}
	h := u.cfg.Session.FindHail(id)
	if h == nil {
		return proto.Refuse(proto.ReasonNoHail, d.Call)
	}
	states := map[string]proto.HailState{}
	for _, s := range []proto.HailState{proto.HailAccepted, proto.HailCommitted, proto.HailDeclined, proto.HailCancelled, proto.HailReleased} {
		states[strings.ToLower(s.String())] = s
	}
	state, ok := states[d.State]
	if !ok {
		return proto.Refusef(proto.ReasonMalformed, "state %q", d.State)
	}
	why := proto.ReasonNone
	if state == proto.HailDeclined {
		why = proto.ReasonNoMeans
	}
	if state == proto.HailAccepted || state == proto.HailCommitted {
		u.mu.Lock()
		if len(u.opens) < maxOpens {
			u.opens[id] = struct{}{}
		}
		u.mu.Unlock()
	}
	if now, _ := h.State(); state == proto.HailCommitted && now < proto.HailAccepted {
		if err := h.Reply(ctx, proto.HailAccepted, proto.ReasonNone, nil); err != nil && !errors.Is(err, client.ErrWaiting) {
			return err
		}
	}
	return h.Reply(ctx, state, why, nil)
}

func (u *Unit) position(ctx context.Context, d console.Deed) error {
	ch, err := u.channel(d.Channel)
	if err != nil {
		return err
	}
	p, err := phrase.NewPlace(d.Latitude, d.Longitude, "")
	if err != nil {
		return proto.Refuse(proto.ReasonMalformed, err.Error())
	}
	_, err = ch.SendPosition(ctx, client.Position{Place: p, Accuracy: d.Accuracy, Fix: u.cfg.Now()})
	return err
}

func (u *Unit) doJoin(d console.Deed) error {
	id, err := proto.ParseChannelID(d.Channel)
	if err != nil {
		return err
	}
	u.join(id) // what becomes of it shows
	return nil
}

func (u *Unit) setLanguage(text string) error {
	l, err := phrase.ParseLanguage(text)
	if err != nil {
		return proto.Refuse(proto.ReasonMalformed, err.Error())
	}
	u.mu.Lock()
	u.lang = l
	u.mu.Unlock()
	u.ask(func() { u.model.SetLanguage(l) })
	return nil
}

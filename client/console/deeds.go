package console

import (
	"context"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"crossband/client"
	"crossband/client/phrase"
	"crossband/proto"
)

// How long a deed may take. What waits for the relay longer than sendTimeout stays in the
// outbox, and the page is told so.
const (
	sendTimeout = 4 * time.Second
	joinTimeout = 20 * time.Second
)

// deeds are what can be done, by name.
func (s *Server) deeds() map[string]func(context.Context, Deed) (Outcome, error) {
	return map[string]func(context.Context, Deed) (Outcome, error){
		DoJoin:      s.doJoin,
		DoPress:     s.doPress,
		DoRelease:   s.doRelease,
		DoText:      s.doText,
		DoShown:     s.doShown,
		DoHail:      s.doHail,
		DoReply:     s.doReply,
		DoHandOver:  s.doHandOver,
		DoMerge:     s.doMerge,
		DoRearm:     s.doRearm,
		DoClose:     s.doClose,
		DoOnDuty:    s.doOnDuty,
		DoOffDuty:   s.doOffDuty,
		DoDutyTo:    s.doDutyTo,
		DoPosition:  s.doPosition,
		DoAlarmSeen: s.doAlarmSeen,
		DoLanguage:  s.doLanguage,
		DoPatch:     s.doPatch,
		DoUnpatch:   s.doUnpatch,
		DoListen:    s.doListen,
	}
}

// perform does a Deed and says what became of it, in the page's language.
func (s *Server) perform(d Deed) Outcome {
	do, ok := s.deeds()[d.Do]
	if !ok {
		return s.outcome(Outcome{}, proto.Refusef(proto.ReasonUnknown, "deed %q", d.Do))
	}
	if room := s.roomFor(d.Do); room != nil {
		select {
		case room <- struct{}{}:
			defer func() { <-room }()
		default:
			return s.outcome(Outcome{}, proto.Refusef(proto.ReasonQuota, "%d at once", maxAtOnce))
		}
	}
	limit := sendTimeout
	if d.Do == DoJoin {
		limit = joinTimeout
	}
	ctx, cancel := context.WithTimeout(s.ctx, limit)
	defer cancel()
	return s.outcome(do(ctx, d))
}

// roomFor is what a deed takes a token of while it is under way; nil: it waits for
// nothing. Texts that a bad link holds up must not keep anybody from speaking, and
// nothing must keep a press from its end.
func (s *Server) roomFor(deed string) chan struct{} {
	switch deed {
	case DoRelease:
		return nil
	case DoPress:
		return s.pressing
	}
	return s.busy
}

// outcome is what becomes of a deed with an error or without.
func (s *Server) outcome(o Outcome, err error) Outcome {
	if err == nil {
		o.Done = true
		return o
	}
	o.Code, o.Says = Explain(err, s.language())
	if o.Waits = errors.Is(err, client.ErrWaiting); o.Waits {
		o.Code = 0
	}
	return o
}

func (s *Server) doJoin(ctx context.Context, d Deed) (Outcome, error) {
	id, err := proto.ParseChannelID(d.Channel)
	if err != nil {
		return Outcome{}, malformed("channel", err)
	}
	_, err = s.cfg.Session.Join(ctx, id)
	return Outcome{}, err
}

func (s *Server) doPress(ctx context.Context, d Deed) (Outcome, error) {
	priority, err := priorityOf(d, proto.PriorityRoutine)
	if err != nil {
		return Outcome{}, err
	}
	if len(d.Channels) == 0 || len(d.Channels) > maxPressed {
		return Outcome{}, proto.Refusef(proto.ReasonMalformed, "%d channels; 1 to %d can be pressed", len(d.Channels), maxPressed)
	}
	on := make(map[proto.ChannelID]talker)
	for _, text := range d.Channels {
		ch, err := s.joinedChannel(text)
		if err != nil {
			return Outcome{}, err
		}
		on[ch.ID()] = ch
	}
	if err := s.mayPress(d.Page); err != nil {
		return Outcome{}, err
	}
	s.alsoPatched(ctx, on)
	if err := s.mayPress(d.Page); err != nil { // what was carried may have held the floor for a while
		return Outcome{}, err
	}
	return Outcome{}, s.press.start(d.Page, d.Press, on, priority)
}

// mayPress returns why a page cannot speak now, as far as that is known before.
func (s *Server) mayPress(page string) error {
	switch {
	case !s.pages.there(page): // nobody would notice that the button is up again
		return proto.Refuse(proto.ReasonNotReady, "GET /api/events")
	case s.pages.taken(page) != "": // it would open the microphone of somebody else
		return ErrVoiceTaken
	}
	return s.cfg.Sound.Microphone() // else the floor would be taken for silence
}

func (s *Server) doRelease(_ context.Context, d Deed) (Outcome, error) {
	s.press.release(d.Page, d.Press)
	return Outcome{}, nil
}

func (s *Server) doText(ctx context.Context, d Deed) (Outcome, error) {
	ch, err := s.channel(d.Channel)
	if err != nil {
		return Outcome{}, err
	}
	id, err := ch.Text(ctx, d.Text)
	if id == (proto.MessageID{}) {
		return Outcome{}, err
	}
	return Outcome{Message: id.String()}, err
}

func (s *Server) doShown(ctx context.Context, d Deed) (Outcome, error) {
	id, err := messageID(d.Message)
	if err != nil {
		return Outcome{}, err
	}
	var text client.TextReceived
	var found bool
	err = s.board.do(ctx, func(b Board) {
		if text, found = s.board.texts.take(id); found {
			b.Shown(id)
		}
	})
	if err != nil || !found { // seen before, perhaps on another page
		return Outcome{}, err
	}
	return Outcome{}, s.cfg.Session.Shown(text)
}

func (s *Server) doHail(ctx context.Context, d Deed) (Outcome, error) {
	ch, err := s.channel(d.Channel)
	if err != nil {
		return Outcome{}, err
	}
	to, err := nameOf(d.Name)
	if err != nil {
		return Outcome{}, err
	}
	what, err := contentOf(d)
	if err != nil {
		return Outcome{}, err
	}
	urgency, err := priorityOf(d, proto.PriorityUrgent)
	if err != nil {
		return Outcome{}, err
	}
	if len(d.Text) > client.MaxText {
		return Outcome{}, proto.Refusef(proto.ReasonTooLarge, "%d", client.MaxText)
	}
	h, err := ch.Hail(ctx, to, what, client.HailOptions{Urgency: urgency, Exercise: d.Exercise, Note: d.Text})
	if h == nil {
		return Outcome{}, err
	}
	return Outcome{Call: h.ID().String()}, err
}

// doReply says something of a call. Committing help to one that is not accepted accepts
// it too; whoever accepts joins the incident's channel as soon as there is one.
func (s *Server) doReply(ctx context.Context, d Deed) (Outcome, error) {
	id, err := messageID(d.Call)
	if err != nil {
		return Outcome{}, err
	}
	state, err := replyOf(d.State)
	if err != nil {
		return Outcome{}, err
	}
	reason, err := reasonOf(d, state)
	if err != nil {
		return Outcome{}, err
	}
	var words *phrase.Content
	if d.Phrase != "" {
		content, err := contentOf(d)
		if err != nil {
			return Outcome{}, err
		}
		words = &content
	}
	h := s.cfg.Session.FindHail(id)
	if h == nil {
		return Outcome{}, proto.Refuse(proto.ReasonNoHail, id.String())
	}
	takes := state == proto.HailAccepted || state == proto.HailCommitted
	if takes {
		s.joiner.expect(id)
	}
	err = s.reply(ctx, h, state, reason, words)
	if takes && err != nil && !errors.Is(err, client.ErrWaiting) {
		s.joiner.forget(id)
	}
	return Outcome{Call: id.String()}, err
}

// reply accepts first what is committed and has not been accepted. Both may wait in the
// outbox, in this order.
func (s *Server) reply(ctx context.Context, h *client.Hail, state proto.HailState, reason proto.Reason, words *phrase.Content) error {
	if now, _ := h.State(); state == proto.HailCommitted && now < proto.HailAccepted {
		err := h.Reply(ctx, proto.HailAccepted, proto.ReasonNone, nil)
		if err != nil && !errors.Is(err, client.ErrWaiting) {
			return err
		}
	}
	return h.Reply(ctx, state, reason, words)
}

func (s *Server) doHandOver(ctx context.Context, d Deed) (Outcome, error) {
	ch, id, err := s.incident(d.Incident)
	if err != nil {
		return Outcome{}, err
	}
	to, err := nameOf(d.Name)
	if err != nil {
		return Outcome{}, err
	}
	return Outcome{}, ch.HandOver(ctx, id, to, d.Text)
}

func (s *Server) doMerge(ctx context.Context, d Deed) (Outcome, error) {
	ch, id, err := s.incident(d.Incident)
	if err != nil {
		return Outcome{}, err
	}
	into, err := proto.ParseIncidentID(d.Into)
	if err != nil {
		return Outcome{}, malformed("into", err)
	}
	return Outcome{}, ch.Merge(ctx, id, into, d.Text)
}

func (s *Server) doRearm(ctx context.Context, d Deed) (Outcome, error) {
	ch, id, err := s.incident(d.Incident)
	if err != nil {
		return Outcome{}, err
	}
	return Outcome{}, ch.Rearm(ctx, id, d.Text)
}

func (s *Server) doClose(ctx context.Context, d Deed) (Outcome, error) {
	ch, id, err := s.incident(d.Incident)
	if err != nil {
		return Outcome{}, err
	}
	as, err := proto.ParseDisposition(d.As)
	if err != nil {
		return Outcome{}, err
	}
	return Outcome{}, ch.CloseIncident(ctx, id, as, d.Text)
}

func (s *Server) doOnDuty(ctx context.Context, d Deed) (Outcome, error) {
	ch, role, err := s.desk(d)
	if err != nil {
		return Outcome{}, err
	}
	return Outcome{}, ch.OnDuty(ctx, role, d.Text)
}

func (s *Server) doOffDuty(ctx context.Context, d Deed) (Outcome, error) {
	ch, role, err := s.desk(d)
	if err != nil {
		return Outcome{}, err
	}
	return Outcome{}, ch.OffDuty(ctx, role, d.Text)
}

func (s *Server) doDutyTo(ctx context.Context, d Deed) (Outcome, error) {
	ch, role, err := s.desk(d)
	if err != nil {
		return Outcome{}, err
	}
	to, err := proto.ParseName(d.Into)
	if err != nil {
		return Outcome{}, malformed("into", err)
	}
	return Outcome{}, ch.HandOverDuty(ctx, role, to, d.Text)
}

func (s *Server) doPosition(ctx context.Context, d Deed) (Outcome, error) {
	ch, err := s.channel(d.Channel)
	if err != nil {
		return Outcome{}, err
	}
	place, err := phrase.NewPlace(d.Latitude, d.Longitude, "")
	if err != nil {
		return Outcome{}, malformed("position", err)
	}
	id, err := ch.SendPosition(ctx, client.Position{Place: place, Accuracy: d.Accuracy, Fix: s.cfg.Clock()})
	if id == (proto.MessageID{}) {
		return Outcome{}, err
	}
	return Outcome{Message: id.String()}, err
}

func (s *Server) doAlarmSeen(ctx context.Context, d Deed) (Outcome, error) {
	return Outcome{}, s.board.do(ctx, func(b Board) { b.AlarmSeen(d.Alarm) })
}

func (s *Server) doLanguage(ctx context.Context, d Deed) (Outcome, error) {
	l, err := phrase.ParseLanguage(d.Language)
	if err != nil {
		return Outcome{}, malformed("language", err)
	}
	s.speaks.Store(uint32(l))
	return Outcome{}, s.board.do(ctx, func(b Board) { b.SetLanguage(l) })
}

func (s *Server) channel(text string) (*client.Channel, error) {
	id, err := proto.ParseChannelID(text)
	if err != nil {
		return nil, malformed("channel", err)
	}
	ch := s.cfg.Session.Channel(id)
	if ch == nil {
		return nil, proto.Refuse(proto.ReasonNoChannel, id.Short())
	}
	return ch, nil
}

// incident finds the calling channel on which an incident is.
func (s *Server) incident(text string) (*client.Channel, proto.IncidentID, error) {
	id, err := proto.ParseIncidentID(text)
	if err != nil {
		return nil, id, malformed("incident", err)
	}
	for _, i := range s.cfg.Session.Incidents() {
		if i.ID != id {
			continue
		}
		if ch := s.cfg.Session.Channel(i.Calling); ch != nil {
			return ch, id, nil
		}
	}
	return nil, id, proto.Refuse(proto.ReasonIncident, id.String())
}

// desk is a channel and a desk of it.
func (s *Server) desk(d Deed) (*client.Channel, proto.Name, error) {
	ch, err := s.channel(d.Channel)
	if err != nil {
		return nil, proto.Name{}, err
	}
	role, err := nameOf(d.Name)
	return ch, role, err
}

func malformed(what string, err error) error {
	return proto.Refuse(proto.ReasonMalformed, what+": "+err.Error())
}

func nameOf(text string) (proto.Name, error) {
	n, err := proto.ParseName(text)
	if err != nil {
		return n, malformed("name", err)
	}
	return n, nil
}

func messageID(text string) (proto.MessageID, error) {
	octets, err := hex.DecodeString(text)
	if err != nil {
		return proto.MessageID{}, proto.Refuse(proto.ReasonMalformed, "message identifier is not hexadecimal")
	}
	return proto.MessageIDFrom(octets)
}

func priorityOf(d Deed, without proto.Priority) (proto.Priority, error) {
	if d.Priority == "" {
		return without, nil
	}
	return proto.ParsePriority(d.Priority)
}

// contentOf reads a phrase and its slots as the command line writes them.
func contentOf(d Deed) (phrase.Content, error) {
	var slots []string
	for _, name := range slices.Sorted(maps.Keys(d.Slots)) {
		slots = append(slots, name+"="+d.Slots[name])
	}
	c, err := phrase.ComposeTyped(d.Phrase, slots)
	if err != nil {
		return c, malformed("phrase", err)
	}
	return c, nil
}

// replyOf reads a state that a person can bring a call to.
func replyOf(text string) (proto.HailState, error) {
	for _, s := range []proto.HailState{proto.HailAccepted, proto.HailCommitted, proto.HailDeclined, proto.HailCancelled, proto.HailReleased} {
		if strings.ToLower(s.String()) == text {
			return s, nil
		}
	}
	return 0, proto.Refusef(proto.ReasonMalformed, "state %q", text)
}

// reasonOf reads why a call is declined. Where words of the phrasebook say it, the
// refusal has no other reason.
func reasonOf(d Deed, state proto.HailState) (proto.Reason, error) {
	switch {
	case d.Reason != "":
		n, err := strconv.ParseUint(d.Reason, 10, 16)
		if err != nil || !proto.Reason(n).Known() {
			return 0, proto.Refusef(proto.ReasonMalformed, "reason %q", d.Reason)
		}
		return proto.Reason(n), nil
	case state == proto.HailDeclined && d.Phrase == "":
		return proto.ReasonNoMeans, nil
	}
	return proto.ReasonNone, nil
}

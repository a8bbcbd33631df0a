package client

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"crossband/crypto/charter"
	"crossband/crypto/identity"
	"crossband/crypto/mls"
	"crossband/proto"
	"crossband/proto/wire"
)

// IncidentLife is how long an incident's channel may live, if its calling
// channel does not end before.
const IncidentLife = 24 * time.Hour

// openIncident makes the channel of an accepted hail of ours: the caller's
// agency owns it, its rules are the calling channel's template. The desk that
// accepted is taken in at once; everybody else on the calling channel learns
// of it and may join.
//
// Where it was left by a run before this one it goes on: the channel is kept
// before it is announced, and a second one is not made.
func (h *Hail) openIncident(ctx context.Context, by proto.Name) error {
	s := h.s
	s.mu.Lock()
	id, again := h.opened, h.announced
	s.mu.Unlock()
	if again { // its ladder has begun again, and somebody else has it now
		return h.takeIn(ctx, id, by)
	}
	if id == (proto.ChannelID{}) {
		var err error
		if id, err = h.createIncident(ctx, by); err != nil {
			return err
		}
	}
	// The others first: whoever waits here for the incident may end the session
	// as soon as it is there, and they would never learn of it.
	if _, err := h.ch.sendMessage(ctx, &wire.Message{Body: &wire.Message_Incident{Incident: &wire.IncidentOpened{
		Incident: h.incident[:], Channel: id[:], Hail: h.id[:],
	}}}); err != nil {
		return err
	}
	s.mu.Lock()
	h.announced = true
	err := h.ch.saveLocked()
	s.changedLocked()
	s.mu.Unlock()
	s.emit(IncidentOpened{h.incident, h.id, id, s.Name(), h.ring.Exercise})
	return err
}

// createIncident makes the channel and takes in the desk that accepted.
func (h *Hail) createIncident(ctx context.Context, by proto.Name) (proto.ChannelID, error) {
	s := h.s
	signed, c, err := h.charterIncident()
	if err != nil {
		return proto.ChannelID{}, fmt.Errorf("charter: %w", err)
	}
	s.mu.Lock()
	if err := s.pacts.Covers(&c, time.Now()); err != nil {
		s.mu.Unlock()
		return proto.ChannelID{}, err
	}
	ch := s.newChannelLocked(c, signed)
	s.mu.Unlock()
	if err := ch.take(ctx); err != nil {
		return proto.ChannelID{}, err
	}
	err = ch.create(ctx)
	ch.give()
	if err != nil {
		return proto.ChannelID{}, err
	}
	if err := h.takeIn(ctx, ch.id, by); err != nil {
		return proto.ChannelID{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	h.opened = ch.id
	return ch.id, h.ch.saveLocked()
}

// takeIn adds whoever has accepted to the incident's channel. Who cannot be added now
// can still join by itself.
func (h *Hail) takeIn(ctx context.Context, id proto.ChannelID, by proto.Name) error {
	ch := h.s.Channel(id)
	if ch == nil {
		return proto.Refuse(proto.ReasonNoChannel, id.Short())
	}
	names, err := ch.Members()
	if err != nil || slices.Contains(names, by) {
		return err
	}
	if err := ch.Add(ctx, by); err != nil {
		h.s.log.Info("desk not added", "desk", by.String(), "why", err.Error())
	}
	return nil
}

// patternsLocked lists the patterns for what is opened under a calling channel. Under
// one of a single agency, without an agreement, that is the channel itself.
func (s *Session) patternsLocked(calling proto.Charter, kind proto.CharterKind) []proto.AgreedChannel {
	if !calling.NeedsAgreement() {
		return []proto.AgreedChannel{{Kind: kind, Suite: calling.Suite, Storage: calling.Storage, TalkLimit: calling.TalkLimit}}
	}
	return s.pacts.Patterns(calling.Agreement, kind, time.Now())
}

// charterIncident makes the charter of the hail's incident.
func (h *Hail) charterIncident() ([]byte, proto.Charter, error) {
	s := h.s
	s.mu.Lock()
	id, patterns := s.identity, s.patternsLocked(h.ch.charter, proto.KindIncident)
	s.mu.Unlock()
	if len(patterns) == 0 {
		return nil, proto.Charter{}, proto.Refusef(proto.ReasonAgreement, "the agreement of %q has no incidents", h.ch.charter.Title)
	}
	return signIncident(id, h, &patterns[0]) // an agreement has one
}

func signIncident(id *identity.Identity, h *Hail, pattern *proto.AgreedChannel) ([]byte, proto.Charter, error) {
	now := time.Now()
	calling := h.ch.charter
	ends := now.Add(IncidentLife)
	if calling.Expires.Before(ends) {
		ends = calling.Expires
	}
	title := "Incident " + h.incident.String()[:8]
	exercise := calling.Exercise || h.ring.Exercise
	if exercise {
		title = "EXERCISE " + title
	}
	c := opened(id, calling, pattern, title, ends)
	c.Incident, c.Exercise = h.incident[:], exercise
	for _, p := range calling.Template {
		c.Parties = append(c.Parties, partyOf(p))
	}
	return charter.Sign(id, c, now)
}

// opened is the charter of a channel that an endpoint opens under a calling
// channel, without its parties: as wide as both the channel and the agreement's
// pattern let it be.
func opened(id *identity.Identity, calling proto.Charter, pattern *proto.AgreedChannel, title string, ends time.Time) *wire.Charter {
	c := &wire.Charter{
		Owner: string(id.Name.Agency), Kind: wire.Charter_Kind(pattern.Kind), Title: title,
		Suite: uint32(pattern.Suite), Storage: wire.Charter_Storage(min(calling.Storage, pattern.Storage)),
		TalkLimitMs: uint32(min(calling.TalkLimit, pattern.TalkLimit).Milliseconds()), ExpiresMs: ends.UnixMilli(),
		Parent: calling.Channel[:], Exercise: calling.Exercise,
	}
	if calling.Agreement != (proto.AgreementID{}) {
		c.Agreement = calling.Agreement[:]
	}
	return c
}

func partyOf(p proto.Party) *wire.Charter_Party {
	m := &wire.Charter_Party{
		Agency: string(p.Agency), Send: roleWords(p.Send), Listen: roleWords(p.Listen), MaxPriority: uint32(p.MaxPriority),
	}
	if !p.Observer.IsZero() {
		m.ObserverUntilMs = p.Observer.UnixMilli()
	}
	for _, n := range p.Only {
		m.Only = append(m.Only, n.String())
	}
	return m
}

func roleWords(roles []proto.Role) []string {
	words := make([]string, len(roles))
	for i, r := range roles {
		words[i] = r.String()
	}
	return words
}

// incidentLocked learns of an incident's channel from a member of the calling
// channel.
func (ch *Channel) incidentLocked(from proto.Name, o *wire.IncidentOpened) ([]Event, error) {
	incident, err := proto.IncidentIDFrom(o.Incident)
	if err != nil {
		return nil, err
	}
	id, err := proto.ChannelIDFrom(o.Channel)
	if err != nil {
		return nil, err
	}
	hid, err := proto.MessageIDFrom(o.Hail)
	if err != nil {
		return nil, err
	}
	exercise := ch.charter.Exercise
	if h := ch.s.hails[hid]; h != nil && h.ch == ch {
		exercise = exercise || h.ring.Exercise
		if h.from != from || h.incident != incident {
			return nil, proto.Refusef(proto.ReasonSpokenFor, "%s opened an incident of %s", from, h.from)
		}
		h.opened, h.announced = id, true
	}
	return []Event{IncidentOpened{incident, hid, id, from, exercise}}, nil
}

// welcomeLocked follows an invitation into a channel.
func (s *Session) welcomeLocked(b *wire.Welcome) {
	s.task("follow welcome", func(ctx context.Context) error {
		err := s.followWelcome(ctx, b)
		s.mu.Lock()
		defer s.mu.Unlock()
		if err == nil || proto.ReasonOf(err) != proto.ReasonInternal {
			// Followed, or never to be followed: the relay may forget it.
			s.tellLocked(&wire.Frame{Body: &wire.Frame_WelcomeAck{WelcomeAck: &wire.WelcomeAck{Id: b.Id}}})
		}
		return err
	})
}

func (s *Session) followWelcome(ctx context.Context, b *wire.Welcome) error {
	c, signer, err := s.judge().Read(b.Charter, time.Now())
	if err != nil {
		return err
	}
	s.mu.Lock()
	err = s.signerMayLocked(c, signer)
	ch := s.channels[c.Channel]
	if err == nil && ch == nil {
		if err = s.pacts.Covers(&c, time.Now()); err == nil {
			err = s.roomLocked()
		}
		if err == nil {
			ch = s.newChannelLocked(c, b.Charter)
		}
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	if c.RightAt(s.Name(), time.Now()) == proto.RightNone {
		return proto.Refusef(proto.ReasonCharter, "a welcome to %s, which is not for us", c.Title)
	}
	if err := ch.take(ctx); err != nil {
		return err
	}
	defer ch.give()
	if ch.joined() || ch.followed(b.Welcome) {
		return nil
	}
	var used *mls.KeyPackageSecret
	find := func(ref []byte) *mls.KeyPackageSecret {
		used = s.findPackage(ref)
		return used
	}
	g, err := mls.JoinWelcome(b.Welcome, find, s.member().Signer, mls.JoinOptions{Verifier: ch.gate(), Now: time.Now()})
	if errors.Is(err, mls.ErrNotForUs) { // made for a package that we have replaced: come in by ourselves
		return ch.join(ctx)
	}
	if err != nil {
		return proto.Refuse(proto.ReasonBadCommit, "welcome: "+err.Error())
	}
	if err := ch.isOurs(g, uint64(g.Epoch())-1, false); err != nil {
		return err
	}
	if err := s.forgetPackage(used); err != nil {
		return err
	}
	return ch.enter(ctx, g, b.Head)
}

// maxGreeted bounds the welcomes remembered for one channel; the oldest goes.
const maxGreeted = 32

// followed notes a welcome and reports whether it has been followed before. A
// welcome to a package of last resort would open again, into keys that have
// been used.
func (ch *Channel) followed(welcome []byte) bool {
	sum := sha256.Sum256(welcome)
	ch.s.mu.Lock()
	defer ch.s.mu.Unlock()
	for _, g := range ch.greeted {
		if string(g) == string(sum[:16]) {
			return true
		}
	}
	if len(ch.greeted) == maxGreeted {
		ch.greeted = ch.greeted[1:]
	}
	ch.greeted = append(ch.greeted, sum[:16])
	return false
}

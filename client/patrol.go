package client

import (
	"context"
	"fmt"
	"time"

	"crossband/crypto/charter"
	"crossband/crypto/identity"
	"crossband/proto"
	"crossband/proto/wire"
)

// MaxShift is the longest shift of a mirrored patrol.
const MaxShift = proto.PatrolLife - identity.Backdate

// Pair opens a mirrored patrol's channel under this calling channel: this unit and
// other, a unit of another agency, and nobody else. It ends by itself at until. The
// other unit is taken in at once and told by an invitation; if it has left no key
// package, it comes in by itself once it is on its relay.
func (ch *Channel) Pair(ctx context.Context, other proto.Name, until time.Time) (*Channel, error) {
	s := ch.s
	s.mu.Lock()
	id, patterns := s.identity, s.patternsLocked(ch.charter, proto.KindPatrol)
	err := s.roomLocked()
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if err := mayPair(ch.charter, id.Name, other, time.Now(), until); err != nil {
		return nil, err
	}
	signed, c, err := s.charterPatrol(id, ch.charter, patterns, other, until)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	patrol := s.newChannelLocked(c, signed)
	s.mu.Unlock()
	if err := patrol.take(ctx); err != nil {
		return nil, err
	}
	err = patrol.create(ctx)
	patrol.give()
	if err != nil {
		s.mu.Lock()
		delete(s.channels, patrol.id)
		s.mu.Unlock()
		return nil, err
	}
	if err := patrol.Add(ctx, other); err != nil { // it can still join by itself
		s.log.Info("partner not added", "unit", other.String(), "why", err.Error())
	}
	return patrol, nil
}

func mayPair(calling proto.Charter, self, other proto.Name, now, until time.Time) error {
	switch {
	case calling.Kind != proto.KindCalling:
		return proto.Refuse(proto.ReasonCharter, "patrols are paired on a calling channel")
	case self.Role != proto.RoleUnit || other.Role != proto.RoleUnit:
		return proto.Refuse(proto.ReasonCharter, "a patrol pairs two units")
	case other.Agency == self.Agency:
		return proto.Refusef(proto.ReasonCharter, "%s is of the same agency: a mirrored patrol has two sides", other)
	case !until.After(now):
		return proto.Refusef(proto.ReasonMalformed, "a shift that ends %s", until.UTC().Format(time.RFC3339))
	case until.Sub(now) > MaxShift:
		return proto.Refusef(proto.ReasonMalformed, "a shift of %v, limit %v", until.Sub(now).Round(time.Minute), MaxShift)
	}
	return nil
}

// charterPatrol makes a patrol's charter by the first pattern that lets the two pair:
// before anybody hears of it.
func (s *Session) charterPatrol(id *identity.Identity, calling proto.Charter, patterns []proto.AgreedChannel, other proto.Name, until time.Time) (signed []byte, c proto.Charter, err error) {
	err = proto.Refusef(proto.ReasonAgreement, "the agreement of %q has no patrols", calling.Title)
	for i := range patterns {
		if signed, c, err = signPatrol(id, calling, &patterns[i], other, until); err != nil {
			return nil, c, fmt.Errorf("charter: %w", err)
		}
		if err = c.SignerMay(id.Name, &calling); err != nil {
			continue
		}
		s.mu.Lock()
		err = s.pacts.Covers(&c, time.Now())
		s.mu.Unlock()
		if err == nil {
			break
		}
	}
	return signed, c, err
}

func signPatrol(id *identity.Identity, calling proto.Charter, pattern *proto.AgreedChannel, other proto.Name, until time.Time) ([]byte, proto.Charter, error) {
	if calling.Expires.Before(until) {
		until = calling.Expires
	}
	c := opened(id, calling, pattern, "Patrol "+id.Name.Label+" / "+other.Label, until)
	for _, n := range []proto.Name{id.Name, other} {
		c.Parties = append(c.Parties, &wire.Charter_Party{
			Agency: string(n.Agency), Send: roleWords([]proto.Role{proto.RoleUnit}), Only: []string{n.String()},
			MaxPriority: uint32(mostIn(pattern.Parties, n.Agency)),
		})
	}
	return charter.Sign(id, c, time.Now())
}

// mostIn is the highest priority that a pattern gives an agency.
func mostIn(parties []proto.Party, a proto.Agency) proto.Priority {
	for _, p := range parties {
		if p.Agency == a {
			return p.MaxPriority
		}
	}
	return 0
}

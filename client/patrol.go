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
	id := s.identity
	err := s.roomLocked()
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if err := mayPair(ch.charter, id.Name, other, time.Now(), until); err != nil {
		return nil, err
	}
	signed, c, err := signPatrol(id, ch.charter, other, until)
	if err != nil {
		return nil, fmt.Errorf("charter: %w", err)
	}
	if err := c.SignerMay(id.Name, &ch.charter); err != nil { // before anybody hears of it
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

func signPatrol(id *identity.Identity, calling proto.Charter, other proto.Name, until time.Time) ([]byte, proto.Charter, error) {
	if calling.Expires.Before(until) {
		until = calling.Expires
	}
	c := opened(id, calling, wire.Charter_KIND_PATROL, "Patrol "+id.Name.Label+" / "+other.Label, until)
	for _, n := range []proto.Name{id.Name, other} {
		c.Parties = append(c.Parties, &wire.Charter_Party{
			Agency: string(n.Agency), Send: roleWords([]proto.Role{proto.RoleUnit}), Only: []string{n.String()},
			MaxPriority: uint32(mostIn(calling.Template, n.Agency)),
		})
	}
	return charter.Sign(id, c, time.Now())
}

// mostIn is the highest priority that a template gives an agency.
func mostIn(template []proto.Party, a proto.Agency) proto.Priority {
	for _, p := range template {
		if p.Agency == a {
			return p.MaxPriority
		}
	}
	return 0
}

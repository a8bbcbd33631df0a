package console

import (
	"bytes"
	"slices"

	"crossband/client"
	"crossband/client/views"
	"crossband/proto"
)

// Endpoint is what a Model asks of the endpoint, beside the events: how things stand at
// this moment. EndpointOf asks a Session.
type Endpoint interface {
	Channels() []proto.ChannelID
	Channel(proto.ChannelID) (ChannelNow, bool)
	Calls() []CallNow
	Incidents() []client.Incident
	Agreements() []proto.Agreement
}

// ChannelNow is how a channel stands.
type ChannelNow struct {
	Charter proto.Charter
	Joined  bool
	Listens bool // its voice comes here
	Epoch   uint64
	Members []proto.Name  // empty: not joined
	Views   views.Views   // the zero one: not joined
	Heard   []views.Heard // the other members, with their last heartbeat
	Ends    proto.End
	Outbox  []client.Queued
	Duties  []client.Duty
}

// CallNow is how a hail stands, ours or one that we have seen.
type CallNow struct {
	Shown client.HailReceived // what was said with it
	client.Standing
}

// EndpointOf asks a Session. It is for one goroutine.
func EndpointOf(s *client.Session) Endpoint {
	return &asked{s: s, rosters: make(map[proto.ChannelID]roster)}
}

// asked is a Session that is asked. Who is in a channel is read from certificates,
// which is dear, so it is kept for as long as the epoch is the same.
type asked struct {
	s       *client.Session
	rosters map[proto.ChannelID]roster
}

type roster struct {
	epoch         uint64
	authenticator []byte
	names         []proto.Name
}

func (a *asked) Channels() []proto.ChannelID {
	list := a.s.Channels()
	ids := make([]proto.ChannelID, 0, len(list))
	there := make(map[proto.ChannelID]struct{}, len(list))
	for _, ch := range list {
		ids, there[ch.ID()] = append(ids, ch.ID()), struct{}{}
	}
	for id := range a.rosters {
		if _, still := there[id]; !still {
			delete(a.rosters, id)
		}
	}
	return ids
}

func (a *asked) Channel(id proto.ChannelID) (ChannelNow, bool) {
	ch := a.s.Channel(id)
	if ch == nil {
		return ChannelNow{}, false
	}
	v := ChannelNow{Charter: ch.Charter(), Listens: ch.Listens(), Ends: ch.Ends(), Outbox: ch.Outbox(), Duties: ch.Duties()}
	v.Epoch, v.Members, v.Joined = a.members(ch)
	if v.Joined {
		v.Views, v.Heard = ch.Views(), ch.LastHeard()
	}
	return v, true
}

func (a *asked) members(ch *client.Channel) (epoch uint64, names []proto.Name, joined bool) {
	epoch, authenticator := ch.Epoch()
	if known, ok := a.rosters[ch.ID()]; ok && len(authenticator) > 0 && known.epoch == epoch && bytes.Equal(known.authenticator, authenticator) {
		return epoch, known.names, true
	}
	delete(a.rosters, ch.ID())
	names, err := ch.Members()
	if err != nil {
		return 0, nil, false
	}
	if again, now := ch.Epoch(); again == epoch && bytes.Equal(now, authenticator) { // else they are of the next one
		a.rosters[ch.ID()] = roster{epoch, authenticator, slices.Clone(names)}
	}
	return epoch, names, true
}

func (a *asked) Calls() []CallNow {
	list := a.s.Hails()
	calls := make([]CallNow, 0, len(list))
	for _, h := range list {
		calls = append(calls, CallNow{h.Ring(), h.Standing()})
	}
	return calls
}

func (a *asked) Incidents() []client.Incident  { return a.s.Incidents() }
func (a *asked) Agreements() []proto.Agreement { return a.s.Agreements() }

// Voice is what a Model asks of the Bridge that carries voice to the page.
type Voice interface {
	Level(proto.ChannelID) int // of what is heard, 0 to 100
	Bursts() []Spoken          // that can be heard again, in any order
}

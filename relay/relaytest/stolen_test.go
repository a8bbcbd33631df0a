package relaytest_test

import (
	"encoding/json"
	"testing"
	"time"

	"crossband/client"
	"crossband/client/voice"
	"crossband/crypto/identity"
	"crossband/crypto/mls"
	"crossband/crypto/mls/policy"
	"crossband/crypto/mls/roster"
	"crossband/crypto/sframe"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
)

// stolen is a device whose keys are real and whose software is the attacker's:
// its identity and its groups come from the state that the real client kept.
type stolen struct {
	*relaytest.Rogue
	t       *testing.T
	name    proto.Name
	id      *identity.Identity
	state   client.State
	aliases map[proto.ChannelID]proto.Alias
}

// steal lets a real endpoint join the channels and then takes its place.
func steal(t *testing.T, b *border, a *relaytest.Agency, short string, channels ...proto.ChannelID) *stolen {
	t.Helper()
	s := &stolen{t: t, id: a.Identity(short), state: client.NewMemoryState(), aliases: make(map[proto.ChannelID]proto.Alias)}
	s.name = s.id.Name
	e := a.EndpointWith(s.id, s.state)
	for _, ch := range channels {
		e.MustJoin(ch)
	}
	e.Close()
	s.Rogue = b.Rogue(s.id, a)
	return s
}

func (s *stolen) subscribe(id proto.ChannelID) {
	s.t.Helper()
	a := s.Call(&wire.Frame{Body: &wire.Frame_Subscribe{Subscribe: &wire.Subscribe{Channel: id[:], Alias: 1}}})
	if a.GetSubscribed() == nil {
		s.t.Fatalf("subscribe: %v", a)
	}
	s.aliases[id] = proto.Alias(a.GetSubscribed().Alias)
}

// request asks for the floor and returns the burst.
func (s *stolen) request(id proto.ChannelID, p proto.Priority) proto.BurstID {
	s.t.Helper()
	return s.press(&wire.FloorRequest{Channel: id[:], Priority: uint32(p)})
}

// queue asks for the floor, or for a place in the queue, and waits until it has one.
func (s *stolen) queue(id proto.ChannelID) proto.BurstID {
	s.t.Helper()
	burst := s.press(&wire.FloorRequest{Channel: id[:], Priority: uint32(proto.PriorityRoutine), Queue: true})
	s.Await("it waits", func(f *wire.Frame) bool { return string(f.GetFloorQueuePosition().GetBurst()) == string(burst[:]) })
	return burst
}

func (s *stolen) press(r *wire.FloorRequest) proto.BurstID {
	s.t.Helper()
	burst := proto.NewBurstID()
	r.Burst = burst[:]
	if err := s.Send(&wire.Frame{Body: &wire.Frame_FloorRequest{FloorRequest: r}}); err != nil {
		s.t.Fatal(err)
	}
	return burst
}

// granted asks for the floor and waits until it is there.
func (s *stolen) granted(id proto.ChannelID, p proto.Priority) proto.BurstID {
	s.t.Helper()
	burst := s.request(id, p)
	s.Await("the floor is granted", func(f *wire.Frame) bool {
		g := f.GetFloorGranted()
		return g != nil && string(g.Burst) == string(burst[:])
	})
	return burst
}

// release lets the floor go.
func (s *stolen) release(id proto.ChannelID, burst proto.BurstID) {
	s.t.Helper()
	if err := s.Send(&wire.Frame{Body: &wire.Frame_FloorRelease{FloorRelease: &wire.FloorRelease{Channel: id[:], Burst: burst[:]}}}); err != nil {
		s.t.Fatal(err)
	}
}

// group loads the group that the device was in.
func (s *stolen) group(id proto.ChannelID) *mls.Group {
	s.t.Helper()
	b, err := s.state.Load("channel-" + id.String())
	if err != nil {
		s.t.Fatal(err)
	}
	var saved struct{ Group []byte }
	if err := json.Unmarshal(b, &saved); err != nil {
		s.t.Fatal(err)
	}
	g, err := mls.UnmarshalGroup(saved.Group, s.id.Key, anybody{})
	if err != nil {
		s.t.Fatal(err)
	}
	return g
}

// sender seals voice in the device's present epoch as whatever member it likes.
func (s *stolen) sender(g *mls.Group, leaf uint32) *sframe.Sender {
	s.t.Helper()
	base, err := g.Export(sframe.BaseKeyLabel, nil, sframe.SuiteAES128GCM.BaseKeyLen())
	if err != nil {
		s.t.Fatal(err)
	}
	sender, err := sframe.NewSender(sframe.SenderConfig{Suite: sframe.SuiteAES128GCM, BaseKey: base, Epoch: uint64(g.Epoch()), Leaf: leaf, Context: 77})
	if err != nil {
		s.t.Fatal(err)
	}
	return sender
}

// anybody lets everybody in: the attacker does not care who is in the group.
type anybody struct{}

func (anybody) VerifyMember(roster.Candidate) error      { return nil }
func (anybody) VerifyContext(roster.ContextChange) error { return nil }

// leafOf returns a member's place in the group.
func leafOf(t *testing.T, g *mls.Group, who proto.Name) uint32 {
	t.Helper()
	for _, m := range g.Members() {
		if n, err := policy.NameOf(m.Credential); err == nil && n == who {
			return uint32(m.Leaf)
		}
	}
	t.Fatalf("%s is not in the group", who)
	return 0
}

// seal seals 20 ms of tone as the first frame of a burst of its own.
func seal(t *testing.T, s *sframe.Sender) []byte {
	t.Helper()
	var clock voice.TalkClock
	clock.Burst(time.Now(), 0)
	id := proto.NewBurstID()
	f, err := voice.NewTalker(voice.BurstID(id), voice.CodecPCMU).Next(beep(), false, clock.Stamp(time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := f.AppendTo(nil)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := s.Seal(nil, nil, plain)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

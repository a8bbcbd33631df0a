package console

import (
	"slices"
	"testing"
	"testing/synctest"

	"crossband/client"
	"crossband/proto"
)

// TestWhoAcceptsIsTakenAlong: into the channel of what was accepted here, once, and of
// nothing else.
func TestWhoAcceptsIsTakenAlong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var joined []proto.ChannelID
		s := newStage(t, nil)
		s.server.joiner.join = func(id proto.ChannelID) { joined = append(joined, id) }
		s.run()
		defer s.end()
		ours, others, refused := proto.NewMessageID(), proto.NewMessageID(), proto.NewMessageID()
		s.server.joiner.expect(ours)
		s.server.joiner.expect(refused)
		s.server.joiner.forget(refused)
		for i, id := range []proto.MessageID{others, ours, refused, ours} {
			s.events <- client.IncidentOpened{Hail: id, Channel: proto.ChannelID{byte(i)}}
		}
		synctest.Wait()
		if !slices.Equal(joined, []proto.ChannelID{{1}}) {
			t.Errorf("joined %v", joined)
		}
		for range maxExpected + 1 {
			s.server.joiner.expect(proto.NewMessageID())
		}
		if len(s.server.joiner.list) != maxExpected {
			t.Errorf("%d are expected", len(s.server.joiner.list))
		}
		s.server.joiner.expect(ours) // a desk that has been at work for days
		s.server.joiner.expect(ours)
		s.events <- client.IncidentOpened{Hail: ours, Channel: proto.ChannelID{9}}
		synctest.Wait()
		if !slices.Equal(joined, []proto.ChannelID{{1}, {9}}) {
			t.Errorf("after many calls joined %v", joined)
		}
	})
}

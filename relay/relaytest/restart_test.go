package relaytest_test

import (
	"testing"

	"crossband/client"
	"crossband/proto"
	"crossband/relay/relaytest"
)

// TestADeskThatStartsAgainCanAnswerWhatRings: a crash at the desk must not
// swallow a call for help.
func TestADeskThatStartsAgainCanAnswerWhatRings(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		b.us.Endpoint("desk/del-rio").MustJoin(b.calling)
		agent := b.us.Endpoint("unit/del-rio-214")
		calling := agent.MustJoin(b.calling)
		id, state := b.mx.Identity("desk/piedras-negras"), client.NewMemoryState()
		guard := b.mx.EndpointWith(id, state)
		guard.MustJoin(b.calling)

		h, err := calling.Hail(minute(t), guard.Name(), phraseOf(t, "shots-fired"), client.HailOptions{Urgency: proto.PriorityEmergency, Note: "south bank"})
		if err != nil {
			t.Fatal(err)
		}
		relaytest.Wait(t, guard.Watch, "it rings", func(e client.HailReceived) bool { return e.ID == h.ID() })
		if _, err := h.WaitState(minute(t), proto.HailReceived); err != nil {
			t.Fatal(err)
		}
		guard.Close()

		again := b.mx.EndpointWith(id, state)
		rung := relaytest.Wait(t, again.Watch, "it rings again after the restart", func(e client.HailReceived) bool { return e.ID == h.ID() })
		if rung.Note != "south bank" || rung.Content.Code == 0 || rung.From != agent.Name() {
			t.Errorf("what rings again has lost its words: %+v", rung)
		}
		there := again.FindHail(h.ID())
		if there == nil {
			t.Fatal("the desk cannot find the hail that rings")
		}
		if err := there.Reply(minute(t), proto.HailAccepted, 0, nil); err != nil {
			t.Fatal(err)
		}
		channel, err := h.WaitIncident(minute(t))
		if err != nil {
			t.Fatal(err)
		}
		relaytest.Wait(t, again.Watch, "the desk is in the incident", func(e client.Joined) bool { return e.Channel == channel })
	})
}

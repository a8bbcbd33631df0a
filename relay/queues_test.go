package relay

import (
	"testing"

	"crossband/proto"
	"crossband/proto/link"
	"crossband/relay/hub"
)

// TestQueues: each queue shows the fullest of its kind and its own losses, and
// none where nobody counts them.
func TestQueues(t *testing.T) {
	f := Figures{
		Waiting: 3, MostWait: 1024,
		Limits: link.Limits{ControlFrames: 256, VoiceFrames: 64},
		Listener: link.ListenerStats{
			Handshakes: 11, Greetings: 12, Enrolments: 13, TurnedAway: 14,
			Limits: link.Limits{Handshakes: 1000, Greetings: 900, Enrolments: 60},
		},
		Links: map[LinkKind]LinkTotals{
			{Role: proto.RoleUnit}:              {ControlLongest: 21, VoiceLongest: 5, Dropped: link.VoiceDrops{Full: 1, Stale: 2, Size: 400, Closed: 800, Unread: 1600}},
			{Role: proto.RoleRelay, Bulk: true}: {ControlLongest: 9, VoiceLongest: 22, Dropped: link.VoiceDrops{Full: 10, Stale: 20}},
		},
		Refusals: []RefusalCount{
			{RefusedLinkByUs, proto.ReasonSlow, 31}, {RefusedLinkByPeer, proto.ReasonSlow, 1000},
			{RefusedFloor, proto.ReasonFloorQueue, 32}, {RefusedRequestByUs, proto.ReasonFloorQueue, 1000},
		},
	}
	state := &State{Hub: hub.Summary{
		Fullest: 6,
		Channels: []hub.ChannelSummary{
			{Hub: true, Head: 40, FloorQueue: 1}, {Hub: true, Head: 41}, {Head: 9000, FloorQueue: 7},
		},
		Pending: []hub.PendingSummary{{Count: 50}, {Count: 51}},
	}}
	const none = -1
	want := map[string][3]int{ // depth, bound, drops
		"node_events":          {3, 1024, none},
		"link_control_longest": {21, 256, 31},
		"link_voice_longest":   {22, 64, 33},
		"handshakes":           {11, 1000, 14},
		"greetings":            {12, 900, none},
		"enrolments":           {13, 60, none},
		"forwarded_longest":    {51, proto.MaxPending, none},
		"floor_longest":        {7, proto.MaxFloorQueue, 32},
		"welcomes_fullest":     {6, proto.MaxWelcomes, none},
		"log_longest":          {41, proto.MaxLog, none},
		"channels":             {3, proto.MaxChannels, none},
	}
	names := make(map[string]bool)
	for _, q := range Queues(f, state) {
		drops := none
		if q.Drops != nil {
			drops = int(*q.Drops)
		}
		if got, ok := [3]int{q.Depth, q.Bound, drops}, want[q.Label]; got != ok {
			t.Errorf("%s: depth, bound and drops are %v, want %v", q.Label, got, ok)
		}
		if q.AtBound == "" || q.Name == "" || names[q.Name] {
			t.Errorf("%s is called %q, at the bound %q", q.Label, q.Name, q.AtBound)
		}
		names[q.Name] = true
	}
	if len(names) != len(want) {
		t.Errorf("%d queues, want %d", len(names), len(want))
	}
	for _, q := range Queues(f, nil) {
		if q.Label == "node_events" {
			return
		}
	}
	t.Error("before the loop has begun its queue is not shown")
}

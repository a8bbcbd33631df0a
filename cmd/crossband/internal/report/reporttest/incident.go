package reporttest

import (
	"testing"
	"time"

	"crossband/client/phrase"
	"crossband/crypto/record"
	"crossband/proto"
	"crossband/proto/wire"
)

// The identifiers of what is said in an incident of this package.
func call() proto.MessageID { return proto.MessageID{0xa1} }

func message(n byte) proto.MessageID { return proto.MessageID{0xb0, n} }

// Ordinary is a call for help that is answered, talked about and closed. The
// first text stays sealed.
func (b *Border) Ordinary(t testing.TB) []Entry {
	t.Helper()
	place, err := phrase.NewPlace(28.7091, -100.4995, "the pump house")
	ok(t, err)
	reply := func(n byte, s proto.HailState) *record.Reply {
		return &record.Reply{Hail: call(), Message: message(n), State: s}
	}
	unit, desk := b.Unit(), b.Desk
	return []Entry{
		{Actor: unit, Body: &record.Hail{Channel: Calling(), Message: call(), To: desk, Urgency: proto.PriorityEmergency},
			Says: Said(t, "shots-fired", "two shooters <script>", place)},
		{Actor: desk, Body: reply(1, proto.HailReceived), Says: &wire.Message{}},
		{Actor: desk, Body: reply(2, proto.HailAccepted), Says: Said(t, "accepted", "", phrase.ETA(20))},
		{Actor: desk, Body: &record.Acknowledged{Hail: call()}},
		{Actor: desk, Body: reply(3, proto.HailCommitted), Says: Said(t, "committed-eta", "", phrase.ETA(12), phrase.Count(4))},
		{Actor: unit, Body: &record.Joined{Channel: Channel(), Member: unit, Epoch: 0}},
		{Actor: unit, Body: &record.Joined{Channel: Channel(), Member: desk, Epoch: 1}},
		{Actor: desk, Body: &record.Joined{Channel: Channel(), Member: proto.Name{Agency: "rcmp.example", Role: proto.RoleRecorder, Label: "k-division"}, Observer: true, Epoch: 2}},
		{Actor: unit, Body: &record.Text{Channel: Channel(), Message: message(4)}, Says: Wrote("nobody may read this"), Hidden: true},
		{Actor: unit, Body: &record.FloorGranted{Channel: Channel(), Burst: proto.BurstID{7}, Priority: proto.PriorityEmergency}},
		b.Burst(t, proto.BurstID{7}, 1500),
		{Actor: unit, Body: &record.FloorReleased{Channel: Channel(), Burst: proto.BurstID{7}}},
		{Actor: desk, Body: &record.Text{Channel: Channel(), Message: message(5)}, Says: Wrote("ambulancia en camino\x1b[2J =1+1 \ufffd”")},
		{Actor: unit, Body: reply(6, proto.HailReleased), Says: Said(t, "released", "")},
		{Actor: desk, Body: &record.Closed{Disposition: "resolved"}},
	}
}

// Everything is an entry of each kind, and each sentence of those that have
// several.
func (b *Border) Everything(t testing.TB) []Entry {
	t.Helper()
	unit, desk, at := b.Unit(), b.Desk, Noon().Add(-time.Minute)
	doc := record.DigestOf([]byte("document"))
	list := b.Ordinary(t)
	for n, s := range []proto.HailState{proto.HailDeclined, proto.HailCancelled, proto.HailExpired} {
		id := proto.MessageID{0xa2, byte(n)}
		list = append(list,
			Entry{Actor: unit, Body: &record.Hail{Channel: Calling(), Message: id, To: desk, Urgency: proto.Priority(1 + n)}, Says: Said(t, "request-backup", ""), Hidden: true},
			Entry{Actor: map[bool]proto.Name{true: desk, false: unit}[s == proto.HailDeclined], Body: &record.Reply{Hail: id, Message: message(20 + byte(n)), State: s, Reason: proto.Reason(map[proto.HailState]int{proto.HailDeclined: 501}[s])}})
	}
	bodies := []record.Body{
		&record.LadderStep{Hail: call(), Step: 2, To: proto.Name{Agency: "gn.example", Role: proto.RoleDesk, Label: "piedras-negras"}},
		&record.Page{Delivery: "d-1", Hook: "https://example.org/\x1b[2J", Attempt: 2, Outcome: "failed", Status: 503},
		&record.Page{Delivery: "d-2", Hook: "radio-room", Attempt: 1, Outcome: "delivered"},
		&record.Handover{Role: desk, From: "T. Cruz", To: "A. Peña"},
		&record.Handover{Role: desk, From: "A. Peña"},
		&record.Merged{Incident: proto.IncidentID{9}},
		&record.ReArmed{Hail: call()}, &record.ReArmed{Reason: "no answer on scene"},
		&record.Left{Channel: Channel(), Member: desk, Epoch: 3},
		&record.Removed{Channel: Channel(), Member: unit, Epoch: 4}, &record.Removed{Channel: Channel(), Member: unit, Epoch: 4, Reason: proto.ReasonRevoked},
		&record.FloorGranted{Channel: Channel(), Burst: proto.BurstID{8}, Priority: proto.PriorityRoutine, Local: true},
		&record.FloorReleased{Channel: Channel(), Burst: proto.BurstID{8}, Reason: proto.ReasonTalkLimit},
		&record.FloorLost{Channel: Channel(), Burst: proto.BurstID{9}, By: desk, Priority: proto.PriorityImminentPeril},
		&record.FloorDenied{Channel: Channel(), Burst: proto.BurstID{10}, Priority: proto.PrioritySupervisor, Reason: proto.ReasonFloorTaken},
		&record.Agreement{Document: doc}, &record.Notice{Document: doc, Title: "new frequencies = \"x\""},
		&record.LinkGap{Relay: b.partner.Name, Lost: at}, &record.LinkGap{Relay: b.partner.Name, Lost: at, Back: at.Add(time.Second)},
		&record.Split{Relay: b.partner.Name, Channel: Channel(), At: 3, Ours: doc, Theirs: doc}, &record.Split{Relay: b.partner.Name, Log: "gn.example/record/00", At: 3, Ours: doc, Theirs: doc},
		&record.ClockSet{Was: at},
	}
	for _, body := range bodies {
		list = append(list, Entry{Body: body})
	}
	return list
}

package hub

import (
	"crossband/proto"
	"crossband/proto/wire"
)

// frame handles one frame. A refusal goes back to whoever asked, into the
// audit, and changes nothing else.
func (h *Hub) frame(l *link, f *wire.Frame) {
	if f.Re != 0 {
		h.answered(l, f)
		return
	}
	actor, err := h.actor(l, f)
	if err == nil && l.of != nil && f.Id == 0 {
		err = proto.Refuse(proto.ReasonForbidden, "news on a bulk link")
	}
	if err == nil {
		err = h.quotas.spend(h.now, l, h.isPeer(l), actor, f)
	}
	if err == nil {
		err = h.dispatch(l, actor, f)
	}
	if err != nil {
		why := proto.AsRefusal(err)
		if b := f.GetFloorRequest(); b != nil && actor != (proto.Name{}) {
			h.denyFloor(l, actor, b, why) // whatever the reason: who presses must hear it
		}
		h.audit(l, actor, f, why)
		if f.Id != 0 {
			h.send(l, refused(f.Id, why))
		}
	}
}

// actor returns for whom a frame speaks: the link's own endpoint, or on a
// relay's link one of its agency's endpoints, or nobody but the relay.
func (h *Hub) actor(l *link, f *wire.Frame) (proto.Name, error) {
	if !h.isPeer(l) {
		if f.Endpoint != "" || f.Hops != 0 {
			return proto.Name{}, proto.Refuse(proto.ReasonSpokenFor, "an endpoint speaks for itself only")
		}
		return l.peer, nil
	}
	if f.Hops > proto.MaxHops {
		return proto.Name{}, proto.Refusef(proto.ReasonHops, "%d, limit %d", f.Hops, proto.MaxHops)
	}
	if f.Endpoint == "" || isDownward(f) {
		return proto.Name{}, nil
	}
	n, err := proto.ParseName(f.Endpoint)
	if err != nil {
		return proto.Name{}, proto.Refuse(proto.ReasonMalformed, err.Error())
	}
	if n.Agency != l.peer.Agency || !n.Role.IsEndpoint() {
		return proto.Name{}, proto.Refusef(proto.ReasonSpokenFor, "%s for %s", l.peer, n)
	}
	return n, nil
}

// isDownward reports whether a peer's frame is meant for an endpoint of ours
// rather than sent by one of theirs.
func isDownward(f *wire.Frame) bool {
	switch f.Body.(type) {
	case *wire.Frame_FloorGranted, *wire.Frame_FloorDeny, *wire.Frame_FloorQueuePosition,
		*wire.Frame_FloorRevoke, *wire.Frame_FloorWarning:
		return true
	}
	return false
}

func (h *Hub) dispatch(l *link, actor proto.Name, f *wire.Frame) error {
	switch b := f.Body.(type) {
	case *wire.Frame_Enrol:
		return h.enrol(l, f)
	case *wire.Frame_TrustList:
		h.emit(InstallTrust{l.id, f.Id, b.TrustList.Signed})
		return nil
	case *wire.Frame_RevocationList:
		h.emit(InstallRevocations{l.id, f.Id, l.peer, b.RevocationList.Signed})
		return nil
	case *wire.Frame_Document:
		return h.document(l, f, b.Document)
	case *wire.Frame_PutCharter:
		return h.putCharter(l, f, b.PutCharter)
	case *wire.Frame_PublishKeyPackages:
		return h.publish(l, actor, f, b.PublishKeyPackages)
	case *wire.Frame_FetchKeyPackage:
		return h.fetchPackage(l, f, b.FetchKeyPackage)
	case *wire.Frame_Welcome:
		return h.welcome(l, b.Welcome)
	case *wire.Frame_WelcomeAck:
		return h.welcomeAck(l, b.WelcomeAck)
	case *wire.Frame_ChannelOffer:
		return h.offered(l, b.ChannelOffer)
	case *wire.Frame_Entries:
		return h.feed(l, b.Entries)
	case *wire.Frame_ReturnedAck:
		return h.returnedAck(actor, b.ReturnedAck)
	case *wire.Frame_Heartbeat:
		return h.heartbeat(l, actor, f, b.Heartbeat)
	case *wire.Frame_RecordEntries, *wire.Frame_RecordAnswer, *wire.Frame_FetchRecord:
		h.emit(Recording{l.id, l.peer, f})
		return nil
	case *wire.Frame_Refused, *wire.Frame_Done:
		return nil
	}
	return h.dispatchChannel(l, actor, f)
}

// dispatchChannel handles what concerns one channel, as hub or as follower.
func (h *Hub) dispatchChannel(l *link, actor proto.Name, f *wire.Frame) error {
	if b, ok := f.Body.(*wire.Frame_CreateChannel); ok {
		return h.create(l, actor, f, b.CreateChannel)
	}
	id, err := proto.ChannelIDFrom(channelOf(f))
	if err != nil {
		return err
	}
	ch := h.channels[id]
	if ch == nil {
		return proto.Refuse(proto.ReasonNoChannel, id.Short())
	}
	if m := proto.EnvelopeOf(f); m != nil {
		if err := proto.CheckCommitment(m); err != nil {
			return err
		}
	}
	if ch.charter.Owner != h.self.Agency {
		return h.dispatchFollower(l, ch, actor, f)
	}
	if err := h.mayUse(l, ch, actor, f); err != nil {
		return err
	}
	return h.dispatchHub(l, ch, actor, f)
}

// mayUse lets in the charter's parties only, while the charter is in force.
// Leaving is always allowed.
func (h *Hub) mayUse(l *link, ch *channel, actor proto.Name, f *wire.Frame) error {
	switch f.Body.(type) {
	case *wire.Frame_Unsubscribe, *wire.Frame_FloorRelease:
	default:
		if err := h.running(ch); err != nil {
			return err
		}
	}
	if actor == (proto.Name{}) {
		if !ch.charter.HasPartyAt(l.peer.Agency, h.now) {
			return proto.Refuse(proto.ReasonNoChannel, ch.id.Short())
		}
		return nil
	}
	if ch.charter.RightAt(actor, h.now) == proto.RightNone {
		return proto.Refuse(proto.ReasonNoChannel, ch.id.Short())
	}
	return h.mayAct(ch, actor, f)
}

func (h *Hub) dispatchHub(l *link, ch *channel, actor proto.Name, f *wire.Frame) error {
	switch b := f.Body.(type) {
	case *wire.Frame_Subscribe:
		return h.subscribe(l, ch, f, b.Subscribe)
	case *wire.Frame_Unsubscribe:
		h.unsubscribe(l, ch)
		return h.done(l, f)
	case *wire.Frame_FetchLog:
		return h.fetchLog(l, ch, f, b.FetchLog)
	case *wire.Frame_FetchSealed:
		return h.fetchSealed(l, ch, actor, f, b.FetchSealed)
	case *wire.Frame_FetchVoice:
		return h.fetchVoice(l, ch, actor, f, b.FetchVoice)
	case *wire.Frame_Read:
		return h.read(l, ch, actor, b.Read)
	case *wire.Frame_Progress:
		return h.progress(l, ch, b.Progress)
	case *wire.Frame_FetchGroupInfo:
		return h.groupInfo(l, ch, f, b.FetchGroupInfo)
	case *wire.Frame_Commit:
		return h.commit(l, ch, actor, f, b.Commit)
	case *wire.Frame_Text:
		return h.text(l, ch, actor, f, b.Text)
	case *wire.Frame_Hail:
		return h.hail(l, ch, actor, f, b.Hail)
	case *wire.Frame_HailReply:
		return h.hailReply(l, ch, actor, f, b.HailReply)
	case *wire.Frame_PageResult:
		return h.pageResult(l, ch, actor, f, b.PageResult)
	case *wire.Frame_Incident:
		return h.incident(l, ch, actor, f, b.Incident)
	case *wire.Frame_Duty:
		return h.duty(l, ch, actor, f, b.Duty)
	case *wire.Frame_FloorRequest:
		return h.floorRequest(l, ch, actor, b.FloorRequest)
	case *wire.Frame_FloorRelease:
		return h.floorRelease(l, ch, actor, b.FloorRelease)
	case *wire.Frame_Burst:
		return h.burstSaid(ch, actor, b.Burst)
	}
	return proto.Refusef(proto.ReasonForbidden, "kind %d at the channel's hub", proto.KindOf(f))
}

// channelOf returns the channel field of a frame's body.
func channelOf(f *wire.Frame) []byte {
	m := f.ProtoReflect()
	oneof := m.WhichOneof(m.Descriptor().Oneofs().ByName("body"))
	if oneof == nil {
		return nil
	}
	body := m.Get(oneof).Message()
	field := body.Descriptor().Fields().ByName("channel")
	if field == nil {
		return nil
	}
	return body.Get(field).Bytes()
}

func (h *Hub) done(l *link, f *wire.Frame) error {
	if f.Id != 0 {
		h.send(l, &wire.Frame{Re: f.Id, Body: &wire.Frame_Done{Done: &wire.Done{}}})
	}
	return nil
}

func (h *Hub) audit(l *link, actor proto.Name, f *wire.Frame, why *proto.Refusal) {
	ch, _ := proto.ChannelIDFrom(channelOf(f))
	h.emit(Audit{Peer: l.peer, Actor: actor, Kind: proto.KindOf(f), Channel: ch, Refusal: why})
}

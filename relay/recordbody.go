package relay

import (
	"crypto/sha256"
	"time"

	"crossband/crypto/record"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/hub"
)

// said is an entry's body and whose doing it was.
type said struct {
	actor proto.Name
	what  record.Body
}

// opening begins an incident's log.
func opening(e hub.Recorded) record.Body {
	b := &record.Opened{Incident: e.Incident, Exercise: e.Exercise, Parties: e.Parties, Channel: e.Channel}
	if s, ok := e.What.(hub.Said); ok && s.Entry.GetHail() != nil {
		b.Hail = proto.MessageID(s.Entry.GetHail().Id)
	}
	return b
}

// bodies puts what happened into the words of a record. What has none is left out.
func (r *recorder) bodies(log *book, e hub.Recorded, now time.Time) []said {
	switch h := e.What.(type) {
	case hub.Said:
		if list := ladderBodies(e, h); list != nil {
			return list
		}
		if b := saidBody(e.Channel, h.Entry); b != nil {
			return append([]said{{e.Actor, b}}, acknowledging(e.Actor, h.Entry)...)
		}
	case hub.MembersMoved:
		return membersBodies(e, h)
	case hub.LinkGone:
		return []said{{e.Actor, &record.LinkGap{Relay: h.Relay, Lost: h.Lost, Back: h.Back}}}
	case hub.FloorMoved:
		return []said{{e.Actor, floorBody(e.Channel, h)}}
	case hub.Spoken:
		if b := r.burstBody(log, e, h, now); b != nil {
			return []said{{e.Actor, b}}
		}
	}
	return nil
}

func saidBody(ch proto.ChannelID, e *wire.Entry) record.Body {
	switch item := e.Item.(type) {
	case *wire.Entry_Text:
		m := item.Text
		return &record.Text{Channel: ch, Message: proto.MessageID(m.Id), Sealed: sealedDigest(e, m.Sealed), Commitment: digest(m.Commitment)}
	case *wire.Entry_Hail:
		m := item.Hail
		to, _ := proto.ParseName(m.To) // the hub has read it
		return &record.Hail{
			Channel: ch, Message: proto.MessageID(m.Id), To: to, Urgency: proto.Priority(m.Urgency),
			Sealed: sealedDigest(e, m.Sealed), Commitment: digest(m.Commitment),
		}
	case *wire.Entry_PageResult:
		return resultBody(item.PageResult)
	case *wire.Entry_HailReply:
		m := item.HailReply
		return &record.Reply{
			Hail: proto.MessageID(m.Hail), Message: proto.MessageID(m.Id), State: proto.HailState(m.State), Reason: reasonOf(m.Reason),
			Sealed: sealedDigest(e, m.Sealed), Commitment: digest(m.Commitment),
		}
	}
	return nil
}

// acknowledging is the entry beside an acceptance: it stops the ladder.
func acknowledging(actor proto.Name, e *wire.Entry) []said {
	if m := e.GetHailReply(); m != nil && proto.HailState(m.State) == proto.HailAccepted {
		return []said{{actor, &record.Acknowledged{Hail: proto.MessageID(m.Hail)}}}
	}
	return nil
}

func sealedDigest(e *wire.Entry, sealed []byte) record.Digest {
	switch {
	case len(e.Digest) > 0:
		return digest(e.Digest)
	case len(sealed) > 0:
		return sha256.Sum256(sealed)
	}
	return record.Digest{}
}

// digest narrows octets that the hub has measured; others are none.
func digest(b []byte) record.Digest {
	if len(b) != len(record.Digest{}) {
		return record.Digest{}
	}
	return record.Digest(b)
}

const maxReason = 9999 // the largest code that a record holds

// reasonOf narrows a code that crossed the wire to what a record holds.
func reasonOf(code uint32) proto.Reason { return proto.Reason(min(code, maxReason)) }

func membersBodies(e hub.Recorded, h hub.MembersMoved) (list []said) {
	for _, m := range h.Removed {
		if m.Name == e.Actor {
			list = append(list, said{e.Actor, &record.Left{Channel: e.Channel, Member: m.Name, Epoch: h.Epoch}})
		} else {
			list = append(list, said{e.Actor, &record.Removed{Channel: e.Channel, Member: m.Name, Epoch: h.Epoch}})
		}
	}
	for _, m := range h.Added {
		list = append(list, said{e.Actor, &record.Joined{Channel: e.Channel, Member: m.Name, Observer: m.Observer, Epoch: h.Epoch}})
	}
	return list
}

func floorBody(ch proto.ChannelID, h hub.FloorMoved) record.Body {
	switch {
	case h.Move == hub.FloorGranted:
		return &record.FloorGranted{Channel: ch, Burst: h.Burst, Priority: h.Priority}
	case h.Move == hub.FloorDenied:
		return &record.FloorDenied{Channel: ch, Burst: h.Burst, Priority: h.Priority, Reason: h.Reason}
	case h.Above != 0:
		return &record.FloorLost{Channel: ch, Burst: h.Burst, By: h.By, Priority: h.Above}
	}
	return &record.FloorReleased{Channel: ch, Burst: h.Burst, Reason: h.Reason}
}

// burstBody takes in a talker's word on its burst, if it is the talker's.
func (r *recorder) burstBody(log *book, e hub.Recorded, h hub.Spoken, now time.Time) record.Body {
	b := &record.Burst{
		Channel: e.Channel, Burst: proto.BurstID(h.Burst.Burst), Digest: digest(h.Burst.Digest),
		Milliseconds: h.Burst.Milliseconds, Signature: h.Burst.Signature, Certificate: digest(h.Burst.Certificate),
	}
	s := record.BurstStatement{Incident: e.Incident, Channel: e.Channel, Burst: b.Burst, Digest: b.Digest}
	who, err := record.VerifyBurst(s, b.Signature, h.Chain, r.n.trust, now)
	switch {
	case err == nil && who != e.Actor:
		err = proto.Refusef(proto.ReasonSpokenFor, "%s for %s", who, e.Actor)
	case err == nil && record.DigestOf(h.Chain[0]) != b.Certificate:
		err = proto.Refuse(proto.ReasonBadProof, "signed under another certificate than the member's")
	}
	if err != nil {
		r.n.log.Warn("burst not recorded", "actor", e.Actor.String(), "channel", e.Channel.Short(), "burst", b.Burst.String(), "why", err.Error())
		return nil
	}
	r.keepChain(log, h.Chain)
	return b
}

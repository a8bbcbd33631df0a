package proto

import (
	"crossband/proto/wire"
)

// Kind is the number of a frame's kind: the field number of its body in
// wire.Frame, written in the frame's header so that permission and length are
// judged before the body is read. A kind with bit KindOptional set may be
// skipped by a receiver that does not know it.
type Kind uint16

// KindOptional marks kinds that an older receiver may ignore.
const KindOptional Kind = 0x8000

// The kinds. What each means is written at its message in wire.proto.
const (
	KindHello              Kind = 10
	KindHelloAck           Kind = 11
	KindRefused            Kind = 12
	KindDone               Kind = 13
	KindEnrol              Kind = 20
	KindEnrolReply         Kind = 21
	KindTrustList          Kind = 22
	KindPutCharter         Kind = 23
	KindRevocationList     Kind = 24
	KindDocument           Kind = 25
	KindPublishKeyPackages Kind = 30
	KindFetchKeyPackage    Kind = 31
	KindKeyPackage         Kind = 32
	KindKeyPackagesLeft    Kind = 33
	KindChannelOffer       Kind = 40
	KindCreateChannel      Kind = 41
	KindSubscribe          Kind = 42
	KindSubscribed         Kind = 43
	KindUnsubscribe        Kind = 44
	KindFetchLog           Kind = 45
	KindEntries            Kind = 46
	KindFetchGroupInfo     Kind = 47
	KindGroupInfo          Kind = 48
	KindWelcome            Kind = 49
	KindWelcomeAck         Kind = 50
	KindFetchSealed        Kind = 51
	KindSealed             Kind = 52
	KindFetchVoice         Kind = 53
	KindKeptVoice          Kind = 54
	KindCommit             Kind = 60
	KindText               Kind = 61
	KindHail               Kind = 62
	KindHailReply          Kind = 63
	KindAppended           Kind = 64
	KindRead               Kind = 65
	KindProgress           Kind = 66
	KindHeartbeat          Kind = 67
	KindReturned           Kind = 68
	KindReturnedAck        Kind = 69
	KindFloorRequest       Kind = 70
	KindFloorRelease       Kind = 71
	KindFloorGranted       Kind = 72
	KindFloorDeny          Kind = 73
	KindFloorQueuePosition Kind = 74
	KindFloorTaken         Kind = 75
	KindFloorIdle          Kind = 76
	KindFloorRevoke        Kind = 77
	KindFloorWarning       Kind = 78
	KindBurst              Kind = 79
	KindPageResult         Kind = 80
	KindIncidentAct        Kind = 81
	KindDuty               Kind = 82
	KindFloorWaiting       Kind = 83
	KindRecordEntries      Kind = 90
	KindRecordAnswer       Kind = 91
	KindFetchRecord        Kind = 92
	KindRecordPage         Kind = 93
	KindVoiceStrain        Kind = KindOptional | 84
)

// senders is a set of who may send a kind.
type senders uint16

const (
	byUnit senders = 1 << iota
	byDesk
	byHook
	byGateway
	byRecorder
	byAuthority
	byPeer     // a relay of another agency
	byOwnRelay // a relay, to endpoints and authorities of its own agency
	byNewcomer // a device without a certificate, on an enrolment link
)

const (
	byMember  = byUnit | byDesk | byHook | byGateway | byRecorder // any endpoint
	byTalker  = byUnit | byDesk | byGateway
	byRelays  = byPeer | byOwnRelay
	byAnyone  = byMember | byAuthority | byRelays | byNewcomer
	byEnrolls = byMember | byNewcomer
)

// rule is one row of the permission table.
type rule struct {
	maxLen  int     // octets of the whole body
	senders senders // who may send it once greeted
	greets  bool    // may be sent before both sides have greeted each other
}

const small = 4 << 10

// ruleFor is the permission table: kind × role × state, default refuse.
func ruleFor(k Kind) (rule, bool) {
	switch k {
	case KindHello, KindHelloAck:
		return rule{small, 0, true}, true
	case KindRefused:
		return rule{small, byAnyone, true}, true
	case KindDone:
		return rule{small, byAnyone, false}, true
	case KindEnrol:
		return rule{64 << 10, byEnrolls | byOwnRelay, false}, true
	case KindEnrolReply:
		return rule{MaxFrame, byAuthority | byOwnRelay, false}, true
	case KindTrustList:
		return rule{MaxFrame, byAuthority | byOwnRelay, false}, true
	case KindPutCharter:
		return rule{MaxCharter + small, byAuthority, false}, true
	case KindRevocationList:
		return rule{MaxFrame, byAuthority | byRelays, false}, true
	case KindDocument:
		return rule{MaxDocument + small, byAuthority | byRelays, false}, true
	case KindChannelOffer:
		return rule{MaxCharter + small, byRelays, false}, true
	case KindEntries, KindGroupInfo, KindWelcome, KindSealed:
		return rule{MaxFrame, byRelays, false}, true
	case KindRecordEntries:
		return rule{MaxFrame, byPeer, false}, true
	case KindRecordAnswer:
		return rule{64 << 10, byPeer, false}, true
	case KindRecordPage:
		return rule{MaxFrame, byOwnRelay, false}, true
	case KindKeptVoice:
		return rule{MaxKeptVoice + small, byOwnRelay, false}, true
	case KindProgress:
		return rule{64 << 10, byRelays, false}, true
	case KindHeartbeat:
		return rule{small, byMember | byRelays, false}, true
	case KindKeyPackagesLeft, KindReturned:
		return rule{small, byOwnRelay, false}, true
	case KindSubscribed, KindKeyPackage:
		return rule{MaxCharter + MaxKeyPackage, byRelays, false}, true
	case KindAppended, KindFloorGranted, KindFloorDeny, KindFloorQueuePosition,
		KindFloorTaken, KindFloorIdle, KindFloorRevoke, KindFloorWarning, KindFloorWaiting,
		KindVoiceStrain:
		return rule{small, byRelays, false}, true
	}
	return requestRule(k)
}

// requestRule is the half of the table that endpoints send.
func requestRule(k Kind) (rule, bool) {
	switch k {
	case KindPublishKeyPackages:
		return rule{MaxKeyPackages*MaxKeyPackage + small, byMember, false}, true
	case KindFetchKeyPackage, KindSubscribe, KindUnsubscribe, KindFetchLog, KindFetchGroupInfo:
		return rule{small, byMember | byPeer, false}, true
	case KindWelcomeAck, KindFetchSealed:
		return rule{small, byMember | byPeer, false}, true
	case KindRead, KindReturnedAck, KindFetchVoice:
		return rule{small, byMember, false}, true
	case KindCreateChannel:
		return rule{MaxCommit + MaxCharter, byUnit | byDesk | byHook, false}, true
	case KindCommit:
		return rule{MaxFrame, byMember | byPeer, false}, true
	case KindText:
		return rule{MaxText + small, byMember | byPeer, false}, true
	case KindHail:
		return rule{MaxText + small, byUnit | byDesk | byHook | byPeer, false}, true
	case KindHailReply:
		return rule{MaxText + small, byUnit | byDesk | byHook | byPeer, false}, true
	case KindPageResult:
		return rule{MaxText + small, byHook | byPeer, false}, true
	case KindIncidentAct, KindDuty:
		return rule{MaxText + small, byUnit | byDesk | byPeer, false}, true
	case KindFetchRecord:
		return rule{small, byDesk | byRecorder | byAuthority, false}, true
	case KindFloorRequest, KindFloorRelease, KindBurst:
		return rule{small, byTalker | byPeer, false}, true
	}
	return rule{}, false
}

// skipped reports whether a frame of the kind is left unread: its sender may
// not know whether we know it.
func (k Kind) skipped() bool {
	_, known := ruleFor(k)
	return k&KindOptional != 0 && !known
}

// State says what a link may carry.
type State uint8

// The states of a link.
const (
	Ungreeted   State = iota // both Hellos have not been exchanged yet
	Greeted                  // a live link
	GreetedBulk              // a bulk link: see IsBulk
)

// Permit judges a frame's header: whether sender may send the kind to us in
// this state, and whether length is within the kind's limit. us and sender
// are the certified names of the link's two ends; the zero sender is a device
// on an enrolment link.
func Permit(k Kind, length int, us, sender Name, state State) error {
	r, ok := ruleFor(k)
	if !ok {
		return Refusef(ReasonUnknown, "kind %d", k)
	}
	if length > r.maxLen {
		return Refusef(ReasonTooLarge, "kind %d of %d octets, limit %d", k, length, r.maxLen)
	}
	if state == Ungreeted {
		if !r.greets {
			return Refusef(ReasonNotReady, "kind %d", k)
		}
		return nil
	}
	if r.senders&senderOf(us, sender) == 0 {
		return Refusef(ReasonForbidden, "%s sent kind %d", sender, k)
	}
	if state == GreetedBulk && !IsBulk(k) {
		return Refusef(ReasonForbidden, "kind %d on a bulk link", k)
	}
	return nil
}

func senderOf(us, sender Name) senders {
	switch sender.Role {
	case RoleNone:
		return byNewcomer
	case RoleRelay:
		if sender.Agency == us.Agency {
			return byOwnRelay
		}
		return byPeer
	}
	if sender.Agency != us.Agency {
		return 0 // an endpoint speaks to its own agency's relay only
	}
	switch sender.Role {
	case RoleAuthority:
		return byAuthority
	case RoleUnit:
		return byUnit
	case RoleDesk:
		return byDesk
	case RoleHook:
		return byHook
	case RoleGateway:
		return byGateway
	case RoleRecorder:
		return byRecorder
	}
	return 0
}

// KindOf returns the kind of a frame's body, 0 when it has none.
func KindOf(f *wire.Frame) Kind {
	m := f.ProtoReflect()
	field := m.WhichOneof(m.Descriptor().Oneofs().ByName("body"))
	if field == nil {
		return 0
	}
	return Kind(field.Number())
}

package record

// Kind says what an entry is about. Kinds are appended to; one that a reader
// does not know is verified all the same and shown as unknown.
type Kind string

// The kinds of version 1.
const (
	KindOpened        Kind = "opened"
	KindHail          Kind = "hail"
	KindReply         Kind = "reply"
	KindLadderStep    Kind = "ladder-step"
	KindAcknowledged  Kind = "acknowledged"
	KindPage          Kind = "page"
	KindJoined        Kind = "joined"
	KindLeft          Kind = "left"
	KindRemoved       Kind = "removed"
	KindFloorGranted  Kind = "floor-granted"
	KindFloorReleased Kind = "floor-released"
	KindFloorLost     Kind = "floor-pre-empted"
	KindFloorDenied   Kind = "floor-denied"
	KindBurst         Kind = "burst"
	KindText          Kind = "text"
	KindAgreement     Kind = "agreement"
	KindNotice        Kind = "notice"
	KindHandover      Kind = "handover"
	KindMerged        Kind = "merged"
	KindReArmed       Kind = "re-armed"
	KindClosed        Kind = "closed"
	KindGap           Kind = "gap"
	KindSplit         Kind = "split"
	KindClockSet      Kind = "clock-set"
)

const maxKind = 32 // octets of a kind's name

// validKind reports whether s can be a kind: lower-case letters, digits and
// inner hyphens.
func validKind(s string) bool {
	if s == "" || len(s) > maxKind || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// newBody returns an empty body of a kind, or nil if the kind is unknown.
func newBody(k Kind) Body {
	switch k {
	case KindOpened:
		return &Opened{}
	case KindHail:
		return &Hail{}
	case KindReply:
		return &Reply{}
	case KindLadderStep:
		return &LadderStep{}
	case KindAcknowledged:
		return &Acknowledged{}
	case KindPage:
		return &Page{}
	case KindJoined:
		return &Joined{}
	case KindLeft:
		return &Left{}
	case KindRemoved:
		return &Removed{}
	case KindFloorGranted:
		return &FloorGranted{}
	case KindFloorReleased:
		return &FloorReleased{}
	case KindFloorLost:
		return &FloorLost{}
	case KindFloorDenied:
		return &FloorDenied{}
	}
	return newLaterBody(k)
}

func newLaterBody(k Kind) Body {
	switch k {
	case KindBurst:
		return &Burst{}
	case KindText:
		return &Text{}
	case KindAgreement:
		return &Agreement{}
	case KindNotice:
		return &Notice{}
	case KindHandover:
		return &Handover{}
	case KindMerged:
		return &Merged{}
	case KindReArmed:
		return &ReArmed{}
	case KindClosed:
		return &Closed{}
	case KindGap:
		return &LinkGap{}
	case KindSplit:
		return &Split{}
	case KindClockSet:
		return &ClockSet{}
	}
	return nil
}

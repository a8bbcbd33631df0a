package proto

// HailState is where a hail stands. The reply vocabulary follows EDXL-RM:
// having received a call is not having accepted it.
type HailState uint8

// The states. A hail begins as HailSent.
const (
	HailSent      HailState = 1 // appended to the calling channel's log
	HailReceived  HailState = 2 // it rings at the addressed desk
	HailAccepted  HailState = 3 // a person there takes it
	HailCommitted HailState = 4 // help is committed
	HailDeclined  HailState = 5 // with a reason
	HailCancelled HailState = 6 // by whoever hailed
	HailReleased  HailState = 7 // what was committed is free again
	HailExpired   HailState = 8 // nobody accepted in time
	HailClosed    HailState = 9 // its incident was closed
)

// String returns the state as written in reports.
func (s HailState) String() string {
	switch s {
	case HailSent:
		return "Sent"
	case HailReceived:
		return "Received"
	case HailAccepted:
		return "Accepted"
	case HailCommitted:
		return "Committed"
	case HailDeclined:
		return "Declined"
	case HailCancelled:
		return "Cancelled"
	case HailReleased:
		return "Released"
	case HailExpired:
		return "Expired"
	case HailClosed:
		return "Closed"
	}
	return "Unknown"
}

// Over reports whether nothing more can happen to the hail.
func (s HailState) Over() bool { return s >= HailDeclined }

// Side says which party of a hail acts.
type Side uint8

// The two sides of a hail.
const (
	SideCaller Side = 1 // whoever hailed
	SideCalled Side = 2 // the addressed desk
)

// CanBecome reports whether side may move a hail from state s to state next.
func (s HailState) CanBecome(next HailState, by Side) bool {
	switch next {
	case HailReceived:
		return by == SideCalled && s == HailSent
	case HailAccepted:
		return by == SideCalled && (s == HailSent || s == HailReceived)
	case HailCommitted:
		return by == SideCalled && s == HailAccepted
	case HailDeclined:
		return by == SideCalled && s < HailCommitted
	case HailCancelled:
		return by == SideCaller && !s.Over()
	case HailReleased:
		return s == HailCommitted
	}
	return false
}

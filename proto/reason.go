package proto

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// Reason is the one code of a refusal, the same on the wire, in both sides'
// logs and on every screen. It is not an error: a Refusal is.
//
// The numbers cross the wire: append, never reorder.
type Reason uint16

// Reasons of 1xx concern identity and the link, 2xx the protocol, 3xx channels
// and membership, 4xx the floor, 5xx messages and hails, 6xx limits, 7xx us.
const (
	ReasonNone Reason = 0

	ReasonExpired          Reason = 100
	ReasonNotYetValid      Reason = 101
	ReasonUnknownAuthority Reason = 102
	ReasonWrongAgency      Reason = 103
	ReasonNoIdentity       Reason = 104
	ReasonWrongUsage       Reason = 105
	ReasonWeakKey          Reason = 106
	ReasonBadCertificate   Reason = 107
	ReasonRevoked          Reason = 108
	ReasonUnknownPeer      Reason = 109
	ReasonPinChanged       Reason = 110
	ReasonTokenUsed        Reason = 111
	ReasonTokenExpired     Reason = 112
	ReasonBadProof         Reason = 113
	ReasonReplaced         Reason = 114
	ReasonNoAuthority      Reason = 115

	ReasonVersion    Reason = 200
	ReasonMalformed  Reason = 201
	ReasonTooLarge   Reason = 202
	ReasonUnknown    Reason = 203
	ReasonForbidden  Reason = 204
	ReasonNotReady   Reason = 205
	ReasonHops       Reason = 206
	ReasonSpokenFor  Reason = 207
	ReasonBadRequest Reason = 208

	ReasonNoChannel   Reason = 300
	ReasonNotMember   Reason = 301
	ReasonStaleEpoch  Reason = 302
	ReasonCharter     Reason = 303
	ReasonBadCommit   Reason = 304
	ReasonExists      Reason = 305
	ReasonHubAway     Reason = 306
	ReasonNoRoute     Reason = 307
	ReasonNoPackage   Reason = 308
	ReasonBadPackage  Reason = 309
	ReasonClosed      Reason = 310
	ReasonListenOnly  Reason = 311
	ReasonWeakSuite   Reason = 312
	ReasonViewsDiffer Reason = 313
	ReasonRolledBack  Reason = 314
	ReasonNoAgreement Reason = 315
	ReasonAgreement   Reason = 316
	ReasonWithdrawn   Reason = 317

	ReasonFloorTaken   Reason = 400
	ReasonFloorQueue   Reason = 401
	ReasonPreempted    Reason = 402
	ReasonTalkLimit    Reason = 403
	ReasonSilence      Reason = 404
	ReasonPriority     Reason = 405
	ReasonNotHolder    Reason = 406
	ReasonQueueExpired Reason = 407

	ReasonConflict  Reason = 500
	ReasonHailState Reason = 501
	ReasonNoHail    Reason = 502
	ReasonHailTo    Reason = 503
	ReasonNoMeans   Reason = 504
	ReasonStandDown Reason = 505
	ReasonRetention Reason = 506
	ReasonLost      Reason = 507
	ReasonTaken     Reason = 508
	ReasonExercise  Reason = 509
	ReasonIncident  Reason = 510
	ReasonOffDuty   Reason = 511
	ReasonLadder    Reason = 512
	ReasonNoPage    Reason = 513
	ReasonNoTarget  Reason = 514
	ReasonNoRecord  Reason = 516
	ReasonNotice    Reason = 520

	ReasonFull  Reason = 600
	ReasonQuota Reason = 601
	ReasonSlow  Reason = 602

	ReasonInternal Reason = 700
	ReasonClosing  Reason = 701
	ReasonStore    Reason = 702
)

// Blame says whose doing a refusal is.
type Blame uint8

// Who has to act for the same request to be accepted later.
const (
	BlamePeer Blame = iota + 1 // the other side broke the protocol
	BlameUser                  // a rule says no to what was asked
	BlameUs                    // this side is at fault, or out of means
)

// Blame derives whose doing the reason is from its class.
func (r Reason) Blame() Blame {
	switch {
	case r >= 200 && r < 300:
		return BlamePeer
	case r >= 600:
		return BlameUs
	}
	return BlameUser
}

// Refusal is a Reason with the object it concerns. It is what both sides log
// and show; it crosses the wire as wire.Refused.
type Refusal struct {
	Reason Reason
	Detail string // the name, limit or dates concerned; may be empty
}

// Refuse returns a Refusal as an error. Detail is cut to MaxDetail octets.
func Refuse(r Reason, detail string) *Refusal {
	if len(detail) > MaxDetail {
		detail = detail[:MaxDetail]
		for !utf8.ValidString(detail) {
			detail = detail[:len(detail)-1]
		}
	}
	return &Refusal{r, detail}
}

// Refusef is Refuse with a format.
func Refusef(r Reason, format string, args ...any) *Refusal {
	return Refuse(r, fmt.Sprintf(format, args...))
}

func (e *Refusal) Error() string { return e.Text(English) }

// Text returns the refusal as a sentence with its object and code.
func (e *Refusal) Text(l Language) string {
	s := e.Reason.Sentence(l)
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	return fmt.Sprintf("%s (%d)", s, e.Reason)
}

// ReasonOf returns the reason of the Refusal that err wraps, or ReasonInternal
// for any other error and ReasonNone for nil.
func ReasonOf(err error) Reason {
	if err == nil {
		return ReasonNone
	}
	var r *Refusal
	if errors.As(err, &r) {
		return r.Reason
	}
	return ReasonInternal
}

// AsRefusal returns the Refusal that err wraps, or makes one of ReasonInternal
// that tells nothing of the inside.
func AsRefusal(err error) *Refusal {
	var r *Refusal
	if errors.As(err, &r) {
		return r
	}
	return Refuse(ReasonInternal, "")
}

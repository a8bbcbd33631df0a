package link

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode"

	"github.com/quic-go/quic-go"

	"crossband/proto"
)

// RefusedByPeer says that the other side closed the link, and why.
type RefusedByPeer struct{ Refusal *proto.Refusal }

func (e *RefusedByPeer) Error() string { return "refused by the peer: " + e.Refusal.Error() }

// Unwrap returns the Refusal, so that proto.ReasonOf finds it.
func (e *RefusedByPeer) Unwrap() error { return e.Refusal }

// Lost says that the link ended without either side's word: silence, a
// restarted peer, a closed socket.
type Lost struct{ Cause error }

func (e *Lost) Error() string { return "link lost: " + e.Cause.Error() }

// Unwrap returns what the transport reported.
func (e *Lost) Unwrap() error { return e.Cause }

// refuse closes a connection with a reason that the peer reads as it is. It
// waits for the connection's own loop, which nothing of ours can hold up.
func refuse(q *quic.Conn, why *proto.Refusal) {
	q.CloseWithError(quic.ApplicationErrorCode(why.Reason), why.Detail)
}

// verdict turns what ended a connection into one of the three kinds of end.
func verdict(err error) error {
	var (
		app       *quic.ApplicationError
		transport *quic.TransportError
	)
	switch {
	case errors.As(err, &app):
		return blame(app.Remote, refusalOf(app))
	case errors.As(err, &transport):
		if r := refusalOfTransport(transport.ErrorCode); r != nil {
			return blame(transport.Remote, r)
		}
	}
	return &Lost{err}
}

func blame(remote bool, r *proto.Refusal) error {
	if remote {
		return &RefusedByPeer{r}
	}
	return r
}

// refusalOf reads a close. Code and text are the peer's: a code that is none
// of ours stays as it is if it fits, text is cut and made printable.
func refusalOf(e *quic.ApplicationError) *proto.Refusal {
	reason := proto.ReasonMalformed
	if e.ErrorCode == 0 {
		reason = proto.ReasonClosing
	} else if e.ErrorCode <= math.MaxUint16 {
		reason = proto.Reason(e.ErrorCode)
	}
	return proto.Refuse(reason, printable(e.ErrorMessage))
}

// printable makes a peer's text fit for logs and screens.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
}

// refusalOfTransport names the reason of an error that TLS or QUIC found, nil
// when it is nobody's refusal.
func refusalOfTransport(code quic.TransportErrorCode) *proto.Refusal {
	if code.IsCryptoError() {
		return refusalOfAlert(uint8(code))
	}
	switch code {
	case quic.ConnectionRefused:
		return proto.Refuse(proto.ReasonFull, "too many handshakes")
	case quic.NoError, quic.InternalError, quic.NoViablePathError, quic.AEADLimitReached:
		return nil
	}
	return proto.Refuse(proto.ReasonMalformed, "QUIC: "+code.String())
}

// refusalOfAlert maps a TLS alert (RFC 8446 6.2, RFC 7301 3.2); TLS carries no
// more than its number.
func refusalOfAlert(alert uint8) *proto.Refusal {
	reason := proto.ReasonMalformed
	switch alert {
	case 40: // handshake_failure: no common algorithm
		reason = proto.ReasonWeakKey
	case 42, 46: // bad_certificate, certificate_unknown
		reason = proto.ReasonBadCertificate
	case 43: // unsupported_certificate
		reason = proto.ReasonWeakKey
	case 44: // certificate_revoked
		reason = proto.ReasonRevoked
	case 45: // certificate_expired
		reason = proto.ReasonExpired
	case 48: // unknown_ca
		reason = proto.ReasonUnknownAuthority
	case 51: // decrypt_error: the key was not proven
		reason = proto.ReasonBadProof
	case 70, 120: // protocol_version, no_application_protocol
		reason = proto.ReasonVersion
	case 116: // certificate_required
		reason = proto.ReasonNoIdentity
	}
	return proto.Refuse(reason, fmt.Sprintf("TLS alert %d", alert))
}

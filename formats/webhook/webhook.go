// Package webhook signs and verifies the messages of Standard Webhooks 1.0.0
// (github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md)
// with the symmetric scheme v1: HMAC-SHA256 over id, time and body. It knows
// nothing of HTTP beyond the names of three headers, and nothing of what a
// body says.
package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Names of the headers ("Webhook headers").
const (
	HeaderID        = "webhook-id"
	HeaderTimestamp = "webhook-timestamp"
	HeaderSignature = "webhook-signature"
)

// Limits of this package; the specification sets none but the tolerance,
// which its libraries have.
const (
	Tolerance     = 300 * time.Second // between a signature's time and now, either way, itself included
	MaxID         = 256               // octets of an id
	MaxSignatures = 8                 // in one header; further ones make it malformed
	maxHeader     = 2048              // octets of the signature header
	maxTimestamp  = 11                // digits: the year 5138
)

const scheme = "v1,"

// Errors of Verify. They say what was wrong with the message, never how near
// a signature came.
var (
	ErrMissing   = errors.New("webhook: a header is missing")
	ErrMalformed = errors.New("webhook: malformed header")
	ErrOld       = errors.New("webhook: signed more than 300 s ago")
	ErrFuture    = errors.New("webhook: signed more than 300 s in the future")
	ErrSignature = errors.New("webhook: no good signature")
	ErrNoSecret  = errors.New("webhook: no secret")
)

// Header holds the values of the three headers of one message, as they stand
// in the request.
type Header struct {
	ID        string // of the event; the same in every attempt to deliver it
	Timestamp string // of the attempt: seconds since 1970
	Signature string // one or more signatures with a space between them
}

// Sign returns the headers of an attempt made at a time, with one signature
// for each secret: while a secret is replaced, the old and the new one sign.
func Sign(id string, at time.Time, body []byte, secrets ...Secret) (Header, error) {
	h := Header{ID: id, Timestamp: strconv.FormatInt(at.Unix(), 10)}
	if err := checkID(id); err != nil {
		return Header{}, err
	}
	if _, err := parseTimestamp(h.Timestamp); err != nil {
		return Header{}, err
	}
	if len(secrets) == 0 || len(secrets) > MaxSignatures {
		return Header{}, fmt.Errorf("%w: %d given, allowed are 1 to %d", ErrNoSecret, len(secrets), MaxSignatures)
	}
	var list []string
	for _, s := range secrets {
		if s.IsZero() {
			return Header{}, ErrNoSecret
		}
		list = append(list, scheme+base64.StdEncoding.EncodeToString(sum(s, h, body)))
	}
	h.Signature = strings.Join(list, " ")
	return h, nil
}

// Verify returns nil when one of the signatures is good under one of the
// secrets and the message was signed within Tolerance of now. Signatures of
// other schemes are passed over. A good message may still be a repeated one:
// the receiver remembers ids for longer than Tolerance.
func Verify(h Header, body []byte, now time.Time, secrets ...Secret) error {
	if h.ID == "" || h.Timestamp == "" || h.Signature == "" {
		return ErrMissing
	}
	if err := checkID(h.ID); err != nil {
		return err
	}
	at, err := parseTimestamp(h.Timestamp)
	if err != nil {
		return err
	}
	given, err := parseSignatures(h.Signature)
	if err != nil {
		return err
	}
	switch age := now.Sub(at); {
	case age > Tolerance:
		return ErrOld
	case age < -Tolerance:
		return ErrFuture
	}
	if len(secrets) == 0 || len(secrets) > MaxSignatures {
		return ErrNoSecret
	}
	return judge(given, h, body, secrets)
}

// judge compares every signature with every secret's, so that the time it
// takes says nothing about which one was good.
func judge(given [][]byte, h Header, body []byte, secrets []Secret) error {
	good := false
	for _, s := range secrets {
		if s.IsZero() {
			return ErrNoSecret
		}
		want := sum(s, h, body)
		for _, g := range given {
			good = hmac.Equal(g, want) || good
		}
	}
	if !good {
		return ErrSignature
	}
	return nil
}

// sum is over id.timestamp.body. Neither id nor timestamp holds a full stop,
// so no two messages are signed over the same octets.
func sum(s Secret, h Header, body []byte) []byte {
	mac := hmac.New(sha256.New, s.octets())
	mac.Write([]byte(h.ID + "." + h.Timestamp + "."))
	mac.Write(body)
	return mac.Sum(nil)
}

// checkID lets visible ASCII through but the full stop, which would let one
// signature fit two messages ("Signature scheme").
func checkID(id string) error {
	if id == "" || len(id) > MaxID {
		return fmt.Errorf("%w: %s of %d octets, allowed are 1 to %d", ErrMalformed, HeaderID, len(id), MaxID)
	}
	for _, c := range []byte(id) {
		if c <= ' ' || c > '~' || c == '.' {
			return fmt.Errorf("%w: %s holds octet %#02x", ErrMalformed, HeaderID, c)
		}
	}
	return nil
}

// parseTimestamp takes one form of each number: no sign, no leading zero.
func parseTimestamp(text string) (time.Time, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || len(text) > maxTimestamp || strconv.FormatInt(n, 10) != text {
		return time.Time{}, fmt.Errorf("%w: %s is not a number of seconds", ErrMalformed, HeaderTimestamp)
	}
	return time.Unix(n, 0), nil
}

// parseSignatures returns the signatures of scheme v1 that have the right
// form; others are passed over.
func parseSignatures(text string) ([][]byte, error) {
	if len(text) > maxHeader {
		return nil, fmt.Errorf("%w: %s of %d octets, at most %d", ErrMalformed, HeaderSignature, len(text), maxHeader)
	}
	fields := strings.Split(text, " ")
	if len(fields) > MaxSignatures {
		return nil, fmt.Errorf("%w: %d signatures, at most %d", ErrMalformed, len(fields), MaxSignatures)
	}
	var list [][]byte
	for _, f := range fields {
		encoded, ok := strings.CutPrefix(f, scheme)
		if !ok || strings.ContainsAny(encoded, "\r\n") {
			continue
		}
		if raw, err := base64.StdEncoding.Strict().DecodeString(encoded); err == nil && len(raw) == sha256.Size {
			list = append(list, raw)
		}
	}
	return list, nil
}

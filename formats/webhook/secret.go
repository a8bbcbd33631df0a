package webhook

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Limits of a secret in octets, as the specification sets them ("Signature
// scheme": 192 to 512 bits).
const (
	MinSecret = 24
	MaxSecret = 64
)

const (
	secretPrefix = "whsec_"
	freshSecret  = 32
)

// ErrSecret: a text that is no secret.
var ErrSecret = errors.New("webhook: not a whsec_ secret")

// Secret is a key that sender and receiver share. One secret belongs to one
// pair of them. It prints as whsec_*** in every format.
type Secret struct {
	key *[]byte // behind a pointer, so that printing a struct around it shows an address
}

// ParseSecret reads "whsec_" and padded base64 of 24 to 64 octets. White space
// around it is dropped: secrets are kept in files. Without the prefix a text
// is refused: it is then most likely something else.
func ParseSecret(text string) (Secret, error) {
	encoded, ok := strings.CutPrefix(strings.TrimSpace(text), secretPrefix)
	if !ok {
		return Secret{}, fmt.Errorf("%w: it does not begin with %s", ErrSecret, secretPrefix)
	}
	key, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || strings.ContainsAny(encoded, "\r\n") {
		return Secret{}, fmt.Errorf("%w: not base64", ErrSecret) // the decoder's error would show where, and nothing of use
	}
	if len(key) < MinSecret || len(key) > MaxSecret {
		return Secret{}, fmt.Errorf("%w: %d octets, allowed are %d to %d", ErrSecret, len(key), MinSecret, MaxSecret)
	}
	return Secret{&key}, nil
}

// NewSecret makes a secret of 32 octets from a source of random octets.
func NewSecret(random io.Reader) (Secret, error) {
	key := make([]byte, freshSecret)
	if _, err := io.ReadFull(random, key); err != nil {
		return Secret{}, fmt.Errorf("webhook: new secret: %w", err)
	}
	return Secret{&key}, nil
}

// Reveal returns the text that ParseSecret reads. It is the only way to the
// key.
func (s Secret) Reveal() string {
	return secretPrefix + base64.StdEncoding.EncodeToString(s.octets())
}

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return s.key == nil }

// Format implements fmt.Formatter and shows nothing of the key.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, secretPrefix+"***") }

// MarshalText implements encoding.TextMarshaler, which JSON and logs use, and
// shows nothing of the key.
func (s Secret) MarshalText() ([]byte, error) { return []byte(secretPrefix + "***"), nil }

func (s Secret) octets() []byte {
	if s.key == nil {
		return nil
	}
	return *s.key
}

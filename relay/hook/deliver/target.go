package deliver

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"crossband/formats/webhook"
	"crossband/relay/hook/deliver/door"
)

// Limits of targets.
const (
	MaxTargets = 16
	maxName    = 32
)

// Target is one receiver of hooks.
type Target struct {
	// Name is 1 to 32 of a-z, 0-9 and hyphen. What waits for a target is kept
	// under it.
	Name string
	// URL is where events are posted; door.Policy.ParseURL says what it may be.
	URL string
	// Secrets sign each request, 1 to webhook.MaxSignatures. They belong to
	// this target alone: whoever shares one can forge the other's hooks.
	Secrets []webhook.Secret
	// Kinds are those that it wants; none: all.
	Kinds []Kind
	// Exercises: it wants exercises beside what is real.
	Exercises bool
	// Timeout bounds one request; 0: door.DefaultTimeout.
	Timeout time.Duration
	// Policy lists inside addresses that it may have.
	Policy door.Policy
	// Roots is whom TLS trusts; nil: the system's authorities.
	Roots *x509.CertPool
}

// ErrTarget: a target that cannot be one.
var ErrTarget = errors.New("deliver: bad target")

func (t Target) check() (*url.URL, error) {
	if t.Name == "" || len(t.Name) > maxName || !label(t.Name) {
		return nil, fmt.Errorf("%w: name %q is not 1 to %d of a-z, 0-9 and hyphen", ErrTarget, t.Name, maxName)
	}
	u, err := t.Policy.ParseURL(t.URL)
	if err != nil {
		return nil, fmt.Errorf("%w %s: url: %w", ErrTarget, t.Name, err)
	}
	if len(t.Secrets) == 0 || len(t.Secrets) > webhook.MaxSignatures || slices.ContainsFunc(t.Secrets, webhook.Secret.IsZero) {
		return nil, fmt.Errorf("%w %s: %d secrets, want 1 to %d", ErrTarget, t.Name, len(t.Secrets), webhook.MaxSignatures)
	}
	for _, k := range t.Kinds {
		if _, err := ParseKind(string(k)); err != nil {
			return nil, fmt.Errorf("%w %s: %w", ErrTarget, t.Name, err)
		}
	}
	if t.Timeout < 0 || t.Timeout > door.MaxTimeout {
		return nil, fmt.Errorf("%w %s: timeout %v, at most %v", ErrTarget, t.Name, t.Timeout, door.MaxTimeout)
	}
	return u, nil
}

func label(s string) bool {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

func (t Target) wants(e Event) bool {
	return (!e.Exercise || t.Exercises) && (len(t.Kinds) == 0 || slices.Contains(t.Kinds, e.Kind))
}

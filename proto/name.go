package proto

import (
	"errors"
	"fmt"
	"strings"
)

// Agency is the trust domain of a sovereign organisation, for example
// "usbp.example": a lower-case DNS name of at most MaxAgencyLen octets.
type Agency string

// Role says what a certificate's holder is. It is the first path segment of
// the SPIFFE ID and decides which messages its link may carry.
type Role uint8

// The roles, as docs/PROTOCOL.md 2.1 names them. The zero Role is no role at all.
const (
	RoleNone      Role = iota
	RoleRelay          // an agency's node: forwards and stores sealed traffic
	RoleAuthority      // the online issuing CA's mailbox: answers enrolments
	RoleUnit           // a unit in the field
	RoleDesk           // a staffed dispatch desk
	RoleHook           // an automated source of incidents
	RoleGateway        // a bridge to something not end-to-end encrypted
	RoleRecorder       // a member that keeps evidence
)

func roleWord(r Role) string {
	switch r {
	case RoleRelay:
		return "relay"
	case RoleAuthority:
		return "authority"
	case RoleUnit:
		return "unit"
	case RoleDesk:
		return "desk"
	case RoleHook:
		return "hook"
	case RoleGateway:
		return "gateway"
	case RoleRecorder:
		return "recorder"
	}
	return ""
}

// String returns the word used in the SPIFFE ID, or "none".
func (r Role) String() string {
	if w := roleWord(r); w != "" {
		return w
	}
	return "none"
}

// IsEndpoint reports whether the role belongs to a device that may be a
// member of channels: everything but relays and authorities.
func (r Role) IsEndpoint() bool { return r >= RoleUnit && r <= RoleRecorder }

// ParseRole returns the role that a SPIFFE path segment names.
func ParseRole(s string) (Role, error) {
	for r := RoleRelay; r <= RoleRecorder; r++ {
		if roleWord(r) == s {
			return r, nil
		}
	}
	return RoleNone, fmt.Errorf("unknown role %q", s)
}

// Name is the identity of one relay or endpoint: a SPIFFE ID with exactly two
// path segments, spiffe://AGENCY/ROLE/LABEL. Two Names are the same identity
// if and only if they are equal with ==. The zero Name names nobody.
type Name struct {
	Agency Agency
	Role   Role
	Label  string // 1 to MaxLabelLen octets of a-z, 0-9, '-', '_' and '.'
}

// Limits of names, in octets.
const (
	MaxAgencyLen = 100
	MaxLabelLen  = 60
)

const spiffeScheme = "spiffe://"

// String returns the SPIFFE ID, the one normal form of the name.
func (n Name) String() string {
	if n == (Name{}) {
		return ""
	}
	return spiffeScheme + string(n.Agency) + "/" + n.Role.String() + "/" + n.Label
}

// MarshalText implements encoding.TextMarshaler: the SPIFFE ID, or nothing.
func (n Name) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// UnmarshalText reads what MarshalText writes, as strictly as ParseName.
func (n *Name) UnmarshalText(b []byte) (err error) {
	if *n = (Name{}); len(b) > 0 {
		*n, err = ParseName(string(b))
	}
	return err
}

// Short returns role/label, for screens on which the agency is shown apart.
func (n Name) Short() string { return n.Role.String() + "/" + n.Label }

// ErrName is wrapped by every error of ParseName and ParseAgency.
var ErrName = errors.New("not a valid name")

// ParseName parses a SPIFFE ID in its one normal form. Upper case, ports, user
// information, queries, percent escapes, dot segments and anything that is not
// ASCII are refused rather than normalised, so that nobody can look like another.
func ParseName(s string) (Name, error) {
	rest, ok := strings.CutPrefix(s, spiffeScheme)
	if !ok {
		return Name{}, fmt.Errorf("%w: %q does not start with %s", ErrName, clip(s), spiffeScheme)
	}
	parts := strings.Split(rest, "/")
	if len(parts) != 3 {
		return Name{}, fmt.Errorf("%w: %q is not %sAGENCY/ROLE/LABEL", ErrName, clip(s), spiffeScheme)
	}
	agency, err := ParseAgency(parts[0])
	if err != nil {
		return Name{}, err
	}
	role, err := ParseRole(parts[1])
	if err != nil {
		return Name{}, fmt.Errorf("%w: %w", ErrName, err)
	}
	if !validLabel(parts[2]) {
		return Name{}, fmt.Errorf("%w: label %q is not 1 to %d of: a-z, 0-9, hyphen, underscore, dot", ErrName, clip(parts[2]), MaxLabelLen)
	}
	return Name{agency, role, parts[2]}, nil
}

// ParseAgency parses a trust domain: lower-case letters, digits and hyphens in
// two or more dot-separated parts.
func ParseAgency(s string) (Agency, error) {
	if len(s) == 0 || len(s) > MaxAgencyLen {
		return "", fmt.Errorf("%w: agency of %d octets, want 1 to %d", ErrName, len(s), MaxAgencyLen)
	}
	labels := strings.Split(s, ".")
	if len(labels) < 2 {
		return "", fmt.Errorf("%w: agency %q has no dot", ErrName, s)
	}
	for _, l := range labels {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' || strings.HasPrefix(l, "xn--") {
			return "", fmt.Errorf("%w: agency %q", ErrName, s)
		}
		for i := range len(l) {
			if c := l[i]; !isLowerAlnum(c) && c != '-' {
				return "", fmt.Errorf("%w: agency %q has octet %#02x", ErrName, s, c)
			}
		}
	}
	return Agency(s), nil
}

func validLabel(s string) bool {
	if len(s) == 0 || len(s) > MaxLabelLen || !isLowerAlnum(s[0]) || !isLowerAlnum(s[len(s)-1]) {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !isLowerAlnum(c) && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return !strings.Contains(s, "..")
}

func isLowerAlnum(c byte) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' }

func clip(s string) string {
	const most = 80
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

package identity

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"
	"time"

	"rsc.io/qr"

	"crossband/proto"
)

// Limits of an invitation token.
const (
	MaxToken     = 2 << 10 // characters of the text form, spaces included
	MaxRelays    = 4       // relay addresses
	maxRelayAddr = 255     // octets of one
	secretSize   = 20      // octets: 160 bits
	invitationID = 12      // octets
	checksumSize = 4       // octets, against typing errors
)

const tokenPrefix = "crossband-invite:"

// Token is a one-time invitation: whoever holds it can get the certificate of
// Name, once, before Expires. It is a secret; String shows nothing of it.
type Token struct {
	Name    proto.Name  // who the device will be
	Root    Fingerprint // of the root that the answer must lead to
	Relays  []string    // addresses to dial, 1 to MaxRelays
	Expires time.Time

	secret [secretSize]byte
}

// String describes the token without its secret.
func (t Token) String() string {
	return fmt.Sprintf("invitation for %s until %s", t.Name, date(t.Expires))
}

// GoString keeps %#v from showing the secret.
func (t Token) GoString() string { return t.String() }

// Text returns the token's one line, to be handed over in secret.
func (t Token) Text() string { return tokenPrefix + strings.ToLower(t.base32()) }

func (t Token) base32() string {
	p := t.payload()
	sum := sha256.Sum256(p)
	return tokenEncoding().EncodeToString(append(p, sum[:checksumSize]...))
}

func tokenEncoding() *base32.Encoding { return base32.StdEncoding.WithPadding(base32.NoPadding) }

func (t Token) payload() []byte {
	e := newEncoder()
	e.fixed(t.secret[:])
	e.fixed(t.Root[:])
	e.text(t.Name.String())
	e.time(t.Expires)
	e.u8(uint8(len(t.Relays)))
	for _, r := range t.Relays {
		e.text(r)
	}
	return e.b
}

// ParseToken reads the text form, in any case and with any white space in it.
// It says whether a token is well formed, not whether it is still good.
func ParseToken(text string) (Token, error) {
	if len(text) > MaxToken {
		return Token{}, refuse(TooLarge, "invitation of %d characters, at most %d are read", len(text), MaxToken)
	}
	line := strings.ToLower(strings.Join(strings.Fields(text), ""))
	body, ok := strings.CutPrefix(line, tokenPrefix)
	if !ok {
		return Token{}, refuse(Malformed, "an invitation begins with %q", tokenPrefix)
	}
	raw, err := tokenEncoding().DecodeString(strings.ToUpper(body))
	if err != nil || len(raw) < checksumSize {
		return Token{}, refuse(Malformed, "the invitation has a character that does not belong, or is cut short")
	}
	p, sum := raw[:len(raw)-checksumSize], sha256.Sum256(raw[:len(raw)-checksumSize])
	if !bytes.Equal(raw[len(p):], sum[:checksumSize]) {
		return Token{}, refuse(Malformed, "the invitation's checksum does not fit: a character is wrong or missing")
	}
	t, err := parseTokenPayload(p)
	if err == nil && t.Text() != line {
		return Token{}, refuse(Malformed, "the invitation is not in its one form")
	}
	return t, err
}

func parseTokenPayload(p []byte) (Token, error) {
	d := newDecoder("invitation", p, MaxToken)
	var t Token
	copy(t.secret[:], d.fixed(secretSize))
	copy(t.Root[:], d.fixed(len(t.Root)))
	t.Name, t.Expires = d.name(), d.time()
	n := int(d.u8())
	for range min(n, MaxRelays) {
		t.Relays = append(t.Relays, d.text(maxRelayAddr))
	}
	if err := d.end(); err != nil {
		return Token{}, err
	}
	if n != len(t.Relays) {
		return Token{}, refuse(Malformed, "invitation with %d relay addresses, at most %d are allowed", n, MaxRelays)
	}
	return t, checkRelays(t.Relays)
}

func checkRelays(addrs []string) error {
	if len(addrs) < 1 || len(addrs) > MaxRelays {
		return refuse(Malformed, "invitation with %d relay addresses, 1 to %d are allowed", len(addrs), MaxRelays)
	}
	for _, a := range addrs {
		odd := strings.ContainsFunc(a, func(r rune) bool { return r <= ' ' || r > '~' })
		if a == "" || len(a) > maxRelayAddr || odd {
			return refuse(Malformed, "relay address %.100q is not 1 to %d printable characters", a, maxRelayAddr)
		}
	}
	return nil
}

// QR returns the token as a QR code for a terminal: half blocks, two rows of
// modules in a line, black on white by colour codes, with the quiet zone of
// four modules all around.
func (t Token) QR() (string, error) {
	// Upper case fits the alphanumeric mode, which takes a third less room.
	code, err := qr.Encode(strings.ToUpper(t.Text()), qr.M)
	if err != nil {
		return "", fmt.Errorf("draw invitation: %w", err)
	}
	return drawQR(code), nil
}

const quietZone = 4

func drawQR(code *qr.Code) string {
	const blackOnWhite, reset = "\x1b[38;5;16;48;5;231m", "\x1b[0m"
	var out strings.Builder
	for y := -quietZone; y < code.Size+quietZone; y += 2 {
		out.WriteString(blackOnWhite)
		for x := -quietZone; x < code.Size+quietZone; x++ {
			switch top, bottom := code.Black(x, y), code.Black(x, y+1); {
			case top && bottom:
				out.WriteRune('█')
			case top:
				out.WriteRune('▀')
			case bottom:
				out.WriteRune('▄')
			default:
				out.WriteByte(' ')
			}
		}
		out.WriteString(reset + "\n")
	}
	return out.String()
}

// invitationKeys are derived from the secret: the public id, the key of the
// device's proof and the key of the authority's answer. The authority keeps
// these and not the secret.
type invitationKeys struct {
	id           [invitationID]byte
	proof, reply [sha256.Size]byte
}

func (t Token) keys() (k invitationKeys, err error) {
	for _, part := range []struct {
		info string
		to   []byte
	}{{"id", k.id[:]}, {"proof", k.proof[:]}, {"reply", k.reply[:]}} {
		// The secret is uniform, so no salt is needed (RFC 5869 section 3.1).
		b, err := hkdf.Key(sha256.New, t.secret[:], nil, "crossband/1 invitation "+part.info, len(part.to))
		if err != nil {
			return k, fmt.Errorf("derive invitation key: %w", err)
		}
		copy(part.to, b)
	}
	return k, nil
}

package console

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Passphrase lets in whoever knows the words. It holds no words, but what PBKDF2
// (SP 800-132, with HMAC-SHA-256) makes of them and a salt.
type Passphrase struct {
	rounds    int
	salt, key []byte
}

// Bounds of a Passphrase. A line cannot ask for so many rounds that a login takes
// longer than a few seconds.
const (
	MinPassphrase    = 12      // characters
	maxPassphrase    = 1024    // octets
	passphraseRounds = 600_000 // of a new one
	minRounds        = 100_000
	maxRounds        = 10_000_000
	passphraseKind   = "pbkdf2-sha256"
)

// ErrPassphrase is wrapped by every error about a passphrase or its line.
var ErrPassphrase = errors.New("console: passphrase")

// NewPassphrase takes words of at least MinPassphrase characters.
func NewPassphrase(words string) (*Passphrase, error) {
	if utf8.RuneCountInString(words) < MinPassphrase || len(words) > maxPassphrase {
		return nil, fmt.Errorf("%w: want at least %d characters and at most %d octets", ErrPassphrase, MinPassphrase, maxPassphrase)
	}
	p := &Passphrase{rounds: passphraseRounds, salt: make([]byte, 16)}
	rand.Read(p.salt)
	var err error
	p.key, err = p.derive(words)
	return p, err
}

// ParsePassphrase reads the line that String writes.
func ParsePassphrase(line string) (*Passphrase, error) {
	f := strings.Split(strings.TrimSpace(line), "$")
	if len(f) != 4 || f[0] != passphraseKind {
		return nil, fmt.Errorf("%w: want %s$ROUNDS$SALT$KEY", ErrPassphrase, passphraseKind)
	}
	rounds, err := strconv.Atoi(f[1])
	if err != nil || rounds < minRounds || rounds > maxRounds {
		return nil, fmt.Errorf("%w: rounds are not from %d to %d", ErrPassphrase, minRounds, maxRounds)
	}
	salt, err := base64.RawStdEncoding.Strict().DecodeString(f[2])
	if err != nil || len(salt) < 16 || len(salt) > 64 {
		return nil, fmt.Errorf("%w: the salt is not 16 to 64 octets in base64", ErrPassphrase)
	}
	key, err := base64.RawStdEncoding.Strict().DecodeString(f[3])
	if err != nil || len(key) != sha256.Size {
		return nil, fmt.Errorf("%w: the key is not %d octets in base64", ErrPassphrase, sha256.Size)
	}
	return &Passphrase{rounds, salt, key}, nil
}

// String returns the line by which the words can be known again. Who has it can try
// words without anybody noticing: it belongs into a file that only its owner reads.
func (p *Passphrase) String() string {
	return strings.Join([]string{
		passphraseKind, strconv.Itoa(p.rounds),
		base64.RawStdEncoding.EncodeToString(p.salt), base64.RawStdEncoding.EncodeToString(p.key),
	}, "$")
}

// opens reports whether these are the words. It takes a tenth of a second or more.
func (p *Passphrase) opens(words string) bool {
	if len(words) > maxPassphrase {
		return false
	}
	key, err := p.derive(words)
	return err == nil && subtle.ConstantTimeCompare(key, p.key) == 1
}

func (p *Passphrase) derive(words string) ([]byte, error) {
	return pbkdf2.Key(sha256.New, words, p.salt, p.rounds, sha256.Size)
}

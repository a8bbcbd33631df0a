package console

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/netip"
	"sync"
	"time"
)

// secretOctets is the length of the secret in the printed address, and of a login's
// token: 256 bits, which nobody guesses.
const secretOctets = 32

// Bounds of logins.
const (
	maxLogins = 32
	loginLife = 12 * time.Hour // since it was last used: a shift
)

// digest stands for a secret where it is kept and compared.
type digest [sha256.Size]byte

func newSecret() string {
	b := make([]byte, secretOctets)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

func digestOf(secret string) digest { return sha256.Sum256([]byte(secret)) }

// is compares in constant time.
func (d digest) is(secret string) bool {
	other := digestOf(secret)
	return subtle.ConstantTimeCompare(d[:], other[:]) == 1
}

// logins are the browsers that have been let in.
type logins struct {
	now  func() time.Time
	mu   sync.Mutex // held for the whole of every method
	used map[digest]time.Time
}

func newLogins(now func() time.Time) *logins {
	return &logins{now: now, used: make(map[digest]time.Time)}
}

// begin lets another browser in and returns its token. At the bound the login goes
// that has been idle for longest.
func (l *logins) begin() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tidyLocked()
	for len(l.used) >= maxLogins {
		var oldest digest
		var at time.Time
		for d, t := range l.used {
			if at.IsZero() || t.Before(at) {
				oldest, at = d, t
			}
		}
		delete(l.used, oldest)
	}
	token := newSecret()
	l.used[digestOf(token)] = l.now()
	return token
}

// has reports whether a token is a login's, which goes on then.
func (l *logins) has(token string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tidyLocked()
	d := digestOf(token)
	if _, ok := l.used[d]; !ok {
		return false
	}
	l.used[d] = l.now()
	return true
}

// lives reports whether a login is still one. It is not used by that.
func (l *logins) lives(d digest) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tidyLocked()
	_, ok := l.used[d]
	return ok
}

// end forgets a login.
func (l *logins) end(token string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.used, digestOf(token))
}

func (l *logins) tidyLocked() {
	for d, t := range l.used {
		if l.now().Sub(t) > loginLife {
			delete(l.used, d)
		}
	}
}

// Bounds of wrong passphrases within attemptSpan.
const (
	attemptSpan    = 5 * time.Minute
	attemptsOne    = 5  // of one address
	attemptsAll    = 50 // of all addresses
	attemptsRecent = attemptsAll
)

// attempts limits how fast passphrases can be tried. Beyond the bound of all addresses
// nobody logs in anew for a while; those who are in stay in.
type attempts struct {
	now    func() time.Time
	mu     sync.Mutex // held for the whole of every method
	recent []attempt  // oldest first, at most attemptsRecent
}

type attempt struct {
	from netip.Prefix
	at   time.Time
}

// allowed reports whether an address may try, and counts the try as a wrong one until
// forgive says otherwise: tries at the same moment count too.
func (a *attempts) allowed(from netip.Addr) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	now, net := a.now(), network(from)
	for len(a.recent) > 0 && now.Sub(a.recent[0].at) >= attemptSpan {
		a.recent = a.recent[1:]
	}
	mine := 0
	for _, x := range a.recent {
		if x.from == net {
			mine++
		}
	}
	if mine >= attemptsOne || len(a.recent) >= attemptsRecent {
		return false
	}
	a.recent = append(a.recent, attempt{net, now})
	return true
}

// forgive forgets the tries of an address that knew the words in the end.
func (a *attempts) forgive(from netip.Addr) {
	a.mu.Lock()
	defer a.mu.Unlock()
	net := network(from)
	kept := a.recent[:0]
	for _, x := range a.recent {
		if x.from != net {
			kept = append(kept, x)
		}
	}
	a.recent = kept
}

// network is what one attacker has for the asking: an address, and of IPv6 a /64.
func network(a netip.Addr) netip.Prefix {
	a = a.Unmap()
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, _ := a.WithZone("").Prefix(bits)
	return p
}

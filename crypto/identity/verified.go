package identity

import (
	"crypto/sha256"
	"sync"
)

// MaxVerified is how many verifications a trust store remembers, 32 octets each and
// what a map adds. When they are full, the half that was not asked for since is
// forgotten, and verified again when it is met.
const MaxVerified = 16384

// verified remembers which verifications have succeeded. What is asked of it names
// everything that the outcome hangs on, so that nothing in it can become wrong: it
// is about signatures, never about times or revocation. It remembers no failure.
type verified struct {
	mu       sync.Mutex // held for look-ups only, never while something is verified
	young    map[[sha256.Size]byte]struct{}
	old      map[[sha256.Size]byte]struct{}
	counters VerifiedCounters
}

// VerifiedCounters tells what remembering was good for.
type VerifiedCounters struct {
	Spared    uint64 // verifications that were found to have succeeded before
	Made      uint64 // verifications that were made, well or ill
	Forgotten uint64 // successes that gave way to newer ones
}

// VerifiedCounters returns the counts since the store was made.
func (t *TrustStore) VerifiedCounters() VerifiedCounters {
	t.verified.mu.Lock()
	defer t.verified.mu.Unlock()
	return t.verified.counters
}

// Once runs verify, unless it has succeeded for the same digest before. The digest
// must cover everything that verify looks at, and say what kind of verification it
// is. Errors are not remembered. It may be called by several goroutines; two that
// ask at the same time may both verify.
func (t *TrustStore) Once(digest [sha256.Size]byte, verify func() error) error {
	v := &t.verified
	if v.has(digest) {
		return nil
	}
	if err := verify(); err != nil {
		return err
	}
	v.add(digest)
	return nil
}

// has looks a digest up and counts what follows from it. One of the older half comes
// into the younger one, for it is in use.
func (v *verified) has(d [sha256.Size]byte) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	_, ok := v.young[d]
	if !ok {
		if _, ok = v.old[d]; ok {
			delete(v.old, d)
			v.put(d)
		}
	}
	if ok {
		v.counters.Spared++
	} else {
		v.counters.Made++
	}
	return ok
}

func (v *verified) add(d [sha256.Size]byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.put(d)
}

// put needs the mutex.
func (v *verified) put(d [sha256.Size]byte) {
	if _, is := v.young[d]; is {
		return
	}
	if len(v.young) >= MaxVerified/2 {
		v.counters.Forgotten += uint64(len(v.old))
		v.old, v.young = v.young, nil
	}
	if v.young == nil {
		v.young = make(map[[sha256.Size]byte]struct{})
	}
	v.young[d] = struct{}{}
}

package identity

import (
	"crypto/sha256"
	"sync"
)

// MaxVerified is how many verifications a trust store remembers, and MaxKnownChains
// of how many chains it remembers what a list could revoke in them. When a memory is
// full, the half that was not asked for since is forgotten: it is verified, or read,
// again when it is met.
const (
	MaxVerified    = 16384 // 32 octets each, and what a map adds
	MaxKnownChains = 8192  // some 300 octets each
)

// recent remembers values by digests that name everything they hang on, so that
// nothing in it can become wrong.
type recent[V any] struct {
	mu         sync.Mutex // held for look-ups only, never while something is worked out
	limit      int        // half of it for each half; set before use
	young, old map[[sha256.Size]byte]V
	counters   Counters
}

// Counters tells what remembering was good for.
type Counters struct {
	Spared    uint64 // found
	Made      uint64 // not found, and worked out, well or ill
	Forgotten uint64 // gave way to newer ones
}

// VerifiedCounters returns the counts of verifications since the store was made.
func (t *TrustStore) VerifiedCounters() Counters {
	t.verified.mu.Lock()
	defer t.verified.mu.Unlock()
	return t.verified.counters
}

// Once runs verify, unless it has succeeded for the same digest before. The digest
// must cover everything that verify looks at, and say what kind of verification it
// is. Errors are not remembered. It may be called by several goroutines; two that
// ask at the same time may both verify.
func (t *TrustStore) Once(digest [sha256.Size]byte, verify func() error) error {
	if _, done := t.verified.get(digest); done {
		return nil
	}
	if err := verify(); err != nil {
		return err
	}
	t.verified.put(digest, struct{}{})
	return nil
}

// get looks a digest up. One of the older half comes into the younger one, for it is
// in use.
func (r *recent[V]) get(d [sha256.Size]byte) (V, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v, ok := r.young[d]
	if !ok {
		if v, ok = r.old[d]; ok {
			delete(r.old, d)
			r.keep(d, v)
		}
	}
	if ok {
		r.counters.Spared++
	} else {
		r.counters.Made++
	}
	return v, ok
}

func (r *recent[V]) put(d [sha256.Size]byte, v V) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keep(d, v)
}

// keep needs the mutex.
func (r *recent[V]) keep(d [sha256.Size]byte, v V) {
	if _, is := r.young[d]; is {
		return
	}
	if len(r.young) >= r.limit/2 {
		r.counters.Forgotten += uint64(len(r.old))
		r.old, r.young = r.young, nil
	}
	if r.young == nil {
		r.young = make(map[[sha256.Size]byte]V)
	}
	r.young[d] = v
}

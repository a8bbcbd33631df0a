package identity

import (
	"bytes"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"crossband/proto"
)

// MaxAgencies is how many agencies, the own one counted, a trust store or
// trust list holds.
const MaxAgencies = 64

// A TrustStore holds the roots and revocation lists of the agencies that are
// trusted, each apart from the others: there is no pool that mixes them. Its
// methods may be called from several goroutines; readers work on an immutable
// snapshot that writers replace.
type TrustStore struct {
	cur      atomic.Pointer[snapshot]
	verified recent[struct{}]    // verifications that have succeeded: signatures only
	known    recent[[]revocable] // what lists could name in chains, by the chains' digest
}

type snapshot struct {
	own      proto.Agency
	agencies map[proto.Agency]*Bundle
	revoked  map[proto.Agency]revocations
	list     *TrustList // nil until one was applied
}

// NewTrustStore trusts the own agency and the given partners.
func NewTrustStore(own *Bundle, partners ...*Bundle) (*TrustStore, error) {
	s := &snapshot{
		own:      own.Agency,
		agencies: map[proto.Agency]*Bundle{own.Agency: own},
		revoked:  map[proto.Agency]revocations{},
	}
	for _, p := range partners {
		if _, twice := s.agencies[p.Agency]; twice {
			return nil, refuse(Exists, "two bundles for agency %s", p.Agency)
		}
		s.agencies[p.Agency] = p
	}
	if len(s.agencies) > MaxAgencies {
		return nil, refuse(TooLarge, "%d agencies, at most %d are held", len(s.agencies), MaxAgencies)
	}
	t := &TrustStore{}
	t.verified.limit, t.known.limit = MaxVerified, MaxKnownChains
	t.cur.Store(s)
	return t, nil
}

// Own returns the own agency's bundle.
func (t *TrustStore) Own() *Bundle {
	s := t.cur.Load()
	return s.agencies[s.own]
}

// Agencies returns the trusted agencies in order.
func (t *TrustStore) Agencies() []proto.Agency {
	return slices.Sorted(maps.Keys(t.cur.Load().agencies))
}

// Bundle returns the trusted bundle of an agency, or nil.
func (t *TrustStore) Bundle(a proto.Agency) *Bundle { return t.cur.Load().agencies[a] }

// TrustList returns the last applied trust list as it came, or nil.
func (t *TrustStore) TrustList() []byte {
	if l := t.cur.Load().list; l != nil {
		return l.raw
	}
	return nil
}

// update replaces the snapshot by a changed copy, or leaves it when change
// refuses. When another writer was faster, change runs again on his snapshot.
func (t *TrustStore) update(change func(next *snapshot) error) error {
	for {
		prev := t.cur.Load()
		next := *prev
		next.agencies = maps.Clone(prev.agencies)
		next.revoked = maps.Clone(prev.revoked)
		if err := change(&next); err != nil {
			return err
		}
		if t.cur.CompareAndSwap(prev, &next) {
			return nil
		}
	}
}

// ApplyTrustList verifies a trust list of the own agency at now and replaces
// all trusted agencies by those it names. One older than the last is refused
// as Stale, and so is a different one under the same sequence number; the
// same list again changes nothing. Revocations held are kept.
func (t *TrustStore) ApplyTrustList(data []byte, now time.Time) error {
	return t.update(func(next *snapshot) error {
		var last uint64
		held := next.revoked[next.own]
		if next.list != nil {
			if bytes.Equal(next.list.raw, data) {
				return nil
			}
			last = next.list.Sequence
			// A revoked issuing authority may have run the number up; what its
			// list counted does not bind its successor.
			if held.revokesAuthority(next.list.signer) != nil {
				last = 0
			}
		}
		list, err := VerifyTrustList(data, next.agencies[next.own], last, now)
		if err != nil {
			return err
		}
		if err := held.revokesAuthority(list.signer); err != nil {
			return within("signer of trust list", err)
		}
		next.list = list
		next.agencies = map[proto.Agency]*Bundle{}
		for _, b := range list.Bundles {
			next.agencies[b.Agency] = b
		}
		return nil
	})
}

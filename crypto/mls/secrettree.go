package mls

import (
	"fmt"
	"math"
	"slices"

	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/syntax"
	"crossband/crypto/mls/tree"
)

// Limits of the message ratchets (RFC 9420 9.1 leaves them to the application).
const (
	// MaxForward is how many generations a message may be ahead of the last one
	// seen from its sender: it bounds the work that a forged number can cause.
	MaxForward = 1000
	// MaxSkipped is how many keys of late messages are kept per sender and kind.
	MaxSkipped = 64
)

// ratchetKind separates the two ratchets of a leaf (RFC 9420 9).
type ratchetKind uint8

const (
	handshakeRatchet ratchetKind = iota
	applicationRatchet
)

type keyNonce struct {
	key   []byte
	nonce []byte
}

func (k keyNonce) erase() {
	clear(k.key)
	clear(k.nonce)
}

// ratchet is one sender's chain of message keys. next is the generation that
// secret stands for; skipped holds keys of earlier generations not seen yet.
type ratchet struct {
	secret  []byte
	next    uint32
	skipped map[uint32]keyNonce
}

type ratchetID struct {
	leaf tree.LeafIndex
	kind ratchetKind
}

// secretTree gives message keys and forgets them (RFC 9420 9). A node's secret
// is gone once its children's are derived (9.2).
type secretTree struct {
	suite    suite.Suite
	leaves   tree.LeafCount
	nodes    map[tree.NodeIndex][]byte
	ratchets map[ratchetID]*ratchet
}

func newSecretTree(s suite.Suite, n tree.LeafCount, encryptionSecret []byte) *secretTree {
	return &secretTree{
		suite: s, leaves: n,
		nodes:    map[tree.NodeIndex][]byte{n.Root(): encryptionSecret},
		ratchets: make(map[ratchetID]*ratchet),
	}
}

// claim is a message key that has been worked out but not used up. keep makes
// the tree forget it; without keep the tree is as before.
type claim struct {
	keyNonce
	generation uint32
	keep       func()
}

// opened is the way from a known node down to a leaf, not yet stored.
type opened struct {
	from     tree.NodeIndex
	siblings map[tree.NodeIndex][]byte
	leaf     []byte
}

// descend derives the leaf's secret from the lowest known node above it.
func (t *secretTree) descend(leaf tree.LeafIndex) (opened, error) {
	x := leaf.Node()
	o := opened{from: x, siblings: make(map[tree.NodeIndex][]byte)}
	secret, ok := t.nodes[x]
	for !ok {
		parent, up := o.from.Parent(t.leaves)
		if !up {
			return o, ErrReplay // cannot happen: a leaf without secret has ratchets
		}
		o.from = parent
		secret, ok = t.nodes[parent]
	}
	n := t.suite.HashSize()
	for at := o.from; at != x; {
		left, _ := at.Left()
		right, _ := at.Right()
		l, r := t.suite.Derive(secret, "tree", []byte("left"), n), t.suite.Derive(secret, "tree", []byte("right"), n)
		if left.Covers(x) {
			o.siblings[right], at, secret = r, left, l
		} else {
			o.siblings[left], at, secret = l, right, r
		}
	}
	o.leaf = secret
	return o, nil
}

// store replaces the secret of o.from by those below it and starts the
// leaf's ratchets.
func (t *secretTree) store(leaf tree.LeafIndex, o opened) {
	for kind, r := range t.start(o.leaf) {
		t.ratchets[ratchetID{leaf, ratchetKind(kind)}] = r
	}
	clear(t.nodes[o.from]) // may be o.leaf itself
	delete(t.nodes, o.from)
	for x, secret := range o.siblings {
		t.nodes[x] = secret
	}
}

// start makes the two ratchets of a leaf, indexed by kind.
func (t *secretTree) start(leafSecret []byte) [2]*ratchet {
	n := t.suite.HashSize()
	return [2]*ratchet{
		handshakeRatchet:   {secret: t.suite.Derive(leafSecret, "handshake", nil, n)},
		applicationRatchet: {secret: t.suite.Derive(leafSecret, "application", nil, n)},
	}
}

// find is a leaf's ratchet; keep stores it if it had to be started.
func (t *secretTree) find(id ratchetID) (r *ratchet, keep func(), err error) {
	if tree.LeafCount(id.leaf) >= t.leaves {
		return nil, nil, fmt.Errorf("%w: %d", tree.ErrNoLeaf, id.leaf)
	}
	if r, ok := t.ratchets[id]; ok {
		return r, func() {}, nil
	}
	o, err := t.descend(id.leaf)
	if err != nil {
		return nil, nil, err
	}
	return t.start(o.leaf)[id.kind], func() { t.store(id.leaf, o) }, nil
}

// send claims the next key for a message of our own.
func (t *secretTree) send(id ratchetID) (claim, error) {
	r, _, err := t.find(id)
	if err != nil {
		return claim{}, err
	}
	if r.next == math.MaxUint32 {
		return claim{}, ErrExhausted
	}
	return t.receive(id, r.next)
}

// sent reports whether, as far as this tree knows, the generation has been used.
// For our own messages it should always be so.
func (t *secretTree) sent(id ratchetID, generation uint32) bool {
	r, ok := t.ratchets[id]
	return ok && generation < r.next
}

// receive claims the key of a generation (RFC 9420 9.1). The work is bounded by
// MaxForward whatever the number says.
func (t *secretTree) receive(id ratchetID, generation uint32) (claim, error) {
	r, started, err := t.find(id)
	if err != nil {
		return claim{}, err
	}
	if generation < r.next {
		k, ok := r.skipped[generation]
		if !ok {
			return claim{}, ErrReplay
		}
		// The ratchet has run, so it is stored; the copy outlives erase.
		out := keyNonce{slices.Clone(k.key), slices.Clone(k.nonce)}
		return claim{out, generation, func() { k.erase(); delete(t.ratchets[id].skipped, generation) }}, nil
	}
	if generation-r.next > MaxForward || generation == math.MaxUint32 {
		return claim{}, fmt.Errorf("%w: %d, at %d", ErrTooFarAhead, generation, r.next)
	}
	secret, skipped := r.secret, make(map[uint32]keyNonce)
	for g := r.next; g < generation; g++ {
		if generation-g <= MaxSkipped {
			skipped[g] = t.messageKey(secret, g)
		}
		secret = t.suite.DeriveTreeSecret(secret, "secret", g, t.suite.HashSize())
	}
	out := t.messageKey(secret, generation)
	next := t.suite.DeriveTreeSecret(secret, "secret", generation, t.suite.HashSize())
	return claim{out, generation, func() {
		started()
		t.ratchets[id].advance(next, generation+1, skipped)
	}}, nil
}

func (t *secretTree) messageKey(secret []byte, generation uint32) keyNonce {
	return keyNonce{
		key:   t.suite.DeriveTreeSecret(secret, "key", generation, t.suite.KeySize()),
		nonce: t.suite.DeriveTreeSecret(secret, "nonce", generation, t.suite.NonceSize()),
	}
}

// advance moves on and keeps the newest MaxSkipped unused keys.
func (r *ratchet) advance(secret []byte, next uint32, skipped map[uint32]keyNonce) {
	clear(r.secret)
	r.secret, r.next = secret, next
	if r.skipped == nil {
		r.skipped = make(map[uint32]keyNonce)
	}
	for g, k := range skipped {
		r.skipped[g] = k
	}
	for len(r.skipped) > MaxSkipped {
		oldest := slices.Min(mapKeys(r.skipped))
		r.skipped[oldest].erase()
		delete(r.skipped, oldest)
	}
}

func mapKeys[K ~uint32 | ~string, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// appendTo saves the tree: leaves u32, nodes<V>, ratchets<V>, in index order.
func (t *secretTree) appendTo(b []byte) []byte {
	b = syntax.AppendUint32(b, uint32(t.leaves))
	b = syntax.AppendVector(b, func(b []byte) []byte {
		for _, x := range mapKeys(t.nodes) {
			b = syntax.AppendBytes(syntax.AppendUint32(b, uint32(x)), t.nodes[x])
		}
		return b
	})
	ids := make([]ratchetID, 0, len(t.ratchets))
	for id := range t.ratchets {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b ratchetID) int {
		return int(int64(a.leaf)*2+int64(a.kind)) - int(int64(b.leaf)*2+int64(b.kind))
	})
	return syntax.AppendVector(b, func(b []byte) []byte {
		for _, id := range ids {
			b = t.ratchets[id].appendTo(append(syntax.AppendUint32(b, uint32(id.leaf)), byte(id.kind)))
		}
		return b
	})
}

func (r *ratchet) appendTo(b []byte) []byte {
	b = syntax.AppendUint32(syntax.AppendBytes(b, r.secret), r.next)
	return syntax.AppendVector(b, func(b []byte) []byte {
		for _, g := range mapKeys(r.skipped) {
			k := r.skipped[g]
			b = syntax.AppendBytes(syntax.AppendBytes(syntax.AppendUint32(b, g), k.key), k.nonce)
		}
		return b
	})
}

func readSecretTree(r *syntax.Reader, s suite.Suite) *secretTree {
	t := &secretTree{
		suite: s, leaves: tree.LeafCount(r.Uint32()),
		nodes: make(map[tree.NodeIndex][]byte), ratchets: make(map[ratchetID]*ratchet),
	}
	if t.leaves == 0 || t.leaves > tree.MaxLeaves || t.leaves&(t.leaves-1) != 0 {
		r.Refuse("leaf count", uint64(t.leaves))
	}
	last := int64(-1)
	ascending := func(r *syntax.Reader, v int64) {
		if v <= last {
			r.Refuse("order of saved keys", uint64(v))
		}
		last = v
	}
	r.Vector(func(r *syntax.Reader) {
		x := tree.NodeIndex(r.Uint32())
		ascending(r, int64(x))
		t.nodes[x] = slices.Clone(r.Bytes())
	})
	last = -1
	r.Vector(func(r *syntax.Reader) {
		id := ratchetID{tree.LeafIndex(r.Uint32()), ratchetKind(r.Uint8())}
		if id.kind > applicationRatchet {
			r.Refuse("ratchet kind", uint64(id.kind))
		}
		ascending(r, int64(id.leaf)*2+int64(id.kind))
		t.ratchets[id] = readRatchet(r)
	})
	return t
}

func readRatchet(r *syntax.Reader) *ratchet {
	out := &ratchet{secret: slices.Clone(r.Bytes()), next: r.Uint32(), skipped: make(map[uint32]keyNonce)}
	last := int64(-1)
	r.Vector(func(r *syntax.Reader) {
		g := r.Uint32()
		if int64(g) <= last || g >= out.next {
			r.Refuse("skipped generation", uint64(g))
		}
		last = int64(g)
		out.skipped[g] = keyNonce{slices.Clone(r.Bytes()), slices.Clone(r.Bytes())}
	})
	return out
}

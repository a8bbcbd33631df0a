package record

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"time"

	"crossband/crypto/identity"
	"crossband/proto"
)

// signedHead is a checkpoint whose sequencer's signature and certificate are
// good.
type signedHead struct {
	Checkpoint
	in       uint // the exports that hold it, a bit each
	by       proto.Name
	cosigned []Cosignature
}

func sortHeads(heads []*signedHead) {
	slices.SortStableFunc(heads, func(a, b *signedHead) int { return cmp.Compare(a.Size, b.Size) })
}

// collectHeads verifies the checkpoints of a log and keeps the good ones.
func (v *verifier) collectHeads(l *logCopy) {
	for _, i := range endsFirst(len(l.log.Checkpoints)) {
		note := l.log.Checkpoints[i]
		c, err := ParseCheckpoint(note)
		if err == nil && c.Origin != l.log.Origin {
			err = refuse(Mismatch, "a checkpoint of %s", c.Origin)
		}
		if err == nil && v.known(note, l) {
			continue
		}
		var by proto.Name
		if err == nil {
			by, err = c.VerifySequencer(v.signers, v.judge)
		}
		if err != nil {
			v.faulty(l, i, err)
			continue
		}
		good, bad := c.VerifyCosigners(v.signers, v.judge)
		for _, err := range bad {
			v.faulty(l, i, err)
		}
		h := &signedHead{c, 1 << l.export, by, good}
		v.heads[c.Origin] = append(v.heads[c.Origin], h)
		v.notes[DigestOf(note)] = h
	}
}

// endsFirst orders n things so that the last and the first come first: what
// holds for both times needs not be judged again between them.
func endsFirst(n int) []int {
	var order []int
	for i := range n {
		order = append(order, (i+n-1)%n)
	}
	return order
}

// known reports whether this very checkpoint, with its signatures, was good in
// another export.
func (v *verifier) known(note []byte, l *logCopy) bool {
	h, known := v.notes[DigestOf(note)]
	if known {
		h.in |= 1 << l.export
	}
	return known
}

func (v *verifier) faulty(l *logCopy, checkpoint int, err error) {
	var r *Refusal
	if !errors.As(err, &r) {
		r = &Refusal{Malformed, NoEntry, err.Error(), nil}
	}
	f := l.finding(r.Fault, NoEntry, NoEntry, "checkpoint "+strconv.Itoa(checkpoint+1)+": "+r.Detail)
	f.Proof = [][]byte{l.log.Checkpoints[checkpoint]}
	v.add(f)
}

// remembering is a Judge that remembers which chains were good from when to
// when. All that makes a chain good in time are spans: so it is good between
// two times at which it was good.
type remembering struct {
	judge  *identity.TrustStore
	seen   map[Digest]span
	failed int // how often a chain was not good, which is not remembered
}

// maxFailed bounds the work that a file full of bad chains can cause.
const maxFailed = 10_000

type span struct {
	name     proto.Name
	from, to time.Time
}

// VerifyPeer judges a chain, or remembers.
func (m *remembering) VerifyPeer(chain [][]byte, usage identity.Usage, at time.Time) (proto.Name, error) {
	key := Digest{}
	for _, c := range chain {
		d := DigestOf(c)
		key = DigestOf(append(append(key[:], byte(usage)), d[:]...))
	}
	s, before := m.seen[key]
	if before && !at.Before(s.from) && !at.After(s.to) {
		return s.name, nil
	}
	if err := m.hasBundle(chain); err != nil {
		return proto.Name{}, err
	}
	if m.failed == maxFailed {
		return proto.Name{}, refuse(TooLarge, "%d certificates did not hold; no further one is looked at", maxFailed)
	}
	name, err := m.judge.VerifyPeer(chain, usage, at)
	if err != nil {
		m.failed++
		return proto.Name{}, err
	}
	switch {
	case !before:
		s = span{name, at, at}
	case at.Before(s.from):
		s.from = at
	default:
		s.to = at
	}
	m.seen[key] = s
	return name, nil
}

// hasBundle says of which agency a bundle is missing to judge a chain.
func (m *remembering) hasBundle(chain [][]byte) error {
	if who, err := leafName(chain[0]); err == nil && m.judge.Bundle(who.Agency) == nil {
		return refuse(MissingBundle, "%s is judged by the bundle of %s, which is not at hand", who, who.Agency)
	}
	return nil
}

// VerifySigned judges a signed document; nothing is remembered.
func (m *remembering) VerifySigned(context string, signed []byte, at time.Time) ([]byte, proto.Name, error) {
	if s, err := identity.ParseSigned(signed); err == nil {
		if err := m.hasBundle(s.Chain); err != nil {
			return nil, proto.Name{}, err
		}
	}
	return m.judge.VerifySigned(context, signed, at)
}

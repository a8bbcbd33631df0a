package tree

import (
	"crypto/sha256"

	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/syntax"
)

// Digest names one verification: everything that its outcome hangs on, hashed.
type Digest [sha256.Size]byte

// Checks lets whoever judges the leaves of a large tree share the work. The zero
// value does all of it at once, in order. Neither function changes what is accepted.
type Checks struct {
	// Spread calls judge with each number below n, several at a time if it likes, and
	// returns after the last call has ended: the error of the lowest number that
	// failed. It may leave out numbers above one that failed.
	Spread func(n int, judge func(i int) error) error

	// Once runs verify, unless it has succeeded for the same digest before. It
	// remembers no failure. It is called by several goroutines if Spread uses them.
	Once func(digest [32]byte, verify func() error) error
}

// Each calls judge with each number below n, as Spread does if there is one.
func (c Checks) Each(n int, judge func(i int) error) error {
	if c.Spread != nil {
		return c.Spread(n, judge)
	}
	for i := range n {
		if err := judge(i); err != nil {
			return err
		}
	}
	return nil
}

func (c Checks) once(d func() Digest, verify func() error) error {
	if c.Once != nil {
		return c.Once(d(), verify)
	}
	return verify()
}

// signatureDigest covers all that decides whether the leaf's signature is good. The
// first octets keep it apart from every other digest.
func (l *LeafNode) signatureDigest(s suite.Suite, tbs []byte) Digest {
	b := append(make([]byte, 0, len(tbs)+512), "crossband leaf signature 1"...)
	b = syntax.AppendUint16(b, uint16(s.ID()))
	b = syntax.AppendBytes(b, l.SignatureKey)
	b = syntax.AppendBytes(b, l.Signature)
	return sha256.Sum256(syntax.AppendBytes(b, tbs))
}

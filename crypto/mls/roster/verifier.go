package roster

import (
	"time"

	"crossband/crypto/mls/message"
	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/tree"
)

// Reason says why a member's credential is being judged.
type Reason uint8

// The reasons.
const (
	Present     Reason = iota + 1 // found in the tree of a group that we look into
	Added                         // comes in by an Add
	Updated                       // renewed its leaf by an Update
	Committed                     // renewed its leaf by a commit
	Joined                        // comes in by its own external commit
	Rechartered                   // stays, while the group context extensions change
)

// Candidate is a leaf whose credential has to be judged.
type Candidate struct {
	Reason       Reason
	GroupID      []byte
	Suite        suite.ID
	Epoch        message.Epoch // the epoch in which the leaf will stand
	Leaf         tree.LeafIndex
	Credential   tree.Credential
	SignatureKey []byte
	Capabilities tree.Capabilities
	LeafOctets   int // of the leaf, as the ratchet tree has it
	// Previous is the credential that this one takes the place of: the same
	// leaf's for Updated and Committed, the removed leaf's for a Joined that
	// resynchronises. RFC 9420 5.3.1, 12.2: accept only if both name the same
	// member.
	Previous *tree.Credential
	// Extensions is the group context in force after the change; the charter is
	// its ExtensionCharter.
	Extensions tree.Extensions
	Now        time.Time
}

// ContextChange is a change of the group context extensions, such as a new charter.
type ContextChange struct {
	GroupID   []byte
	Epoch     message.Epoch // the epoch in which New will be in force
	Proposer  *Member       // nil if the proposer is not a member
	Committer Member
	Old, New  tree.Extensions
	Now       time.Time
}

// CharterChanged reports whether the charter is not the same before and after.
func (c ContextChange) CharterChanged() bool { return charterChanged(c.Old, c.New) }

func charterChanged(a, b tree.Extensions) bool {
	x, inA := a.Find(tree.ExtensionCharter)
	y, inB := b.Find(tree.ExtensionCharter)
	return inA != inB || string(x) != string(y)
}

// Verifier is the application's judgement: certificate chains against agencies,
// and what the charter allows. This package has already found that a leaf is
// well formed and signed by the key in its certificate. An error refuses the
// whole message. Now is the zero time only if the caller passed the zero time.
type Verifier interface {
	VerifyMember(Candidate) error
	VerifyContext(ContextChange) error
}

// A ChecksVerifier is a Verifier that also says how the work on many members may be
// shared: VerifyMember may then be called by several goroutines at once. Who does not
// implement it is asked about one after the other.
type ChecksVerifier interface {
	Verifier
	Checks() tree.Checks
}

// checks is how the verifier lets many leaves be judged.
func (g *Group) checks() tree.Checks {
	if v, ok := g.verifier.(ChecksVerifier); ok {
		return v.Checks()
	}
	return tree.Checks{}
}

package message

import (
	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/syntax"
	"crossband/crypto/mls/tree"
)

// ProposalOrRef is a proposal in a commit: by value, or by its hash if Value is
// nil (RFC 9420 12.4).
type ProposalOrRef struct {
	Value Proposal
	Ref   []byte
}

// UpdatePathNode is a new public key and its secret, sealed to each node of the
// copath's resolution (RFC 9420 7.6).
type UpdatePathNode struct {
	Key     []byte
	Secrets []suite.Ciphertext
}

// UpdatePath renews the committer's leaf and the nodes above it.
type UpdatePath struct {
	Leaf  *tree.LeafNode
	Nodes []UpdatePathNode
}

// Keys is the public keys of the path, lowest first.
func (p *UpdatePath) Keys() [][]byte {
	keys := make([][]byte, len(p.Nodes))
	for i, n := range p.Nodes {
		keys[i] = n.Key
	}
	return keys
}

// AppendTo appends the encoding of p.
func (p *UpdatePath) AppendTo(b []byte) []byte {
	b = p.Leaf.AppendTo(b)
	return syntax.AppendVector(b, func(b []byte) []byte {
		for _, n := range p.Nodes {
			b = syntax.AppendBytes(b, n.Key)
			b = syntax.AppendVector(b, func(b []byte) []byte {
				for _, c := range n.Secrets {
					b = c.AppendTo(b)
				}
				return b
			})
		}
		return b
	})
}

// ReadUpdatePath decodes an UpdatePath.
func ReadUpdatePath(r *syntax.Reader) *UpdatePath {
	p := &UpdatePath{Leaf: tree.ReadLeafNode(r)}
	r.Vector(func(r *syntax.Reader) {
		n := UpdatePathNode{Key: r.Bytes()}
		r.Vector(func(r *syntax.Reader) { n.Secrets = append(n.Secrets, suite.ReadCiphertext(r)) })
		p.Nodes = append(p.Nodes, n)
	})
	return p
}

// Commit applies proposals and starts an epoch (RFC 9420 12.4).
type Commit struct {
	Proposals []ProposalOrRef
	Path      *UpdatePath
}

// AppendTo appends the encoding of c.
func (c *Commit) AppendTo(b []byte) []byte {
	b = syntax.AppendVector(b, func(b []byte) []byte {
		for _, p := range c.Proposals {
			if p.Value != nil {
				b = AppendProposal(append(b, 1), p.Value)
			} else {
				b = syntax.AppendBytes(append(b, 2), p.Ref)
			}
		}
		return b
	})
	b = syntax.AppendOptional(b, c.Path != nil)
	if c.Path != nil {
		b = c.Path.AppendTo(b)
	}
	return b
}

// ReadCommit decodes a Commit.
func ReadCommit(r *syntax.Reader) *Commit {
	c := &Commit{}
	r.Vector(func(r *syntax.Reader) {
		switch kind := r.Uint8(); kind {
		case 1:
			c.Proposals = append(c.Proposals, ProposalOrRef{Value: ReadProposal(r)})
		case 2:
			c.Proposals = append(c.Proposals, ProposalOrRef{Ref: r.Bytes()})
		default:
			r.Refuse("proposal-or-reference", uint64(kind))
		}
	})
	if r.Optional() {
		c.Path = ReadUpdatePath(r)
	}
	return c
}

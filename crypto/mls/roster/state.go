package roster

import (
	"bytes"
	"fmt"

	"crossband/crypto/mls/message"
	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/syntax"
	"crossband/crypto/mls/tree"
)

// stateVersion is the first octet of a saved state.
const stateVersion = 1

// MarshalBinary saves the state: version u8, GroupContext, ratchet_tree<V>,
// interim hash<V>, cached proposals<V>, optional ReInit.
func (g *Group) MarshalBinary() ([]byte, error) {
	b := g.context.AppendTo([]byte{stateVersion})
	b = syntax.AppendBytes(b, g.tree.AppendTo(nil))
	b = syntax.AppendBytes(b, g.interim)
	b = syntax.AppendVector(b, func(b []byte) []byte {
		for _, c := range g.cache {
			b = c.content.AppendTo(b)
		}
		return b
	})
	b = syntax.AppendOptional(b, g.reinit != nil)
	if g.reinit != nil {
		b = message.AppendProposalBody(b, *g.reinit)
	}
	return b, nil
}

// Unmarshal loads a saved state. It trusts the store for what was verified
// before, and checks that the parts belong together.
func Unmarshal(data []byte, verifier Verifier) (*Group, error) {
	if verifier == nil {
		return nil, ErrNoVerifier
	}
	r := syntax.NewReader(bytes.Clone(data))
	if v := r.Uint8(); v != stateVersion {
		return nil, fmt.Errorf("%w: version %d", ErrState, v)
	}
	g := &Group{verifier: verifier, context: message.ReadGroupContext(r)}
	treeBytes := r.Bytes()
	g.interim = r.Bytes()
	var contents []*message.AuthenticatedContent
	r.Vector(func(r *syntax.Reader) {
		ac := message.ReadAuthenticatedContent(r)
		if r.Err() == nil && ac.Content.Type != message.ContentProposal {
			r.Refuse("content type of a cached proposal", uint64(ac.Content.Type))
		}
		contents = append(contents, ac)
	})
	if r.Optional() {
		if p, ok := message.ReadProposalBody(r, message.TypeReInit).(message.ReInit); ok {
			g.reinit = &p
		}
	}
	if err := r.End(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrState, err)
	}
	var err error
	if g.suite, err = suite.Lookup(g.context.Suite); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrState, err)
	}
	if g.tree, err = tree.Parse(g.suite, treeBytes); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrState, err)
	}
	if !bytes.Equal(g.tree.Hash(), g.context.TreeHash) {
		return nil, fmt.Errorf("%w: %w", ErrState, ErrTreeHash)
	}
	for _, ac := range contents {
		g.cache = append(g.cache, cached{ref: ac.Ref(g.suite), content: ac})
	}
	return g, nil
}

package roster

import (
	"fmt"
	"time"

	"crossband/crypto/mls/message"
	"crossband/crypto/mls/tree"
)

// Change is what a commit did.
type Change struct {
	Epoch          message.Epoch // the new one
	Committer      tree.LeafIndex
	External       bool // the committer joined by this commit; it stands in Added too
	Added          []Member
	Removed        []Member
	Updated        []Member // by an Update of their own; the committer is not listed
	ContextChanged bool
	CharterChanged bool
	ReInit         *message.ReInit // the group is closed; a new one takes its place
	Now            time.Time       // when it was judged
}

// Apply checks a commit in a PublicMessage and returns the state after it. On
// an error g is as good as before, as it always is.
func (g *Group) Apply(commit []byte, now time.Time) (*Group, Change, error) {
	ac, err := publicContent(commit)
	if err != nil {
		return nil, Change{}, err
	}
	d, err := g.Stage(ac, now)
	if err != nil {
		return nil, Change{}, err
	}
	return d.Next(ac), d.Change(), nil
}

// Stage does everything that Apply does short of making the new state.
func (g *Group) Stage(ac *message.AuthenticatedContent, now time.Time) (*Draft, error) {
	if ac.Content.Type != message.ContentCommit {
		return nil, ErrNotCommit
	}
	if err := g.Authenticate(ac); err != nil {
		return nil, err
	}
	if len(ac.Auth.ConfirmationTag) != g.suite.HashSize() {
		return nil, fmt.Errorf("%w: confirmation tag of %d octets", ErrProposalList, len(ac.Auth.ConfirmationTag))
	}
	commit := ac.Content.Commit
	list, err := g.Resolve(commit, ac.Content.Sender)
	if err != nil {
		return nil, err
	}
	d, err := g.draft(list, ac.Content.Sender, now, false)
	if err != nil {
		return nil, err
	}
	switch {
	case commit.Path != nil:
		if err := d.MergePath(commit.Path.Leaf, commit.Path.Keys()); err != nil {
			return nil, err
		}
		if err := d.checkPathShape(commit.Path); err != nil {
			return nil, err
		}
	case d.NeedsPath:
		return nil, ErrPathMissing
	}
	return d, d.Check()
}

// Change tells what the commit does.
func (d *Draft) Change() Change {
	old := d.base.context.Extensions
	c := Change{
		Epoch: d.epoch(), Committer: d.committer, External: d.External(), Removed: d.Removed, ReInit: d.ReInit, Now: d.now,
		ContextChanged: !d.Extensions.Equal(old), CharterChanged: charterChanged(old, d.Extensions),
	}
	for _, a := range d.Added {
		c.Added = append(c.Added, memberOf(a.Leaf, a.KeyPackage.Leaf))
	}
	if d.External() {
		c.Added = append(c.Added, memberOf(d.committer, d.Tree.Leaf(d.committer)))
	}
	for i, at := range d.Updated {
		c.Updated = append(c.Updated, memberOf(at, d.UpdatedLeaf[i]))
	}
	return c
}

package roster

import (
	"fmt"
	"slices"
	"time"

	"crossband/crypto/mls/message"
	"crossband/crypto/mls/tree"
)

// Draft is a commit in the making: the state after its proposals, then after
// its path. The secret side uses it to make and to follow commits; the group it
// came from does not change.
type Draft struct {
	base      *Group
	sender    message.Sender
	now       time.Time
	strict    bool // our own commit: lifetimes without skew
	committer tree.LeafIndex

	Tree        *tree.Tree
	Extensions  tree.Extensions
	Added       []AddedLeaf
	Removed     []Member
	Updated     []tree.LeafIndex
	UpdatedLeaf []*tree.LeafNode // beside Updated
	PSKs        []message.PSKID
	KEMOutput   []byte // of the ExternalInit, nil in a member's commit
	ReInit      *message.ReInit
	NeedsPath   bool
}

// AddedLeaf is where an added key package ended up.
type AddedLeaf struct {
	Leaf       tree.LeafIndex
	KeyPackage *tree.KeyPackage
}

// DraftOwn applies proposals for a commit of our own.
func (g *Group) DraftOwn(list []Signed, sender message.Sender, now time.Time) (*Draft, error) {
	return g.draft(list, sender, now, true)
}

// draft judges the list and applies it in the order of RFC 9420 12.3.
func (g *Group) draft(list []Signed, sender message.Sender, now time.Time, strict bool) (*Draft, error) {
	if g.reinit != nil {
		return nil, ErrClosed
	}
	if err := checkList(list, sender); err != nil {
		return nil, err
	}
	d := &Draft{
		base: g, sender: sender, now: now, strict: strict, committer: sender.Leaf,
		Tree: g.tree.Clone(), Extensions: g.context.Extensions, NeedsPath: pathNeeded(list),
	}
	steps := []func(Signed) error{d.applyExtensions, d.applyUpdate, d.applyRemove, d.applyAdd, d.applyRest}
	for _, step := range steps {
		for _, p := range list {
			if err := step(p); err != nil {
				return nil, err
			}
		}
	}
	return d, nil
}

// External reports whether the commit is a joiner's.
func (d *Draft) External() bool { return d.sender.Type == message.SenderNewMemberCommit }

// Committer is the leaf of the committer; a joiner's is known after the path.
func (d *Draft) Committer() tree.LeafIndex { return d.committer }

func (d *Draft) skew() time.Duration {
	if d.strict {
		return 0
	}
	return tree.LifetimeSkew
}

func (d *Draft) check(p Signed) error {
	return d.base.checkProposal(p, d.Extensions, d.now, d.skew())
}

func (d *Draft) epoch() message.Epoch { return d.base.context.Epoch + 1 }

func (d *Draft) applyExtensions(p Signed) error {
	q, ok := p.Proposal.(message.SetExtensions)
	if !ok {
		return nil
	}
	if err := d.check(p); err != nil {
		return err
	}
	change := ContextChange{
		GroupID: d.base.context.GroupID, Epoch: d.epoch(),
		Old: d.base.context.Extensions, New: q.Extensions, Now: d.now,
	}
	change.Committer, _ = d.base.Member(d.sender.Leaf)
	if p.Sender.Type == message.SenderMember {
		if m, ok := d.base.Member(p.Sender.Leaf); ok {
			change.Proposer = &m
		}
	}
	if err := d.base.verifier.VerifyContext(change); err != nil {
		return fmt.Errorf("%w: group context: %w", ErrRefused, err)
	}
	d.Extensions = q.Extensions
	return nil
}

func (d *Draft) applyUpdate(p Signed) error {
	q, ok := p.Proposal.(message.Update)
	if !ok {
		return nil
	}
	if err := d.check(p); err != nil {
		return err
	}
	at := p.Sender.Leaf
	old := d.base.tree.Leaf(at).Credential
	if err := d.base.verify(at, q.Leaf, &old, d.Extensions, d.epoch(), Updated, d.now); err != nil {
		return err
	}
	d.Updated = append(d.Updated, at)
	d.UpdatedLeaf = append(d.UpdatedLeaf, q.Leaf)
	return d.Tree.Update(at, q.Leaf)
}

func (d *Draft) applyRemove(p Signed) error {
	q, ok := p.Proposal.(message.Remove)
	if !ok {
		return nil
	}
	if err := d.check(p); err != nil {
		return err
	}
	m, _ := d.base.Member(q.Leaf)
	d.Removed = append(d.Removed, m)
	return d.Tree.Remove(q.Leaf)
}

func (d *Draft) applyAdd(p Signed) error {
	q, ok := p.Proposal.(message.Add)
	if !ok {
		return nil
	}
	if err := d.check(p); err != nil {
		return err
	}
	at, err := d.Tree.Add(q.KeyPackage.Leaf)
	if err != nil {
		return err
	}
	d.Added = append(d.Added, AddedLeaf{Leaf: at, KeyPackage: q.KeyPackage})
	return d.base.verify(at, q.KeyPackage.Leaf, nil, d.Extensions, d.epoch(), Added, d.now)
}

func (d *Draft) applyRest(p Signed) error {
	switch q := p.Proposal.(type) {
	case message.PreSharedKey:
		d.PSKs = append(d.PSKs, q.ID)
	case message.ExternalInit:
		d.KEMOutput = q.KEMOutput
	case message.ReInit:
		d.ReInit = &q
	default:
		return nil
	}
	return d.check(p)
}

// MergePath judges the new leaf and public keys of an update path and merges
// them (RFC 9420 12.4.2, 7.5).
func (d *Draft) MergePath(leaf *tree.LeafNode, keys [][]byte) error {
	if leaf.Source != tree.SourceCommit {
		return fmt.Errorf("%w: update path with source %d", tree.ErrLeafSource, leaf.Source)
	}
	why, previous := Committed, (*tree.Credential)(nil)
	if d.External() {
		why = Joined
		if err := d.checkResync(leaf); err != nil {
			return err
		}
		if len(d.Removed) == 1 {
			previous = &d.Removed[0].Credential
		}
		at, err := d.Tree.JoinPath(leaf, keys)
		if err != nil {
			return err
		}
		d.committer = at
	} else {
		previous = &d.base.tree.Leaf(d.committer).Credential
		if err := d.Tree.MergePath(d.committer, leaf, keys); err != nil {
			return err
		}
	}
	if err := leaf.Check(d.base.suite, d.base.context.GroupID, d.committer, d.Extensions); err != nil {
		return fmt.Errorf("update path: %w", err)
	}
	return d.base.verify(d.committer, leaf, previous, d.Extensions, d.epoch(), why, d.now)
}

// checkResync: RFC 9420 12.2: an external commit may remove only the joiner's
// own former leaf. For names without certificates this is decided here; for
// certificates the verifier sees both.
func (d *Draft) checkResync(leaf *tree.LeafNode) error {
	for _, m := range d.Removed {
		if m.Credential.Type != leaf.Credential.Type {
			return fmt.Errorf("%w: external commit removes another member", ErrProposalList)
		}
		if m.Credential.Type == tree.CredentialBasic && !m.Credential.Equal(leaf.Credential) {
			return fmt.Errorf("%w: external commit removes another member", ErrProposalList)
		}
	}
	return nil
}

// checkPathShape: RFC 9420 7.6: each path node is sealed to every node of its
// copath's resolution, except the leaves that this commit adds.
func (d *Draft) checkPathShape(path *message.UpdatePath) error {
	for i, step := range d.Tree.FilteredPath(d.committer) {
		if want := len(d.SealTo(step)); len(path.Nodes[i].Secrets) != want {
			return fmt.Errorf("%w: path node %d is sealed to %d keys, %d wanted", tree.ErrPathLength, i, len(path.Nodes[i].Secrets), want)
		}
	}
	return nil
}

// SealTo lists the nodes to which the path secret of a step is sealed.
func (d *Draft) SealTo(step tree.PathStep) []tree.NodeIndex {
	out := d.Tree.Resolution(step.Copath)
	if len(d.Added) == 0 {
		return out
	}
	added := make(map[tree.NodeIndex]bool, len(d.Added))
	for _, a := range d.Added {
		added[a.Leaf.Node()] = true
	}
	return slices.DeleteFunc(out, func(x tree.NodeIndex) bool { return added[x] })
}

// Check holds the rules for the finished tree (RFC 9420 12.2, 7.3): unique keys,
// and every member able to follow changed extensions. Those who stay under
// changed extensions are put to the verifier again.
func (d *Draft) Check() error {
	if err := d.Tree.CheckMembers(); err != nil {
		return err
	}
	if !d.Extensions.Equal(d.base.context.Extensions) {
		if err := d.Tree.CheckCapabilities(d.Extensions); err != nil {
			return err
		}
		if err := d.base.verifyAll(d.Tree, d.Extensions, d.epoch(), Rechartered, d.now); err != nil {
			return err
		}
	}
	return d.verifyCommit()
}

// Provisional is the group context to which path secrets are sealed: the new
// epoch, tree and extensions with the old transcript (RFC 9420 12.4.1).
func (d *Draft) Provisional() message.GroupContext {
	ctx := d.base.context
	ctx.Epoch = d.epoch()
	ctx.TreeHash = d.Tree.Hash()
	ctx.Extensions = d.Extensions
	return ctx
}

// Context is the group context of the new epoch, given the signed commit.
func (d *Draft) Context(ac *message.AuthenticatedContent) message.GroupContext {
	ctx := d.Provisional()
	ctx.ConfirmedHash = message.ConfirmedTranscriptHash(d.base.suite, d.base.interim, ac)
	return ctx
}

// Next is the state after the commit, whose confirmation tag must be set.
func (d *Draft) Next(ac *message.AuthenticatedContent) *Group {
	g := &Group{suite: d.base.suite, verifier: d.base.verifier, context: d.Context(ac), tree: d.Tree, reinit: d.ReInit}
	return g.Confirm(ac.Auth.ConfirmationTag)
}

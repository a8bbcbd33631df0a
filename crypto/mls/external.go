package mls

import (
	"crossband/crypto/mls/message"
	"crossband/crypto/mls/roster"
)

// ExternalOptions is what an external joiner brings along.
type ExternalOptions struct {
	JoinOptions
	UsePSKs []message.PSKID // keys from PSKs to mix in, without nonce
	// Replaces, if set, finds our own former leaf, which the commit removes: a
	// device that lost its state comes back in its own place. nil joins beside
	// whoever is there.
	Replaces func(roster.Member) bool
	AAD      []byte
}

// Joining is an external commit that nobody has accepted yet. When the hub took
// Commit, Accepted is our group; otherwise drop it and start from newer group
// information.
type Joining struct {
	Commit    []byte // MLSMessage
	GroupInfo []byte // MLSMessage describing the new epoch to later joiners, without the ratchet tree
	Change    roster.Change

	group *Group
}

// Accepted is the group after the hub accepted the commit.
func (j *Joining) Accepted() *Group { return j.group }

// JoinExternal makes the commit by which we join a group on our own (RFC 9420
// 12.4.3.2), from its group information as the hub hands it out, with the ratchet
// tree beside it in o.Tree. Whoever handed them out is not believed: the tree must
// have the hash that a member's signature in the group information covers.
func JoinExternal(groupInfo []byte, id Identity, o ExternalOptions) (*Joining, error) {
	m, err := message.ParseAs(groupInfo, message.FormatGroupInfo)
	if err != nil {
		return nil, err
	}
	pub, err := roster.FromGroupInfo(m.GroupInfo, o.Tree, o.Verifier, o.Now)
	if err != nil {
		return nil, err
	}
	s := pub.Suite()
	externalPub, err := roster.ExternalPub(m.GroupInfo, s)
	if err != nil {
		return nil, err
	}
	kemOutput, initSecret, err := s.SealExternalInit(externalPub)
	if err != nil {
		return nil, err
	}
	commit := &message.Commit{Proposals: []message.ProposalOrRef{{Value: message.ExternalInit{KEMOutput: kemOutput}}}}
	for _, p := range externalProposals(pub, o) {
		commit.Proposals = append(commit.Proposals, message.ProposalOrRef{Value: p})
	}
	sender := message.Sender{Type: message.SenderNewMemberCommit}
	list, err := pub.Resolve(commit, sender)
	if err != nil {
		return nil, err
	}
	d, err := pub.DraftOwn(list, sender, o.Now)
	if err != nil {
		return nil, err
	}
	leaf, err := id.newLeaf(s)
	if err != nil {
		return nil, err
	}
	np, err := makePath(d, leaf, id.Signer, pub.GroupID())
	if err != nil {
		return nil, err
	}
	if err := d.Check(); err != nil {
		return nil, err
	}
	commit.Path = np.path
	return finishExternal(pub, d, np, commit, initSecret, id, o)
}

// externalProposals is what goes with the ExternalInit (RFC 9420 12.2).
func externalProposals(pub *roster.Group, o ExternalOptions) []message.Proposal {
	var list []message.Proposal
	if o.Replaces != nil {
		for _, m := range pub.Members() {
			if o.Replaces(m) {
				list = append(list, message.Remove{Leaf: m.Leaf})
				break
			}
		}
	}
	for _, id := range o.UsePSKs {
		list = append(list, message.PreSharedKey{ID: freshNonce(pub.Suite(), id)})
	}
	return list
}

func finishExternal(pub *roster.Group, d *roster.Draft, np *newPath, commit *message.Commit, initSecret []byte, id Identity, o ExternalOptions) (*Joining, error) {
	s := pub.Suite()
	context := pub.Context().Bytes()
	ac := &message.AuthenticatedContent{WireFormat: message.FormatPublic, Content: message.Content{
		GroupID: pub.GroupID(), Epoch: pub.Epoch(), Sender: message.Sender{Type: message.SenderNewMemberCommit},
		AAD: o.AAD, Type: message.ContentCommit, Commit: commit,
	}}
	var err error
	if ac.Auth.Signature, err = s.SignWithLabel(id.Signer, message.ContentLabel, ac.TBS(context)); err != nil {
		return nil, err
	}
	pskSecret, err := pskStore(o.PSKs).secret(s, d.PSKs)
	if err != nil {
		return nil, err
	}
	ctx := d.Context(ac)
	e := deriveEpoch(s, joinerSecret(s, initSecret, np.commitSecret, ctx.Bytes()), pskSecret, ctx.Bytes())
	ac.Auth.ConfirmationTag = s.MAC(e.confirmation, ctx.ConfirmedHash)

	g := &Group{signer: id.Signer, own: d.Committer(), keys: np.keys, padding: DefaultPadding}
	for _, p := range o.PSKs {
		g.StorePSK(p)
	}
	g.enter(d.Next(ac), e)
	j := &Joining{Commit: framePublic(s, ac, nil, nil), Change: d.Change(), group: g}
	j.GroupInfo, err = g.GroupInfo()
	return j, err
}

// SameCredential finds the former leaf with the credential of id, for Replaces.
// Where certificates are renewed, compare the names in them instead.
func SameCredential(id Identity) func(roster.Member) bool {
	return func(m roster.Member) bool { return m.Credential.Equal(id.Credential) }
}

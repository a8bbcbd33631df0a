package mls

import (
	"bytes"
	"crypto"
	"slices"
	"time"

	"crossband/crypto/mls/message"
	"crossband/crypto/mls/roster"
	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/syntax"
	"crossband/crypto/mls/tree"
)

// Limits on what a group remembers of the past.
const (
	// PastEpochs is how many earlier epochs' messages can still be opened.
	PastEpochs = 2
	// ResumptionEpochs is how many earlier epochs' resumption keys are kept.
	ResumptionEpochs = 8
	// DefaultPadding is the bucket to whose multiples messages are filled.
	DefaultPadding = 64
)

// Group is a member's state. It changes only by Process, Decrypt, Encrypt,
// Propose*, Merge and the setters, and only if they succeed. It is for one
// goroutine. Save it after every change and before what it produced is sent:
// a state that is set back reuses keys.
type Group struct {
	pub    *roster.Group
	signer crypto.Signer
	own    tree.LeafIndex
	keys   treeKeys
	epoch  epochSecrets

	current *messageKeys
	past    []*messageKeys // newest first, at most PastEpochs

	psks    pskStore        // external keys, and resumption keys of past epochs
	updates []pendingUpdate // our Updates that nobody committed yet
	removed bool            // somebody removed us; nothing more can be done
	padding int             // bucket size, 0 for none
	joined  message.Epoch   // the first epoch that we know
	_       [0]func()       // not comparable
}

// pendingUpdate is the private key of an Update that we proposed.
type pendingUpdate struct{ key *suite.PrivateKey }

// CreateOptions describes a new group.
type CreateOptions struct {
	GroupID []byte
	Suite   suite.ID
	// Extensions is the group context, such as ExtensionCharter. A charter is
	// added to the required capabilities by itself.
	Extensions tree.Extensions
	Verifier   roster.Verifier
	Now        time.Time
}

// Create makes a group with one member, us (RFC 9420 11).
func Create(id Identity, o CreateOptions) (*Group, error) {
	s, err := suite.Lookup(o.Suite)
	if err != nil {
		return nil, err
	}
	leaf, err := id.newLeaf(s)
	if err != nil {
		return nil, err
	}
	leafKey, err := s.GenerateKey()
	if err != nil {
		return nil, err
	}
	leaf.EncryptionKey, leaf.Source = leafKey.Public(), tree.SourceKeyPackage
	leaf.Lifetime = tree.Lifetime{NotAfter: 1<<64 - 1}
	if err := leaf.Sign(s, id.Signer, nil, 0); err != nil {
		return nil, err
	}
	ext, err := requireCharter(o.Extensions)
	if err != nil {
		return nil, err
	}
	ctx := message.GroupContext{Version: tree.Version, Suite: o.Suite, GroupID: bytes.Clone(o.GroupID), Extensions: ext}
	pub, err := roster.Create(ctx, &leaf, o.Verifier, o.Now)
	if err != nil {
		return nil, err
	}
	g := &Group{signer: id.Signer, keys: treeKeys{0: leafKey}, padding: DefaultPadding}
	g.enter(pub, expandEpoch(s, randomBytes(s.HashSize())))
	g.pub = pub.Confirm(g.confirmationTag())
	return g, nil
}

// requireCharter lists the charter among the required capabilities (RFC 9420
// 11.1), so that nobody comes in who would not look at it.
func requireCharter(ext tree.Extensions) (tree.Extensions, error) {
	ext = slices.Clone(ext)
	if _, ok := ext.Find(tree.ExtensionCharter); !ok {
		return ext, nil
	}
	q, _, err := ext.Required()
	if err != nil || slices.Contains(q.Extensions, tree.ExtensionCharter) {
		return ext, err
	}
	q.Extensions = append(slices.Clone(q.Extensions), tree.ExtensionCharter)
	return ext.With(tree.ExtensionRequiredCapabilities, q.AppendTo(nil)), nil
}

// enter puts a fresh Group into an epoch.
func (g *Group) enter(pub *roster.Group, e epochSecrets) {
	g.pub, g.epoch = pub, e
	g.current = newMessageKeys(pub.Suite(), pub.Context(), pub.Tree(), &g.epoch)
	g.joined = pub.Epoch()
}

// advance is the group in its next epoch; g keeps what it has.
func (g *Group) advance(pub *roster.Group, keys treeKeys, e epochSecrets) *Group {
	next := &Group{
		pub: pub, signer: g.signer, own: g.own, keys: keys, epoch: e,
		padding: g.padding, joined: g.joined,
	}
	next.current = newMessageKeys(pub.Suite(), pub.Context(), pub.Tree(), &next.epoch)
	return next
}

// succeed hands on to next what outlives the epoch of g.
func (g *Group) succeed(next *Group) {
	next.past = append([]*messageKeys{g.current}, g.past...)
	for len(next.past) > PastEpochs {
		next.past[len(next.past)-1].erase()
		next.past = next.past[:len(next.past)-1]
	}
	next.psks = g.psks.with(g.resumption())
	next.psks = slices.DeleteFunc(next.psks, func(p PSK) bool {
		return p.ID.Type == message.PSKResumption && bytes.Equal(p.ID.GroupID, g.pub.GroupID()) &&
			p.ID.Epoch+ResumptionEpochs < next.pub.Epoch()
	})
}

// resumption is the current epoch's resumption key (RFC 9420 8.6).
func (g *Group) resumption() PSK {
	return PSK{
		ID:     message.PSKID{Type: message.PSKResumption, Usage: message.UsageApplication, GroupID: g.pub.GroupID(), Epoch: g.Epoch()},
		Secret: g.epoch.resumption,
	}
}

// allPSKs is every key that a commit of this epoch may name.
func (g *Group) allPSKs() pskStore { return g.psks.with(g.resumption()) }

// confirmationTag of the current epoch (RFC 9420 6.1).
func (g *Group) confirmationTag() []byte {
	return g.pub.Suite().MAC(g.epoch.confirmation, g.pub.Context().ConfirmedHash)
}

// usable refuses work in a group that is over for us.
func (g *Group) usable() error {
	if g.removed {
		return ErrRemoved
	}
	return nil
}

// open refuses work that starts something new.
func (g *Group) open() error {
	if err := g.usable(); err != nil {
		return err
	}
	if g.pub.ReInit() != nil {
		return roster.ErrClosed
	}
	return nil
}

// GroupID is the group's name.
func (g *Group) GroupID() []byte { return g.pub.GroupID() }

// Epoch is the current epoch.
func (g *Group) Epoch() message.Epoch { return g.pub.Epoch() }

// Suite is the group's cipher suite number.
func (g *Group) Suite() suite.ID { return g.pub.Suite().ID() }

// OwnLeaf is our place in the tree.
func (g *Group) OwnLeaf() tree.LeafIndex { return g.own }

// Members lists the members in leaf order.
func (g *Group) Members() []roster.Member { return g.pub.Members() }

// Member looks up one member.
func (g *Group) Member(at tree.LeafIndex) (roster.Member, bool) { return g.pub.Member(at) }

// Extension is a group context extension, such as the charter.
func (g *Group) Extension(t tree.ExtensionType) ([]byte, bool) { return g.pub.Extension(t) }

// Roster is the public state of the current epoch, which never changes.
func (g *Group) Roster() *roster.Group { return g.pub }

// Removed reports whether somebody took us out of the group.
func (g *Group) Removed() bool { return g.removed }

// EpochAuthenticator is equal for members in the same state (RFC 9420 8.7). They
// compare it to find a fork.
func (g *Group) EpochAuthenticator() []byte { return bytes.Clone(g.epoch.authenticator) }

// Export derives a secret for the application (RFC 9420 8.5).
func (g *Group) Export(label string, context []byte, length int) ([]byte, error) {
	if err := g.usable(); err != nil {
		return nil, err
	}
	return g.epoch.export(g.pub.Suite(), label, context, length)
}

// SetPadding sets the bucket to whose multiples messages are filled; 0 is none.
func (g *Group) SetPadding(bucket int) { g.padding = min(max(bucket, 0), 1<<16-1) }

// StorePSK makes a pre-shared key known, for commits that name it.
func (g *Group) StorePSK(p PSK) { g.psks = g.psks.with(p) }

// ResumptionPSK is this epoch's key for linking another group to this one.
func (g *Group) ResumptionPSK() PSK {
	p := g.resumption()
	p.Secret = bytes.Clone(p.Secret)
	return p
}

// GroupInfo describes the current epoch to late joiners: an MLSMessage signed
// by us, with the key for external joins. The ratchet tree, which they need too,
// is not in it: whoever hands it out has RatchetTree, or follows the group.
func (g *Group) GroupInfo() ([]byte, error) {
	if err := g.open(); err != nil {
		return nil, err
	}
	gi, err := g.groupInfo(false)
	if err != nil {
		return nil, err
	}
	return (&message.Message{Format: message.FormatGroupInfo, GroupInfo: gi}).Bytes(), nil
}

// RatchetTree is the ratchet tree of the current epoch, encoded as in the
// ratchet_tree extension (RFC 9420 12.4.3.3).
func (g *Group) RatchetTree() []byte { return g.pub.Tree().AppendTo(nil) }

func (g *Group) groupInfo(withTree bool) (*message.GroupInfo, error) {
	s := g.pub.Suite()
	gi := &message.GroupInfo{Context: g.pub.Context(), ConfirmationTag: g.confirmationTag(), Signer: g.own}
	if withTree {
		gi.Extensions = append(gi.Extensions, tree.Extension{Type: tree.ExtensionRatchetTree, Data: g.RatchetTree()})
	}
	key, err := g.epoch.externalKey(s)
	if err != nil {
		return nil, err
	}
	gi.Extensions = append(gi.Extensions, tree.Extension{Type: tree.ExtensionExternalPub, Data: syntax.AppendBytes(nil, key.Public())})
	return gi, gi.Sign(s, g.signer)
}

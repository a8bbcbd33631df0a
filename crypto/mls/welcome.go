package mls

import (
	"bytes"
	"crypto"
	"fmt"
	"time"

	"crossband/crypto/mls/message"
	"crossband/crypto/mls/roster"
	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/syntax"
	"crossband/crypto/mls/tree"
)

const welcomeLabel = "Welcome"

// groupSecrets is GroupSecrets (RFC 9420 12.4.3.1).
type groupSecrets struct {
	joiner []byte
	path   []byte // nil if the commit had no path
	psks   []message.PSKID
}

func (gs groupSecrets) appendTo(b []byte) []byte {
	b = syntax.AppendBytes(b, gs.joiner)
	b = syntax.AppendOptional(b, gs.path != nil)
	if gs.path != nil {
		b = syntax.AppendBytes(b, gs.path)
	}
	return syntax.AppendVector(b, func(b []byte) []byte {
		for _, id := range gs.psks {
			b = id.AppendTo(b)
		}
		return b
	})
}

func parseGroupSecrets(b []byte) (groupSecrets, error) {
	r := syntax.NewReader(b)
	gs := groupSecrets{joiner: r.Bytes()}
	if r.Optional() {
		gs.path = r.Bytes()
	}
	r.Vector(func(r *syntax.Reader) { gs.psks = append(gs.psks, message.ReadPSKID(r)) })
	return gs, r.End()
}

// welcome lets the members that d adds into the epoch of g.
func (g *Group) welcome(d *roster.Draft, np *newPath, joiner, secret []byte, withTree bool) ([]byte, error) {
	s := g.pub.Suite()
	gi, err := g.groupInfo(withTree)
	if err != nil {
		return nil, err
	}
	w := &message.Welcome{Suite: s.ID()}
	if w.EncryptedGroupInfo, err = sealAEAD(s, welcomeKeys(s, secret), nil, gi.AppendTo(nil)); err != nil {
		return nil, err
	}
	for _, a := range d.Added {
		gs := groupSecrets{joiner: joiner, psks: d.PSKs}
		gs.path = np.secrets[tree.CommonAncestor(a.Leaf.Node(), g.own.Node())]
		c, err := s.EncryptWithLabel(a.KeyPackage.InitKey, welcomeLabel, w.EncryptedGroupInfo, gs.appendTo(nil))
		if err != nil {
			return nil, err
		}
		w.Secrets = append(w.Secrets, message.EncryptedSecrets{NewMember: a.KeyPackage.Ref(s), Secrets: c})
	}
	return (&message.Message{Format: message.FormatWelcome, Welcome: w}).Bytes(), nil
}

// JoinOptions is what a joiner brings along.
type JoinOptions struct {
	Verifier roster.Verifier
	Now      time.Time
	Tree     []byte // ratchet_tree, if the group information does not carry it
	PSKs     []PSK
}

// JoinWelcome enters a group by a Welcome (RFC 9420 12.4.3.1). lookup finds the
// secret of a key package by its reference, nil if it is none of ours. signer
// is the key in that package's leaf. After success, delete the secret unless
// the package is a last resort.
func JoinWelcome(welcome []byte, lookup func(ref []byte) *KeyPackageSecret, signer crypto.Signer, o JoinOptions) (*Group, error) {
	m, err := message.ParseAs(welcome, message.FormatWelcome)
	if err != nil {
		return nil, err
	}
	w := m.Welcome
	s, err := suite.Lookup(w.Suite)
	if err != nil {
		return nil, err
	}
	kp, sealed := findOwn(w, lookup)
	if kp == nil {
		return nil, ErrNotForUs
	}
	if kp.Package.Suite != w.Suite {
		return nil, fmt.Errorf("%w: welcome", tree.ErrSuiteMismatch)
	}
	if err := kp.check(); err != nil {
		return nil, err
	}
	gs, err := openGroupSecrets(s, kp, sealed, w.EncryptedGroupInfo)
	if err != nil {
		return nil, err
	}
	pskSecret, err := pskStore(o.PSKs).secret(s, gs.psks)
	if err != nil {
		return nil, err
	}
	gi, err := openGroupInfo(s, welcomeSecret(s, gs.joiner, pskSecret), w.EncryptedGroupInfo)
	if err != nil {
		return nil, err
	}
	if gi.Context.Suite != w.Suite {
		return nil, fmt.Errorf("%w: welcome", tree.ErrSuiteMismatch)
	}
	pub, err := roster.FromGroupInfo(gi, o.Tree, o.Verifier, o.Now)
	if err != nil {
		return nil, err
	}
	return enterByWelcome(pub, gi, gs, pskSecret, kp, signer, o)
}

// enterByWelcome finds our leaf, learns path secrets and checks the
// confirmation tag.
func enterByWelcome(pub *roster.Group, gi *message.GroupInfo, gs groupSecrets, pskSecret []byte, kp *KeyPackageSecret, signer crypto.Signer, o JoinOptions) (*Group, error) {
	s := pub.Suite()
	g := &Group{signer: signer, padding: DefaultPadding}
	own, ok := pub.FindKey(kp.Package.Leaf.SignatureKey)
	if !ok || !bytes.Equal(pub.Tree().Leaf(own.Leaf).AppendTo(nil), kp.Package.Leaf.AppendTo(nil)) {
		return nil, ErrOwnLeaf
	}
	if key, err := s.SignatureKey(signer.Public()); err != nil || !bytes.Equal(key, own.SignatureKey) {
		return nil, ErrSignerKey
	}
	if gi.Signer == own.Leaf {
		return nil, fmt.Errorf("%w: signed by our own leaf", ErrWelcome)
	}
	g.own, g.keys = own.Leaf, treeKeys{own.Leaf.Node(): kp.Leaf}
	if gs.path != nil {
		if err := g.keys.learn(pub.Tree(), g.own, gi.Signer, gs.path); err != nil {
			return nil, err
		}
	}
	e := deriveEpoch(s, gs.joiner, pskSecret, pub.Context().Bytes())
	if !s.VerifyMAC(e.confirmation, pub.Context().ConfirmedHash, gi.ConfirmationTag) {
		return nil, ErrConfirmationTag
	}
	for _, p := range o.PSKs {
		g.StorePSK(p)
	}
	g.enter(pub, e)
	return g, nil
}

// findOwn finds the first part of a Welcome that is for one of our packages.
func findOwn(w *message.Welcome, lookup func([]byte) *KeyPackageSecret) (*KeyPackageSecret, suite.Ciphertext) {
	for _, e := range w.Secrets {
		if kp := lookup(e.NewMember); kp != nil {
			return kp, e.Secrets
		}
	}
	return nil, suite.Ciphertext{}
}

func openGroupSecrets(s suite.Suite, kp *KeyPackageSecret, sealed suite.Ciphertext, context []byte) (groupSecrets, error) {
	plain, err := s.DecryptWithLabel(kp.Init, welcomeLabel, context, sealed)
	if err != nil {
		return groupSecrets{}, fmt.Errorf("group secrets: %w", err)
	}
	gs, err := parseGroupSecrets(plain)
	if err != nil {
		return gs, fmt.Errorf("group secrets: %w", err)
	}
	for i, id := range gs.psks {
		if len(id.Nonce) != s.HashSize() {
			return gs, fmt.Errorf("%w: PSK nonce of %d octets", ErrWelcome, len(id.Nonce))
		}
		for _, other := range gs.psks[:i] {
			if bytes.Equal(id.AppendTo(nil), other.AppendTo(nil)) {
				return gs, fmt.Errorf("%w: the same PSK twice", ErrWelcome)
			}
		}
	}
	return gs, nil
}

func openGroupInfo(s suite.Suite, welcomeSecret, sealed []byte) (*message.GroupInfo, error) {
	plain, err := openAEAD(s, welcomeKeys(s, welcomeSecret), nil, sealed)
	if err != nil {
		return nil, fmt.Errorf("group information: %w", err)
	}
	r := syntax.NewReader(plain)
	gi := message.ReadGroupInfo(r)
	if err := r.End(); err != nil {
		return nil, fmt.Errorf("group information: %w", err)
	}
	return gi, nil
}

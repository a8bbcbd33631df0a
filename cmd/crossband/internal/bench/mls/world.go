package mls

import (
	"context"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"time"

	"crossband/crypto/charter"
	"crossband/crypto/identity"
	"crossband/crypto/mls"
	"crossband/crypto/mls/policy"
	"crossband/crypto/mls/roster"
	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/tree"
	"crossband/proto"
	"crossband/proto/wire"
)

const agency proto.Agency = "bench.example"

// world is an agency with one channel that grows.
type world struct {
	suite   suite.ID
	curve   elliptic.Curve
	now     time.Time
	auth    *identity.Authority
	rules   proto.Charter
	signed  []byte
	members int
	names   int    // given to devices so far
	info    []byte // of the newest epoch
	tree    []byte // its ratchet tree, for who joins

	committer, follower *mls.Group // two members that are kept: the two who came last
	memory              *identity.TrustStore
}

func newWorld(folder string, id suite.ID, now time.Time) (*world, error) {
	w := &world{suite: id, curve: elliptic.P384(), now: now}
	if id == suite.P256AES128 {
		w.curve = elliptic.P256()
	}
	var err error
	if w.auth, err = identity.InitAuthority(folder, agency, now, identity.AuthorityOptions{}); err != nil {
		return nil, err
	}
	if w.memory, err = w.trust(); err != nil {
		return nil, err
	}
	mailbox, err := w.auth.IssueLocal(proto.Name{Agency: agency, Role: proto.RoleAuthority, Label: "main"}, elliptic.P384(), now)
	if err != nil {
		return nil, err
	}
	w.signed, w.rules, err = charter.Sign(mailbox, &wire.Charter{
		Owner: string(agency), Kind: wire.Charter_KIND_STANDING, Title: "Bench", Suite: uint32(id), Storage: wire.Charter_STORAGE_SEALED,
		Parties:   []*wire.Charter_Party{{Agency: string(agency), Send: []string{"unit"}, MaxPriority: 5}},
		ExpiresMs: now.Add(24 * time.Hour).UnixMilli(),
	}, now)
	return w, err
}

// trust is a trust store that has verified nothing yet.
func (w *world) trust() (*identity.TrustStore, error) { return identity.NewTrustStore(w.auth.Bundle()) }

// gate judges members as every endpoint does.
func (w *world) gate(t *identity.TrustStore) *policy.Gate {
	return &policy.Gate{Judge: charter.Judge{Trust: t}, Charter: w.rules, Signed: w.signed}
}

// hasty takes whoever is in the group already as judged: it lets the group grow, which
// is not measured.
type hasty struct{ *policy.Gate }

func (h hasty) VerifyMember(c roster.Candidate) error {
	if c.Reason == roster.Present {
		return nil
	}
	return h.Gate.VerifyMember(c)
}

// device is a new one, with key and certificate.
func (w *world) device() (mls.Identity, error) {
	key, err := identity.GenerateKey(w.curve)
	if err != nil {
		return mls.Identity{}, err
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{}}, key)
	if err != nil {
		return mls.Identity{}, err
	}
	w.names++
	chain, err := w.auth.Issue(csr, proto.Name{Agency: agency, Role: proto.RoleUnit, Label: fmt.Sprint("unit-", w.names)}, w.now)
	return mls.Identity{Signer: key, Credential: tree.X509(chain...)}, err
}

func (w *world) create() error {
	id, err := w.device()
	if err != nil {
		return err
	}
	g, err := mls.Create(id, mls.CreateOptions{
		GroupID: w.rules.Channel[:], Suite: w.suite, Verifier: w.gate(w.memory), Now: w.now,
		Extensions: tree.Extensions{{Type: tree.ExtensionCharter, Data: w.signed}},
	})
	if err != nil {
		return err
	}
	w.members, w.committer, w.tree = 1, g, g.RatchetTree()
	w.info, err = g.GroupInfo()
	return err
}

// grow lets devices join until there are n members. The last two stay as groups.
func (w *world) grow(ctx context.Context, n int) error {
	if w.members == 0 {
		if err := w.create(); err != nil {
			return err
		}
	}
	for w.members < n {
		if err := ctx.Err(); err != nil {
			return err
		}
		id, err := w.device()
		if err != nil {
			return err
		}
		j, err := w.join(id, hasty{w.gate(w.memory)})
		if err != nil {
			return err
		}
		if w.members++; w.members >= n {
			w.follower = w.committer
			if _, err := w.follower.Process(j.Commit, w.now); err != nil {
				return err
			}
		}
		w.committer, w.info, w.tree = j.Accepted(), j.GroupInfo, j.Accepted().RatchetTree()
	}
	return nil
}

func (w *world) join(id mls.Identity, v roster.Verifier) (*mls.Joining, error) {
	return mls.JoinExternal(w.info, id, mls.ExternalOptions{JoinOptions: mls.JoinOptions{Verifier: v, Now: w.now, Tree: w.tree}})
}

func (w *world) joinWelcome(welcome []byte, id mls.Identity, secret *mls.KeyPackageSecret, v roster.Verifier) (*mls.Group, error) {
	return mls.JoinWelcome(welcome, func([]byte) *mls.KeyPackageSecret { return secret }, id.Signer, mls.JoinOptions{Verifier: v, Now: w.now})
}

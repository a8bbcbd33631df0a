package relay

import (
	"context"
	"fmt"
	"time"

	"crossband/crypto/charter"
	"crossband/crypto/identity"
	"crossband/crypto/mls"
	"crossband/crypto/mls/policy"
	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/tree"
	"crossband/proto"
	"crossband/proto/wire"
)

// addedAtOnce is how many members one commit takes in.
const addedAtOnce = 50

// packageLife is longer than any run lasts.
const packageLife = 24 * time.Hour

// group creates a channel's group and has its talker take in the listeners, as far
// as the relay takes them (proto.MaxGroup): the rest listens by the charter's right
// alone, which makes no difference to a forward. Nobody is welcomed, for nobody opens
// anything. It returns the key identifier of the talker's frames.
func (n *node) group(ctx context.Context, talker *station, listeners []*station, c channel) (kid uint64, err error) {
	g, err := create(ctx, talker, n.trust, c)
	if err != nil {
		return 0, fmt.Errorf("create the group: %w", err)
	}
	taken := 0
	for taken < len(listeners) {
		some := listeners[taken:min(taken+addedAtOnce, len(listeners))]
		fits, err := add(ctx, g, talker, some, c)
		if err != nil {
			return 0, fmt.Errorf("take in members: %w", err)
		}
		if !fits {
			n.o.Say("members %d of %q; %d more only listen: the group would have more than %d octets", 1+taken, c.rules.Title, len(listeners)-taken, proto.MaxGroup)
			break
		}
		taken += len(some)
	}
	return kidOf(uint32(g.OwnLeaf()), uint64(g.Epoch()))
}

func (s *station) member() mls.Identity {
	return mls.Identity{Signer: s.unit.key, Credential: tree.X509(s.unit.chain...)}
}

func create(ctx context.Context, talker *station, trust *identity.TrustStore, c channel) (*mls.Group, error) {
	g, err := mls.Create(talker.member(), mls.CreateOptions{
		GroupID: c.id[:], Suite: suite.ID(c.rules.Suite), Extensions: tree.Extensions{{Type: tree.ExtensionCharter, Data: c.signed}}, Now: time.Now(),
		Verifier: &policy.Gate{Judge: charter.Judge{Trust: trust}, Charter: c.rules, Signed: c.signed},
	})
	if err != nil {
		return nil, err
	}
	info, err := g.GroupInfo()
	if err != nil {
		return nil, err
	}
	_, err = talker.call(ctx, &wire.Frame{Body: &wire.Frame_CreateChannel{CreateChannel: &wire.CreateChannel{Charter: c.signed, GroupInfo: info, RatchetTree: g.RatchetTree()}}})
	return g, err
}

// add takes stations in by one commit, unless it would be too large.
func add(ctx context.Context, g *mls.Group, talker *station, some []*station, c channel) (fits bool, err error) {
	now := time.Now()
	var packages [][]byte
	for _, s := range some {
		msg, _, err := mls.NewKeyPackage(s.member(), mls.KeyPackageOptions{Suite: suite.ID(c.rules.Suite), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(packageLife)})
		if err != nil {
			return false, err
		}
		packages = append(packages, msg)
	}
	p, err := g.Commit(mls.CommitOptions{Add: packages, Now: now})
	if err != nil {
		return false, err
	}
	id := proto.NewMessageID()
	_, err = talker.call(ctx, &wire.Frame{Body: &wire.Frame_Commit{Commit: &wire.Commit{
		Channel: c.id[:], Id: id[:], Epoch: uint64(g.Epoch()), Message: p.Commit, GroupInfo: p.GroupInfo,
	}}})
	switch proto.ReasonOf(err) {
	case proto.ReasonNone:
		return true, g.Merge(p)
	case proto.ReasonFull:
		return false, nil
	}
	return false, err
}

package client

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"crossband/crypto/mls"
	"crossband/proto/wire"
)

// keyPackages are the invitations that we left with the relay, with their
// secrets. The batch before is kept: a welcome may be on its way.
type keyPackages struct {
	current, before []*mls.KeyPackageSecret
	offered         []*mls.KeyPackageSecret // sent, and not yet known to have arrived
}

// packageBatch is how many are published on each link, beside one of last
// resort; packageLife is how long they may be used.
const (
	packageBatch = 4
	packageLife  = 7 * 24 * time.Hour
)

const packagesKey = "keypackages"

// publishPackages leaves fresh key packages with the relay. Their secrets are
// kept first.
func (s *Session) publishPackages(ctx context.Context) error {
	me, now := s.member(), time.Now()
	b := &wire.PublishKeyPackages{}
	var secrets []*mls.KeyPackageSecret
	for i := range packageBatch + 1 {
		last := i == packageBatch
		msg, secret, err := mls.NewKeyPackage(me, mls.KeyPackageOptions{
			Suite: s.ownSuite(), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(packageLife), LastResort: last,
		})
		if err != nil {
			return fmt.Errorf("key package: %w", err)
		}
		secrets = append(secrets, secret)
		if last {
			b.LastResort = msg
		} else {
			b.Packages = append(b.Packages, msg)
		}
	}
	s.mu.Lock()
	s.packages.offered = secrets
	err := s.savePackagesLocked()
	s.mu.Unlock()
	if err != nil {
		return err
	}
	if _, err := s.call(ctx, &wire.Frame{Body: &wire.Frame_PublishKeyPackages{PublishKeyPackages: b}}); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.packages = keyPackages{current: secrets, before: s.packages.current}
	return s.savePackagesLocked()
}

// all lists every package whose secret we hold.
func (k *keyPackages) all() []*mls.KeyPackageSecret {
	return slices.Concat(k.current, k.before, k.offered)
}

func (s *Session) findPackage(ref []byte) *mls.KeyPackageSecret {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.packages.all() {
		if string(p.Ref()) == string(ref) {
			return p
		}
	}
	return nil
}

// forgetPackage deletes the secret of a package that a welcome has used, so
// that a copy of the welcome opens nothing. One of last resort stays.
func (s *Session) forgetPackage(used *mls.KeyPackageSecret) error {
	if used == nil || used.Package.LastResort() {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	is := func(p *mls.KeyPackageSecret) bool { return p == used }
	s.packages.current = slices.DeleteFunc(s.packages.current, is)
	s.packages.before = slices.DeleteFunc(s.packages.before, is)
	s.packages.offered = slices.DeleteFunc(s.packages.offered, is)
	return s.savePackagesLocked()
}

func (s *Session) savePackagesLocked() error {
	var saved [3][][]byte
	for i, list := range [][]*mls.KeyPackageSecret{s.packages.current, s.packages.before, s.packages.offered} {
		for _, p := range list {
			b, err := p.MarshalBinary()
			if err != nil {
				return fmt.Errorf("save key packages: %w", err)
			}
			saved[i] = append(saved[i], b)
		}
	}
	b, err := json.Marshal(saved)
	if err != nil {
		return fmt.Errorf("save key packages: %w", err)
	}
	return s.cfg.State.Save(packagesKey, b)
}

func (s *Session) restorePackagesLocked() error {
	b, err := s.cfg.State.Load(packagesKey)
	if err != nil || b == nil {
		return err
	}
	var saved [3][][]byte
	if err := json.Unmarshal(b, &saved); err != nil {
		return fmt.Errorf("client: state: %w", err)
	}
	lists := [3][]*mls.KeyPackageSecret{}
	for i := range saved {
		for _, b := range saved[i] {
			p, err := mls.UnmarshalKeyPackageSecret(b)
			if err != nil {
				return fmt.Errorf("client: state: %w", err)
			}
			lists[i] = append(lists[i], p)
		}
	}
	s.packages = keyPackages{lists[0], lists[1], lists[2]}
	return nil
}

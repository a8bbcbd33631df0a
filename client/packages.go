package client

import (
	"bytes"
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

	left       *wire.KeyPackagesLeft // what the relay last said on this link; nil: nothing yet
	publishing bool                  // a task does
}

// packageBatch is how many are published at a time, beside one of last resort;
// packagesLow is when there are too few; packageLife is how long they may be
// used, and packageSpare how much of it must be left.
const (
	packageBatch = 4
	packagesLow  = 2
	packageLife  = 7 * 24 * time.Hour
	packageSpare = packageLife / 4
)

// packagesTold is how long a new link waits for the relay to say what it holds.
const packagesTold = 5 * time.Second

// settlePackages leaves key packages with the relay if it lacks them.
func (s *Session) settlePackages(ctx context.Context) error {
	told, cancel := context.WithTimeout(ctx, packagesTold)
	defer cancel()
	s.wait(told, func() bool { return s.packages.left != nil || s.conn == nil })
	s.mu.Lock()
	enough := s.packages.publishing || s.packages.left != nil && s.packagesGoodLocked(time.Now())
	s.mu.Unlock()
	if enough {
		return nil
	}
	return s.publishPackages(ctx)
}

// packagesLeftLocked takes in what the relay holds, and leaves more with it when
// they run low while the link is up. On a new link settle does that.
func (s *Session) packagesLeftLocked(b *wire.KeyPackagesLeft) {
	first := s.packages.left == nil
	s.packages.left = b
	s.changedLocked()
	if first || s.packages.publishing || s.packagesGoodLocked(time.Now()) {
		return
	}
	s.packages.publishing = true
	s.task("publish key packages", func(ctx context.Context) error {
		defer func() {
			s.mu.Lock()
			s.packages.publishing = false
			s.mu.Unlock()
		}()
		return s.publishPackages(ctx)
	})
}

// packagesGoodLocked reports whether what the relay holds are enough packages of
// ours that can still be used: under our present certificate, with their secrets
// here, and not about to expire.
func (s *Session) packagesGoodLocked(now time.Time) bool {
	left, regular, last := s.packages.left, 0, false
	own := s.memberLocked().Credential.AppendTo(nil)
	until := uint64(now.Add(packageSpare).Unix())
	for _, p := range s.packages.current {
		if p.Package.Leaf.Lifetime.NotAfter < until || !bytes.Equal(p.Package.Leaf.Credential.AppendTo(nil), own) {
			return false
		}
		if p.Package.LastResort() {
			last = true
		} else {
			regular++
		}
	}
	return last && left.LastResort && left.Left >= packagesLow && regular >= int(left.Left)
}

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
	s.packages.current, s.packages.before, s.packages.offered = secrets, s.packages.current, nil
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
	return s.saveLocked(packagesKey, b)
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
	s.packages = keyPackages{current: lists[0], before: lists[1], offered: lists[2]}
	return nil
}

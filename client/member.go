package client

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"fmt"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"

	"crossband/crypto/mls"
	"crossband/crypto/mls/policy"
	"crossband/crypto/mls/roster"
	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/tree"
	"crossband/proto"
	"crossband/proto/wire"
)

type protoName = protoreflect.Name

func suiteOf(c proto.Charter) suite.ID { return suite.ID(c.Suite) }

// member is who we are in groups.
func (s *Session) member() mls.Identity {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.memberLocked()
}

func (s *Session) memberLocked() mls.Identity {
	return mls.Identity{Signer: s.identity.Key, Credential: tree.X509(s.identity.Chain...)}
}

// ownSuite is the suite that our key is made for.
func (s *Session) ownSuite() suite.ID {
	if pub, ok := s.cfg.Identity.Key.Public().(*ecdsa.PublicKey); ok && pub.Curve == elliptic.P256() {
		return suite.ID(proto.SuiteP256)
	}
	return suite.ID(proto.SuiteP384)
}

// isUs finds a former leaf of ours, whatever certificate it had then.
func (s *Session) isUs(m roster.Member) bool {
	n, err := policy.NameOf(m.Credential)
	return err == nil && n == s.Name()
}

// nameLocked returns the name of a message's sender. The key in the group may
// have been renewed since the message's epoch: then the name still is the
// leaf's, if the key that signed is certified in it.
func (ch *Channel) nameLocked(r *mls.Received) (proto.Name, error) {
	m, ok := ch.group.Member(r.Sender)
	if !ok || string(m.SignatureKey) != string(r.SignatureKey) {
		m, ok = ch.group.Roster().FindKey(r.SignatureKey)
	}
	if !ok {
		return proto.Name{}, proto.Refuse(proto.ReasonNotMember, "the sender has left")
	}
	return policy.NameOf(m.Credential)
}

// Members lists who is in the channel.
func (ch *Channel) Members() ([]proto.Name, error) {
	ch.s.mu.Lock()
	defer ch.s.mu.Unlock()
	if ch.group == nil {
		return nil, proto.Refuse(proto.ReasonNotMember, ch.charter.Title)
	}
	var names []proto.Name
	for _, m := range ch.group.Members() {
		n, err := policy.NameOf(m.Credential)
		if err != nil {
			return nil, err
		}
		names = append(names, n)
	}
	return names, nil
}

// HubThere reports whether the channel's hub can be reached, as far as is known here: what
// is said then reaches all who are on the channel.
func (ch *Channel) HubThere() bool {
	ch.s.mu.Lock()
	defer ch.s.mu.Unlock()
	return ch.hubThereLocked()
}

// Epoch returns the membership's number and its authenticator, which is equal
// at all members that share one view (RFC 9420 8.7).
func (ch *Channel) Epoch() (uint64, []byte) {
	ch.s.mu.Lock()
	defer ch.s.mu.Unlock()
	if ch.group == nil {
		return 0, nil
	}
	return uint64(ch.group.Epoch()), ch.group.EpochAuthenticator()
}

// Add takes an endpoint into the channel by a key package that it left with its
// relay; it is a member as soon as its welcome reaches it.
func (ch *Channel) Add(ctx context.Context, name proto.Name) error {
	a, err := ch.s.call(ctx, &wire.Frame{Body: &wire.Frame_FetchKeyPackage{FetchKeyPackage: &wire.FetchKeyPackage{
		Name: name.String(), Suite: uint32(ch.charter.Suite), Channel: ch.id[:],
	}}})
	if err != nil {
		return err
	}
	return ch.change(ctx, name, func() (mls.CommitOptions, error) {
		return mls.CommitOptions{Add: [][]byte{a.GetKeyPackage().GetPackage()}, Now: time.Now()}, nil
	})
}

// Remove takes a member out of the channel.
func (ch *Channel) Remove(ctx context.Context, name proto.Name) error {
	return ch.change(ctx, proto.Name{}, func() (mls.CommitOptions, error) {
		for _, m := range ch.group.Members() {
			if n, err := policy.NameOf(m.Credential); err == nil && n == name {
				return mls.CommitOptions{Remove: []tree.LeafIndex{m.Leaf}, Now: time.Now()}, nil
			}
		}
		return mls.CommitOptions{}, proto.Refuse(proto.ReasonNotMember, name.String())
	})
}

// Refresh renews our keys in the channel, and our certificate if there is a
// newer one.
func (ch *Channel) Refresh(ctx context.Context) error {
	return ch.change(ctx, proto.Name{}, func() (mls.CommitOptions, error) {
		me := ch.s.memberLocked()
		return mls.CommitOptions{Renew: &me, Now: time.Now()}, nil
	})
}

// change commits what options says, against a membership that may move: the
// commit that lost is dropped, never applied (RFC 9420 14). options is called
// with the mutex held.
func (ch *Channel) change(ctx context.Context, added proto.Name, options func() (mls.CommitOptions, error)) error {
	if err := ch.take(ctx); err != nil {
		return err
	}
	defer ch.give()
	for range joinTries {
		err := ch.commitOnce(ctx, added, options)
		if proto.ReasonOf(err) != proto.ReasonStaleEpoch {
			return err
		}
		if err := ch.catchUp(ctx); err != nil {
			return err
		}
	}
	return proto.Refusef(proto.ReasonStaleEpoch, "%d tries", joinTries)
}

func (ch *Channel) commitOnce(ctx context.Context, added proto.Name, options func() (mls.CommitOptions, error)) error {
	s := ch.s
	s.mu.Lock()
	if ch.group == nil {
		s.mu.Unlock()
		return proto.Refuse(proto.ReasonNotMember, ch.charter.Title)
	}
	if ch.old {
		s.mu.Unlock()
		return proto.Refuse(proto.ReasonRolledBack, ch.charter.Title)
	}
	o, err := options()
	if err != nil {
		s.mu.Unlock()
		return err
	}
	p, err := ch.group.Commit(o)
	if err != nil {
		s.mu.Unlock()
		return fmt.Errorf("make commit: %w", err)
	}
	id := proto.NewMessageID()
	if len(ch.pending) == maxPending {
		ch.pending = ch.pending[1:]
	}
	ch.pending = append(ch.pending, &ownCommit{id, p}) // an earlier one may have been taken, and its answer lost
	ch.awaitLocked(id)
	b := &wire.Commit{Channel: ch.id[:], Id: id[:], Epoch: uint64(ch.group.Epoch()), Message: p.Commit, GroupInfo: p.GroupInfo, Welcome: p.Welcome}
	s.mu.Unlock()
	if added != (proto.Name{}) {
		b.Added = []string{added.String()}
	}
	a, err := s.call(ctx, &wire.Frame{Body: &wire.Frame_Commit{Commit: b}})
	ch.answered(id, err)
	if err != nil {
		return err
	}
	seq := a.GetAppended().GetSeq()
	return s.wait(ctx, func() bool { return ch.cursor >= seq || ch.group == nil })
}

// wait blocks until cond holds. cond is called with the mutex held.
func (s *Session) wait(ctx context.Context, cond func() bool) error {
	for {
		s.mu.Lock()
		if cond() {
			s.mu.Unlock()
			return nil
		}
		if err := s.expelledErrLocked(); err != nil {
			s.mu.Unlock()
			return err
		}
		c := s.changed
		s.mu.Unlock()
		select {
		case <-c:
		case <-ctx.Done():
			return ctx.Err()
		case <-s.ctx.Done():
			return errClosed
		}
	}
}

// changedLocked wakes whoever waits for a change of state.
func (s *Session) changedLocked() {
	close(s.changed)
	s.changed = make(chan struct{})
}

package mls

import (
	"fmt"
	"testing"

	"crossband/crypto/mls/roster"
	"crossband/crypto/mls/suite"
)

// bigGroup is a founder with n-1 others added at once, of whom two are kept:
// one who follows and one who has not joined yet.
type bigGroup struct {
	founder  *Group
	follower *Group
	hub      *roster.Group
	info     []byte
	welcome  []byte
	secret   *KeyPackageSecret
	identity Identity
	tree     []byte // of info's epoch
}

func makeBigGroup(b *testing.B, id suite.ID, n int) bigGroup {
	b.Helper()
	founder, err := Create(newIdentity(b, id, "a-1"), CreateOptions{GroupID: []byte("big"), Suite: id, Verifier: anyone{}, Now: testNow})
	must(b, err)
	out := bigGroup{founder: founder}
	o := CommitOptions{Now: testNow}
	for i := 1; i < n; i++ {
		out.identity = newIdentity(b, id, fmt.Sprint("b-", i))
		msg, secret, err := NewKeyPackage(out.identity, KeyPackageOptions{Suite: id, NotBefore: testNow, NotAfter: testNow.AddDate(0, 0, 1)})
		must(b, err)
		o.Add, out.secret = append(o.Add, msg), secret
	}
	p, err := founder.Commit(o)
	must(b, err)
	must(b, founder.Merge(p))
	out.welcome, out.info, out.tree = p.Welcome, p.GroupInfo, founder.RatchetTree()
	out.follower = out.join(b)
	out.hub, err = roster.New(p.GroupInfo, founder.RatchetTree(), anyone{}, testNow)
	must(b, err)
	// A few more commits fill the tree's parents in.
	p, err = out.follower.Commit(CommitOptions{Now: testNow})
	must(b, err)
	_, err = founder.Process(p.Commit, testNow)
	must(b, err)
	out.hub, _, err = out.hub.Apply(p.Commit, testNow)
	must(b, err)
	must(b, out.follower.Merge(p))
	return out
}

func (g bigGroup) join(b *testing.B) *Group {
	joined, err := JoinWelcome(g.welcome, func(ref []byte) *KeyPackageSecret {
		if string(ref) == string(g.secret.Ref()) {
			return g.secret
		}
		return nil
	}, g.identity.Signer, JoinOptions{Verifier: anyone{}, Now: testNow})
	must(b, err)
	return joined
}

func benchSizes(b *testing.B, f func(*testing.B, bigGroup)) {
	for _, id := range mainSuites {
		for _, n := range []int{10, 100} {
			b.Run(fmt.Sprintf("suite%d/members%d", id, n), func(b *testing.B) {
				g := makeBigGroup(b, id, n)
				b.ResetTimer()
				f(b, g)
			})
		}
	}
}

func BenchmarkCommit(b *testing.B) {
	benchSizes(b, func(b *testing.B, g bigGroup) {
		for b.Loop() {
			_, err := g.founder.Commit(CommitOptions{Now: testNow})
			must(b, err)
		}
	})
}

func BenchmarkProcess(b *testing.B) {
	benchSizes(b, func(b *testing.B, g bigGroup) {
		p, err := g.founder.Commit(CommitOptions{Now: testNow})
		must(b, err)
		state, err := g.follower.MarshalBinary()
		must(b, err)
		for b.Loop() {
			b.StopTimer()
			again, err := UnmarshalGroup(state, g.follower.signer, anyone{})
			must(b, err)
			b.StartTimer()
			_, err = again.Process(p.Commit, testNow)
			must(b, err)
		}
	})
}

func BenchmarkHubApply(b *testing.B) {
	benchSizes(b, func(b *testing.B, g bigGroup) {
		p, err := g.founder.Commit(CommitOptions{Now: testNow})
		must(b, err)
		for b.Loop() {
			_, _, err := g.hub.Apply(p.Commit, testNow)
			must(b, err)
		}
	})
}

func BenchmarkJoinWelcome(b *testing.B) {
	benchSizes(b, func(b *testing.B, g bigGroup) {
		for b.Loop() {
			g.join(b)
		}
	})
}

func BenchmarkJoinExternal(b *testing.B) {
	benchSizes(b, func(b *testing.B, g bigGroup) {
		id := newIdentity(b, g.founder.Suite(), "b-new")
		for b.Loop() {
			_, err := JoinExternal(g.info, id, ExternalOptions{JoinOptions: JoinOptions{Verifier: anyone{}, Now: testNow, Tree: g.tree}})
			must(b, err)
		}
	})
}

// BenchmarkTwo is create, add and join of two members.
func BenchmarkTwo(b *testing.B) {
	for _, id := range mainSuites {
		b.Run(fmt.Sprintf("suite%d", id), func(b *testing.B) {
			alice, bob := newIdentity(b, id, "a-1"), newIdentity(b, id, "b-1")
			for b.Loop() {
				g, err := Create(alice, CreateOptions{GroupID: []byte("two"), Suite: id, Verifier: anyone{}, Now: testNow})
				must(b, err)
				msg, secret, err := NewKeyPackage(bob, KeyPackageOptions{Suite: id, NotBefore: testNow, NotAfter: testNow.AddDate(0, 0, 1)})
				must(b, err)
				p, err := g.Commit(CommitOptions{Add: [][]byte{msg}, Now: testNow})
				must(b, err)
				must(b, g.Merge(p))
				_, err = JoinWelcome(p.Welcome, func([]byte) *KeyPackageSecret { return secret }, bob.Signer, JoinOptions{Verifier: anyone{}, Now: testNow})
				must(b, err)
			}
		})
	}
}

func BenchmarkMessage(b *testing.B) {
	for _, id := range mainSuites {
		w := newWorld(b, id, "a-1")
		w.add("a-1", "b-1")
		b.Run(fmt.Sprintf("encrypt/suite%d", id), func(b *testing.B) {
			for b.Loop() {
				_, err := w.member["a-1"].Encrypt(make([]byte, 100), nil)
				must(b, err)
			}
		})
		w.commit("a-1", CommitOptions{})
		b.Run(fmt.Sprintf("both/suite%d", id), func(b *testing.B) {
			for b.Loop() {
				m, err := w.member["a-1"].Encrypt(make([]byte, 100), nil)
				must(b, err)
				_, err = w.member["b-1"].Decrypt(m)
				must(b, err)
			}
		})
	}
}

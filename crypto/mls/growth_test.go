package mls

import (
	"fmt"
	"math/bits"
	"runtime"
	"sync"
	"testing"
	"time"

	"crossband/crypto/mls/roster"
	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/tree"
)

// remembering is anyone, who verifies no leaf twice.
type remembering struct {
	anyone
	mu   *sync.Mutex
	seen map[[32]byte]bool
}

func newRemembering() remembering { return remembering{mu: &sync.Mutex{}, seen: map[[32]byte]bool{}} }

func (r remembering) Checks() tree.Checks {
	return tree.Checks{Once: func(d [32]byte, verify func() error) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.seen[d] {
			return nil
		}
		err := verify()
		r.seen[d] = err == nil
		return err
	}}
}

// crowd is a group of n members, a power of two, in which one of the first half
// follows what the last one commits. The tree above and beside the last one is as
// full as in a group in which everybody has committed.
type crowd struct {
	committer, follower *Group
	hub                 *roster.Group
}

func newCrowd(t testing.TB, id suite.ID, n int) crowd {
	t.Helper()
	v := newRemembering()
	founder, err := Create(newIdentity(t, id, "a-1"), CreateOptions{GroupID: []byte("crowd"), Suite: id, Verifier: v, Now: testNow})
	must(t, err)
	ids, secrets := make([]Identity, n), make([]*KeyPackageSecret, n)
	o := CommitOptions{Now: testNow}
	for i := 1; i < n; i++ {
		ids[i] = newIdentity(t, id, fmt.Sprint("b-", i))
		msg, secret, err := NewKeyPackage(ids[i], KeyPackageOptions{Suite: id, NotBefore: testNow.Add(-time.Hour), NotAfter: testNow.Add(time.Hour)})
		must(t, err)
		o.Add, secrets[i] = append(o.Add, msg), secret
	}
	p, err := founder.Commit(o)
	must(t, err)
	must(t, founder.Merge(p))
	hub, err := roster.New(p.GroupInfo, founder.RatchetTree(), v, testNow)
	must(t, err)
	// One member beside each node of the last one's path renews what is beside it,
	// and so does the last one, whose path then is sealed to one key a level.
	// The same beside the path of the second one, who will go: nothing else is left of
	// that path then.
	places := []int{n - 1}
	for beside := 1; beside < n; beside *= 2 {
		places = append(places, n-1-beside)
	}
	for beside := 2; beside < n/2; beside *= 2 {
		places = append(places, beside)
	}
	var members []*Group
	for _, at := range places {
		g, err := JoinWelcome(p.Welcome, func(ref []byte) *KeyPackageSecret {
			if s := secrets[at]; string(ref) == string(s.Ref()) {
				return s
			}
			return nil
		}, ids[at].Signer, JoinOptions{Verifier: v, Now: testNow})
		must(t, err)
		members = append(members, g)
	}
	c := crowd{committer: members[0], follower: members[bits.Len(uint(n-1))], hub: hub}
	for i := len(members) - 1; i >= 0; i-- {
		p, err := members[i].Commit(CommitOptions{Now: testNow})
		must(t, err)
		c.hub, _, err = c.hub.Apply(p.Commit, testNow)
		must(t, err)
		for _, g := range members {
			if g == members[i] {
				must(t, g.Merge(p))
				continue
			}
			_, err := g.Process(p.Commit, testNow)
			must(t, err)
		}
	}
	return c
}

// effort is what a call takes: how often it asks for memory, and for how much of it.
// Both grow with every hash, signature, key, node and list that it has to do with,
// and unlike time they are the same on every machine.
type effort struct{ calls, octets uint64 }

func effortOf(f func()) effort {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return effort{after.Mallocs - before.Mallocs, after.TotalAlloc - before.TotalAlloc}
}

// least keeps the smaller figures: the runtime asks for memory, too, now and then.
func (e effort) least(o effort) effort {
	return effort{min(e.calls, o.calls), min(e.octets, o.octets)}
}

// follows is what it takes a member and the hub to follow each kind of commit.
func (c *crowd) follows(t testing.TB) map[string]effort {
	t.Helper()
	out := map[string]effort{}
	note := func(what string, e effort) {
		if least, ok := out[what]; ok {
			e = e.least(least)
		}
		out[what] = e
	}
	commit := func(what string, o CommitOptions) *Pending {
		o.Now = testNow
		p, err := c.committer.Commit(o)
		must(t, err)
		note("hub: "+what, effortOf(func() {
			c.hub, _, err = c.hub.Apply(p.Commit, testNow)
		}))
		must(t, err)
		note("member: "+what, effortOf(func() { _, err = c.follower.Process(p.Commit, testNow) }))
		must(t, err)
		must(t, c.committer.Merge(p))
		return p
	}
	for round := range 4 {
		commit("renewal", CommitOptions{})
		id := newIdentity(t, c.committer.Suite(), fmt.Sprint("c-", round))
		msg, _, err := NewKeyPackage(id, KeyPackageOptions{Suite: c.committer.Suite(), NotBefore: testNow.Add(-time.Hour), NotAfter: testNow.Add(time.Hour)})
		must(t, err)
		// A member goes, another takes its place: the tree does not grow.
		commit("remove", CommitOptions{Remove: []tree.LeafIndex{1}})
		p := commit("add", CommitOptions{Add: [][]byte{msg}})
		if at := p.Change.Added[0].Leaf; at != 1 {
			t.Fatalf("added at %d", at)
		}
	}
	return out
}

// TestFollowingGrowsWithTheLogarithm: in a group of 1,024 a member, or the hub, does
// less than four times as much to follow a commit as in one of 64. The paths are 10
// and 6 long; what looks at every member would cost sixteen times as much.
func TestFollowingGrowsWithTheLogarithm(t *testing.T) {
	if testing.Short() {
		t.Skip("makes a group of 1,024; it runs without -short")
	}
	small, large := newCrowd(t, suite.P256AES128, 64), newCrowd(t, suite.P256AES128, 1024)
	few, many := small.follows(t), large.follows(t)
	for what, a := range few {
		b := many[what]
		t.Logf("%-16s 64 members: %d calls, %d octets; 1,024: %d, %d", what, a.calls, a.octets, b.calls, b.octets)
		if b.calls >= 4*a.calls || b.octets >= 4*a.octets {
			t.Errorf("%s: %+v for 64 members, %+v for 1,024", what, a, b)
		}
	}
}

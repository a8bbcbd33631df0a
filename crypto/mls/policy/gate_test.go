package policy_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"math/big"
	"net/url"
	"testing"
	"time"

	"crossband/crypto/mls"
	"crossband/crypto/mls/policy"
	"crossband/crypto/mls/roster"
	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/tree"
	"crossband/proto"
)

// judge believes every certificate, and takes back all or none.
type judge struct{ revoked bool }

func (j judge) Member(chain [][]byte, _ time.Time) (proto.Name, error) {
	if err := j.Revoked(chain); err != nil {
		return proto.Name{}, err
	}
	return policy.NameOf(tree.X509(chain...))
}

func (j judge) Revoked([][]byte) error {
	if j.revoked {
		return proto.Refuse(proto.ReasonRevoked, "")
	}
	return nil
}

// alone is the group of one unit, whose certificate is its own word.
func alone(t *testing.T, g *policy.Gate) *roster.Group {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	uri, err := url.Parse("spiffe://usbp.example/unit/a")
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), URIs: []*url.URL{uri}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	group, err := mls.Create(mls.Identity{Signer: key, Credential: tree.X509(der)}, mls.CreateOptions{
		GroupID: []byte("g"), Suite: suite.P256AES128, Verifier: g, Now: time.Now(),
		Extensions: tree.Extensions{{Type: tree.ExtensionCharter, Data: g.Signed}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return group.Roster()
}

func gate(revoked bool) *policy.Gate {
	unit := proto.Party{Agency: "usbp.example", Send: []proto.Role{proto.RoleUnit}}
	return &policy.Gate{Judge: judge{revoked}, Charter: proto.Charter{Owner: "usbp.example", Parties: []proto.Party{unit}}, Signed: []byte("charter")}
}

// A commit without a path shows no leaf of its committer that anybody would be
// asked about: whether it may commit at all is asked of the leaf that it has.
func TestRevokedCommitterIsRefusedWithoutAPath(t *testing.T) {
	before := alone(t, gate(false))
	pathless := roster.Change{Committer: 0}
	if err := gate(false).VerifyCommit(before, pathless); err != nil {
		t.Errorf("a member's commit: %v", err)
	}
	if err := gate(true).VerifyCommit(before, pathless); proto.ReasonOf(err) != proto.ReasonRevoked {
		t.Errorf("a revoked member's commit: %v, want reason %d", err, proto.ReasonRevoked)
	}
}

// A revoked member keeps nobody from looking into the group; it comes in by no
// door of its own.
func TestRevokedMemberIsToleratedOnlyWherePresent(t *testing.T) {
	before := alone(t, gate(false))
	members := before.Members()
	if got := gate(true).Outcasts(members, time.Now()); len(got) != 1 || got[0].Label != "a" {
		t.Errorf("revoked members: %v", got)
	}
	if got := gate(false).Outcasts(members, time.Now()); got != nil {
		t.Errorf("revoked members while nothing is revoked: %v", got)
	}
	c := roster.Candidate{Credential: members[0].Credential, Extensions: tree.Extensions{{Type: tree.ExtensionCharter, Data: []byte("charter")}}, Now: time.Now()}
	for why, want := range map[roster.Reason]proto.Reason{
		roster.Present: proto.ReasonNone, roster.Added: proto.ReasonRevoked, roster.Updated: proto.ReasonRevoked,
		roster.Committed: proto.ReasonRevoked, roster.Joined: proto.ReasonRevoked, roster.Rechartered: proto.ReasonRevoked,
	} {
		c.Reason = why
		if err := gate(true).VerifyMember(c); proto.ReasonOf(err) != want {
			t.Errorf("judged because %d: %v, want reason %d", why, err, want)
		}
	}
	c.Reason = roster.Present
	strangers := gate(true)
	strangers.Charter.Parties[0].Send = []proto.Role{proto.RoleDesk}
	if err := strangers.VerifyMember(c); proto.ReasonOf(err) != proto.ReasonCharter {
		t.Errorf("a revoked member that the charter does not allow: %v", err)
	}
}

// A leaf is no place to put things: nobody comes in with a large one, and a group that
// has one is looked into by nobody.
func TestALeafIsBounded(t *testing.T) {
	g := gate(false)
	c := roster.Candidate{Credential: alone(t, g).Members()[0].Credential, Extensions: tree.Extensions{{Type: tree.ExtensionCharter, Data: []byte("charter")}}, Now: time.Now()}
	for _, why := range []roster.Reason{roster.Present, roster.Added, roster.Updated, roster.Committed, roster.Joined} {
		for octets, want := range map[int]proto.Reason{proto.MaxLeaf: proto.ReasonNone, proto.MaxLeaf + 1: proto.ReasonTooLarge} {
			c.Reason, c.LeafOctets = why, octets
			if err := g.VerifyMember(c); proto.ReasonOf(err) != want {
				t.Errorf("judged because %d, %d octets: %v, want reason %d", why, octets, err, want)
			}
		}
	}
}

// An observer whose time is over keeps nobody from looking into the group, comes in
// by no door, commits nothing, and is for every member to remove.
func TestAnObserverWhoseTimeIsOver(t *testing.T) {
	now := time.Now()
	observing := func(until time.Time) *policy.Gate {
		g := gate(false)
		g.Charter.Owner = "gn.example"
		g.Charter.Parties = []proto.Party{
			{Agency: "usbp.example", Listen: []proto.Role{proto.RoleUnit}, Observer: until},
			{Agency: "gn.example", Send: []proto.Role{proto.RoleUnit}},
		}
		return g
	}
	there, over := observing(now.Add(time.Hour)), observing(now)
	before := alone(t, there)
	members := before.Members()
	if got := there.Outcasts(members, now); got != nil {
		t.Errorf("outcasts while its time lasts: %v", got)
	}
	if got := over.Outcasts(members, now); len(got) != 1 || got[0].Label != "a" {
		t.Errorf("outcasts when it is over: %v", got)
	}
	c := roster.Candidate{Credential: members[0].Credential, Extensions: tree.Extensions{{Type: tree.ExtensionCharter, Data: []byte("charter")}}, Now: now}
	for why, want := range map[roster.Reason]proto.Reason{
		roster.Present: proto.ReasonNone, roster.Added: proto.ReasonCharter, roster.Updated: proto.ReasonCharter,
		roster.Committed: proto.ReasonCharter, roster.Joined: proto.ReasonCharter,
	} {
		if c.Reason = why; proto.ReasonOf(over.VerifyMember(c)) != want || there.VerifyMember(c) != nil {
			t.Errorf("judged because %d: %v when it is over, %v while it lasts", why, over.VerifyMember(c), there.VerifyMember(c))
		}
	}
	own := roster.Change{Committer: 0, Now: now}
	if err := there.VerifyCommit(before, own); err != nil {
		t.Errorf("its own commit while its time lasts: %v", err)
	}
	if err := over.VerifyCommit(before, own); proto.ReasonOf(err) != proto.ReasonCharter {
		t.Errorf("its own commit when it is over: %v", err)
	}
}

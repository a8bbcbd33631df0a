package policy_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net/url"
	"strings"
	"testing"
	"time"

	"crossband/crypto/mls"
	"crossband/crypto/mls/message"
	"crossband/crypto/mls/policy"
	"crossband/crypto/mls/roster"
	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/tree"
	"crossband/proto"
)

func now() time.Time { return time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC) }

func name(t *testing.T, s string) proto.Name {
	t.Helper()
	n, err := proto.ParseName("spiffe://" + s)
	check(t, err)
	return n
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// credulous takes a certificate's word for its name, except where it is forged.
type credulous struct{}

func (credulous) Member(chain [][]byte, _ time.Time) (proto.Name, error) {
	c, err := x509.ParseCertificate(chain[0])
	if err != nil || len(c.URIs) != 1 {
		return proto.Name{}, proto.Refuse(proto.ReasonNoIdentity, "")
	}
	if c.Subject.CommonName == "forged" {
		return proto.Name{}, proto.Refuse(proto.ReasonUnknownAuthority, c.URIs[0].String())
	}
	return proto.ParseName(c.URIs[0].String())
}

// Revoked says of nobody that it was taken back.
func (credulous) Revoked([][]byte) error { return nil }

// anybody is how a traitor judges.
type anybody struct{}

func (anybody) VerifyMember(roster.Candidate) error      { return nil }
func (anybody) VerifyContext(roster.ContextChange) error { return nil }

func identity(t *testing.T, who, commonName string) mls.Identity {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	uri, err := url.Parse(name(t, who).String())
	check(t, err)
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: commonName}, URIs: []*url.URL{uri}, NotBefore: now().Add(-time.Hour), NotAfter: now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	check(t, err)
	return mls.Identity{Signer: key, Credential: tree.X509(der)}
}

// group is a US and MX channel: a US desk that made it, and members who came
// in by external commits, each with its own copy; and the hub's roster.
type group struct {
	t       *testing.T
	gate    *policy.Gate
	hub     *roster.Group
	info    []byte
	members map[string]*mls.Group
	ids     map[string]mls.Identity
}

func newGroup(t *testing.T) *group {
	t.Helper()
	signed := []byte("the charter as it was signed")
	g := &group{t: t, members: map[string]*mls.Group{}, ids: map[string]mls.Identity{}}
	g.gate = &policy.Gate{Judge: credulous{}, Signed: signed, Charter: proto.Charter{
		Owner: "usbp.example", Title: "Patrol",
		Parties: []proto.Party{
			{Agency: "usbp.example", Send: []proto.Role{proto.RoleUnit, proto.RoleDesk}, MaxPriority: proto.PriorityEmergency},
			{Agency: "gn.example", Send: []proto.Role{proto.RoleUnit}, Listen: []proto.Role{proto.RoleRecorder}, MaxPriority: proto.PriorityEmergency},
		},
	}}
	const founder = "usbp.example/desk/d"
	g.ids[founder] = identity(t, founder, "")
	made, err := mls.Create(g.ids[founder], mls.CreateOptions{
		GroupID: []byte("patrol"), Suite: suite.P256AES128, Verifier: g.gate, Now: now(),
		Extensions: tree.Extensions{{Type: tree.ExtensionCharter, Data: signed}},
	})
	check(t, err)
	g.members[founder] = made
	g.info, err = made.GroupInfo()
	check(t, err)
	g.hub, err = roster.New(g.info, made.RatchetTree(), g.gate, now())
	check(t, err)
	return g
}

// join lets somebody in by an external commit, as devices do.
func (g *group) join(who string) {
	g.t.Helper()
	g.ids[who] = identity(g.t, who, "")
	j, err := mls.JoinExternal(g.info, g.ids[who], mls.ExternalOptions{JoinOptions: mls.JoinOptions{Verifier: g.gate, Now: now(), Tree: g.hub.Tree().AppendTo(nil)}})
	check(g.t, err)
	next, _, err := g.hub.Apply(j.Commit, now())
	check(g.t, err)
	for _, m := range g.members {
		_, err := m.Process(j.Commit, now())
		check(g.t, err)
	}
	g.hub, g.info, g.members[who] = next, j.GroupInfo, j.Accepted()
}

// traitor is a member's group in software that lets everything pass.
func (g *group) traitor(who string) *mls.Group {
	g.t.Helper()
	data, err := g.members[who].MarshalBinary()
	check(g.t, err)
	t, err := mls.UnmarshalGroup(data, g.ids[who].Signer, anybody{})
	check(g.t, err)
	return t
}

func (g *group) commit(by string, o mls.CommitOptions) []byte {
	g.t.Helper()
	o.Now = now()
	p, err := g.traitor(by).Commit(o)
	check(g.t, err)
	return p.Commit
}

func (g *group) add(by, who, commonName string) []byte {
	g.t.Helper()
	msg, _, err := mls.NewKeyPackage(identity(g.t, who, commonName), mls.KeyPackageOptions{
		Suite: suite.P256AES128, NotBefore: now().Add(-time.Hour), NotAfter: now().Add(time.Hour),
	})
	check(g.t, err)
	return g.commit(by, mls.CommitOptions{Add: [][]byte{msg}})
}

func (g *group) external(who, commonName string, replaces string) []byte {
	g.t.Helper()
	o := mls.ExternalOptions{JoinOptions: mls.JoinOptions{Verifier: anybody{}, Now: now(), Tree: g.hub.Tree().AppendTo(nil)}}
	if replaces != "" {
		o.Replaces = func(m roster.Member) bool {
			n, err := policy.NameOf(m.Credential)
			return err == nil && n == name(g.t, replaces)
		}
	}
	j, err := mls.JoinExternal(g.info, identity(g.t, who, commonName), o)
	check(g.t, err)
	return j.Commit
}

func (g *group) leaf(who string) tree.LeafIndex {
	g.t.Helper()
	for _, m := range g.hub.Members() {
		if n, err := policy.NameOf(m.Credential); err == nil && n == name(g.t, who) {
			return m.Leaf
		}
	}
	g.t.Fatalf("%s is not in the group", who)
	return 0
}

// TestMembersAndHubRefuseInTheSameWords: a commit that the charter does not
// allow, by whichever door, is refused by every honest member and by the hub
// for the same reason in the same words. The state of none changes, and a good
// commit works afterwards. So a hub that lies has nobody to lie to, and both
// sides' administrators read the same sentence.
func TestMembersAndHubRefuseInTheSameWords(t *testing.T) {
	g := newGroup(t)
	const desk, unit, guard, tape = "usbp.example/desk/d", "usbp.example/unit/u", "gn.example/unit/g", "gn.example/recorder/r"
	for _, who := range []string{unit, guard, tape} {
		g.join(who)
	}
	close := func(by string, next suite.ID) []byte {
		return g.commit(by, mls.CommitOptions{ReInit: &message.ReInit{GroupID: []byte("next"), Version: 1, Suite: next}})
	}
	renamed := identity(t, "usbp.example/unit/other", "")
	for why, c := range map[string]struct {
		commit []byte
		want   proto.Reason
		names  string // what the sentence must name
	}{
		"an agency that is no party is added":         {g.add(unit, "rcmp.example/desk/x", ""), proto.ReasonCharter, "rcmp.example/desk/x"},
		"a role that the charter leaves out":          {g.add(unit, "gn.example/gateway/x", ""), proto.ReasonCharter, "gn.example/gateway/x"},
		"a certificate that nobody vouches for":       {g.add(unit, "gn.example/unit/x", "forged"), proto.ReasonUnknownAuthority, "gn.example/unit/x"},
		"a relay comes in by itself":                  {g.external("usbp.example/relay/r1", "", ""), proto.ReasonCharter, "usbp.example/relay/r1"},
		"an agency that is no party comes in":         {g.external("rcmp.example/desk/x", "", ""), proto.ReasonCharter, "rcmp.example/desk/x"},
		"a listener adds somebody":                    {g.add(tape, "gn.example/unit/x", ""), proto.ReasonListenOnly, tape},
		"a unit removes another agency's member":      {g.commit(unit, mls.CommitOptions{Remove: []tree.LeafIndex{g.leaf(guard)}}), proto.ReasonCharter, guard},
		"somebody is added a second time":             {g.add(desk, unit, ""), proto.ReasonBadCommit, unit},
		"somebody comes in beside its own self":       {g.external(guard, "", ""), proto.ReasonBadCommit, guard},
		"a newcomer takes another's place":            {g.external("gn.example/unit/x", "", unit), proto.ReasonNone, ""},
		"a member renews under another name":          {g.commit(unit, mls.CommitOptions{Renew: &renamed}), proto.ReasonCharter, "usbp.example/unit/other"},
		"the charter is exchanged for another":        {g.commit(desk, mls.CommitOptions{Extensions: tree.Extensions{{Type: tree.ExtensionCharter, Data: []byte("another")}}}), proto.ReasonCharter, "charter"},
		"the group is closed for one below the floor": {close(unit, 1), proto.ReasonWeakSuite, "suite 1"},
		"the group is closed for another":             {close(tape, suite.P384AES256), proto.ReasonCharter, "close"},
	} {
		_, _, atHub := g.hub.Apply(c.commit, now())
		if atHub == nil {
			t.Errorf("%s: the hub took it", why)
			continue
		}
		if proto.ReasonOf(atHub) != c.want && c.want != proto.ReasonNone {
			t.Errorf("%s: the hub says %v, want reason %d", why, atHub, c.want)
		}
		if !strings.Contains(atHub.Error(), c.names) {
			t.Errorf("%s: %q does not name %s", why, atHub, c.names)
		}
		for who, m := range g.members {
			before, err := m.MarshalBinary()
			check(t, err)
			_, err = m.Process(c.commit, now())
			if errors.Is(err, mls.ErrOwnMessage) {
				continue // its author's own
			}
			if err == nil || err.Error() != atHub.Error() {
				t.Errorf("%s: %s says %v, the hub says %v", why, who, err, atHub)
			}
			if after, _ := m.MarshalBinary(); !bytes.Equal(before, after) {
				t.Errorf("%s: it changed %s", why, who)
			}
		}
	}
	g.join("gn.example/unit/good")
	want := g.members[desk].EpochAuthenticator()
	for who, m := range g.members {
		if !bytes.Equal(m.EpochAuthenticator(), want) {
			t.Errorf("%s has another view after a good commit", who)
		}
	}
}

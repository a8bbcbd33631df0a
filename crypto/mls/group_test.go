package mls

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"testing"
	"time"

	"crossband/crypto/mls/message"
	"crossband/crypto/mls/roster"
	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/tree"
)

// wantErr demands a refusal by a certain rule.
func wantErr(t *testing.T, why string, rule error, f func() error) {
	t.Helper()
	if err := f(); !errors.Is(err, rule) {
		t.Errorf("%s: got %v, want %v", why, err, rule)
	}
}

var errGhost = errors.New("name is not in the charter")

// charter is a Verifier that reads the common name of a certificate: the letter
// before the dash is the agency, and the charter lists the agencies let in.
type charter struct{}

func commonName(c tree.Credential) string {
	cert, err := x509.ParseCertificate(c.Chain[0])
	if err != nil {
		return ""
	}
	return cert.Subject.CommonName
}

func (charter) VerifyMember(c roster.Candidate) error {
	if c.Credential.Type != tree.CredentialX509 {
		return errors.New("no certificate")
	}
	name := commonName(c.Credential)
	if c.Previous != nil && commonName(*c.Previous) != name {
		return errors.New("takes the place of another name")
	}
	allowed, ok := c.Extensions.Find(tree.ExtensionCharter)
	if ok && !bytes.Contains(allowed, []byte{name[0]}) {
		return errGhost
	}
	return nil
}

func (charter) VerifyContext(c roster.ContextChange) error {
	if next, _ := c.New.Find(tree.ExtensionCharter); len(next) == 0 {
		return errors.New("no charter")
	}
	return nil
}

func newSigner(t testing.TB, id suite.ID) crypto.Signer {
	t.Helper()
	switch id {
	case suite.P256AES128:
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		must(t, err)
		return k
	case suite.P384AES256:
		k, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
		must(t, err)
		return k
	}
	_, k, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	return k
}

// newIdentity is a self-signed certificate with a name.
func newIdentity(t testing.TB, id suite.ID, name string) Identity {
	t.Helper()
	signer := newSigner(t, id)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: testNow.AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, signer.Public(), signer)
	must(t, err)
	return Identity{Signer: signer, Credential: tree.X509(der)}
}

// world is a group with a hub: the roster sees each commit before the members do.
type world struct {
	t      testing.TB
	suite  suite.ID
	hub    *roster.Group
	info   []byte // newest group information
	member map[string]*Group
	id     map[string]Identity
}

func newWorld(t testing.TB, id suite.ID, founder string) *world {
	t.Helper()
	w := &world{t: t, suite: id, member: map[string]*Group{}, id: map[string]Identity{founder: newIdentity(t, id, founder)}}
	g, err := Create(w.id[founder], CreateOptions{
		GroupID: []byte("eagle-pass"), Suite: id, Verifier: charter{}, Now: testNow,
		Extensions: tree.Extensions{{Type: tree.ExtensionCharter, Data: []byte("abc")}},
	})
	must(t, err)
	w.member[founder] = g
	w.info, err = g.GroupInfo()
	must(t, err)
	w.hub, err = roster.New(w.info, g.RatchetTree(), charter{}, testNow)
	must(t, err)
	return w
}

// joining is what a joiner brings along, and has from the hub beside w.info.
func (w *world) joining() JoinOptions {
	return JoinOptions{Verifier: charter{}, Now: testNow, Tree: w.hub.Tree().AppendTo(nil)}
}

// keyPackage makes one for a name, which gets an identity.
func (w *world) keyPackage(name string) ([]byte, *KeyPackageSecret) {
	w.t.Helper()
	if _, ok := w.id[name]; !ok {
		w.id[name] = newIdentity(w.t, w.suite, name)
	}
	msg, secret, err := NewKeyPackage(w.id[name], KeyPackageOptions{Suite: w.suite, NotBefore: testNow.Add(-time.Hour), NotAfter: testNow.Add(time.Hour)})
	must(w.t, err)
	return msg, secret
}

// deliver shows a commit to the hub and to everybody but the committer.
func (w *world) deliver(from string, commit, info []byte) roster.Change {
	w.t.Helper()
	next, change, err := w.hub.Apply(commit, testNow)
	must(w.t, err)
	must(w.t, next.CheckGroupInfo(info))
	w.hub, w.info = next, info
	for name, g := range w.member {
		if name == from {
			continue
		}
		p, err := g.Process(commit, testNow)
		if err != nil {
			w.t.Fatalf("%s: %v", name, err)
		}
		if p.SelfRemoved {
			delete(w.member, name)
		}
	}
	return change
}

// commit makes a commit, has it accepted, and merges it.
func (w *world) commit(from string, o CommitOptions) (*Pending, roster.Change) {
	w.t.Helper()
	o.Now = testNow
	p, err := w.member[from].Commit(o)
	must(w.t, err)
	change := w.deliver(from, p.Commit, p.GroupInfo)
	must(w.t, w.member[from].Merge(p))
	return p, change
}

// add takes names in by one commit.
func (w *world) add(from string, names ...string) {
	w.t.Helper()
	var o CommitOptions
	secrets := map[string]*KeyPackageSecret{}
	for _, name := range names {
		msg, secret := w.keyPackage(name)
		o.Add = append(o.Add, msg)
		secrets[string(secret.Ref())] = secret
	}
	p, _ := w.commit(from, o)
	for _, name := range names {
		var own *KeyPackageSecret
		for _, s := range secrets {
			if s.Package.Leaf.Credential.Equal(w.id[name].Credential) {
				own = s
			}
		}
		g, err := JoinWelcome(p.Welcome, func(ref []byte) *KeyPackageSecret {
			if bytes.Equal(ref, own.Ref()) {
				return own
			}
			return nil
		}, w.id[name].Signer, JoinOptions{Verifier: charter{}, Now: testNow})
		must(w.t, err)
		w.member[name] = g
	}
	w.agree()
}

// join takes a name in by its own external commit.
func (w *world) join(name string, replaces func(roster.Member) bool) roster.Change {
	w.t.Helper()
	if _, ok := w.id[name]; !ok {
		w.id[name] = newIdentity(w.t, w.suite, name)
	}
	j, err := JoinExternal(w.info, w.id[name], ExternalOptions{JoinOptions: w.joining(), Replaces: replaces})
	must(w.t, err)
	change := w.deliver(name, j.Commit, j.GroupInfo)
	w.member[name] = j.Accepted()
	w.agree()
	return change
}

// agree checks that all members are in one state, that they can talk, and that a saved state is as good as the one in memory.
func (w *world) agree() {
	w.t.Helper()
	var auth []byte
	for name, g := range w.member {
		if auth == nil {
			auth = g.EpochAuthenticator()
		}
		if !bytes.Equal(auth, g.EpochAuthenticator()) || g.Epoch() != w.hub.Epoch() {
			w.t.Fatalf("%s is in another state", name)
		}
		data, err := g.MarshalBinary()
		must(w.t, err)
		loaded, err := UnmarshalGroup(data, g.signer, charter{})
		must(w.t, err)
		w.member[name] = loaded
	}
	w.talk()
	if len(w.hub.Members()) != len(w.member) {
		w.t.Fatalf("hub sees %d members, there are %d", len(w.hub.Members()), len(w.member))
	}
}

// talk lets one member speak to all others, and each other one to the next.
func (w *world) talk() {
	w.t.Helper()
	names := make([]string, 0, len(w.member))
	for name := range w.member {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		g := w.member[name]
		msg, err := g.Encrypt([]byte("from "+name), []byte("aad"))
		must(w.t, err)
		for j, other := range names {
			if j == i || i > 0 && j != (i+1)%len(names) {
				continue
			}
			r, err := w.member[other].Decrypt(msg)
			must(w.t, err)
			if string(r.Plaintext) != "from "+name || string(r.AAD) != "aad" || r.Sender != g.OwnLeaf() {
				w.t.Fatalf("%s got %+v", other, r)
			}
		}
	}
}

var mainSuites = []suite.ID{suite.P256AES128, suite.P384AES256}

func eachSuite(t *testing.T, f func(*testing.T, suite.ID)) {
	for _, id := range mainSuites {
		t.Run(fmt.Sprintf("suite%d", id), func(t *testing.T) { f(t, id) })
	}
}

// TestLife walks a group through everything that happens to one, with the hub's
// roster following.
func TestLife(t *testing.T) {
	eachSuite(t, func(t *testing.T, id suite.ID) {
		w := newWorld(t, id, "a-1")
		w.add("a-1", "b-1")
		w.add("b-1", "b-2", "c-1", "c-2")
		change := w.join("c-3", nil)
		if !change.External || len(change.Added) != 1 || change.Added[0].Leaf != change.Committer {
			t.Errorf("external join reported as %+v", change)
		}
		w.commit("c-1", CommitOptions{}) // only renews keys
		w.agree()
		_, change = w.commit("b-2", CommitOptions{Remove: []tree.LeafIndex{w.member["c-2"].OwnLeaf()}})
		if len(change.Removed) != 1 || len(w.member) != 5 {
			t.Errorf("removal reported as %+v, %d members", change, len(w.member))
		}
		w.agree()
		w.add("a-1", "c-4") // takes the place of c-2

		// Proposals by reference: an update, a removal, an addition.
		kp, _ := w.keyPackage("a-9")
		for _, make := range []func() ([]byte, error){
			func() ([]byte, error) { return w.member["b-1"].ProposeUpdate(testNow) },
			func() ([]byte, error) { return w.member["b-2"].ProposeRemove(w.member["c-4"].OwnLeaf(), testNow) },
			func() ([]byte, error) { return w.member["b-2"].ProposeAdd(kp, testNow) },
		} {
			w.propose(make)
		}
		_, change = w.commit("a-1", CommitOptions{Pending: true})
		if len(change.Updated) != 1 || len(change.Removed) != 1 || len(change.Added) != 1 {
			t.Errorf("pending proposals reported as %+v", change)
		}
		w.commit("b-1", CommitOptions{Remove: []tree.LeafIndex{change.Added[0].Leaf}})
		w.agree()

		// A device that lost its state comes back in its own place.
		old := w.member["c-3"]
		delete(w.member, "c-3")
		change = w.join("c-3", SameCredential(w.id["c-3"]))
		if len(change.Removed) != 1 || change.Removed[0].Leaf != old.OwnLeaf() {
			t.Errorf("resynchronisation reported as %+v", change)
		}

		// A member renews key and certificate under its name.
		fresh := newIdentity(t, id, "b-1")
		w.commit("b-1", CommitOptions{Renew: &fresh})
		w.agree()
		w.commit("b-1", CommitOptions{})
		w.agree()
		if m, _ := w.hub.Member(w.member["b-1"].OwnLeaf()); !m.Credential.Equal(fresh.Credential) {
			t.Error("the renewed certificate is not in the tree")
		}

		_, change = w.commit("a-1", CommitOptions{Extensions: tree.Extensions{{Type: tree.ExtensionCharter, Data: []byte("abcd")}}})
		if !change.CharterChanged {
			t.Error("charter change is not reported")
		}
		w.agree()
		w.add("c-1", "d-1")

		w.psk()
	})
}

// propose makes a proposal and shows it to hub and members.
func (w *world) propose(make func() ([]byte, error)) {
	w.t.Helper()
	msg, err := make()
	must(w.t, err)
	w.hub, err = w.hub.Propose(msg, testNow)
	must(w.t, err)
	for _, g := range w.member {
		if _, err := g.Process(msg, testNow); err != nil && !errors.Is(err, ErrOwnMessage) {
			w.t.Fatal(err)
		}
	}
}

// psk mixes an external key and an older epoch's resumption key in.
func (w *world) psk() {
	w.t.Helper()
	shared := ExternalPSK([]byte("voice-confirmed"), []byte("correct horse"))
	for _, g := range w.member {
		g.StorePSK(shared)
	}
	w.commit("a-1", CommitOptions{PSKs: []message.PSKID{shared.ID}})
	w.agree()
	// a-1 and c-1 have been there for long; resumption works for them only.
	old := w.member["a-1"].ResumptionPSK()
	w.commit("a-1", CommitOptions{})
	w.commit("c-1", CommitOptions{PSKs: []message.PSKID{old.ID}})
	w.agree()
}

func TestLateMessagesOfPastEpochs(t *testing.T) {
	w := newWorld(t, suite.P256AES128, "a-1")
	w.add("a-1", "b-1")
	var late [][]byte
	for range PastEpochs + 1 {
		m, err := w.member["a-1"].Encrypt([]byte("late"), nil)
		must(t, err)
		late = append(late, m)
		w.commit("a-1", CommitOptions{})
	}
	b := w.member["b-1"]
	wantErr(t, "epoch too old", ErrNoEpochKeys, func() error { _, err := b.Decrypt(late[0]); return err })
	for _, m := range late[1:] {
		_, err := b.Decrypt(m)
		must(t, err)
		wantErr(t, "replay in a past epoch", ErrReplay, func() error { _, err := b.Decrypt(m); return err })
	}
	b.ForgetPast()
	if len(b.past) != 0 {
		t.Error("past keys are still there")
	}
}

func TestOutOfOrderWindow(t *testing.T) {
	w := newWorld(t, suite.P256AES128, "a-1")
	w.add("a-1", "b-1")
	a, b := w.member["a-1"], w.member["b-1"]
	var msgs [][]byte
	for i := range MaxForward + 200 {
		m, err := a.Encrypt([]byte{byte(i)}, nil)
		must(t, err)
		msgs = append(msgs, m)
	}
	wantErr(t, "one too far", ErrTooFarAhead, func() error { _, err := b.Decrypt(msgs[MaxForward+1]); return err })
	_, err := b.Decrypt(msgs[MaxForward])
	must(t, err)
	_, err = b.Decrypt(msgs[MaxForward-MaxSkipped])
	must(t, err)
	wantErr(t, "key no longer kept", ErrReplay, func() error { _, err := b.Decrypt(msgs[MaxForward-MaxSkipped-1]); return err })
	_, err = b.Decrypt(msgs[MaxForward+100])
	must(t, err)
}

func TestPaddingHidesLength(t *testing.T) {
	w := newWorld(t, suite.X25519AES128, "a-1")
	a := w.member["a-1"]
	size := func(n int) int {
		m, err := a.Encrypt(make([]byte, n), nil)
		must(t, err)
		return len(m)
	}
	if size(1) != size(40) || size(1) == size(200) {
		t.Errorf("lengths %d %d %d", size(1), size(40), size(200))
	}
	a.SetPadding(0)
	if size(1) == size(2) {
		t.Error("padding was not switched off")
	}
}

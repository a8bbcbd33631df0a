package hub_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"maps"
	"math/big"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	pb "google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"crossband/crypto/agreement"
	"crossband/crypto/charter"
	"crossband/crypto/identity"
	"crossband/crypto/mls"
	"crossband/crypto/mls/roster"
	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/tree"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/hub"
)

// fakeJudge takes a certificate's word for its name, unless the certificate
// has ended, calls itself forged, or is one of those revoked. A charter signed for it is the signer's
// name, a line break and the payload. The real judge has its own script.
type fakeJudge struct{ revoked map[string]bool } // leaf certificates

func (fakeJudge) Charter(signed []byte, _ time.Time) ([]byte, proto.Name, error) {
	who, payload, ok := bytes.Cut(signed, []byte("\n"))
	if !ok {
		return nil, proto.Name{}, proto.Refuse(proto.ReasonBadProof, "the charter is not signed")
	}
	n, err := proto.ParseName(string(who))
	return payload, n, err
}

func (j fakeJudge) Payload(signed []byte) (proto.Charter, error) {
	payload, _, err := j.Charter(signed, time.Time{})
	if err != nil {
		return proto.Charter{}, err
	}
	return proto.ParseCharter(payload)
}

func (j fakeJudge) Revoked(chain [][]byte) error {
	if !j.revoked[string(chain[0])] {
		return nil
	}
	n, err := nameIn(tree.X509(chain...))
	if err != nil {
		return err
	}
	return proto.Refuse(proto.ReasonRevoked, n.String())
}

func (j fakeJudge) Member(chain [][]byte, at time.Time) (proto.Name, error) {
	c, err := x509.ParseCertificate(chain[0])
	if err != nil || len(c.URIs) != 1 {
		return proto.Name{}, proto.Refuse(proto.ReasonNoIdentity, "")
	}
	switch {
	case c.Subject.CommonName == "forged":
		return proto.Name{}, proto.Refuse(proto.ReasonUnknownAuthority, c.URIs[0].String())
	case at.After(c.NotAfter):
		return proto.Name{}, proto.Refuse(proto.ReasonExpired, c.URIs[0].String())
	}
	if err := j.Revoked(chain); err != nil {
		return proto.Name{}, err
	}
	return proto.ParseName(c.URIs[0].String())
}

// people are the endpoints with their keys, and the groups that they are in.
// Their own verifier lets everything pass: the hub is on trial, not they.
type people struct {
	t           testing.TB
	ids         map[proto.Name]mls.Identity
	authorities map[proto.Agency]*identity.Authority // with the real judge only
	real        map[proto.Name]*identity.Identity
	groups      map[string]map[proto.Name]*mls.Group
	infos       map[string]*aCommit // whose group information is in force
}

func newPeople(t testing.TB) people {
	return people{
		t: t, ids: map[proto.Name]mls.Identity{}, authorities: map[proto.Agency]*identity.Authority{}, real: map[proto.Name]*identity.Identity{},
		groups: map[string]map[proto.Name]*mls.Group{}, infos: map[string]*aCommit{},
	}
}

// lenient lets everything pass.
type lenient struct{}

func (lenient) VerifyMember(roster.Candidate) error      { return nil }
func (lenient) VerifyContext(roster.ContextChange) error { return nil }

// selfMade is an identity with a certificate that only fakeJudge believes.
func selfMade(t testing.TB, n proto.Name, commonName string, ends time.Time) mls.Identity {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	uri, err := url.Parse(n.String())
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: commonName}, URIs: []*url.URL{uri},
		NotBefore: start().Add(-time.Hour), NotAfter: ends,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return mls.Identity{Signer: key, Credential: tree.X509(der)}
}

func (p *people) identity(n proto.Name) mls.Identity {
	if id, ok := p.ids[n]; ok {
		return id
	}
	var id mls.Identity
	if len(p.authorities) > 0 {
		r := p.issued(n)
		id = mls.Identity{Signer: r.Key, Credential: tree.X509(r.Chain...)}
	} else {
		id = selfMade(p.t, n, "", start().Add(24*time.Hour))
	}
	p.ids[n] = id
	return id
}

// revoke has fake authorities take back the certificates that names have now, and
// tells the hub. Their next ones, made "fresh", are good.
func (w *world) revoke(from string, names []string) error {
	e := hub.Revoked{From: agencies()[from]}
	for _, s := range names {
		n, err := parseName(s)
		if err != nil {
			return err
		}
		if !slices.Contains(e.Names, n) {
			e.Names = append(e.Names, n)
		}
		w.judge.(fakeJudge).revoked[string(w.people.identity(n).Credential.Chain[0])] = true
	}
	w.lists[e.From] = "list-of-" + from
	for _, a := range slices.Sorted(maps.Keys(w.lists)) {
		e.Lists = append(e.Lists, hub.SignedList{Agency: a, Signed: []byte(w.lists[a])})
	}
	w.apply(e)
	return nil
}

// issued is an identity from its agency's real authority.
func (p *people) issued(n proto.Name) *identity.Identity {
	if r, ok := p.real[n]; ok {
		return r
	}
	a := p.authorities[n.Agency]
	if a == nil {
		p.t.Fatalf("no authority of %s", n.Agency)
	}
	r, err := a.IssueLocal(n, elliptic.P256(), start())
	if err != nil {
		p.t.Fatal(err)
	}
	p.real[n] = r
	return r
}

// useRealJudge founds an authority per agency. The relay trusts those in trusted.
func (w *world) useRealJudge(all, trusted []string) error {
	for _, word := range all {
		a, err := identity.InitAuthority(filepath.Join(w.t.TempDir(), word), agencies()[word], start().Add(-time.Hour), identity.AuthorityOptions{})
		if err != nil {
			return err
		}
		w.people.authorities[agencies()[word]] = a
	}
	var partners []*identity.Bundle
	for _, word := range trusted {
		if agencies()[word] != w.self.Agency {
			partners = append(partners, w.people.authorities[agencies()[word]].Bundle())
		}
	}
	trust, err := identity.NewTrustStore(w.people.authorities[w.self.Agency].Bundle(), partners...)
	if err != nil {
		return err
	}
	w.judge = realJudge{charter.Judge{Trust: trust}, documentJudge{Trust: trust}}
	w.hub = hub.New(w.self, w.judge)
	w.holdHidden(w.hub)
	return nil
}

// realJudge is the judge of a running relay.
type realJudge struct {
	charter.Judge
	documentJudge
}

type documentJudge = agreement.Judge

// aCharter is a signed charter and what it says.
type aCharter struct {
	signed []byte
	parsed proto.Charter
}

// aCommit is a commit that has been made and, perhaps, not been sent.
type aCommit struct {
	channel   string
	by        proto.Name
	epoch     uint64
	message   []byte
	groupInfo []byte
	tree      []byte // ratchet tree of the epoch that groupInfo describes
	welcome   []byte
	added     []string
	pending   *mls.Pending
	joining   *mls.Joining
	newcomers map[proto.Name]*mls.KeyPackageSecret
}

// made is everything that scripts have made and given a name.
type made struct {
	charters  map[string]aCharter
	channels  map[string]proto.ChannelID
	charterOf map[proto.ChannelID]string
	commits   map[string]*aCommit
	packages  map[string][]byte
	secrets   map[string]*mls.KeyPackageSecret
	names     map[string]string // by octets

	documents   map[string]aDocument
	agreementOf map[proto.AgreementID]string
}

func newMade() made {
	return made{
		charters: map[string]aCharter{}, channels: map[string]proto.ChannelID{}, charterOf: map[proto.ChannelID]string{},
		commits: map[string]*aCommit{}, packages: map[string][]byte{}, secrets: map[string]*mls.KeyPackageSecret{}, names: map[string]string{},
		documents: map[string]aDocument{}, agreementOf: map[proto.AgreementID]string{},
	}
}

// nameOf names octets that a script made; short printable ones name themselves.
func (m *made) nameOf(b []byte) string {
	if name, ok := m.names[string(b)]; ok {
		return name
	}
	if len(b) == 0 {
		return "none"
	}
	if s, ok := padded(b); ok && len(b) <= 40 {
		return s
	}
	return "(unnamed)"
}

func (m *made) octets(field protoreflect.Name, name string) ([]byte, error) {
	if p, ok := m.packages[name]; ok {
		return p, nil
	}
	c, ok := m.commits[name]
	switch {
	case !ok:
		return nil, fmt.Errorf("nothing made is called %q", name)
	case field == "group_info":
		return c.groupInfo, nil
	case field == "ratchet_tree":
		return c.tree, nil
	case field == "welcome":
		return c.welcome, nil
	}
	return c.message, nil
}

// fillCommit completes a commit's frame from what was made under its name.
func (m *made) fillCommit(b *wire.Commit) {
	c := m.commits[idName(b.Id)]
	if c == nil {
		return
	}
	if b.Message == nil {
		b.Message = c.message
	}
	if b.GroupInfo == nil {
		b.GroupInfo = c.groupInfo
	}
	if b.Epoch == 0 {
		b.Epoch = c.epoch
	}
	if b.Welcome == nil {
		b.Welcome = c.welcome
	}
	if b.Added == nil {
		b.Added = c.added
	}
}

// treeOf is the ratchet tree that goes with group information that was made here; nil
// for none.
func (m *made) treeOf(groupInfo []byte) []byte {
	if c := m.commits[m.names[string(groupInfo)]]; c != nil {
		return c.tree
	}
	return nil
}

// parseStep reads a step of a ladder: AFTER:NAME+NAME.
func parseStep(s string) (*wire.Charter_Step, error) {
	after, names, _ := strings.Cut(s, ":")
	d, err := time.ParseDuration(after)
	step := &wire.Charter_Step{AfterMs: uint32(d.Milliseconds())}
	for _, word := range strings.Split(names, "+") {
		n, err := parseName(word)
		if err != nil {
			return nil, err
		}
		step.Page = append(step.Page, n.String())
	}
	return step, err
}

// charter defines a charter: NAME FIELD=VALUE... A party is
// party=AGENCY:send=ROLE+ROLE:listen=ROLE:hail=ROLE:max=PRIORITY:observer=SINCE-START,
// a step of the ladder ladder=AFTER:NAME+NAME. It rests on agreement=NAME, on none, or
// on one made for it.
func (w *world) charter(words []string) error {
	name := words[0]
	m := &wire.Charter{
		Kind: wire.Charter_KIND_STANDING, Title: name, Suite: 2, Storage: wire.Charter_STORAGE_SEALED,
		Nonce: make([]byte, 16),
		Owner: string(agencies()["us"]), NotBeforeMs: w.now.Add(-time.Minute).UnixMilli(), ExpiresMs: w.now.Add(12 * time.Hour).UnixMilli(),
	}
	signer, rests := "", ""
	for _, word := range words[1:] {
		key, value, _ := strings.Cut(word, "=")
		var err error
		switch key {
		case "agreement":
			rests = value
		case "kind":
			m.Kind = wire.Charter_Kind(wire.Charter_Kind_value["KIND_"+strings.ToUpper(value)])
		case "owner":
			m.Owner = string(agencies()[value])
		case "signer":
			signer = value
		case "suite":
			m.Suite, err = number32(value)
		case "title":
			m.Title = value
		case "nonce":
			m.Nonce = id(value, 16)
		case "revision":
			m.Revision, err = number32(value)
		case "of":
			cid := w.made.channels[value]
			m.Channel = cid[:]
		case "talk-limit":
			var d time.Duration
			d, err = time.ParseDuration(value)
			m.TalkLimitMs = uint32(d.Milliseconds())
		case "begins":
			m.NotBeforeMs, err = w.moment(value)
		case "expires":
			m.ExpiresMs, err = w.moment(value)
		case "exercise":
			m.Exercise = true
		case "incident":
			m.Incident = id(value, 16)
		case "parent":
			cid := w.made.channels[value]
			m.Parent = cid[:]
		case "storage":
			m.Storage = wire.Charter_Storage(wire.Charter_Storage_value["STORAGE_"+strings.ToUpper(value)])
		case "ladder":
			var step *wire.Charter_Step
			step, err = parseStep(value)
			m.Ladder = append(m.Ladder, step)
		case "rearm":
			var d time.Duration
			d, err = time.ParseDuration(value)
			m.RearmMs = uint32(d.Milliseconds())
		case "party", "template":
			var p *wire.Charter_Party
			if p, err = parseParty(value); key == "party" {
				m.Parties = append(m.Parties, p)
			} else {
				m.Template = append(m.Template, p)
			}
		default:
			err = fmt.Errorf("a charter has no %q", key)
		}
		if err != nil {
			return err
		}
	}
	switch {
	case rests == "none":
	case rests != "":
		cid := w.made.documents[rests].parsed.ID
		m.Agreement = cid[:]
	case len(m.Parent) > 0:
		parent := w.made.charters[w.made.charterOf[proto.ChannelID(m.Parent)]].parsed
		m.Agreement = parent.Agreement[:]
	default:
		if err := w.covered(name, m); err != nil {
			return err
		}
	}
	return w.sign(name, signer, m)
}

func (w *world) sign(name, signer string, m *wire.Charter) error {
	who := proto.Name{Agency: proto.Agency(m.Owner), Role: proto.RoleAuthority, Label: "1"}
	if signer != "" {
		var err error
		if who, err = parseName(signer); err != nil {
			return err
		}
	}
	var c aCharter
	var err error
	if len(w.people.authorities) > 0 {
		if c.signed, c.parsed, err = charter.Sign(w.people.issued(who), m, w.now); err != nil {
			return err
		}
	} else {
		if m.Nonce == nil {
			m.Nonce = id(name, 16)
		}
		payload, err := pb.MarshalOptions{Deterministic: true}.Marshal(m)
		if err != nil {
			return err
		}
		c.signed = append([]byte(who.String()+"\n"), payload...)
		if c.parsed, err = proto.ParseCharter(payload); err != nil {
			return err
		}
	}
	w.made.charters[name] = c
	w.made.names[string(c.signed)] = name
	if _, known := w.made.charterOf[c.parsed.Channel]; !known {
		w.made.channels[name] = c.parsed.Channel
		w.made.charterOf[c.parsed.Channel] = name
	}
	return nil
}

func number32(s string) (uint32, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	return uint32(n), err
}

func (w *world) moment(s string) (int64, error) {
	d, err := time.ParseDuration(s)
	return w.now.Add(d).UnixMilli(), err
}

func parseParty(s string) (*wire.Charter_Party, error) {
	parts := strings.Split(s, ":")
	p := &wire.Charter_Party{Agency: string(agencies()[parts[0]]), MaxPriority: uint32(proto.PriorityEmergency)}
	for _, part := range parts[1:] {
		key, value, _ := strings.Cut(part, "=")
		switch key {
		case "send":
			p.Send = strings.Split(value, "+")
		case "listen":
			p.Listen = strings.Split(value, "+")
		case "only":
			n, err := parseName(value)
			if err != nil {
				return nil, err
			}
			p.Only = append(p.Only, n.String())
		case "hail":
			p.Hail = strings.Split(value, "+")
		case "observer":
			d, err := time.ParseDuration(value)
			if err != nil {
				return nil, err
			}
			p.ObserverUntilMs = start().Add(d).UnixMilli()
		case "max":
			top, err := proto.ParsePriority(value)
			if err != nil {
				return nil, err
			}
			p.MaxPriority = uint32(top)
		}
	}
	return p, nil
}

// make makes key packages, groups and commits without sending them:
// NAME by WHO [on CHANNEL] WHAT [FLAG...].
func (w *world) make(words []string) error {
	if len(words) < 4 || words[1] != "by" {
		return fmt.Errorf("make NAME by WHO [on CHANNEL] WHAT")
	}
	name, rest := words[0], words[3:]
	who, err := parseName(words[2])
	if err != nil {
		return err
	}
	if rest[0] == "key-package" {
		return w.makePackage(name, who, rest[1:])
	}
	if rest[0] != "on" || len(rest) < 3 {
		return fmt.Errorf("make %s: on which channel?", name)
	}
	c := &aCommit{channel: rest[1], by: who, newcomers: map[proto.Name]*mls.KeyPackageSecret{}}
	if err := w.makeCommit(c, rest[2], rest[3:]); err != nil {
		return fmt.Errorf("make %s: %w", name, err)
	}
	w.keepCommit(name, c)
	return nil
}

func (w *world) keepCommit(name string, c *aCommit) {
	w.made.commits[name] = c
	for _, b := range [][]byte{c.message, c.groupInfo, c.tree, c.welcome} {
		if len(b) > 0 {
			w.made.names[string(b)] = name
		}
	}
}

func (w *world) makePackage(name string, who proto.Name, flags []string) error {
	o := mls.KeyPackageOptions{Suite: suite.P256AES128, NotBefore: w.now.Add(-time.Hour), NotAfter: w.now.Add(24 * time.Hour)}
	id := w.people.identity(who)
	for _, f := range flags {
		switch f {
		case "last-resort":
			o.LastResort = true
		case "expired":
			o.NotBefore, o.NotAfter = w.now.Add(-48*time.Hour), w.now.Add(-24*time.Hour)
		case "forged":
			id = selfMade(w.t, who, "forged", start().Add(time.Hour))
		default:
			return fmt.Errorf("a key package cannot be %q", f)
		}
	}
	msg, secret, err := mls.NewKeyPackage(id, o)
	if err != nil {
		return err
	}
	w.made.packages[name], w.made.secrets[name] = msg, secret
	w.made.names[string(msg)] = name
	return nil
}

func (w *world) makeCommit(c *aCommit, what string, args []string) error {
	id := w.people.identity(c.by)
	if slices.Contains(args, "fresh") { // the same name with another key and certificate
		id = selfMade(w.t, c.by, "", start().Add(24*time.Hour))
	}
	switch what {
	case "create":
		return w.makeGroup(c, id, args)
	case "join", "rejoin":
		at := w.people.infos[c.channel]
		o := mls.ExternalOptions{JoinOptions: mls.JoinOptions{Verifier: lenient{}, Now: w.now, Tree: at.tree}}
		if what == "rejoin" {
			o.Replaces = func(m roster.Member) bool { n, err := nameIn(m.Credential); return err == nil && n == c.by }
		}
		j, err := mls.JoinExternal(at.groupInfo, id, o)
		if err != nil {
			return err
		}
		c.joining, c.message, c.groupInfo, c.epoch = j, j.Commit, j.GroupInfo, uint64(j.Accepted().Epoch())-1
		c.tree = j.Accepted().RatchetTree()
		return nil
	}
	g := w.people.groups[c.channel][c.by]
	if g == nil {
		return fmt.Errorf("%s is not in the group of %s", c.by, c.channel)
	}
	o := mls.CommitOptions{Now: w.now}
	for _, a := range args {
		if err := w.commitOption(c, g, &o, what, a); err != nil {
			return err
		}
	}
	p, err := g.Commit(o)
	if err != nil {
		return err
	}
	c.pending, c.message, c.groupInfo, c.welcome, c.epoch = p, p.Commit, p.GroupInfo, p.Welcome, uint64(g.Epoch())
	next, _, err := g.Roster().Apply(p.Commit, w.now)
	if err == nil {
		c.tree = next.Tree().AppendTo(nil)
	}
	return err
}

func (w *world) commitOption(c *aCommit, g *mls.Group, o *mls.CommitOptions, what, arg string) error {
	switch what {
	case "remove":
		who, err := parseName(arg)
		if err != nil {
			return err
		}
		for _, m := range g.Members() {
			if n, _ := nameIn(m.Credential); n == who {
				o.Remove = append(o.Remove, m.Leaf)
			}
		}
		return nil
	case "add":
		secret := w.made.secrets[arg]
		if secret == nil {
			return fmt.Errorf("no key package %q", arg)
		}
		n, err := nameIn(secret.Package.Leaf.Credential)
		if err != nil {
			return err
		}
		o.Add = append(o.Add, w.made.packages[arg])
		c.added = append(c.added, n.String())
		c.newcomers[n] = secret
		return nil
	case "recharter":
		o.Extensions = tree.Extensions{{Type: tree.ExtensionCharter, Data: w.made.charters[arg].signed}}
		return nil
	}
	return fmt.Errorf("cannot %s", what)
}

func nameIn(c tree.Credential) (proto.Name, error) {
	cert, err := x509.ParseCertificate(c.Chain[0])
	if err != nil {
		return proto.Name{}, err
	}
	return proto.ParseName(cert.URIs[0].String())
}

// makeGroup makes a group of one. charter= and id= take another charter's.
func (w *world) makeGroup(c *aCommit, id mls.Identity, args []string) error {
	inside, cid := w.made.charters[c.channel], w.made.channels[c.channel]
	algorithms := suite.ID(inside.parsed.Suite)
	for _, a := range args {
		switch key, value, _ := strings.Cut(a, "="); key {
		case "charter":
			inside = w.made.charters[value]
		case "id":
			cid = w.made.channels[value]
		case "suite":
			n, err := number32(value)
			if err != nil {
				return err
			}
			algorithms = suite.ID(n)
		}
	}
	g, err := mls.Create(id, mls.CreateOptions{
		GroupID: cid[:], Suite: algorithms, Verifier: lenient{}, Now: w.now,
		Extensions: tree.Extensions{{Type: tree.ExtensionCharter, Data: inside.signed}},
	})
	if err != nil {
		return err
	}
	c.tree = g.RatchetTree()
	if c.groupInfo, err = g.GroupInfo(); err != nil {
		return err
	}
	w.people.groups[c.channel] = map[proto.Name]*mls.Group{c.by: g}
	w.people.infos[c.channel] = c
	return nil
}

// stored moves the members' groups on when the hub writes a commit down.
func (p *people) stored(w *world, x hub.Write) {
	hexID, ok := strings.CutPrefix(x.Bucket, "log/")
	if !ok {
		return
	}
	cid, err := proto.ParseChannelID(hexID)
	if x.Value == nil {
		return // expired
	}
	v := new(wire.StoredEntry)
	if err != nil || pb.Unmarshal(x.Value, v) != nil {
		p.t.Fatalf("bad record in %s", x.Bucket)
	}
	e, name := v.Entry, w.made.charterOf[cid]
	if w.log[name]++; e.Seq != w.log[name] {
		p.t.Errorf("log of %s: entry %d after %d", name, e.Seq, w.log[name]-1)
	}
	logged := e.GetCommit()
	if logged == nil {
		return
	}
	c := w.made.commits[idName(logged.Id)]
	if c == nil || !bytes.Equal(c.message, logged.Message) {
		p.t.Fatalf("the hub stored a commit that nobody made: %s", idName(logged.Id))
	}
	if err := p.advance(w, name, c); err != nil {
		p.t.Fatalf("commit %s at its members: %v", idName(logged.Id), err)
	}
}

func (p *people) advance(w *world, name string, c *aCommit) error {
	for n, g := range p.groups[name] {
		if n == c.by && c.pending != nil {
			if err := g.Merge(c.pending); err != nil {
				return err
			}
			continue
		}
		if n == c.by {
			continue
		}
		if _, err := g.Process(c.message, w.now); err != nil {
			return fmt.Errorf("%s: %w", n, err)
		}
		if g.Removed() {
			delete(p.groups[name], n)
		}
	}
	if c.joining != nil {
		p.groups[name][c.by] = c.joining.Accepted()
	}
	for n, secret := range c.newcomers {
		g, err := mls.JoinWelcome(c.welcome, func(ref []byte) *mls.KeyPackageSecret {
			if bytes.Equal(ref, secret.Ref()) {
				return secret
			}
			return nil
		}, p.identity(n).Signer, mls.JoinOptions{Verifier: lenient{}, Now: w.now})
		if err != nil {
			return fmt.Errorf("welcome of %s: %w", n, err)
		}
		p.groups[name][n] = g
	}
	p.infos[name] = c
	return nil
}

package mls

import (
	"bytes"
	"testing"

	"crossband/crypto/mls/message"
	"crossband/crypto/mls/roster"
	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/syntax"
	"crossband/crypto/mls/tree"
)

// seeds is real traffic of a small group, made afresh.
type seeds struct {
	messages [][]byte // of every wire format
	keyPack  []byte
	info     []byte
	welcome  []byte
	tree     []byte
	hub      []byte
	group    []byte
	signer   Identity
}

func makeSeeds(f *testing.F) seeds {
	f.Helper()
	w := newWorld(f, suite.X25519AES128, "a-1")
	w.add("a-1", "b-1", "c-1")
	w.propose(func() ([]byte, error) { return w.member["b-1"].ProposeUpdate(testNow) })
	kp, _ := w.keyPackage("c-2")
	p, err := w.member["a-1"].Commit(CommitOptions{Add: [][]byte{kp}, Remove: []tree.LeafIndex{2}, Now: testNow,
		PSKs: []message.PSKID{w.member["a-1"].ResumptionPSK().ID}})
	must(f, err)
	text, err := w.member["a-1"].Encrypt([]byte("text"), []byte("aad"))
	must(f, err)
	update, err := w.member["c-1"].ProposeUpdate(testNow)
	must(f, err)
	j, err := JoinExternal(w.info, newIdentity(f, w.suite, "c-3"), ExternalOptions{JoinOptions: w.joining()})
	must(f, err)
	s := seeds{info: w.info, welcome: p.Welcome, keyPack: kp, tree: w.hub.Tree().AppendTo(nil), signer: w.id["a-1"]}
	s.messages = [][]byte{p.Commit, p.Welcome, p.GroupInfo, kp, text, update, j.Commit}
	s.hub, err = w.hub.MarshalBinary()
	must(f, err)
	s.group, err = w.member["a-1"].MarshalBinary()
	must(f, err)
	return s
}

// same demands that accepted input is the only encoding of what it says.
func same(t *testing.T, in, out []byte) {
	t.Helper()
	if !bytes.Equal(in, out) {
		t.Errorf("accepted %x, encodes as %x", in, out)
	}
}

func FuzzMessage(f *testing.F) {
	for _, m := range makeSeeds(f).messages {
		f.Add(m)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := message.Parse(b); err == nil {
			same(t, b, m.Bytes())
		}
	})
}

func FuzzKeyPackage(f *testing.F) {
	f.Add(makeSeeds(f).keyPack[4:])
	f.Fuzz(func(t *testing.T, b []byte) {
		kp, err := tree.ParseKeyPackage(b)
		if err != nil {
			return
		}
		same(t, b, kp.AppendTo(nil))
		if s, err := suite.Lookup(kp.Suite); err == nil {
			_ = kp.Check(s, nil)
		}
	})
}

func FuzzGroupInfo(f *testing.F) {
	s := makeSeeds(f)
	f.Add(s.info, s.tree)
	f.Fuzz(func(t *testing.T, b, ratchetTree []byte) {
		m, err := message.ParseAs(b, message.FormatGroupInfo)
		if err != nil {
			return
		}
		same(t, b, m.Bytes())
		more := len(m.GroupInfo.Extensions) > 1
		if g, err := roster.New(b, ratchetTree, anyone{}, testNow); err == nil && !more && g.CheckGroupInfo(b) != nil {
			_, err := roster.ExternalPub(m.GroupInfo, g.Suite())
			if err == nil {
				t.Error("group information does not match the state made of it")
			}
		}
	})
}

func FuzzWelcome(f *testing.F) {
	f.Add(makeSeeds(f).welcome)
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := message.ParseAs(b, message.FormatWelcome); err == nil {
			same(t, b, m.Bytes())
		}
	})
}

func FuzzGroupSecrets(f *testing.F) {
	psk := message.PSKID{Type: message.PSKResumption, Usage: message.UsageBranch, GroupID: []byte("g"), Epoch: 3, Nonce: make([]byte, 32)}
	f.Add(groupSecrets{joiner: make([]byte, 32), path: make([]byte, 32), psks: []message.PSKID{psk}}.appendTo(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		if gs, err := parseGroupSecrets(b); err == nil {
			// An absent path secret and an empty one are different encodings.
			same(t, b, gs.appendTo(nil))
		}
	})
}

func FuzzTree(f *testing.F) {
	f.Add(makeSeeds(f).tree)
	s, err := suite.Lookup(suite.X25519AES128)
	must(f, err)
	f.Fuzz(func(t *testing.T, b []byte) {
		tr, err := tree.Parse(s, b)
		if err != nil {
			return
		}
		same(t, b, tr.AppendTo(nil))
		tr.Hash()
		_ = tr.Verify([]byte("g"), nil, tree.Checks{})
	})
}

func FuzzRosterState(f *testing.F) {
	f.Add(makeSeeds(f).hub)
	f.Fuzz(func(t *testing.T, b []byte) {
		if g, err := roster.Unmarshal(b, anyone{}); err == nil {
			out, err := g.MarshalBinary()
			must(t, err)
			same(t, b, out)
		}
	})
}

func FuzzGroupState(f *testing.F) {
	s := makeSeeds(f)
	f.Add(s.group)
	f.Fuzz(func(t *testing.T, b []byte) {
		if g, err := UnmarshalGroup(b, s.signer.Signer, anyone{}); err == nil {
			out, err := g.MarshalBinary()
			must(t, err)
			same(t, b, out)
			_, _ = g.Encrypt([]byte("x"), nil)
		}
	})
}

// FuzzProcess feeds a live member and the hub.
func FuzzProcess(f *testing.F) {
	w := newWorld(f, suite.X25519AES128, "a-1")
	w.add("a-1", "b-1", "c-1")
	p, err := w.member["b-1"].Commit(CommitOptions{Remove: []tree.LeafIndex{2}, Now: testNow})
	must(f, err)
	f.Add(p.Commit)
	text, err := w.member["b-1"].Encrypt([]byte("text"), nil)
	must(f, err)
	f.Add(text)
	state, err := w.member["a-1"].MarshalBinary()
	must(f, err)
	f.Fuzz(func(t *testing.T, b []byte) {
		g, err := UnmarshalGroup(state, w.id["a-1"].Signer, anyone{})
		must(t, err)
		_, errP := g.Process(b, testNow)
		_, errD := g.Decrypt(b)
		_, _, _ = w.hub.Apply(b, testNow)
		if after, _ := g.MarshalBinary(); errP != nil && errD != nil && !bytes.Equal(after, state) {
			t.Error("a refused message changed the state")
		}
	})
}

func FuzzVector(f *testing.F) {
	f.Add(syntax.AppendBytes(nil, make([]byte, 63)))
	f.Add(syntax.AppendBytes(nil, make([]byte, 64)))
	f.Add(syntax.AppendBytes(nil, make([]byte, 1<<14)))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := syntax.NewReader(b)
		v := r.Bytes()
		if r.End() == nil {
			same(t, b, syntax.AppendBytes(nil, v))
		}
	})
}

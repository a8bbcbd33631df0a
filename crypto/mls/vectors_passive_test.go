package mls

import (
	"testing"
	"time"

	"crossband/crypto/mls/message"
	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/tree"
)

// testNow is the clock of the tests.
var testNow = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

type sampleMessage struct {
	Sender    tree.LeafIndex `json:"sender_leaf"`
	Message   unhex
	Plaintext unhex
}

type passiveClient struct {
	CipherSuite  suite.ID `json:"cipher_suite"`
	ExternalPSKs []struct {
		ID  unhex `json:"psk_id"`
		PSK unhex `json:"psk"`
	} `json:"external_psks"`
	KeyPackage           unhex `json:"key_package"`
	SignaturePriv        unhex `json:"signature_priv"`
	EncryptionPriv       unhex `json:"encryption_priv"`
	InitPriv             unhex `json:"init_priv"`
	Welcome              unhex
	RatchetTree          *unhex `json:"ratchet_tree"`
	InitialAuthenticator unhex  `json:"initial_epoch_authenticator"`
	Epochs               []struct {
		Proposals     []unhex
		Commit        unhex
		Authenticator unhex           `json:"epoch_authenticator"`
		SFrameKey     *unhex          `json:"x_sframe_base_key"`
		Messages      []sampleMessage `json:"x_application_messages"`
	}
	Initial *struct {
		SFrameKey unhex           `json:"sframe_base_key"`
		Messages  []sampleMessage `json:"application_messages"`
	} `json:"x_initial"`
}

func (v passiveClient) join(t *testing.T, s suite.Suite) *Group {
	m, err := message.ParseAs(v.KeyPackage, message.FormatKeyPackage)
	must(t, err)
	kp := &KeyPackageSecret{Package: m.KeyPackage, Init: hpkeKey(t, s, v.InitPriv), Leaf: hpkeKey(t, s, v.EncryptionPriv)}
	must(t, kp.check())
	o := JoinOptions{Verifier: anyone{}, Now: testNow}
	for _, p := range v.ExternalPSKs {
		o.PSKs = append(o.PSKs, ExternalPSK(p.ID, p.PSK))
	}
	if v.RatchetTree != nil {
		o.Tree = *v.RatchetTree
	}
	lookup := func(ref []byte) *KeyPackageSecret {
		if string(ref) == string(kp.Ref()) {
			return kp
		}
		return nil
	}
	g, err := JoinWelcome(v.Welcome, lookup, signerOf(t, s, v.SignaturePriv), o)
	must(t, err)
	want(t, "initial authenticator", g.EpochAuthenticator(), v.InitialAuthenticator)
	return g
}

// checkSample checks what the sample adds to the upstream format: exporter and
// application messages, each of which must open once and not twice.
func checkSample(t *testing.T, g *Group, sframe []byte, list []sampleMessage) {
	t.Helper()
	key, err := g.Export("SFrame 1.0 Base Key", nil, len(sframe))
	must(t, err)
	want(t, "SFrame base key", key, sframe)
	for _, m := range list {
		r, err := g.Decrypt(m.Message)
		must(t, err)
		want(t, "plaintext", r.Plaintext, m.Plaintext)
		if r.Sender != m.Sender {
			t.Errorf("sender %d, want %d", r.Sender, m.Sender)
		}
		wantErr(t, "second time", ErrReplay, func() error { _, err := g.Decrypt(m.Message); return err })
	}
}

func TestVectorsPassiveClient(t *testing.T) {
	epochs, samples := 0, 0
	eachVector(t, "passive-client-*.json", func(v passiveClient) suite.ID { return v.CipherSuite }, func(t *testing.T, s suite.Suite, v passiveClient) {
		g := v.join(t, s)
		if v.Initial != nil {
			checkSample(t, g, v.Initial.SFrameKey, v.Initial.Messages)
			samples += len(v.Initial.Messages)
		}
		for i, e := range v.Epochs {
			for _, p := range e.Proposals {
				if _, err := g.Process(p, testNow); err != nil {
					t.Fatalf("epoch %d: proposal: %v", i, err)
				}
			}
			if _, err := g.Process(e.Commit, testNow); err != nil {
				t.Fatalf("epoch %d: commit: %v", i, err)
			}
			want(t, "epoch authenticator", g.EpochAuthenticator(), e.Authenticator)
			if e.SFrameKey != nil {
				checkSample(t, g, *e.SFrameKey, e.Messages)
				samples += len(e.Messages)
			}
			epochs++

			// A saved state goes on like the one that was not saved.
			data, err := g.MarshalBinary()
			must(t, err)
			loaded, err := UnmarshalGroup(data, g.signer, anyone{})
			must(t, err)
			again, err := loaded.MarshalBinary()
			must(t, err)
			want(t, "saved state", again, data)
			g = loaded
		}
	})
	t.Logf("%d epochs followed, %d application messages opened", epochs, samples)
}

package mls

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"testing"

	"crossband/crypto/mls/message"
	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/syntax"
	"crossband/crypto/mls/tree"
)

// signerOf reads a signature private key as the vectors write it.
func signerOf(t testing.TB, s suite.Suite, priv []byte) crypto.Signer {
	t.Helper()
	curves := map[suite.ID]elliptic.Curve{
		suite.P256AES128: elliptic.P256(), suite.P384AES256: elliptic.P384(),
	}
	c, ok := curves[s.ID()]
	if !ok {
		if len(priv) == ed25519.PrivateKeySize {
			return ed25519.PrivateKey(priv)
		}
		return ed25519.NewKeyFromSeed(priv)
	}
	size := (c.Params().BitSize + 7) / 8
	padded := make([]byte, size)
	copy(padded[size-len(priv):], priv)
	k, err := ecdsa.ParseRawPrivateKey(c, padded)
	must(t, err)
	return k
}

func hpkeKey(t testing.TB, s suite.Suite, priv []byte) *suite.PrivateKey {
	t.Helper()
	size := map[suite.ID]int{suite.P384AES256: 48}[s.ID()]
	for len(priv) < size {
		priv = append([]byte{0}, priv...)
	}
	k, err := s.ParsePrivateKey(priv)
	must(t, err)
	return k
}

type cryptoBasics struct {
	CipherSuite suite.ID `json:"cipher_suite"`
	RefHash     struct {
		Label      string
		Value, Out unhex
	} `json:"ref_hash"`
	Expand struct {
		Secret, Context, Out unhex
		Label                string
		Length               int
	} `json:"expand_with_label"`
	Derive struct {
		Secret, Out unhex
		Label       string
	} `json:"derive_secret"`
	DeriveTree struct {
		Secret, Out unhex
		Label       string
		Generation  uint32
		Length      int
	} `json:"derive_tree_secret"`
	Sign struct {
		Priv, Pub, Content, Signature unhex
		Label                         string
	} `json:"sign_with_label"`
	Encrypt struct {
		Priv, Pub, Context, Plaintext, Ciphertext unhex
		KEMOutput                                 unhex `json:"kem_output"`
		Label                                     string
	} `json:"encrypt_with_label"`
}

func TestVectorsCryptoBasics(t *testing.T) {
	eachVector(t, "crypto-basics*.json", func(v cryptoBasics) suite.ID { return v.CipherSuite }, func(t *testing.T, s suite.Suite, v cryptoBasics) {
		want(t, "ref hash", s.RefHash(v.RefHash.Label, v.RefHash.Value), v.RefHash.Out)
		out, err := s.ExpandWithLabel(v.Expand.Secret, v.Expand.Label, v.Expand.Context, v.Expand.Length)
		must(t, err)
		want(t, "expand", out, v.Expand.Out)
		want(t, "derive", s.DeriveSecret(v.Derive.Secret, v.Derive.Label), v.Derive.Out)
		want(t, "derive tree", s.DeriveTreeSecret(v.DeriveTree.Secret, v.DeriveTree.Label, v.DeriveTree.Generation, v.DeriveTree.Length), v.DeriveTree.Out)

		must(t, s.VerifyWithLabel(v.Sign.Pub, v.Sign.Label, v.Sign.Content, v.Sign.Signature))
		sig, err := s.SignWithLabel(signerOf(t, s, v.Sign.Priv), v.Sign.Label, v.Sign.Content)
		must(t, err)
		must(t, s.VerifyWithLabel(v.Sign.Pub, v.Sign.Label, v.Sign.Content, sig))
		sig[len(sig)-1] ^= 1
		if s.VerifyWithLabel(v.Sign.Pub, v.Sign.Label, v.Sign.Content, sig) == nil {
			t.Error("a changed signature verifies")
		}

		key := hpkeKey(t, s, v.Encrypt.Priv)
		want(t, "HPKE public key", key.Public(), v.Encrypt.Pub)
		plain, err := s.DecryptWithLabel(key, v.Encrypt.Label, v.Encrypt.Context, suite.Ciphertext{KEMOutput: v.Encrypt.KEMOutput, Ciphertext: v.Encrypt.Ciphertext})
		must(t, err)
		want(t, "HPKE plaintext", plain, v.Encrypt.Plaintext)
		c, err := s.EncryptWithLabel(v.Encrypt.Pub, v.Encrypt.Label, v.Encrypt.Context, v.Encrypt.Plaintext)
		must(t, err)
		plain, err = s.DecryptWithLabel(key, v.Encrypt.Label, v.Encrypt.Context, c)
		must(t, err)
		want(t, "HPKE round trip", plain, v.Encrypt.Plaintext)
	})
}

type secretTreeVector struct {
	CipherSuite suite.ID `json:"cipher_suite"`
	SenderData  struct {
		Secret                 unhex `json:"sender_data_secret"`
		Ciphertext, Key, Nonce unhex
	} `json:"sender_data"`
	EncryptionSecret unhex `json:"encryption_secret"`
	Leaves           [][]struct {
		Generation       uint32
		HandshakeKey     unhex `json:"handshake_key"`
		HandshakeNonce   unhex `json:"handshake_nonce"`
		ApplicationKey   unhex `json:"application_key"`
		ApplicationNonce unhex `json:"application_nonce"`
	}
}

func TestVectorsSecretTree(t *testing.T) {
	eachVector(t, "secret-tree*.json", func(v secretTreeVector) suite.ID { return v.CipherSuite }, func(t *testing.T, s suite.Suite, v secretTreeVector) {
		k := senderDataKey(s, v.SenderData.Secret, v.SenderData.Ciphertext)
		want(t, "sender data key", k.key, v.SenderData.Key)
		want(t, "sender data nonce", k.nonce, v.SenderData.Nonce)
		st := newSecretTree(s, tree.LeafCount(len(v.Leaves)), v.EncryptionSecret)
		for leaf, generations := range v.Leaves {
			for _, g := range generations {
				for kind, pair := range [2][2]unhex{{g.HandshakeKey, g.HandshakeNonce}, {g.ApplicationKey, g.ApplicationNonce}} {
					c, err := st.receive(ratchetID{tree.LeafIndex(leaf), ratchetKind(kind)}, g.Generation)
					must(t, err)
					c.keep()
					want(t, "message key", c.key, pair[0])
					want(t, "message nonce", c.nonce, pair[1])
				}
			}
		}
	})
}

type keyScheduleVector struct {
	CipherSuite suite.ID `json:"cipher_suite"`
	GroupID     unhex    `json:"group_id"`
	InitSecret  unhex    `json:"initial_init_secret"`
	Epochs      []struct {
		TreeHash        unhex `json:"tree_hash"`
		CommitSecret    unhex `json:"commit_secret"`
		PSKSecret       unhex `json:"psk_secret"`
		ConfirmedHash   unhex `json:"confirmed_transcript_hash"`
		GroupContext    unhex `json:"group_context"`
		Joiner          unhex `json:"joiner_secret"`
		Welcome         unhex `json:"welcome_secret"`
		Init            unhex `json:"init_secret"`
		SenderData      unhex `json:"sender_data_secret"`
		Encryption      unhex `json:"encryption_secret"`
		ExporterSecret  unhex `json:"exporter_secret"`
		Authenticator   unhex `json:"epoch_authenticator"`
		External        unhex `json:"external_secret"`
		ConfirmationKey unhex `json:"confirmation_key"`
		MembershipKey   unhex `json:"membership_key"`
		Resumption      unhex `json:"resumption_psk"`
		ExternalPub     unhex `json:"external_pub"`
		Exporter        struct {
			Label           string
			Context, Secret unhex
			Length          int
		}
	}
}

func TestVectorsKeySchedule(t *testing.T) {
	eachVector(t, "key-schedule*.json", func(v keyScheduleVector) suite.ID { return v.CipherSuite }, func(t *testing.T, s suite.Suite, v keyScheduleVector) {
		init := []byte(v.InitSecret)
		for i, e := range v.Epochs {
			ctx := message.GroupContext{
				Version: 1, Suite: s.ID(), GroupID: v.GroupID, Epoch: message.Epoch(i),
				TreeHash: e.TreeHash, ConfirmedHash: e.ConfirmedHash,
			}.Bytes()
			want(t, "group context", ctx, e.GroupContext)
			joiner := joinerSecret(s, init, e.CommitSecret, ctx)
			want(t, "joiner", joiner, e.Joiner)
			want(t, "welcome", welcomeSecret(s, joiner, e.PSKSecret), e.Welcome)
			got := deriveEpoch(s, joiner, e.PSKSecret, ctx)
			want(t, "init", got.init, e.Init)
			want(t, "sender data", got.senderData, e.SenderData)
			want(t, "encryption", got.encryption, e.Encryption)
			want(t, "exporter secret", got.exporter, e.ExporterSecret)
			want(t, "authenticator", got.authenticator, e.Authenticator)
			want(t, "external", got.external, e.External)
			want(t, "confirmation", got.confirmation, e.ConfirmationKey)
			want(t, "membership", got.membership, e.MembershipKey)
			want(t, "resumption", got.resumption, e.Resumption)
			pub, err := got.externalKey(s)
			must(t, err)
			want(t, "external public key", pub.Public(), e.ExternalPub)
			out, err := got.export(s, e.Exporter.Label, e.Exporter.Context, e.Exporter.Length)
			must(t, err)
			want(t, "export", out, e.Exporter.Secret)
			init = got.init
		}
	})
}

type pskVector struct {
	CipherSuite suite.ID `json:"cipher_suite"`
	PSKs        []struct {
		ID    unhex `json:"psk_id"`
		PSK   unhex `json:"psk"`
		Nonce unhex `json:"psk_nonce"`
	} `json:"psks"`
	Secret unhex `json:"psk_secret"`
}

func TestVectorsPSKSecret(t *testing.T) {
	eachVector(t, "psk_secret*.json", func(v pskVector) suite.ID { return v.CipherSuite }, func(t *testing.T, s suite.Suite, v pskVector) {
		var store pskStore
		var ids []message.PSKID
		for _, p := range v.PSKs {
			store = store.with(ExternalPSK(p.ID, p.PSK))
			ids = append(ids, message.PSKID{Type: message.PSKExternal, ID: p.ID, Nonce: p.Nonce})
		}
		out, err := store.secret(s, ids)
		must(t, err)
		want(t, "psk secret", out, v.Secret)
	})
}

type transcriptVector struct {
	CipherSuite     suite.ID `json:"cipher_suite"`
	ConfirmationKey unhex    `json:"confirmation_key"`
	Content         unhex    `json:"authenticated_content"`
	InterimBefore   unhex    `json:"interim_transcript_hash_before"`
	Confirmed       unhex    `json:"confirmed_transcript_hash_after"`
	Interim         unhex    `json:"interim_transcript_hash_after"`
}

func TestVectorsTranscriptHashes(t *testing.T) {
	eachVector(t, "transcript-hashes*.json", func(v transcriptVector) suite.ID { return v.CipherSuite }, func(t *testing.T, s suite.Suite, v transcriptVector) {
		r := syntax.NewReader(v.Content)
		ac := message.ReadAuthenticatedContent(r)
		must(t, r.End())
		confirmed := message.ConfirmedTranscriptHash(s, v.InterimBefore, ac)
		want(t, "confirmed", confirmed, v.Confirmed)
		want(t, "interim", message.InterimTranscriptHash(s, confirmed, ac.Auth.ConfirmationTag), v.Interim)
		if !s.VerifyMAC(v.ConfirmationKey, confirmed, ac.Auth.ConfirmationTag) {
			t.Error("confirmation tag does not verify")
		}
	})
}

type protectionVector struct {
	CipherSuite      suite.ID `json:"cipher_suite"`
	GroupID          unhex    `json:"group_id"`
	Epoch            message.Epoch
	TreeHash         unhex `json:"tree_hash"`
	ConfirmedHash    unhex `json:"confirmed_transcript_hash"`
	SignaturePriv    unhex `json:"signature_priv"`
	SignaturePub     unhex `json:"signature_pub"`
	EncryptionSecret unhex `json:"encryption_secret"`
	SenderDataSecret unhex `json:"sender_data_secret"`
	MembershipKey    unhex `json:"membership_key"`
	Proposal         unhex
	ProposalPub      unhex `json:"proposal_pub"`
	ProposalPriv     unhex `json:"proposal_priv"`
	Commit           unhex
	CommitPub        unhex `json:"commit_pub"`
	CommitPriv       unhex `json:"commit_priv"`
	Application      unhex
	ApplicationPriv  unhex `json:"application_priv"`
}

// keys starts a fresh epoch of two members in which leaf 1 sends.
func (v protectionVector) keys(s suite.Suite) *messageKeys {
	ctx := message.GroupContext{Version: 1, Suite: s.ID(), GroupID: v.GroupID, Epoch: v.Epoch, TreeHash: v.TreeHash, ConfirmedHash: v.ConfirmedHash}
	return &messageKeys{
		suite: s, groupID: v.GroupID, epoch: v.Epoch, context: ctx.Bytes(), senderData: v.SenderDataSecret,
		signers: signers{apart: map[tree.LeafIndex][]byte{1: v.SignaturePub}}, secrets: newSecretTree(s, 2, append([]byte(nil), v.EncryptionSecret...)),
	}
}

func TestVectorsMessageProtection(t *testing.T) {
	eachVector(t, "message-protection*.json", func(v protectionVector) suite.ID { return v.CipherSuite }, func(t *testing.T, s suite.Suite, v protectionVector) {
		cases := []struct {
			kind           message.ContentType
			raw, pub, priv []byte
		}{
			{message.ContentProposal, v.Proposal, v.ProposalPub, v.ProposalPriv},
			{message.ContentCommit, v.Commit, v.CommitPub, v.CommitPriv},
			{message.ContentApplication, v.Application, nil, v.ApplicationPriv},
		}
		signer := signerOf(t, s, v.SignaturePriv)
		for _, c := range cases {
			raw := c.raw
			if c.kind == message.ContentApplication {
				raw = syntax.AppendBytes(nil, raw)
			}
			if c.pub != nil {
				checkPublic(t, s, v, c.pub, raw)
			}
			opened, err := openOnce(s, v, c.priv)
			must(t, err)
			want(t, "private content", opened.Content.AppendBody(nil), raw)

			// Our own protection of the same content opens again.
			mine := *opened
			mine.Auth.Signature, err = s.SignWithLabel(signer, message.ContentLabel, mine.TBS(v.keys(s).context))
			must(t, err)
			pm, err := v.keys(s).seal(&mine, 64)
			must(t, err)
			again, err := openOnce(s, v, (&message.Message{Format: message.FormatPrivate, Private: pm}).Bytes())
			must(t, err)
			want(t, "own private content", again.Content.AppendBody(nil), raw)

			mine.WireFormat = message.FormatPublic
			mine.Auth.Signature, err = s.SignWithLabel(signer, message.ContentLabel, mine.TBS(v.keys(s).context))
			must(t, err)
			if c.pub != nil {
				checkPublic(t, s, v, framePublic(s, &mine, v.MembershipKey, v.keys(s).context), raw)
			}
		}
	})
}

func openOnce(s suite.Suite, v protectionVector, msg []byte) (*message.AuthenticatedContent, error) {
	m, err := message.ParseAs(msg, message.FormatPrivate)
	if err != nil {
		return nil, err
	}
	ac, _, err := v.keys(s).open(m.Private, 0)
	return ac, err
}

func checkPublic(t *testing.T, s suite.Suite, v protectionVector, msg, raw []byte) {
	t.Helper()
	m, err := message.ParseAs(msg, message.FormatPublic)
	must(t, err)
	ac, ctx := m.Public.Authenticated(), v.keys(s).context
	want(t, "public content", ac.Content.AppendBody(nil), raw)
	must(t, s.VerifyWithLabel(v.SignaturePub, message.ContentLabel, ac.TBS(ctx), ac.Auth.Signature))
	if !s.VerifyMAC(v.MembershipKey, ac.TBM(ctx), m.Public.MembershipTag) {
		t.Error("membership tag does not verify")
	}
}

type welcomeVector struct {
	CipherSuite suite.ID `json:"cipher_suite"`
	InitPriv    unhex    `json:"init_priv"`
	SignerPub   unhex    `json:"signer_pub"`
	KeyPackage  unhex    `json:"key_package"`
	Welcome     unhex
}

func TestVectorsWelcome(t *testing.T) {
	eachVector(t, "welcome*.json", func(v welcomeVector) suite.ID { return v.CipherSuite }, func(t *testing.T, s suite.Suite, v welcomeVector) {
		m, err := message.ParseAs(v.KeyPackage, message.FormatKeyPackage)
		must(t, err)
		kp := &KeyPackageSecret{Package: m.KeyPackage, Init: hpkeKey(t, s, v.InitPriv)}
		m, err = message.ParseAs(v.Welcome, message.FormatWelcome)
		must(t, err)
		found, sealed := findOwn(m.Welcome, func(ref []byte) *KeyPackageSecret {
			if string(ref) == string(kp.Ref()) {
				return kp
			}
			return nil
		})
		if found == nil {
			t.Fatal("the welcome does not name the key package")
		}
		gs, err := openGroupSecrets(s, kp, sealed, m.Welcome.EncryptedGroupInfo)
		must(t, err)
		none := make([]byte, s.HashSize())
		gi, err := openGroupInfo(s, welcomeSecret(s, gs.joiner, none), m.Welcome.EncryptedGroupInfo)
		must(t, err)
		must(t, gi.Verify(s, v.SignerPub))
		e := deriveEpoch(s, gs.joiner, none, gi.Context.Bytes())
		if !s.VerifyMAC(e.confirmation, gi.Context.ConfirmedHash, gi.ConfirmationTag) {
			t.Error("confirmation tag does not verify")
		}
	})
}

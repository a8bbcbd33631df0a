package message

import (
	"crypto"

	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/syntax"
	"crossband/crypto/mls/tree"
)

// EncryptedSecrets is the part of a Welcome for one new member.
type EncryptedSecrets struct {
	NewMember []byte // reference of the key package
	Secrets   suite.Ciphertext
}

// Welcome lets added members in (RFC 9420 12.4.3.1).
type Welcome struct {
	Suite              suite.ID
	Secrets            []EncryptedSecrets
	EncryptedGroupInfo []byte
}

func (w *Welcome) appendTo(b []byte) []byte {
	b = syntax.AppendUint16(b, uint16(w.Suite))
	b = syntax.AppendVector(b, func(b []byte) []byte {
		for _, s := range w.Secrets {
			b = s.Secrets.AppendTo(syntax.AppendBytes(b, s.NewMember))
		}
		return b
	})
	return syntax.AppendBytes(b, w.EncryptedGroupInfo)
}

func readWelcome(r *syntax.Reader) *Welcome {
	w := &Welcome{Suite: suite.ID(r.Uint16())}
	r.Vector(func(r *syntax.Reader) {
		w.Secrets = append(w.Secrets, EncryptedSecrets{NewMember: r.Bytes(), Secrets: suite.ReadCiphertext(r)})
	})
	w.EncryptedGroupInfo = r.Bytes()
	return w
}

// GroupInfo describes an epoch to joiners (RFC 9420 12.4.3).
type GroupInfo struct {
	Context         GroupContext
	Extensions      tree.Extensions
	ConfirmationTag []byte
	Signer          tree.LeafIndex
	Signature       []byte
}

func (g *GroupInfo) appendUnsigned(b []byte) []byte {
	b = g.Context.AppendTo(b)
	b = g.Extensions.AppendTo(b)
	b = syntax.AppendBytes(b, g.ConfirmationTag)
	return syntax.AppendUint32(b, uint32(g.Signer))
}

// AppendTo appends the encoding of g.
func (g *GroupInfo) AppendTo(b []byte) []byte {
	return syntax.AppendBytes(g.appendUnsigned(b), g.Signature)
}

// ReadGroupInfo decodes a GroupInfo.
func ReadGroupInfo(r *syntax.Reader) *GroupInfo {
	return &GroupInfo{
		Context:         ReadGroupContext(r),
		Extensions:      tree.ReadExtensions(r),
		ConfirmationTag: r.Bytes(),
		Signer:          tree.LeafIndex(r.Uint32()),
		Signature:       r.Bytes(),
	}
}

const groupInfoLabel = "GroupInfoTBS"

// Sign sets the signature.
func (g *GroupInfo) Sign(s suite.Suite, signer crypto.Signer) error {
	sig, err := s.SignWithLabel(signer, groupInfoLabel, g.appendUnsigned(nil))
	g.Signature = sig
	return err
}

// Verify checks the signature with the signer's key.
func (g *GroupInfo) Verify(s suite.Suite, key []byte) error {
	return s.VerifyWithLabel(key, groupInfoLabel, g.appendUnsigned(nil), g.Signature)
}

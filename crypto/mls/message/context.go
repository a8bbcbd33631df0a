// Package message is the wire form of MLS (RFC 9420 6, 12): messages, proposals,
// commits, welcomes, group information, and the transcript hashes over them. It
// decodes and encodes; it holds no key. A PrivateMessage stays a sealed box here.
package message

import (
	"bytes"

	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/syntax"
	"crossband/crypto/mls/tree"
)

// Epoch counts the commits of a group.
type Epoch uint64

// GroupContext is what all members of an epoch agree on (RFC 9420 8.1).
type GroupContext struct {
	Version       uint16
	Suite         suite.ID
	GroupID       []byte
	Epoch         Epoch
	TreeHash      []byte
	ConfirmedHash []byte
	Extensions    tree.Extensions
}

// AppendTo appends the encoding of c.
func (c GroupContext) AppendTo(b []byte) []byte {
	b = syntax.AppendUint16(b, c.Version)
	b = syntax.AppendUint16(b, uint16(c.Suite))
	b = syntax.AppendBytes(b, c.GroupID)
	b = syntax.AppendUint64(b, uint64(c.Epoch))
	b = syntax.AppendBytes(b, c.TreeHash)
	b = syntax.AppendBytes(b, c.ConfirmedHash)
	return c.Extensions.AppendTo(b)
}

// Bytes is the encoding of c, as it enters signatures and the key schedule.
func (c GroupContext) Bytes() []byte { return c.AppendTo(nil) }

// ReadGroupContext decodes a GroupContext.
func ReadGroupContext(r *syntax.Reader) GroupContext {
	return GroupContext{
		Version:       r.Uint16(),
		Suite:         suite.ID(r.Uint16()),
		GroupID:       r.Bytes(),
		Epoch:         Epoch(r.Uint64()),
		TreeHash:      r.Bytes(),
		ConfirmedHash: r.Bytes(),
		Extensions:    tree.ReadExtensions(r),
	}
}

// ConfirmedTranscriptHash covers a commit up to its signature (RFC 9420 8.2).
func ConfirmedTranscriptHash(s suite.Suite, interimBefore []byte, ac *AuthenticatedContent) []byte {
	b := bytes.Clone(interimBefore)
	b = syntax.AppendUint16(b, uint16(ac.WireFormat))
	b = ac.Content.AppendTo(b)
	return s.Hash(syntax.AppendBytes(b, ac.Auth.Signature))
}

// InterimTranscriptHash adds the confirmation tag (RFC 9420 8.2).
func InterimTranscriptHash(s suite.Suite, confirmed, confirmationTag []byte) []byte {
	return s.Hash(syntax.AppendBytes(bytes.Clone(confirmed), confirmationTag))
}

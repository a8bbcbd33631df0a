package message

import (
	"fmt"

	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/syntax"
	"crossband/crypto/mls/tree"
)

// ProposalType says what a proposal asks for (RFC 9420 17.4).
type ProposalType uint16

// The proposal types of RFC 9420. Others cannot be decoded: their length is
// not on the wire.
const (
	TypeAdd          ProposalType = 1
	TypeUpdate       ProposalType = 2
	TypeRemove       ProposalType = 3
	TypePSK          ProposalType = 4
	TypeReInit       ProposalType = 5
	TypeExternalInit ProposalType = 6
	TypeExtensions   ProposalType = 7
)

// Proposal is one wanted change (RFC 9420 12.1).
type Proposal interface {
	Type() ProposalType
	appendBody(b []byte) []byte
}

// Add asks to take in the owner of a key package.
type Add struct{ KeyPackage *tree.KeyPackage }

// Update replaces the sender's own leaf.
type Update struct{ Leaf *tree.LeafNode }

// Remove takes a member out.
type Remove struct{ Leaf tree.LeafIndex }

// PreSharedKey mixes a pre-shared key into the next epoch.
type PreSharedKey struct{ ID PSKID }

// ReInit closes the group in favour of a new one.
type ReInit struct {
	GroupID    []byte
	Version    uint16
	Suite      suite.ID
	Extensions tree.Extensions
}

// ExternalInit carries the secret of an external joiner.
type ExternalInit struct{ KEMOutput []byte }

// SetExtensions replaces all group context extensions.
type SetExtensions struct{ Extensions tree.Extensions }

// Type is TypeAdd.
func (Add) Type() ProposalType { return TypeAdd }

// Type is TypeUpdate.
func (Update) Type() ProposalType { return TypeUpdate }

// Type is TypeRemove.
func (Remove) Type() ProposalType { return TypeRemove }

// Type is TypePSK.
func (PreSharedKey) Type() ProposalType { return TypePSK }

// Type is TypeReInit.
func (ReInit) Type() ProposalType { return TypeReInit }

// Type is TypeExternalInit.
func (ExternalInit) Type() ProposalType { return TypeExternalInit }

// Type is TypeExtensions.
func (SetExtensions) Type() ProposalType { return TypeExtensions }

func (p Add) appendBody(b []byte) []byte           { return p.KeyPackage.AppendTo(b) }
func (p Update) appendBody(b []byte) []byte        { return p.Leaf.AppendTo(b) }
func (p Remove) appendBody(b []byte) []byte        { return syntax.AppendUint32(b, uint32(p.Leaf)) }
func (p PreSharedKey) appendBody(b []byte) []byte  { return p.ID.AppendTo(b) }
func (p ExternalInit) appendBody(b []byte) []byte  { return syntax.AppendBytes(b, p.KEMOutput) }
func (p SetExtensions) appendBody(b []byte) []byte { return p.Extensions.AppendTo(b) }

func (p ReInit) appendBody(b []byte) []byte {
	b = syntax.AppendBytes(b, p.GroupID)
	b = syntax.AppendUint16(b, p.Version)
	b = syntax.AppendUint16(b, uint16(p.Suite))
	return p.Extensions.AppendTo(b)
}

// AppendProposal appends type and body.
func AppendProposal(b []byte, p Proposal) []byte {
	return p.appendBody(syntax.AppendUint16(b, uint16(p.Type())))
}

// ReadProposal decodes type and body.
func ReadProposal(r *syntax.Reader) Proposal {
	return ReadProposalBody(r, ProposalType(r.Uint16()))
}

// ReadProposalBody decodes what follows the type.
func ReadProposalBody(r *syntax.Reader, t ProposalType) Proposal {
	switch t {
	case TypeAdd:
		return Add{tree.ReadKeyPackage(r)}
	case TypeUpdate:
		return Update{tree.ReadLeafNode(r)}
	case TypeRemove:
		return Remove{tree.LeafIndex(r.Uint32())}
	case TypePSK:
		return PreSharedKey{ReadPSKID(r)}
	case TypeReInit:
		return ReInit{GroupID: r.Bytes(), Version: r.Uint16(), Suite: suite.ID(r.Uint16()), Extensions: tree.ReadExtensions(r)}
	case TypeExternalInit:
		return ExternalInit{r.Bytes()}
	case TypeExtensions:
		return SetExtensions{tree.ReadExtensions(r)}
	}
	r.Fail(fmt.Errorf("%w: %d", ErrUnknownProposal, t))
	return nil
}

// AppendProposalBody appends what follows the type.
func AppendProposalBody(b []byte, p Proposal) []byte { return p.appendBody(b) }

// PSKType says where a pre-shared key comes from (RFC 9420 8.4).
type PSKType uint8

// The PSK types.
const (
	PSKExternal   PSKType = 1
	PSKResumption PSKType = 2
)

// PSKUsage says what a resumption PSK is for.
type PSKUsage uint8

// The usages.
const (
	UsageApplication PSKUsage = 1
	UsageReInit      PSKUsage = 2
	UsageBranch      PSKUsage = 3
)

// PSKID names a pre-shared key (RFC 9420 8.4).
type PSKID struct {
	Type    PSKType
	ID      []byte   // PSKExternal
	Usage   PSKUsage // PSKResumption
	GroupID []byte   // PSKResumption
	Epoch   Epoch    // PSKResumption
	Nonce   []byte
}

// AppendTo appends the encoding of p.
func (p PSKID) AppendTo(b []byte) []byte {
	b = append(b, byte(p.Type))
	if p.Type == PSKExternal {
		b = syntax.AppendBytes(b, p.ID)
	} else {
		b = append(b, byte(p.Usage))
		b = syntax.AppendBytes(b, p.GroupID)
		b = syntax.AppendUint64(b, uint64(p.Epoch))
	}
	return syntax.AppendBytes(b, p.Nonce)
}

// ReadPSKID decodes a PSKID.
func ReadPSKID(r *syntax.Reader) PSKID {
	p := PSKID{Type: PSKType(r.Uint8())}
	switch p.Type {
	case PSKExternal:
		p.ID = r.Bytes()
	case PSKResumption:
		p.Usage = PSKUsage(r.Uint8())
		if p.Usage < UsageApplication || p.Usage > UsageBranch {
			r.Refuse("resumption PSK usage", uint64(p.Usage))
		}
		p.GroupID = r.Bytes()
		p.Epoch = Epoch(r.Uint64())
	default:
		r.Refuse("PSK type", uint64(p.Type))
	}
	p.Nonce = r.Bytes()
	return p
}

package message

import (
	"fmt"

	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/syntax"
	"crossband/crypto/mls/tree"
)

// ContentType says what a framed message carries (RFC 9420 6).
type ContentType uint8

// The content types.
const (
	ContentApplication ContentType = 1
	ContentProposal    ContentType = 2
	ContentCommit      ContentType = 3
)

// SenderType says who framed a message (RFC 9420 6).
type SenderType uint8

// The sender types.
const (
	SenderMember            SenderType = 1
	SenderExternal          SenderType = 2
	SenderNewMemberProposal SenderType = 3
	SenderNewMemberCommit   SenderType = 4
)

// Sender is who framed a message. Leaf is set for members, Index for senders
// listed in the external_senders extension.
type Sender struct {
	Type  SenderType
	Leaf  tree.LeafIndex
	Index uint32
}

// Member is the sender at leaf l.
func Member(l tree.LeafIndex) Sender { return Sender{Type: SenderMember, Leaf: l} }

func (s Sender) appendTo(b []byte) []byte {
	b = append(b, byte(s.Type))
	switch s.Type {
	case SenderMember:
		return syntax.AppendUint32(b, uint32(s.Leaf))
	case SenderExternal:
		return syntax.AppendUint32(b, s.Index)
	}
	return b
}

func readSender(r *syntax.Reader) Sender {
	s := Sender{Type: SenderType(r.Uint8())}
	switch s.Type {
	case SenderMember:
		s.Leaf = tree.LeafIndex(r.Uint32())
	case SenderExternal:
		s.Index = r.Uint32()
	case SenderNewMemberProposal, SenderNewMemberCommit:
	default:
		r.Fail(fmt.Errorf("%w: %d", ErrUnknownSender, s.Type))
	}
	return s
}

// Content is FramedContent (RFC 9420 6). Exactly the field that Type names is set.
type Content struct {
	GroupID     []byte
	Epoch       Epoch
	Sender      Sender
	AAD         []byte
	Type        ContentType
	Application []byte
	Proposal    Proposal
	Commit      *Commit
}

// AppendBody appends what is particular to the content type.
func (c *Content) AppendBody(b []byte) []byte {
	switch c.Type {
	case ContentApplication:
		return syntax.AppendBytes(b, c.Application)
	case ContentProposal:
		return AppendProposal(b, c.Proposal)
	case ContentCommit:
		return c.Commit.AppendTo(b)
	}
	return b
}

// ReadBody decodes what is particular to c.Type.
func (c *Content) ReadBody(r *syntax.Reader) {
	switch c.Type {
	case ContentApplication:
		c.Application = r.Bytes()
	case ContentProposal:
		c.Proposal = ReadProposal(r)
	case ContentCommit:
		c.Commit = ReadCommit(r)
	default:
		r.Fail(fmt.Errorf("%w: %d", ErrUnknownContent, c.Type))
	}
}

// AppendTo appends the encoding of c.
func (c *Content) AppendTo(b []byte) []byte {
	b = syntax.AppendBytes(b, c.GroupID)
	b = syntax.AppendUint64(b, uint64(c.Epoch))
	b = c.Sender.appendTo(b)
	b = syntax.AppendBytes(b, c.AAD)
	return c.AppendBody(append(b, byte(c.Type)))
}

func readContent(r *syntax.Reader) Content {
	c := Content{
		GroupID: r.Bytes(),
		Epoch:   Epoch(r.Uint64()),
		Sender:  readSender(r),
		AAD:     r.Bytes(),
		Type:    ContentType(r.Uint8()),
	}
	c.ReadBody(r)
	return c
}

// Auth is FramedContentAuthData: a signature, and for commits the confirmation tag.
type Auth struct {
	Signature       []byte
	ConfirmationTag []byte
}

// AppendTo appends the encoding of a for content of type t.
func (a Auth) AppendTo(b []byte, t ContentType) []byte {
	b = syntax.AppendBytes(b, a.Signature)
	if t == ContentCommit {
		b = syntax.AppendBytes(b, a.ConfirmationTag)
	}
	return b
}

// ReadAuth decodes Auth for content of type t.
func ReadAuth(r *syntax.Reader, t ContentType) Auth {
	a := Auth{Signature: r.Bytes()}
	if t == ContentCommit {
		a.ConfirmationTag = r.Bytes()
	}
	return a
}

// AuthenticatedContent is content with the proof of who said it (RFC 9420 6).
type AuthenticatedContent struct {
	WireFormat WireFormat
	Content    Content
	Auth       Auth
}

// AppendTo appends the encoding of a.
func (a *AuthenticatedContent) AppendTo(b []byte) []byte {
	b = syntax.AppendUint16(b, uint16(a.WireFormat))
	b = a.Content.AppendTo(b)
	return a.Auth.AppendTo(b, a.Content.Type)
}

// ReadAuthenticatedContent decodes an AuthenticatedContent.
func ReadAuthenticatedContent(r *syntax.Reader) *AuthenticatedContent {
	a := &AuthenticatedContent{WireFormat: WireFormat(r.Uint16()), Content: readContent(r)}
	a.Auth = ReadAuth(r, a.Content.Type)
	return a
}

// ContentLabel is the label under which framed content is signed (RFC 9420 6.1).
const ContentLabel = "FramedContentTBS"

// TBS is FramedContentTBS: what the signature covers (RFC 9420 6.1). Members
// and external joiners also sign the group context.
func (a *AuthenticatedContent) TBS(groupContext []byte) []byte {
	b := syntax.AppendUint16(nil, tree.Version)
	b = syntax.AppendUint16(b, uint16(a.WireFormat))
	b = a.Content.AppendTo(b)
	switch a.Content.Sender.Type {
	case SenderMember, SenderNewMemberCommit:
		b = append(b, groupContext...)
	}
	return b
}

// TBM is AuthenticatedContentTBM: what the membership tag covers (RFC 9420 6.2).
func (a *AuthenticatedContent) TBM(groupContext []byte) []byte {
	return a.Auth.AppendTo(a.TBS(groupContext), a.Content.Type)
}

// Ref is the name by which a commit refers to a proposal (RFC 9420 5.2).
func (a *AuthenticatedContent) Ref(s suite.Suite) []byte {
	return s.RefHash("MLS 1.0 Proposal Reference", a.AppendTo(nil))
}

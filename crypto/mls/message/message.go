package message

import (
	"bytes"
	"fmt"

	"crossband/crypto/mls/syntax"
	"crossband/crypto/mls/tree"
)

// WireFormat says what an MLSMessage holds (RFC 9420 17.2).
type WireFormat uint16

// The wire formats.
const (
	FormatPublic     WireFormat = 1
	FormatPrivate    WireFormat = 2
	FormatWelcome    WireFormat = 3
	FormatGroupInfo  WireFormat = 4
	FormatKeyPackage WireFormat = 5
)

// Message is MLSMessage (RFC 9420 6). Exactly the field that Format names is set.
type Message struct {
	Format     WireFormat
	Public     *PublicMessage
	Private    *PrivateMessage
	Welcome    *Welcome
	GroupInfo  *GroupInfo
	KeyPackage *tree.KeyPackage
}

// PublicMessage is signed but readable content (RFC 9420 6.2).
type PublicMessage struct {
	Content       Content
	Auth          Auth
	MembershipTag []byte // from members only
}

// Authenticated is the content in the form that signatures and hashes take.
func (p *PublicMessage) Authenticated() *AuthenticatedContent {
	return &AuthenticatedContent{WireFormat: FormatPublic, Content: p.Content, Auth: p.Auth}
}

func (p *PublicMessage) appendTo(b []byte) []byte {
	b = p.Content.AppendTo(b)
	b = p.Auth.AppendTo(b, p.Content.Type)
	if p.Content.Sender.Type == SenderMember {
		b = syntax.AppendBytes(b, p.MembershipTag)
	}
	return b
}

func readPublic(r *syntax.Reader) *PublicMessage {
	p := &PublicMessage{Content: readContent(r)}
	p.Auth = ReadAuth(r, p.Content.Type)
	if p.Content.Sender.Type == SenderMember {
		p.MembershipTag = r.Bytes()
	}
	return p
}

// PrivateMessage is content sealed to the group (RFC 9420 6.3).
type PrivateMessage struct {
	GroupID    []byte
	Epoch      Epoch
	Type       ContentType
	AAD        []byte
	SenderData []byte
	Ciphertext []byte
}

func (p *PrivateMessage) appendTo(b []byte) []byte {
	b = p.AppendAAD(b)
	b = syntax.AppendBytes(b, p.SenderData)
	return syntax.AppendBytes(b, p.Ciphertext)
}

// AppendAAD appends PrivateContentAAD, which is also how the message begins.
func (p *PrivateMessage) AppendAAD(b []byte) []byte {
	return syntax.AppendBytes(p.AppendSenderDataAAD(b), p.AAD)
}

// AppendSenderDataAAD appends SenderDataAAD (RFC 9420 6.3.2).
func (p *PrivateMessage) AppendSenderDataAAD(b []byte) []byte {
	b = syntax.AppendBytes(b, p.GroupID)
	b = syntax.AppendUint64(b, uint64(p.Epoch))
	return append(b, byte(p.Type))
}

func readPrivate(r *syntax.Reader) *PrivateMessage {
	p := &PrivateMessage{GroupID: r.Bytes(), Epoch: Epoch(r.Uint64()), Type: ContentType(r.Uint8())}
	if p.Type < ContentApplication || p.Type > ContentCommit {
		r.Fail(fmt.Errorf("%w: %d", ErrUnknownContent, p.Type))
	}
	p.AAD, p.SenderData, p.Ciphertext = r.Bytes(), r.Bytes(), r.Bytes()
	return p
}

// AppendTo appends the encoding of m.
func (m *Message) AppendTo(b []byte) []byte {
	b = syntax.AppendUint16(b, tree.Version)
	b = syntax.AppendUint16(b, uint16(m.Format))
	switch m.Format {
	case FormatPublic:
		return m.Public.appendTo(b)
	case FormatPrivate:
		return m.Private.appendTo(b)
	case FormatWelcome:
		return m.Welcome.appendTo(b)
	case FormatGroupInfo:
		return m.GroupInfo.AppendTo(b)
	case FormatKeyPackage:
		return m.KeyPackage.AppendTo(b)
	}
	return b
}

// Bytes is the encoding of m.
func (m *Message) Bytes() []byte { return m.AppendTo(nil) }

// Parse decodes one MLSMessage and nothing after it.
func Parse(b []byte) (*Message, error) {
	r := syntax.NewReader(bytes.Clone(b))
	if v := r.Uint16(); r.Err() == nil && v != tree.Version {
		return nil, fmt.Errorf("%w: %d", ErrVersion, v)
	}
	m := &Message{Format: WireFormat(r.Uint16())}
	switch m.Format {
	case FormatPublic:
		m.Public = readPublic(r)
	case FormatPrivate:
		m.Private = readPrivate(r)
	case FormatWelcome:
		m.Welcome = readWelcome(r)
	case FormatGroupInfo:
		m.GroupInfo = ReadGroupInfo(r)
	case FormatKeyPackage:
		m.KeyPackage = tree.ReadKeyPackage(r)
	default:
		r.Fail(fmt.Errorf("%w: %d", ErrWireFormat, m.Format))
	}
	if err := r.End(); err != nil {
		return nil, err
	}
	return m, nil
}

// ParseAs decodes an MLSMessage of one format and refuses others.
func ParseAs(b []byte, f WireFormat) (*Message, error) {
	m, err := Parse(b)
	if err != nil {
		return nil, err
	}
	if m.Format != f {
		return nil, fmt.Errorf("%w: wire format %d, wanted %d", ErrNotThisKind, m.Format, f)
	}
	return m, nil
}

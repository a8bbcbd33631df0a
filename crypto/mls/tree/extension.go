package tree

import (
	"bytes"
	"fmt"
	"slices"

	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/syntax"
)

// ExtensionType names an extension (RFC 9420 17.3).
type ExtensionType uint16

// The extensions known here.
const (
	ExtensionApplicationID        ExtensionType = 0x0001 // leaf
	ExtensionRatchetTree          ExtensionType = 0x0002 // group info
	ExtensionRequiredCapabilities ExtensionType = 0x0003 // group context
	ExtensionExternalPub          ExtensionType = 0x0004 // group info
	ExtensionExternalSenders      ExtensionType = 0x0005 // group context
	ExtensionLastResort           ExtensionType = 0x000a // key package: may be used more than once
	ExtensionCharter              ExtensionType = 0xf0c5 // group context, private use: the signed charter, opaque here
)

// implied reports whether every member supports t without saying so (RFC 9420 7.2).
func (t ExtensionType) implied() bool { return t >= 1 && t <= 5 }

// Extension is one typed value (RFC 9420 13).
type Extension struct {
	Type ExtensionType
	Data []byte
}

// Extensions is a list in which each type stands at most once.
type Extensions []Extension

// Find returns the data of the extension of type t.
func (e Extensions) Find(t ExtensionType) (data []byte, ok bool) {
	for _, x := range e {
		if x.Type == t {
			return x.Data, true
		}
	}
	return nil, false
}

// With returns a copy in which t has data.
func (e Extensions) With(t ExtensionType, data []byte) Extensions {
	out := slices.Clone(e)
	for i := range out {
		if out[i].Type == t {
			out[i].Data = data
			return out
		}
	}
	return append(out, Extension{Type: t, Data: data})
}

// Equal reports whether both lists encode alike.
func (e Extensions) Equal(o Extensions) bool { return bytes.Equal(e.AppendTo(nil), o.AppendTo(nil)) }

// AppendTo appends the encoding of e.
func (e Extensions) AppendTo(b []byte) []byte {
	return syntax.AppendVector(b, func(b []byte) []byte {
		for _, x := range e {
			b = syntax.AppendBytes(syntax.AppendUint16(b, uint16(x.Type)), x.Data)
		}
		return b
	})
}

// ReadExtensions decodes a list.
func ReadExtensions(r *syntax.Reader) Extensions {
	var e Extensions
	r.Vector(func(r *syntax.Reader) {
		e = append(e, Extension{Type: ExtensionType(r.Uint16()), Data: r.Bytes()})
	})
	return e
}

// check enforces RFC 9420 13: no type twice.
func (e Extensions) check() error {
	for i, x := range e {
		for _, y := range e[:i] {
			if x.Type == y.Type {
				return fmt.Errorf("%w: extension %#04x stands twice", ErrExtension, uint16(x.Type))
			}
		}
	}
	return nil
}

// Capabilities is what a member can do (RFC 9420 7.2).
type Capabilities struct {
	Versions    []uint16
	Suites      []suite.ID
	Extensions  []ExtensionType
	Proposals   []uint16
	Credentials []CredentialType
}

// DefaultCapabilities is what this implementation can do.
func DefaultCapabilities() Capabilities {
	return Capabilities{
		Versions:    []uint16{1},
		Suites:      suite.Supported(),
		Extensions:  []ExtensionType{ExtensionCharter, ExtensionLastResort},
		Credentials: []CredentialType{CredentialX509, CredentialBasic},
	}
}

func appendU16s[T ~uint16](b []byte, list []T) []byte {
	b = syntax.AppendLength(b, 2*len(list))
	for _, v := range list {
		b = syntax.AppendUint16(b, uint16(v))
	}
	return b
}

func readU16s[T ~uint16](r *syntax.Reader) []T {
	var list []T
	r.Vector(func(r *syntax.Reader) { list = append(list, T(r.Uint16())) })
	return list
}

// AppendTo appends the encoding of c.
func (c Capabilities) AppendTo(b []byte) []byte {
	b = appendU16s(b, c.Versions)
	b = appendU16s(b, c.Suites)
	b = appendU16s(b, c.Extensions)
	b = appendU16s(b, c.Proposals)
	return appendU16s(b, c.Credentials)
}

// ReadCapabilities decodes Capabilities.
func ReadCapabilities(r *syntax.Reader) Capabilities {
	return Capabilities{
		Versions:    readU16s[uint16](r),
		Suites:      readU16s[suite.ID](r),
		Extensions:  readU16s[ExtensionType](r),
		Proposals:   readU16s[uint16](r),
		Credentials: readU16s[CredentialType](r),
	}
}

// supports reports whether a member with c understands extension t.
func (c Capabilities) supports(t ExtensionType) bool {
	return t.implied() || slices.Contains(c.Extensions, t)
}

// RequiredCapabilities is the group context extension of the same name (RFC 9420 11.1).
type RequiredCapabilities struct {
	Extensions  []ExtensionType
	Proposals   []uint16
	Credentials []CredentialType
}

// AppendTo appends the encoding of q.
func (q RequiredCapabilities) AppendTo(b []byte) []byte {
	b = appendU16s(b, q.Extensions)
	b = appendU16s(b, q.Proposals)
	return appendU16s(b, q.Credentials)
}

// Required reads the required capabilities; ok is false if there are none.
func (e Extensions) Required() (q RequiredCapabilities, ok bool, err error) {
	data, ok := e.Find(ExtensionRequiredCapabilities)
	if !ok {
		return q, false, nil
	}
	r := syntax.NewReader(data)
	q = RequiredCapabilities{
		Extensions:  readU16s[ExtensionType](r),
		Proposals:   readU16s[uint16](r),
		Credentials: readU16s[CredentialType](r),
	}
	if err := r.End(); err != nil {
		return q, false, fmt.Errorf("%w: required_capabilities: %v", ErrExtension, err)
	}
	return q, true, nil
}

// met reports the first thing that q asks for and c does not offer.
func (q RequiredCapabilities) met(c Capabilities) error {
	for _, t := range q.Extensions {
		if !c.supports(t) {
			return fmt.Errorf("%w: extension %#04x is required by the group", ErrCapabilities, uint16(t))
		}
	}
	for _, p := range q.Proposals {
		if !(p >= 1 && p <= 7) && !slices.Contains(c.Proposals, p) {
			return fmt.Errorf("%w: proposal type %d is required by the group", ErrCapabilities, p)
		}
	}
	for _, t := range q.Credentials {
		if !slices.Contains(c.Credentials, t) {
			return fmt.Errorf("%w: credential type %d is required by the group", ErrCapabilities, t)
		}
	}
	return nil
}

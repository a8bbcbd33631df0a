package notice

import (
	"bytes"
	"encoding/base64"
	"slices"
	"time"

	"crossband/crypto/identity"
	"crossband/proto"
)

// Contexts separate these signatures from every other.
const (
	contextNotice = "crossband change notice 1"
	contextAnswer = "crossband notice answer 1"
)

// signatureLine begins the last line of a signed text.
const signatureLine = "signature: "

// Sign completes a notice (agency, time of issue) and signs it.
func Sign(id *identity.Identity, n proto.Notice, now time.Time) (signed []byte, done proto.Notice, err error) {
	n.Agency, n.Issued = id.Name.Agency, now.UTC().Truncate(time.Second)
	n.To = slices.Sorted(slices.Values(n.To))
	n.Begins, n.Ends = n.Begins.UTC(), n.Ends.UTC()
	if err := n.Validate(); err != nil {
		return nil, n, err
	}
	text := Write(&n)
	if done, err = Read(text); err != nil {
		return nil, n, err
	}
	signed, err = sign(id, contextNotice, text)
	return signed, done, err
}

// SignAnswer completes an answer (agency, time) and signs it.
func SignAnswer(id *identity.Identity, a proto.NoticeAnswer, now time.Time) ([]byte, proto.NoticeAnswer, error) {
	a.By, a.Issued = id.Name.Agency, now.UTC().Truncate(time.Second)
	text := WriteAnswer(&a)
	a, err := ReadAnswer(text)
	if err != nil {
		return nil, a, err
	}
	signed, err := sign(id, contextAnswer, text)
	return signed, a, err
}

func sign(id *identity.Identity, context string, text []byte) ([]byte, error) {
	if id.Name.Role != proto.RoleAuthority {
		return nil, proto.Refusef(proto.ReasonNotice, "%s may not sign: an agency's authority does", id.Name)
	}
	s, err := id.Sign(context, text)
	if err != nil {
		return nil, err
	}
	s.Payload = nil // it is above
	signed := append(slices.Clone(text), signatureLine...)
	signed = base64.StdEncoding.AppendEncode(signed, s.Encode())
	if signed = append(signed, '\n'); len(signed) > proto.MaxNotice {
		return nil, proto.Refusef(proto.ReasonTooLarge, "signed it has %d octets, limit %d", len(signed), proto.MaxNotice)
	}
	return signed, nil
}

// split parts a signed text from its signature, which is not judged.
func split(signed []byte) (text []byte, s identity.Signed, err error) {
	if len(signed) > proto.MaxNotice {
		return nil, s, proto.Refusef(proto.ReasonTooLarge, "%d octets, limit %d", len(signed), proto.MaxNotice)
	}
	body, ended := bytes.CutSuffix(signed, []byte("\n"))
	at := bytes.LastIndexByte(body, '\n') + 1
	last, named := bytes.CutPrefix(body[at:], []byte(signatureLine))
	if !ended || !named {
		return nil, s, bad("the last line is no signature")
	}
	octets, err := base64.StdEncoding.Strict().DecodeString(string(last))
	if err != nil || base64.StdEncoding.EncodeToString(octets) != string(last) {
		return nil, s, bad("the signature is not in base64")
	}
	if s, err = identity.ParseSigned(octets); err != nil {
		return nil, s, err
	}
	if len(s.Payload) != 0 {
		return nil, s, bad("the signature carries a text of its own")
	}
	return signed[:at], s, nil
}

package agreement

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"crossband/crypto/identity"
	"crossband/proto"
)

// Marker is the line that ends the signed text. Below it stand the signatures,
// each a comment: agency, time, and in base64 the signer's certificates with the
// signature.
const Marker = "# ---- signatures of everything above this line ----\n"

// context separates the signature of an agreement from every other.
const context = "crossband agreement 1"

// File is an agreement with the signatures that it has so far.
type File struct {
	Text       []byte // exactly what is signed
	Agreement  proto.Agreement
	Signatures []Signature // in the order of the agreement's signers
}

// Signature is one agency's. What it holds has been judged only by Judge.
type Signature struct {
	Agency proto.Agency
	At     time.Time // by the signer's clock; signed too
	envelope
}

// envelope is an identity.Signed without its payload.
type envelope struct{ octets []byte }

// Parse reads an agreement with or without signatures. A signature of who need not
// sign is refused, as is a second one of the same agency. No signature is judged.
func Parse(octets []byte) (File, error) {
	if len(octets) > proto.MaxDocument {
		return File{}, proto.Refusef(proto.ReasonTooLarge, "agreement of %d octets, limit %d", len(octets), proto.MaxDocument)
	}
	f := File{Text: octets}
	var rest string
	if i := bytes.Index(octets, []byte("\n"+Marker)); i >= 0 {
		f.Text, rest = octets[:i+1], string(octets[i+1+len(Marker):])
	}
	var err error
	if f.Agreement, err = ParseText(f.Text); err != nil {
		return File{}, err
	}
	for line := range strings.Lines(rest) {
		s, err := parseSignature(line)
		if err != nil {
			return File{}, err
		}
		f.Signatures = append(f.Signatures, s)
	}
	order := f.Agreement.Signers()
	for i, s := range f.Signatures {
		at := slices.Index(order, s.Agency)
		if at < 0 {
			return File{}, proto.Refusef(proto.ReasonAgreement, "%s signed, who is neither party nor observer", s.Agency)
		}
		if i > 0 && slices.Index(order, f.Signatures[i-1].Agency) >= at {
			return File{}, bad("the signature of %s stands twice, or in the wrong place", s.Agency)
		}
	}
	return f, nil
}

// parseSignature reads one line in its one form.
func parseSignature(line string) (Signature, error) {
	words := strings.Split(strings.TrimSuffix(line, "\n"), " ")
	if len(words) != 4 || words[0] != "#" || !strings.HasSuffix(line, "\n") {
		return Signature{}, bad("a line below the marker is no signature: %.60q", line)
	}
	a, err := proto.ParseAgency(words[1])
	if err != nil {
		return Signature{}, within("signature", err)
	}
	at, err := time.Parse(time.RFC3339, words[2])
	if err != nil || at.UTC().Format(time.RFC3339) != words[2] {
		return Signature{}, bad("signature of %s: time %.40q", a, words[2])
	}
	octets, err := base64.StdEncoding.Strict().DecodeString(words[3])
	if err != nil {
		return Signature{}, bad("signature of %s: %v", a, err)
	}
	if s, err := identity.ParseSigned(octets); err != nil || len(s.Payload) != 0 {
		return Signature{}, bad("signature of %s: not certificates and a signature", a)
	}
	return Signature{a, at, envelope{octets}}, nil
}

// Encode returns the file's one form.
func (f *File) Encode() []byte {
	if len(f.Signatures) == 0 {
		return f.Text
	}
	b := append(slices.Clone(f.Text), Marker...)
	for _, s := range f.Signatures {
		b = fmt.Appendf(b, "# %s %s %s\n", s.Agency, s.At.UTC().Format(time.RFC3339), base64.StdEncoding.EncodeToString(s.octets))
	}
	return b
}

// Missing lists the agencies that have yet to sign.
func (f *File) Missing() []proto.Agency {
	return slices.DeleteFunc(f.Agreement.Signers(), func(a proto.Agency) bool {
		return slices.ContainsFunc(f.Signatures, func(s Signature) bool { return s.Agency == a })
	})
}

// Sign returns the file with one more signature: that of the agency whose authority
// id is. A signature that it gave before is replaced.
func (f *File) Sign(id *identity.Identity, now time.Time) (File, error) {
	agency, order := id.Name.Agency, f.Agreement.Signers()
	switch {
	case id.Name.Role != proto.RoleAuthority:
		return File{}, proto.Refusef(proto.ReasonAgreement, "%s may not sign: an agency's authority does", id.Name)
	case !slices.Contains(order, agency):
		return File{}, proto.Refusef(proto.ReasonAgreement, "%s is neither party nor observer of %q", agency, f.Agreement.Title)
	case !now.Before(f.Agreement.Ends):
		return File{}, f.Agreement.Check(now)
	case len(f.Text) == 0 || f.Text[len(f.Text)-1] != '\n':
		return File{}, bad("the text's last line has no end")
	}
	at := now.UTC().Truncate(time.Second)
	s, err := id.Sign(context, payload(agency, at, f.Text))
	if err != nil {
		return File{}, err
	}
	s.Payload = nil
	next := File{Text: f.Text, Agreement: f.Agreement}
	next.Signatures = slices.DeleteFunc(slices.Clone(f.Signatures), func(o Signature) bool { return o.Agency == agency })
	next.Signatures = append(next.Signatures, Signature{agency, at, envelope{s.Encode()}})
	slices.SortFunc(next.Signatures, func(a, b Signature) int {
		return slices.Index(order, a.Agency) - slices.Index(order, b.Agency)
	})
	return next, nil
}

// payload is what one agency signs: itself, when, and the whole text.
func payload(a proto.Agency, at time.Time, text []byte) []byte {
	return append(fmt.Appendf(nil, "%s %s\n", a, at.UTC().Format(time.RFC3339)), text...)
}

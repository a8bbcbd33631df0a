package identity

import (
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	encasn1 "encoding/asn1"

	"crossband/proto"
)

// claimedName reads the one identity that a certificate claims from its DER,
// before anything is verified and before crypto/x509 sees it: net/url would
// normalise what must be refused ("SPIFFE:", percent escapes).
func claimedName(der []byte) (proto.Name, error) {
	names, ok := subjectNames(der)
	if !ok {
		return proto.Name{}, refuse(Malformed, "the certificate is not in DER form")
	}
	var uris []string
	for _, n := range names {
		if n.tag == tagURI {
			uris = append(uris, n.value)
		}
	}
	if len(uris) == 0 {
		return proto.Name{}, refuse(NoIdentity, "the certificate has no identity URI; a common name or host name is not an identity")
	}
	if len(names) != 1 {
		return proto.Name{}, refuse(ManyIdentities, "the certificate has %d subject alternative names, exactly one is allowed", len(names))
	}
	name, err := proto.ParseName(uris[0])
	if err != nil {
		return proto.Name{}, refuse(BadName, "identity in the certificate: %v", err)
	}
	return name, nil
}

// tagURI is uniformResourceIdentifier in GeneralName, RFC 5280 section 4.2.1.6.
const tagURI = asn1.Tag(6 | 0x80)

type generalName struct {
	tag   asn1.Tag
	value string
}

// subjectNames returns all subject alternative names of a certificate, over
// every extension of that type, and false if the DER does not hold together.
func subjectNames(der []byte) ([]generalName, bool) {
	in := cryptobyte.String(der)
	var cert, body, wrapper, exts cryptobyte.String
	if !in.ReadASN1(&cert, asn1.SEQUENCE) || !in.Empty() || !cert.ReadASN1(&body, asn1.SEQUENCE) {
		return nil, false
	}
	ctx := func(n uint8) asn1.Tag { return asn1.Tag(n).ContextSpecific() }
	var present bool
	ok := body.SkipOptionalASN1(ctx(0).Constructed()) && // version
		body.SkipASN1(asn1.INTEGER) && // serial number
		body.SkipASN1(asn1.SEQUENCE) && // signature algorithm
		body.SkipASN1(asn1.SEQUENCE) && // issuer
		body.SkipASN1(asn1.SEQUENCE) && // validity
		body.SkipASN1(asn1.SEQUENCE) && // subject
		body.SkipASN1(asn1.SEQUENCE) && // public key
		body.SkipOptionalASN1(ctx(1)) && body.SkipOptionalASN1(ctx(2)) && // unique ids
		body.ReadOptionalASN1(&wrapper, &present, ctx(3).Constructed())
	if !ok || !present {
		return nil, ok
	}
	if !wrapper.ReadASN1(&exts, asn1.SEQUENCE) {
		return nil, false
	}
	var all []generalName
	for !exts.Empty() {
		var ext, value cryptobyte.String
		var oid encasn1.ObjectIdentifier
		if !exts.ReadASN1(&ext, asn1.SEQUENCE) || !ext.ReadASN1ObjectIdentifier(&oid) ||
			!ext.SkipOptionalASN1(asn1.BOOLEAN) || !ext.ReadASN1(&value, asn1.OCTET_STRING) {
			return nil, false
		}
		if !oid.Equal(encasn1.ObjectIdentifier{2, 5, 29, 17}) {
			continue
		}
		names, ok := generalNames(value)
		if !ok {
			return nil, false
		}
		all = append(all, names...)
	}
	return all, true
}

func generalNames(value cryptobyte.String) ([]generalName, bool) {
	var seq cryptobyte.String
	if !value.ReadASN1(&seq, asn1.SEQUENCE) || !value.Empty() {
		return nil, false
	}
	var names []generalName
	for !seq.Empty() {
		var v cryptobyte.String
		var tag asn1.Tag
		if !seq.ReadAnyASN1(&v, &tag) {
			return nil, false
		}
		names = append(names, generalName{tag, string(v)})
	}
	return names, true
}

package mls

import (
	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/syntax"
)

// epochSecrets is what the key schedule gives for one epoch (RFC 9420 8). The
// encryption and sender data secrets are not kept here: messageKeys owns them.
type epochSecrets struct {
	init          []byte // enters the next epoch
	exporter      []byte
	external      []byte // seed of the key for external joins
	confirmation  []byte
	membership    []byte
	resumption    []byte
	authenticator []byte

	// Handed over to messageKeys and nil afterwards.
	encryption []byte
	senderData []byte
}

// joinerSecret is what a Welcome carries (RFC 9420 8).
func joinerSecret(s suite.Suite, initSecret, commitSecret, groupContext []byte) []byte {
	return s.Derive(s.Extract(initSecret, commitSecret), "joiner", groupContext, s.HashSize())
}

// memberSecret mixes the pre-shared keys in.
func memberSecret(s suite.Suite, joiner, pskSecret []byte) []byte {
	return s.Extract(joiner, pskSecret)
}

// welcomeSecret seals the group information in a Welcome.
func welcomeSecret(s suite.Suite, joiner, pskSecret []byte) []byte {
	return s.DeriveSecret(memberSecret(s, joiner, pskSecret), "welcome")
}

// deriveEpoch runs the key schedule from the joiner secret down.
func deriveEpoch(s suite.Suite, joiner, pskSecret, groupContext []byte) epochSecrets {
	epoch := s.Derive(memberSecret(s, joiner, pskSecret), "epoch", groupContext, s.HashSize())
	return expandEpoch(s, epoch)
}

// expandEpoch derives the secrets that stand below the epoch secret (table 4).
func expandEpoch(s suite.Suite, epochSecret []byte) epochSecrets {
	return epochSecrets{
		init:          s.DeriveSecret(epochSecret, "init"),
		exporter:      s.DeriveSecret(epochSecret, "exporter"),
		external:      s.DeriveSecret(epochSecret, "external"),
		confirmation:  s.DeriveSecret(epochSecret, "confirm"),
		membership:    s.DeriveSecret(epochSecret, "membership"),
		resumption:    s.DeriveSecret(epochSecret, "resumption"),
		authenticator: s.DeriveSecret(epochSecret, "authentication"),
		encryption:    s.DeriveSecret(epochSecret, "encryption"),
		senderData:    s.DeriveSecret(epochSecret, "sender data"),
	}
}

// export is MLS-Exporter (RFC 9420 8.5).
func (e *epochSecrets) export(s suite.Suite, label string, context []byte, length int) ([]byte, error) {
	return s.ExpandWithLabel(s.DeriveSecret(e.exporter, label), "exported", s.Hash(context), length)
}

// externalKey is the key pair for external joins (RFC 9420 8.3).
func (e *epochSecrets) externalKey(s suite.Suite) (*suite.PrivateKey, error) {
	return s.DeriveKeyPair(e.external)
}

func (e *epochSecrets) appendTo(b []byte) []byte {
	for _, f := range e.kept() {
		b = syntax.AppendBytes(b, *f)
	}
	return b
}

// kept lists the secrets that are saved, in order.
func (e *epochSecrets) kept() []*[]byte {
	return []*[]byte{&e.init, &e.exporter, &e.external, &e.confirmation, &e.membership, &e.resumption, &e.authenticator}
}

func readEpochSecrets(r *syntax.Reader) epochSecrets {
	var e epochSecrets
	for _, f := range e.kept() {
		*f = r.Bytes()
	}
	return e
}

// welcomeKeys seals and opens the group information in a Welcome (RFC 9420 12.4.3.1).
func welcomeKeys(s suite.Suite, welcome []byte) keyNonce {
	return keyNonce{
		key:   s.Derive(welcome, "key", nil, s.KeySize()),
		nonce: s.Derive(welcome, "nonce", nil, s.NonceSize()),
	}
}

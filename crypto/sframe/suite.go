package sframe

import (
	"crypto"
	_ "crypto/sha256" // SuiteAES128GCM and the suites of AES-CTR: crypto.SHA256
	_ "crypto/sha512" // SuiteAES256GCM: crypto.SHA512
	"fmt"
)

// Suite is a cipher suite of RFC 9605 section 4.5, by its IANA number.
type Suite uint16

// The suites that a channel may use: those with a full tag of sixteen octets.
const (
	SuiteAES128GCM Suite = 4 // AES_128_GCM_SHA256_128, for MLS suite 2
	SuiteAES256GCM Suite = 5 // AES_256_GCM_SHA512_128, for MLS suite 7
)

// Suites known so that the published vectors can be checked in full. Their
// tags of four to ten octets can be forged by trying (RFC 9605 section 7.5):
// no channel may use them. 6 to 8 come from the working group's later draft.
const (
	suiteAES128CTR80 Suite = 1
	suiteAES128CTR64 Suite = 2
	suiteAES128CTR32 Suite = 3
	suiteAES256CTR80 Suite = 6
	suiteAES256CTR64 Suite = 7
	suiteAES256CTR32 Suite = 8
)

// BaseKeyLabel is the label of the MLS exporter for base keys, RFC 9605
// section 5.2. The exporter's context is empty, its length Suite.BaseKeyLen.
const BaseKeyLabel = "SFrame 1.0 Base Key"

const (
	nonceLen  = 12 // Nn of every suite
	maxTagLen = 16
)

// suiteParams is a row of RFC 9605 table 1, lengths in octets.
type suiteParams struct {
	hash   crypto.Hash
	encLen int // key of AES
	macLen int // key of HMAC; 0 for GCM
	tagLen int // Nt
}

// keyLen is Nk.
func (p suiteParams) keyLen() int { return p.encLen + p.macLen }

func (s Suite) params() (suiteParams, error) {
	switch s {
	case suiteAES128CTR80:
		return suiteParams{crypto.SHA256, 16, 32, 10}, nil
	case suiteAES128CTR64:
		return suiteParams{crypto.SHA256, 16, 32, 8}, nil
	case suiteAES128CTR32:
		return suiteParams{crypto.SHA256, 16, 32, 4}, nil
	case SuiteAES128GCM:
		return suiteParams{crypto.SHA256, 16, 0, 16}, nil
	case SuiteAES256GCM:
		return suiteParams{crypto.SHA512, 32, 0, 16}, nil
	case suiteAES256CTR80:
		return suiteParams{crypto.SHA512, 32, 64, 10}, nil
	case suiteAES256CTR64:
		return suiteParams{crypto.SHA512, 32, 64, 8}, nil
	case suiteAES256CTR32:
		return suiteParams{crypto.SHA512, 32, 64, 4}, nil
	}
	return suiteParams{}, fmt.Errorf("%w: %d is not known", ErrSuite, s)
}

// ForChannel returns nil if a channel may use the suite.
func (s Suite) ForChannel() error {
	if s == SuiteAES128GCM || s == SuiteAES256GCM {
		return nil
	}
	return fmt.Errorf("%w: %d has no full tag", ErrSuite, s)
}

// BaseKeyLen returns the length of the suite's base keys in octets, Nk of its
// AEAD as RFC 9605 section 5.2 asks, or 0 for a suite that is not known.
func (s Suite) BaseKeyLen() int {
	p, err := s.params()
	if err != nil {
		return 0
	}
	return p.keyLen()
}

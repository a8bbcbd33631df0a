package record

import (
	"crypto/sha256"
	"crypto/subtle"
)

// SaltLen is the length of a commitment's salt, in octets.
const SaltLen = 32

// Commit returns the commitment to a content: SHA-256(salt || content). The
// sender chooses the salt at random for each message, seals it with the
// content, and tells only the commitment, which says nothing of the content to
// who has not the salt. The salt's length is fixed, so that no other content
// under another salt gives the same octets.
func Commit(salt [SaltLen]byte, content []byte) Digest {
	h := sha256.New()
	h.Write(salt[:])
	h.Write(content)
	return Digest(h.Sum(nil))
}

// Open checks that a commitment is to this content.
func Open(commitment Digest, salt [SaltLen]byte, content []byte) error {
	sum := Commit(salt, content)
	if subtle.ConstantTimeCompare(sum[:], commitment[:]) != 1 {
		return refuse(Mismatch, "the content is not the one that was committed to")
	}
	return nil
}

// Reveal is the content of one entry, which whoever was able to open it shows.
type Reveal struct {
	Index   uint64
	Salt    []byte // SaltLen octets for a commitment, none for a burst
	Content []byte // at most MaxContent octets: a message as committed to, or a burst's blocks
}

// check compares with what the entry says.
func (r *Reveal) check(body Body) error {
	var commitment Digest
	switch b := body.(type) {
	case *Text:
		commitment = b.Commitment
	case *Hail:
		commitment = b.Commitment
	case *Reply:
		commitment = b.Commitment
	case *Burst:
		if len(r.Salt) != 0 || DigestOf(r.Content) != b.Digest {
			return refuseEntry(Mismatch, r.Index, "what is revealed is not the burst that was recorded")
		}
		return nil
	}
	if commitment == (Digest{}) {
		return refuseEntry(Mismatch, r.Index, "an entry %q without a commitment cannot be revealed", body.Kind())
	}
	if len(r.Salt) != SaltLen || Open(commitment, [SaltLen]byte(r.Salt), r.Content) != nil {
		return refuseEntry(Mismatch, r.Index, "what is revealed is not the content that was committed to")
	}
	return nil
}

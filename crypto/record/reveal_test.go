package record

import (
	"crypto/sha256"
	"testing"
	"time"

	"crossband/proto"
)

func TestACommitmentIsToOneContent(t *testing.T) {
	salt := [SaltLen]byte{1, 2, 3}
	c := Commit(salt, []byte("suspect northbound"))
	if c != sha256.Sum256(append(salt[:], "suspect northbound"...)) {
		t.Error("a commitment is not SHA-256(salt || content)")
	}
	ok(t, Open(c, salt, []byte("suspect northbound")))
	wantFault(t, Open(c, salt, []byte("suspect southbound")), Mismatch, "another content")
	wantFault(t, Open(c, [SaltLen]byte{1, 2, 4}, []byte("suspect northbound")), Mismatch, "another salt")
}

func TestWhatCanBeRevealed(t *testing.T) {
	salt := [SaltLen]byte{1}
	c, blocks := Commit(salt, []byte("x")), []byte("blocks")
	for what, body := range map[string]Body{"a text": &Text{Commitment: c}, "a hail": &Hail{Commitment: c}, "a reply": &Reply{Commitment: c}} {
		ok(t, (&Reveal{Salt: salt[:], Content: []byte("x")}).check(body))
		wantFault(t, (&Reveal{Salt: salt[:], Content: []byte("y")}).check(body), Mismatch, what+" with another content")
		wantFault(t, (&Reveal{Content: []byte("x")}).check(body), Mismatch, what+" without the salt")
	}
	burst := &Burst{Digest: DigestOf(blocks)}
	ok(t, (&Reveal{Content: blocks}).check(burst))
	wantFault(t, (&Reveal{Content: []byte("others")}).check(burst), Mismatch, "another burst")
	wantFault(t, (&Reveal{Salt: salt[:], Content: blocks}).check(burst), Mismatch, "a burst with a salt")
	zero := [SaltLen]byte{}
	wantFault(t, (&Reveal{Salt: zero[:], Content: nil}).check(&Text{}), Mismatch, "a text without a commitment")
	wantFault(t, (&Reveal{Content: nil}).check(&Closed{"x"}), Mismatch, "an entry without content")
}

// TestABurstIsSignedForOnePlace: another incident, channel, burst or digest, or
// another device, and the signature does not fit.
func TestABurstIsSignedForOnePlace(t *testing.T) {
	b := newBorder(t)
	s := BurstStatement{b.origin.Incident, proto.ChannelID{7}, proto.BurstID{8}, Digest{9}}
	sig, cert, err := SignBurst(b.unit, s)
	ok(t, err)
	if cert != DigestOf(b.unit.Chain[0]) {
		t.Error("another certificate's digest")
	}
	if who := must(VerifyBurst(s, sig, b.unit.Chain, b.trust, at(1)))(t); who != b.unit.Name {
		t.Errorf("signed by %s", who)
	}
	for what, change := range map[string]func(*BurstStatement){
		"another incident": func(s *BurstStatement) { s.Incident[0] ^= 1 },
		"another channel":  func(s *BurstStatement) { s.Channel[0] ^= 1 },
		"another burst":    func(s *BurstStatement) { s.Burst[0] ^= 1 },
		"another digest":   func(s *BurstStatement) { s.Digest[0] ^= 1 },
	} {
		other := s
		change(&other)
		wantFault(t, failed(VerifyBurst(other, sig, b.unit.Chain, b.trust, at(1))), Signature, what)
	}
	wantFault(t, failed(VerifyBurst(s, sig, b.desk.Chain, b.trust, at(1))), Signature, "another device's certificate")
	wantFault(t, failed(VerifyBurst(s, sig, b.unit.Chain, b.trust, at(0).Add(8*24*time.Hour))), Certificate, "a certificate that had ended")
	wantFault(t, failed(VerifyBurst(s, sig, nil, b.trust, at(1))), Certificate, "no certificate")
	// The same octets under another context are another statement.
	signed, err := b.unit.Sign("crossband charter 1", s.payload())
	ok(t, err)
	wantFault(t, failed(VerifyBurst(s, signed.Signature, b.unit.Chain, b.trust, at(1))), Signature, "a signature for another kind of document")
}

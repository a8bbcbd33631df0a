package record

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"crossband/crypto/identity"
)

// signedNote is a cosigned checkpoint of a log of three entries.
func signedNote(t testing.TB) (*border, []byte) {
	b := newBorder(t)
	return b, b.write(t, 3, []int{3}, nil).notes[0]
}

// TestCheckpointOctets takes a note apart by C2SP's descriptions alone.
func TestCheckpointOctets(t *testing.T) {
	b, note := signedNote(t)
	h := b.write(t, 3, nil, nil)
	text, signatures, found := strings.Cut(string(note), "\n\n")
	if !found {
		t.Fatal("no empty line")
	}
	root := recursiveRoot([]Digest{LeafHash(h.lines[0]), LeafHash(h.lines[1]), LeafHash(h.lines[2])})
	want := "usbp.example/record/01020300000000000000000000000000\n3\n" + base64.StdEncoding.EncodeToString(root[:]) +
		"\ntime 2026-11-02T12:00:02.000Z\nlast " + LeafHash(h.lines[2]).String()
	if text != want {
		t.Errorf("text is\n%s\nwant\n%s", text, want)
	}
	lines := strings.Split(strings.TrimSuffix(signatures, "\n"), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d signature lines", len(lines))
	}
	pub, spki := keyOf(t, b.hub)
	id, sig := signatureOf(t, lines[0], "— usbp.example/relay/eagle-pass-1 ")
	sum := sha256.Sum256(spki)
	digest := sha256.Sum256([]byte(text + "\n"))
	if !bytes.Equal(id, sum[:4]) || !ecdsa.VerifyASN1(pub, digest[:], sig) {
		t.Error("the sequencer's signature is not that of type 0x02 in C2SP signed-note")
	}
	pub, spki = keyOf(t, b.partner)
	id, sig = signatureOf(t, lines[1], "— gn.example/relay/piedras-negras-1 ")
	sum = sha256.Sum256(append([]byte("gn.example/relay/piedras-negras-1\n\xffcrossband-cosignature/v1"), spki...))
	seconds := binary.BigEndian.Uint64(sig)
	digest = sha256.Sum256(fmt.Appendf(nil, "crossband-cosignature/v1\ntime %d\n%s\n", seconds, text))
	if !bytes.Equal(id, sum[:4]) || seconds != uint64(at(2).Unix()) || !ecdsa.VerifyASN1(pub, digest[:], sig[8:]) {
		t.Error("the cosignature is not what docs/PROTOCOL.md says")
	}
}

func keyOf(t *testing.T, id *identity.Identity) (*ecdsa.PublicKey, []byte) {
	cert := must(x509.ParseCertificate(id.Chain[0]))(t)
	return cert.PublicKey.(*ecdsa.PublicKey), cert.RawSubjectPublicKeyInfo
}

func signatureOf(t *testing.T, line, prefix string) (id, sig []byte) {
	text, ok := strings.CutPrefix(line, prefix)
	if !ok {
		t.Fatalf("%q does not begin with %q", line, prefix)
	}
	raw := must(base64.StdEncoding.DecodeString(text))(t)
	return raw[:4], raw[4:]
}

// TestCheckpointsHaveOneForm: every truncation and every other spelling is
// refused.
func TestCheckpointsHaveOneForm(t *testing.T) {
	_, note := signedNote(t)
	lineEnds := 0
	for i := range note {
		if _, err := ParseCheckpoint(note[:i]); err == nil {
			lineEnds++ // a note without its last signature line is a note
		}
	}
	if lineEnds != 1 {
		t.Errorf("%d truncations are read, want that without the cosignature alone", lineEnds)
	}
	for what, c := range map[string][2]string{
		"a size with a leading zero": {"\n3\n", "\n03\n"},
		"size 0":                     {"\n3\n", "\n0\n"},
		"a size beyond the limit":    {"\n3\n", fmt.Sprintf("\n%d\n", MaxEntries+1)},
		"a negative size":            {"\n3\n", "\n-3\n"},
		"no time":                    {"\ntime ", "\n"},
		"no last hash":               {"\nlast ", "\n"},
		"a line more":                {"\n\n", "\nmore\n\n"},
		"an empty line more":         {"\n\n", "\n\n\n"},
		"another dash":               {"— usbp", "- usbp"},
		"a name with a plus":         {"— usbp.", "— usbp+"},
		"two spaces":                 {"eagle-pass-1 ", "eagle-pass-1  "},
		"carriage returns":           {"\n", "\r\n"},
		"an origin without incident": {"/record/01", "/record/"},
		"an origin in upper case":    {"usbp.example/record", "USBP.example/record"},
	} {
		changed := strings.Replace(string(note), c[0], c[1], 1)
		if what == "a negative size" || changed == string(note) {
			if changed == string(note) {
				t.Fatalf("%s: nothing was changed", what)
			}
		}
		if _, err := ParseCheckpoint([]byte(changed)); FaultOf(err) == "" {
			t.Errorf("%s: %v, want a refusal", what, err)
		}
	}
}

func TestCheckpointLimits(t *testing.T) {
	_, note := signedNote(t)
	c := must(ParseCheckpoint(note))(t)
	for len(c.Signatures) < MaxSignatures {
		c.Signatures = append(c.Signatures, NoteSignature{fmt.Sprintf("witness-%d", len(c.Signatures)), 7, []byte{1}})
	}
	ok(t, failed(ParseCheckpoint(c.Note())))
	c.Signatures = append(c.Signatures, NoteSignature{"one-more", 7, []byte{1}})
	wantFault(t, failed(ParseCheckpoint(c.Note())), Malformed, "a signature too many")
	c.Signatures = []NoteSignature{{"witness", 7, bytes.Repeat([]byte{1}, MaxCheckpoint)}}
	wantFault(t, failed(ParseCheckpoint(c.Note())), TooLarge, "a note too long")
}

// TestWhoMaySignACheckpoint: only a relay of the log's agency sequences, only
// one of another cosigns, each by a certificate of its own agency that was
// valid then.
func TestWhoMaySignACheckpoint(t *testing.T) {
	b := newBorder(t)
	l := NewLog(b.origin)
	must(l.Append(at(0), b.unit.Name, b.hub.Name, b.opened()))(t)
	good := must(l.Checkpoint(b.hub, at(1)))(t)
	sign := func(id *identity.Identity, when time.Time) (Checkpoint, *Signers) {
		c := good
		c.Time = when
		ok(t, c.sign(id))
		return c, must(NewSigners(id.Chain))(t)
	}
	c, s := sign(b.hub, at(2))
	if who := must(c.VerifySequencer(s, b.trust))(t); who != b.hub.Name {
		t.Errorf("signed by %s", who)
	}
	big := issueFor(t, b.us, "usbp.example/relay/laredo-1", must(identity.GenerateKey(elliptic.P384()))(t), noon())
	c, s = sign(big, at(2))
	ok(t, failed(c.VerifySequencer(s, b.trust)))
	for what, try := range map[string]struct {
		id   *identity.Identity
		at   time.Time
		want Fault
	}{
		"a partner's relay":               {b.partner, at(2), WrongSigner},
		"a unit":                          {b.unit, at(2), WrongSigner},
		"an agency that is not trusted":   {issue(t, authority(t, "usbp.example"), "usbp.example/relay/eagle-pass-1", noon()), at(2), Certificate},
		"a certificate that has ended":    {b.hub, noon().Add(8 * 24 * time.Hour), Certificate},
		"a certificate that is to begin":  {b.hub, noon().Add(-time.Hour), Certificate},
		"a bundle that is not given here": {issue(t, authority(t, "atf.example"), "atf.example/relay/x", noon()), at(2), Certificate},
	} {
		c, s := sign(try.id, try.at)
		wantFault(t, failed(c.VerifySequencer(s, b.trust)), try.want, what)
	}
	c, s = sign(b.hub, at(2))
	c.Size++
	wantFault(t, failed(c.VerifySequencer(s, b.trust)), Signature, "another size")
	wantFault(t, failed(good.VerifySequencer(must(NewSigners())(t), b.trust)), WrongSigner, "a signer whose certificate is not at hand")
}

func TestWhoMayCosign(t *testing.T) {
	b := newBorder(t)
	l := NewLog(b.origin)
	must(l.Append(at(0), b.unit.Name, b.hub.Name, b.opened()))(t)
	good := must(l.Checkpoint(b.hub, at(300)))(t)
	for what, try := range map[string]struct {
		id   *identity.Identity
		at   time.Time
		want Fault
	}{
		"a relay of the own agency":      {b.hub, at(300), WrongSigner},
		"a desk":                         {b.desk, at(300), WrongSigner},
		"a certificate that has ended":   {b.partner, noon().Add(8 * 24 * time.Hour), Certificate},
		"a time long before the log's":   {b.partner, at(300).Add(-Skew - time.Second), TimeBack},
		"an authority that is not known": {issue(t, authority(t, "gn.example"), "gn.example/relay/piedras-negras-1", noon()), at(300), Certificate},
	} {
		c := good
		ok(t, c.cosign(try.id, try.at))
		cs, bad := c.VerifyCosigners(must(NewSigners(try.id.Chain))(t), b.trust)
		if len(cs) != 0 || len(bad) != 1 || FaultOf(bad[0]) != try.want {
			t.Errorf("%s: good %v, bad %v, want %s", what, cs, bad, try.want)
		}
	}
	c := good
	ok(t, c.cosign(b.partner, at(300).Add(-Skew)))
	if cs, bad := c.VerifyCosigners(must(NewSigners(b.partner.Chain))(t), b.trust); len(cs) != 1 || len(bad) != 0 {
		t.Errorf("at the limit of the skew: good %v, bad %v", cs, bad)
	}
	if cs, bad := c.VerifyCosigners(must(NewSigners(b.stranger.Chain))(t), b.trust); len(cs) != 0 || len(bad) != 0 {
		t.Errorf("a cosigner that is not known: good %v, bad %v, want nothing said", cs, bad)
	}
	// A cosignature is no signature, and the other way round.
	c.Signatures = c.Signatures[1:]
	wantFault(t, failed(c.VerifySequencer(must(NewSigners(b.partner.Chain, b.hub.Chain))(t), b.trust)), WrongSigner, "a cosignature alone")
}

// TestARenewedCertificateOfOneKey: several chains certify one key; the one that
// was valid then counts.
func TestARenewedCertificateOfOneKey(t *testing.T) {
	b := newBorder(t)
	key := must(identity.GenerateKey(elliptic.P256()))(t)
	old := issueFor(t, b.us, "usbp.example/relay/eagle-pass-1", key, noon())
	later := noon().Add(7 * 24 * time.Hour)
	renewed := issueFor(t, b.us, "usbp.example/relay/eagle-pass-1", key, later)
	l := NewLog(b.origin)
	must(l.Append(at(0), b.unit.Name, b.hub.Name, b.opened()))(t)
	c := must(l.Checkpoint(renewed, later.Add(time.Hour)))(t)
	wantFault(t, failed(c.VerifySequencer(must(NewSigners(old.Chain))(t), b.trust)), Certificate, "the old chain alone")
	for _, s := range []*Signers{must(NewSigners(old.Chain, renewed.Chain))(t), must(NewSigners(renewed.Chain, old.Chain))(t)} {
		ok(t, failed(c.VerifySequencer(s, b.trust)))
	}
	s := must(NewSigners())(t)
	for range maxRenewals {
		ok(t, s.Add(old.Chain))
	}
	wantFault(t, s.Add(old.Chain), TooLarge, "a chain too many for one key")
}

// FuzzCheckpoint: what is read is written again octet for octet.
func FuzzCheckpoint(f *testing.F) {
	_, note := signedNote(f)
	f.Add(note)
	f.Add([]byte("usbp.example/record/01020300000000000000000000000000\n1\nAAAA\ntime x\nlast y\n\n— a AAAAAAAA\n"))
	f.Fuzz(func(t *testing.T, note []byte) {
		c, err := ParseCheckpoint(note)
		if err == nil && !bytes.Equal(c.Note(), note) {
			t.Fatalf("%q is written again as %q", note, c.Note())
		}
	})
}

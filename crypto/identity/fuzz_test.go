package identity

import (
	"bytes"
	"testing"
)

// fuzzDocument seeds a fuzz target with good documents, each cut and bent,
// and fails it if an accepted input does not re-encode to itself.
func fuzzDocument(f *testing.F, again func([]byte) ([]byte, error), seeds ...[]byte) {
	if len(seeds) == 0 {
		f.Fatal("no seeds: the target would test nothing")
	}
	for _, s := range seeds {
		if _, err := again(s); err != nil {
			f.Fatalf("a seed is refused: %v", err)
		}
		f.Add(s)
		f.Add(s[:len(s)/2])
		f.Add(append(bytes.Clone(s), 0))
		for i := 0; i < len(s); i += 1 + len(s)/16 {
			bent := bytes.Clone(s)
			bent[i] ^= 0x41
			f.Add(bent)
		}
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		kept := bytes.Clone(in)
		out, err := again(in)
		if !bytes.Equal(in, kept) {
			t.Fatal("the input was changed")
		}
		if err == nil && !bytes.Equal(out, in) {
			t.Fatalf("%x is accepted and comes back as %x", in, out)
		}
		if err != nil && FaultOf(err) == NoFault {
			t.Fatalf("bad input is refused without a fault: %v", err)
		}
	})
}

func FuzzBundle(f *testing.F) {
	a := newAuthority(f, "usbp.example", noon())
	first := a.Bundle()
	rolled := must(a.RollRoot(nil, 60*day, noon()))(f)
	fuzzDocument(f, func(in []byte) ([]byte, error) {
		b, err := ParseBundle(in)
		if err != nil {
			return nil, err
		}
		return b.Export(), nil
	}, first.Export(), rolled.Export())
}

func FuzzBundlePayload(f *testing.F) {
	a := newAuthority(f, "usbp.example", noon())
	fuzzDocument(f, func(in []byte) ([]byte, error) {
		b, err := parseBundlePayload(in)
		if err != nil {
			return nil, err
		}
		return b.payload(), nil
	}, a.Bundle().payload())
}

func FuzzRollover(f *testing.F) {
	a := newAuthority(f, "usbp.example", noon())
	b := must(a.RollRoot(nil, 60*day, noon()))(f)
	fuzzDocument(f, func(in []byte) ([]byte, error) {
		r, err := ParseRollover(in)
		if err != nil {
			return nil, err
		}
		s, err := parseSigned("", in, maxRollover)
		s.Payload = r.payload()
		return s.Encode(), err
	}, b.Rollovers[0].Encode())
}

func FuzzTrustList(f *testing.F) {
	us, mx := newAuthority(f, "usbp.example", noon()), newAuthority(f, "gn.example", noon())
	ok(f, us.Pins().Pin(mx.Bundle(), mx.Bundle().Fingerprint(), noon()))
	fuzzDocument(f, func(in []byte) ([]byte, error) {
		l, partners, s, err := parseTrustList(in)
		if err == nil {
			err = l.addPartners(partners)
		}
		if err != nil {
			return nil, err
		}
		s.Payload = l.payload()
		return s.Encode(), nil
	}, must(us.TrustList(noon()))(f))
}

func FuzzRevocationList(f *testing.F) {
	a := newAuthority(f, "usbp.example", noon())
	list := must(a.Revoke(name(f, eagle), noon()))(f)
	fuzzDocument(f, func(in []byte) ([]byte, error) {
		l, s, err := parseRevocationList(in)
		if err != nil {
			return nil, err
		}
		s.Payload = l.payload()
		return s.Encode(), nil
	}, list)
}

func FuzzToken(f *testing.F) {
	tok := invite(f, newAuthority(f, "usbp.example", noon()), eagle)
	fuzzDocument(f, func(in []byte) ([]byte, error) {
		t, err := parseTokenPayload(in)
		if err != nil {
			return nil, err
		}
		return t.payload(), nil
	}, tok.payload())
}

func FuzzTokenText(f *testing.F) {
	tok := invite(f, newAuthority(f, "usbp.example", noon()), eagle)
	f.Add(tok.Text())
	f.Add(" " + tok.Text()[:40] + "\n" + tok.Text()[40:])
	f.Fuzz(func(t *testing.T, text string) {
		first, err := ParseToken(text)
		if err != nil {
			return
		}
		if again, err := ParseToken(first.Text()); err != nil || again.Text() != first.Text() {
			t.Fatalf("%q comes back as %q, %v", first.Text(), again.Text(), err)
		}
	})
}

func FuzzEnrolment(f *testing.F) {
	a := newAuthority(f, "usbp.example", noon())
	e := must(NewEnrolment(invite(f, a, eagle), newKey(f)))(f)
	fuzzDocument(f, func(in []byte) ([]byte, error) {
		r, err := parseEnrolmentRequest(in)
		if err != nil {
			return nil, err
		}
		if _, _, err := parseCSR(r.csr, e.token.Name); err != nil {
			return nil, err
		}
		return r.encode(), nil
	}, e.Request())
}

func FuzzEnrolmentReply(f *testing.F) {
	a := newAuthority(f, "usbp.example", noon())
	e := must(NewEnrolment(invite(f, a, eagle), newKey(f)))(f)
	fuzzDocument(f, func(in []byte) ([]byte, error) {
		r, err := parseEnrolmentReply(in)
		if err != nil {
			return nil, err
		}
		g, err := parseGrant(r.grant)
		if err != nil {
			return nil, err
		}
		// As if the one who answers knew the secret.
		_, err = g.identity(e.token.Name, e.token.Root, e.key, noon())
		r.grant = g.encode()
		return r.encode(), err
	}, must(a.Enrol(e.Request(), noon()))(f))
}

func FuzzSigned(f *testing.F) {
	id := issue(f, newAuthority(f, "usbp.example", noon()), eagle, noon())
	fuzzDocument(f, func(in []byte) ([]byte, error) {
		s, err := ParseSigned(in)
		return s.Encode(), err
	}, must(id.Sign("charter", []byte("text")))(f).Encode())
}

func FuzzVerifyPeer(f *testing.F) {
	a := newAuthority(f, "usbp.example", noon())
	id := issue(f, a, eagle, noon())
	store := storeOf(f, a)
	top := id.Chain[1]
	fuzzDocument(f, func(leaf []byte) ([]byte, error) {
		n, err := store.VerifyPeer([][]byte{leaf, top}, UsageClient, noon())
		if err == nil && n != id.Name {
			f.Fatalf("verified as %s, which was never issued", n)
		}
		return leaf, err
	}, id.Chain[0])
}

func FuzzSubjectNames(f *testing.F) {
	id := issue(f, newAuthority(f, "usbp.example", noon()), eagle, noon())
	f.Add(id.Chain[0])
	f.Add(id.Chain[1])
	f.Fuzz(func(t *testing.T, der []byte) {
		if n, err := claimedName(der); err == nil && !bytes.Contains(der, []byte(n.String())) {
			t.Fatalf("%s is not in the certificate", n)
		}
	})
}

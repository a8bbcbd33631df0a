package fips

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/fips140"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/hpke"
	"crypto/md5"
	"crypto/mlkem"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/crypto/scrypt"
)

// service is one use of cryptography, and whether Go lets it pass where it
// enforces what FIPS 140-3 approves (GODEBUG=fips140=only).
type service struct {
	name string
	only bool // passes with the toolchain's own module
	v1   bool // passes with the certified module v1.0.0
	do   func() error
}

// services are what the project uses, and what it must not take for approved.
// The table in docs/decisions/0015-fips.md says the same.
func services() []service {
	key, nonce := make([]byte, 32), make([]byte, 12)
	gcm := func(open bool) func() error {
		return func() error {
			block, err := aes.NewCipher(key)
			if err != nil {
				return err
			}
			a, err := cipher.NewGCM(block) // and with it the right to choose the nonce
			if err != nil {
				return err
			}
			if sealed := a.Seal(nil, nonce, []byte("x"), nil); open {
				_, err = a.Open(nil, nonce, sealed, nil)
			}
			return err
		}
	}
	kem := func(k hpke.KEM, f hpke.KDF, a hpke.AEAD) func() error {
		return func() error {
			priv, err := k.GenerateKey()
			if err != nil {
				return err
			}
			sealed, err := hpke.Seal(priv.PublicKey(), f, a, []byte("info"), []byte("x"))
			if err != nil {
				return err
			}
			_, err = hpke.Open(priv, f, a, []byte("info"), sealed)
			return err
		}
	}
	return []service{
		{"ECDSA P-256", true, true, func() error { return sign(elliptic.P256()) }},
		{"ECDSA P-384", true, true, func() error { return sign(elliptic.P384()) }},
		{"Ed25519", true, true, func() error {
			pub, priv, err := ed25519.GenerateKey(rand.Reader)
			if err == nil && !ed25519.Verify(pub, []byte("x"), ed25519.Sign(priv, []byte("x"))) {
				err = errors.New("does not verify")
			}
			return err
		}},
		{"ECDH P-256", true, true, func() error { return agree(ecdh.P256()) }},
		{"ECDH P-384", true, true, func() error { return agree(ecdh.P384()) }},
		{"ECDH X25519", false, false, func() error { return agree(ecdh.X25519()) }},
		{"ML-KEM-768", true, true, func() error { _, err := mlkem.GenerateKey768(); return err }},
		{"HPKE P-256, AES-128-GCM (MLS suite 2)", true, false, kem(hpke.DHKEM(ecdh.P256()), hpke.HKDFSHA256(), hpke.AES128GCM())},
		{"HPKE P-384, AES-256-GCM (MLS suite 7)", true, false, kem(hpke.DHKEM(ecdh.P384()), hpke.HKDFSHA384(), hpke.AES256GCM())},
		{"HPKE X25519 (MLS suite 1)", false, false, kem(hpke.DHKEM(ecdh.X25519()), hpke.HKDFSHA256(), hpke.AES128GCM())},
		{"AES-GCM, nonce by the caller: seal (MLS messages, SFrame 4 and 5)", false, false, gcm(false)},
		{"AES-GCM, nonce by the caller: open", false, false, gcm(true)},
		{"AES-GCM, random nonce by the module (keys under a passphrase)", true, true, func() error {
			block, err := aes.NewCipher(key)
			if err != nil {
				return err
			}
			a, err := cipher.NewGCMWithRandomNonce(block)
			if err == nil {
				_, err = a.Open(nil, nil, a.Seal(nil, nil, []byte("x"), nil), nil)
			}
			return err
		}},
		{"AES-CTR (SFrame 1 to 3)", true, true, func() error {
			block, err := aes.NewCipher(key)
			if err == nil {
				cipher.NewCTR(block, make([]byte, 16)).XORKeyStream(key, key)
			}
			return err
		}},
		{"HKDF SHA-256", true, true, func() error { _, err := hkdf.Key(sha256.New, key, nil, "info", 32); return err }},
		{"HMAC SHA-384", true, true, func() error { hmac.New(sha512.New384, key).Sum(nil); return nil }},
		{"HMAC, key of 13 octets", false, false, func() error { hmac.New(sha256.New, key[:13]).Sum(nil); return nil }},
		{"PBKDF2 SHA-256, passphrase of 20 octets", true, true, func() error {
			_, err := pbkdf2.Key(sha256.New, strings.Repeat("x", 20), key[:16], 1000, 32)
			return err
		}},
		{"PBKDF2 SHA-256, passphrase of 5 octets", true, true, func() error {
			_, err := pbkdf2.Key(sha256.New, "short", key[:16], 1000, 32)
			return err
		}},
		{"SHA-1", false, false, func() error { sha1.Sum(key); return nil }},
		{"MD5", false, false, func() error { md5.Sum(key); return nil }},
		{"scrypt (not in the module: nothing stops it)", true, true, func() error { _, err := scrypt.Key(key, key[:16], 2, 1, 1, 32); return err }},
	}
}

func sign(c elliptic.Curve) error {
	k, err := ecdsa.GenerateKey(c, rand.Reader)
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte("x"))
	sig, err := ecdsa.SignASN1(rand.Reader, k, sum[:])
	if err == nil && !ecdsa.VerifyASN1(&k.PublicKey, sum[:], sig) {
		err = errors.New("does not verify")
	}
	return err
}

func agree(c ecdh.Curve) error {
	k, err := c.GenerateKey(rand.Reader)
	if err == nil {
		_, err = k.ECDH(k.PublicKey())
	}
	return err
}

// TestServices holds the decision's table against what Go does. What is
// enforced is set when a program starts, so it is asked of two others.
func TestServices(t *testing.T) {
	if os.Getenv("CROSSBAND_TEST_SERVICES") != "" {
		for _, s := range services() {
			fmt.Printf("%s: %s\n", s.name, outcome(s.do))
		}
		return
	}
	for _, mode := range []string{"on", "only"} {
		c := exec.Command(os.Args[0], "-test.run=^TestServices$")
		c.Env = append(os.Environ(), "GODEBUG=fips140="+mode, "CROSSBAND_TEST_SERVICES=1")
		out, err := c.Output()
		if err != nil {
			t.Fatalf("%s: %v\n%s", mode, err, out)
		}
		for _, s := range services() {
			passes := s.only
			if fips140.Version() == "v1.0.0" {
				passes = s.v1
			}
			if got := strings.Contains(string(out), s.name+": passes\n"); got != (passes || mode == "on") {
				t.Errorf("module %s, %s: %s passes: %t", fips140.Version(), mode, s.name, got)
			}
		}
		t.Logf("module %s, mode %s\n%s", fips140.Version(), mode, out)
	}
}

// outcome turns a panic, which is how Go refuses what cannot return an error,
// into a word.
func outcome(do func() error) (word string) {
	defer func() {
		if p := recover(); p != nil {
			word = fmt.Sprintf("panics: %v", p)
		}
	}()
	if err := do(); err != nil {
		return "fails: " + err.Error()
	}
	return "passes"
}

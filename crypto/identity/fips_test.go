package identity

import (
	"crypto/elliptic"
	"crypto/fips140"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestPassphraseInFIPSMode: there a key is sealed by PBKDF2 and one sealed by
// scrypt is not opened. What was sealed there opens anywhere. The mode is set
// when a program starts, so the test's other half is a process of its own.
func TestPassphraseInFIPSMode(t *testing.T) {
	if fips140.Enabled() {
		t.Skip("this process is in FIPS 140-3 mode itself: it cannot seal by scrypt")
	}
	dir := t.TempDir()
	phrase := []byte("correct horse battery")
	key := must(GenerateKey(elliptic.P256()))(t)
	ok(t, SaveKey(filepath.Join(dir, "scrypt.key"), key, phrase))
	child := exec.Command(os.Args[0], "-test.run=^TestPassphraseHalf$", "-test.v")
	child.Env = append(os.Environ(), "GODEBUG=fips140=on", "CROSSBAND_TEST_FIPS_HALF="+dir)
	if out, err := child.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestPassphraseHalf") {
		t.Fatalf("in FIPS 140-3 mode: %v\n%s", err, out)
	}
	approved := filepath.Join(dir, "pbkdf2.key")
	if text := string(must(os.ReadFile(approved))(t)); !strings.Contains(text, approvedKeyBlock) {
		t.Errorf("sealed in FIPS 140-3 mode as %s", text)
	}
	ok(t, failed(LoadKey(approved, phrase)))
	wantFault(t, failed(LoadKey(approved, []byte("wrong"))), BadPassphrase, "a wrong passphrase")
	wantFault(t, failed(LoadKey(approved, nil)), BadPassphrase, "no passphrase")
}

// TestPassphraseHalf is the process in FIPS mode.
func TestPassphraseHalf(t *testing.T) {
	dir := os.Getenv("CROSSBAND_TEST_FIPS_HALF")
	if dir == "" {
		t.Skip("the other half of TestPassphraseInFIPSMode")
	}
	if _, err := LoadKey(filepath.Join(dir, "scrypt.key"), []byte("correct horse battery")); !errors.Is(err, ErrNotApproved) {
		t.Errorf("a key sealed by scrypt: %v, want %v", err, ErrNotApproved)
	}
	key := must(GenerateKey(elliptic.P256()))(t)
	approved := filepath.Join(dir, "pbkdf2.key")
	ok(t, SaveKey(approved, key, []byte("correct horse battery")))
	if back := must(LoadKey(approved, []byte("correct horse battery")))(t); !back.Equal(key) {
		t.Error("the key came back changed")
	}
}

package mls

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"crossband/crypto/mls/suite"
)

// unhex is octets written as hex in a vector file.
type unhex []byte

func (h *unhex) UnmarshalText(b []byte) error {
	out, err := hex.DecodeString(string(b))
	*h = out
	return err
}

// vectorDir finds the folder with the published vectors, or skips.
func vectorDir(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("CROSSBAND_VECTORS")
	if dir == "" {
		root, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		for {
			if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
				break
			}
			if filepath.Dir(root) == root {
				t.Skip("no go.mod above; set CROSSBAND_VECTORS to run the vectors")
			}
			root = filepath.Dir(root)
		}
		dir = filepath.Join(root, "..", "shared", "vectors")
	}
	dir = filepath.Join(dir, "mls")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no MLS vectors at %s; set CROSSBAND_VECTORS to run them", dir)
	}
	return dir
}

// eachVector decodes every entry of every file that matches the pattern and
// calls f for those whose suite is supported. It logs how many ran per suite.
func eachVector[T any](t *testing.T, pattern string, suiteOf func(T) suite.ID, f func(*testing.T, suite.Suite, T)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(vectorDir(t), pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("no file matches %s (%v)", pattern, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var entries []T
		if err := json.Unmarshal(data, &entries); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		ran, skipped := map[suite.ID]int{}, map[suite.ID]int{}
		for i, e := range entries {
			s, err := suite.Lookup(suiteOf(e))
			if err != nil {
				skipped[suiteOf(e)]++
				continue
			}
			ran[s.ID()]++
			f(t, s, e)
			if t.Failed() {
				t.Fatalf("%s: entry %d, suite %d failed", filepath.Base(file), i, s.ID())
			}
		}
		if len(ran) == 0 {
			t.Errorf("%s: no entry ran", file)
		}
		t.Logf("%s: ran by suite %v, suites not supported %v", filepath.Base(file), ran, skipped)
	}
}

// want compares octets and names what they are.
func want(t *testing.T, what string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("%s: got %x, want %x", what, got, want)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

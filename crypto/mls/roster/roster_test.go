package roster_test

import (
	"os/exec"
	"strings"
	"testing"
)

// TestLinksNoSecretSide holds the promise that lets the hub use this package: it
// does not link the code that derives group secrets.
func TestLinksNoSecretSide(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	found := false
	for _, pkg := range strings.Fields(string(out)) {
		switch pkg {
		case "crossband/crypto/mls", "crossband/crypto/sframe":
			t.Errorf("roster links %s", pkg)
		case "crossband/crypto/mls/tree":
			found = true
		}
	}
	if !found {
		t.Error("the list of dependencies is not what it should be")
	}
}

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCommandLine: what the program answers before it is a relay. That it is
// one, the scripts of cmd/crossband show: one of their two agencies runs it.
func TestCommandLine(t *testing.T) {
	t.Parallel()
	bad := filepath.Join(t.TempDir(), "relay.toml")
	if err := os.WriteFile(bad, []byte("listen = \":0\"\nidentiy = \"x\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	nobody := filepath.Join(t.TempDir(), "relay.toml")
	if err := os.WriteFile(nobody, []byte("listen = \":0\"\nidentity = \"nowhere\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		out  string // the beginning of standard output
		errs string // part of standard error
	}{
		{[]string{"--version"}, 0, "crossband-relay version crossband ", ""},
		{[]string{"--help"}, 0, "Run an agency's relay", ""},
		{[]string{"--conf", "x"}, 2, "", "error: unknown flag: --conf\nhint: crossband-relay --help"},
		{[]string{"run"}, 2, "", "error: unknown argument \"run\""},
		{[]string{"--config", bad}, 1, "", "error: " + bad + ": line 2: unknown key \"identiy\""},
		{[]string{"--config", nobody}, 1, "", "error: identity in "},
		{[]string{"--config", "nowhere.toml"}, 1, "", "error: open nowhere.toml: no such file"},
	} {
		var out, errs bytes.Buffer
		code := run(t.Context(), c.args, &out, &errs)
		if code != c.code || !strings.HasPrefix(out.String(), c.out) || !strings.Contains(errs.String(), c.errs) {
			t.Errorf("%v: exit code %d, want %d\n%s%s", c.args, code, c.code, out.String(), errs.String())
		}
		if c.code != 0 && out.Len() > 0 || c.code == 0 && errs.Len() > 0 {
			t.Errorf("%v: standard output %q, standard error %q", c.args, out.String(), errs.String())
		}
	}
}

// Package crossband_test holds the promises about the whole tree that a test
// can keep: who may import whom, which packages are pure, and that the relay
// links nothing that could open what it carries.
package crossband_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// importRule says what packages under a prefix may import. The longest prefix
// that fits a package decides.
type importRule struct {
	prefix string   // below the module
	ours   []string // prefixes of ours that may be imported; a package may always import below itself
	doors  []string // modules that only some may use
}

// Modules that are used through one door only (docs/decisions/0010).
const (
	quic    = "github.com/quic-go/quic-go"
	pion    = "github.com/pion"
	cobra   = "github.com/spf13/cobra"
	simnet  = quic + "/testutils/simnet"
	opusC   = "github.com/hraban/opus"
	opusGo  = "github.com/pion/opus"
	toml    = "github.com/BurntSushi/toml"
	sqlite  = "modernc.org"
	pgx     = "github.com/jackc/pgx"
	anySQL  = "database/sql"
	metrics = "github.com/prometheus"
	charm   = "charm.land"
	pulse   = "github.com/jfreymuth/pulse"
	esbuild = "github.com/evanw/esbuild"
	publics = "crypto/mls/syntax crypto/mls/suite crypto/mls/tree crypto/mls/message crypto/mls/roster crypto/mls/policy"
)

func importRules() []importRule {
	public := strings.Fields(publics)
	return []importRule{
		{"proto", nil, nil},
		{"proto/link", []string{"proto"}, []string{quic}},
		{"proto/link/lane", []string{"proto"}, nil},
		{"proto/incident", []string{"proto"}, nil},
		{"crypto/curve", nil, nil},
		{"crypto/identity", []string{"proto"}, nil},
		{"crypto/charter", []string{"proto", "crypto/identity"}, nil},
		{"crypto/record", []string{"proto", "crypto/identity", "crypto/curve"}, nil},
		{"crypto/agreement", []string{"proto", "crypto/identity"}, []string{toml}},
		{"crypto/notice", []string{"proto", "crypto/identity"}, nil},
		{"crypto/sframe", []string{"proto"}, nil},
		{"crypto/mls", append([]string{"proto"}, public...), nil},
		{"crypto/mls/syntax", nil, nil},
		{"crypto/mls/suite", public, nil},
		{"crypto/mls/tree", public, nil},
		{"crypto/mls/message", public, nil},
		{"crypto/mls/roster", public, nil},
		{"crypto/mls/policy", append([]string{"proto"}, public...), nil},
		{"relay", append([]string{"proto", "proto/link", "crypto/identity", "crypto/charter", "crypto/agreement", "crypto/notice", "crypto/record", "relay/hub", "relay/notices", "relay/store"}, public...), nil},
		{"relay/hub", append([]string{"proto"}, public...), nil},
		{"relay/notices", []string{"proto", "crypto/identity"}, nil},
		{"relay/store", nil, []string{sqlite, pgx, anySQL}},
		{"relay/hook", []string{"proto", "formats", "relay/store"}, nil},
		{"relay/hook/deliver", []string{"proto", "formats", "relay/store"}, nil},
		{"relay/hook/deliver/door", nil, nil},
		{"relay/hook/deliver/plan", nil, nil},
		{"relay/metrics", []string{"proto", "relay"}, []string{metrics}},
		{"relay/relaytest", []string{"proto", "proto/link", "crypto", "client", "relay"}, []string{simnet}},
		{"formats", nil, nil},
		{"client", []string{"proto", "proto/link", "crypto", "client"}, nil},
		{"client/handheld", []string{"proto", "client"}, []string{charm}},
		{"client/handheld/page", nil, nil},
		{"client/handheld/sound", []string{"proto", "client", "client/phrase", "client/voice"}, []string{pulse}},
		{"client/console", []string{"proto", "crypto/record", "client", "formats/strictjson"}, []string{pion}},
		{"client/console/page", nil, nil},
		{"client/phrase", nil, nil},
		{"client/terms", []string{"proto", "client/phrase"}, nil},
		{"client/views", []string{"proto", "crypto/curve"}, nil},
		{"client/voice", []string{"proto", "crypto/curve"}, []string{opusC, opusGo}},
		{"formats/edxl", nil, nil},
		{"formats/ics", nil, nil},
		{"cmd", []string{"proto", "proto/link", "crypto", "client", "relay", "formats", "cmd"}, []string{cobra, toml}},
		{"cmd/crossband/internal/bench/relay/yardstick", []string{"proto"}, []string{quic}}, // what a relay is compared with must not be made of it
		{"cmd/crossband-relay", []string{"cmd/internal/relayd", "cmd/internal/version", "cmd/internal/fips", "cmd/internal/nodump", "cmd/internal/processors"}, []string{cobra}},
		{"cmd/internal/relayd", []string{"proto", "crypto/identity", "crypto/notice", "relay", "cmd/internal"}, []string{toml}},
		{"cmd/internal/adminhttp", []string{"proto", "crypto/identity", "relay", "cmd/internal"}, nil},
		{"cmd/internal/fips", nil, nil},
		{"cmd/internal/processors", nil, nil},
		{"cmd/crossband/internal/bench/plot", nil, nil},
		{"cmd/crossband/internal/report", []string{"proto", "crypto/record", "client/phrase", "formats"}, nil},
		{"cmd/crossband/internal/report/reporttest", []string{"proto", "crypto", "client/phrase"}, nil},
		{"tools/page", nil, []string{esbuild}}, // a module of its own
	}
}

// source is one Go file of the project.
type source struct {
	pkg  string // below the module
	path string
	test bool
	file *ast.File
}

func sources(t *testing.T) []source {
	t.Helper()
	var list []source
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		list = append(list, source{filepath.ToSlash(filepath.Dir(path)), path, strings.HasSuffix(path, "_test.go"), f})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 50 {
		t.Fatalf("only %d Go files found: the test looks in the wrong place", len(list))
	}
	return list
}

func below(pkg, prefix string) bool { return pkg == prefix || strings.HasPrefix(pkg, prefix+"/") }

func ruleOf(pkg string) (importRule, bool) {
	var best importRule
	found := false
	for _, r := range importRules() {
		if below(pkg, r.prefix) && len(r.prefix) >= len(best.prefix) {
			best, found = r, true
		}
	}
	return best, found
}

func TestImportsFollowTheLayers(t *testing.T) {
	for _, s := range sources(t) {
		if s.test || s.pkg == "." {
			continue
		}
		rule, ok := ruleOf(s.pkg)
		if !ok {
			t.Errorf("%s: package %s has no import rule; give it one here and say where it stands in docs/ARCHITECTURE.md", s.path, s.pkg)
			continue
		}
		for _, spec := range s.file.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if why := forbidden(s.pkg, rule, path); why != "" {
				t.Errorf("%s imports %s: %s", s.path, path, why)
			}
		}
	}
}

func forbidden(pkg string, rule importRule, path string) string {
	if ours, ok := strings.CutPrefix(path, "crossband/"); ok {
		if below(ours, rule.prefix) || below(ours, pkg) || slices.ContainsFunc(rule.ours, func(entry string) bool { return lets(entry, ours) }) {
			return ""
		}
		return "not among what " + rule.prefix + " may import"
	}
	for _, door := range []string{quic, pion, cobra, opusC, opusGo, toml, sqlite, pgx, anySQL, metrics, charm, pulse, esbuild} {
		if below(path, door) && !slices.ContainsFunc(rule.doors, func(d string) bool { return below(path, d) }) {
			return "another package is the only door to it"
		}
	}
	return ""
}

// lets reports whether an entry lets a package in: the package itself and what
// lies below it, but proto does not stand for the link, which is a layer above.
func lets(entry, pkg string) bool {
	return below(pkg, entry) && (entry != "proto" || !below(pkg, "proto/link"))
}

// TestTheRulesCanFail checks the checker.
func TestTheRulesCanFail(t *testing.T) {
	for _, c := range []struct{ pkg, imports string }{
		{"relay", "crossband/crypto/mls"},
		{"relay/hub", "crossband/crypto/sframe"},
		{"relay/hub", "crossband/crypto/identity"},
		{"proto/incident", "crossband/proto/link"},
		{"proto/incident", "crossband/crypto/identity"},
		{"relay/hub", "crossband/crypto/agreement"},
		{"relay/hub", "crossband/relay/notices"},
		{"relay/notices", "crossband/relay/hub"},
		{"crypto/identity", toml},
		{"relay", "crossband/client"},
		{"client", "crossband/relay"},
		{"crypto/mls/roster", "crossband/crypto/mls"},
		{"crypto/sframe", "crossband/proto/link"},
		{"crypto/record", "crossband/crypto/mls"},
		{"crypto/record", "crossband/crypto/mls/tree"},
		{"crypto/record", "crossband/relay/store"},
		{"proto", "crossband/crypto/identity"},
		{"client", quic},
		{"client", pion + "/webrtc/v4"},
		{"client", pion + "/opus"},
		{"client/voice", pion + "/rtp"},
		{"client/handheld", pion + "/webrtc/v4"},
		{"client/console", "crossband/relay"},
		{"client/console", "crossband/crypto/mls"},
		{"client", cobra},
		{"client", pulse},
		{"client/console", charm},
		{"client/handheld", pulse},
		{"client/handheld/sound", charm},
		{"client/handheld", "crossband/proto/link"},
		{"client/console", "crossband/formats/edxl"},
		{"relay", toml},
		{"relay", anySQL},
		{"relay/hub", "crossband/relay/store"},
		{"relay/store", "crossband/relay/hub"},
		{"relay/store", "crossband/proto"},
		{"cmd/internal/relayd", sqlite + "/sqlite"},
		{"client", pgx + "/v5"},
		{"relay", metrics},
		{"client/console/page", esbuild},
		{"client/console/page", "crossband/client"},
		{"cmd/internal/adminhttp", metrics},
		{"cmd/crossband/internal/bench/relay", quic},
		{"cmd/crossband/internal/bench/relay/yardstick", "crossband/proto/link"},
		{"cmd/crossband-relay", "crossband/client"},
		{"cmd/crossband-relay", "crossband/formats/edxl"},
		{"formats/edxl", "crossband/proto"},
		{"formats/edxl", "crossband/formats/ics"},
		{"client", "crossband/formats/edxl"},
		{"formats/webhook", "crossband/proto"},
		{"relay/hook", "crossband/client"},
		{"relay/hook", "crossband/crypto/mls"},
		{"relay/hook", "crossband/relay/hub"},
		{"formats/webhook", "crossband/relay/store"},
		{"formats/cap", "crossband/proto"},
		{"relay/hub", "crossband/formats/webhook"},
		{"cmd/crossband/internal/report", "crossband/client"},
		{"relay/hook/deliver", "crossband/client"},
		{"relay/hook/deliver/plan", "crossband/relay/hook/deliver/door"},
		{"relay/hook/deliver/door", "crossband/relay/store"},
		{"cmd/crossband/internal/bench/plot", "crossband/cmd/crossband/internal/bench/growth"},
	} {
		rule, ok := ruleOf(c.pkg)
		if !ok || forbidden(c.pkg, rule, c.imports) == "" {
			t.Errorf("%s may import %s", c.pkg, c.imports)
		}
	}
}

// TestPurePackagesTouchNothing: what is pure has no goroutine, clock, lock,
// socket or file.
func TestPurePackagesTouchNothing(t *testing.T) {
	pure := append(strings.Fields(publics), "relay/hub", "relay/notices", "crypto/record", "crypto/sframe", "client/voice", "client/phrase", "client/terms", "client/views", "proto", "proto/incident", "proto/link/lane", "cmd/crossband/internal/report",
		"formats/edxl", "formats/ics", "formats/webhook", "formats/strictxml", "formats/strictjson", "formats/cap", "formats/cot", "formats/cloudevents", "relay/hook/deliver/plan", "cmd/crossband/internal/bench/plot")
	banned := []string{"sync", "net", "os", "sync/atomic", "os/exec", "net/http"}
	for _, s := range sources(t) {
		if s.test || !slices.Contains(pure, s.pkg) {
			continue
		}
		for _, spec := range s.file.Imports {
			if path, _ := strconv.Unquote(spec.Path.Value); slices.Contains(banned, path) {
				t.Errorf("%s imports %s", s.path, path)
			}
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				t.Errorf("%s starts a goroutine", s.path)
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" && (n.Sel.Name == "Now" || n.Sel.Name == "Sleep" || n.Sel.Name == "After") {
					t.Errorf("%s calls time.%s", s.path, n.Sel.Name)
				}
			}
			return true
		})
	}
}

// TestFormatsUseTheStandardLibraryOnly: other systems' formats hang on nothing
// but, where a rule lets them, each other.
func TestFormatsUseTheStandardLibraryOnly(t *testing.T) {
	looked := 0
	for _, s := range sources(t) {
		if s.test || !below(s.pkg, "formats") {
			continue
		}
		looked++
		for _, spec := range s.file.Imports {
			path, _ := strconv.Unquote(spec.Path.Value)
			if first, _, _ := strings.Cut(path, "/"); strings.Contains(first, ".") || first == "crossband" && !below(path, "crossband/formats") {
				t.Errorf("%s imports %s", s.path, path)
			}
		}
	}
	if looked == 0 {
		t.Error("no file of formats found: the test looks in the wrong place")
	}
}

// TestRelayIsBlind: the relay's binary links neither the secret side of MLS
// nor SFrame nor anything of the client.
func TestRelayIsBlind(t *testing.T) {
	for _, target := range []string{"./cmd/crossband-relay", "./relay"} {
		out, err := exec.Command("go", "list", "-deps", target).Output()
		if err != nil {
			t.Fatalf("go list: %v", err)
		}
		deps := strings.Fields(string(out))
		if !slices.Contains(deps, "crossband/relay/hub") {
			t.Fatalf("%s does not link the hub: the test looks at the wrong thing", target)
		}
		for _, d := range deps {
			if d == "crossband/crypto/mls" || below(d, "crossband/crypto/sframe") || below(d, "crossband/client") {
				t.Errorf("%s links %s", target, d)
			}
		}
	}
}

// TestForbiddenNames: a package is named for what it holds.
func TestForbiddenNames(t *testing.T) {
	for _, s := range sources(t) {
		name := s.file.Name.Name
		if slices.Contains([]string{"util", "utils", "common", "helpers", "helper", "manager", "misc"}, strings.TrimSuffix(name, "_test")) {
			t.Errorf("%s: package %s", s.path, name)
		}
		if s.test || strings.HasSuffix(s.path, ".pb.go") {
			continue
		}
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == "init" && f.Recv == nil {
				t.Errorf("%s has an init function", s.path)
			}
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.VAR {
				for _, spec := range g.Specs {
					checkGlobal(t, s.path, spec.(*ast.ValueSpec))
				}
			}
		}
	}
}

// checkGlobal lets package variables be errors, embedded files and blank
// assertions only: nothing that a program could change.
func checkGlobal(t *testing.T, path string, v *ast.ValueSpec) {
	for _, name := range v.Names {
		if name.Name == "_" || strings.HasPrefix(name.Name, "Err") || strings.HasPrefix(name.Name, "err") {
			continue
		}
		if sel, ok := v.Type.(*ast.SelectorExpr); ok && sel.Sel.Name == "FS" {
			continue
		}
		t.Errorf("%s: package variable %s", path, name.Name)
	}
}

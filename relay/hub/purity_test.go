package hub_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestPure: the hub turns (now, event) into effects and nothing else. It starts
// nothing, waits for nothing, and asks neither clock, network, disk nor chance.
func TestPure(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	looked := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		looked++
		for _, fault := range impurities(t, file, nil) {
			t.Error(fault)
		}
	}
	if looked < 5 {
		t.Errorf("only %d files looked at", looked)
	}
}

// TestPureNotices shows that TestPure would notice.
func TestPureNotices(t *testing.T) {
	for want, source := range map[string]string{
		"go statement":   `package hub; func f() { go f() }`,
		"select":         `package hub; func f() { select {} }`,
		"channel":        `package hub; var c chan int`,
		"time.Now":       `package hub; import "time"; var t = time.Now()`,
		"time.AfterFunc": `package hub; import later "time"; var t = later.AfterFunc(0, nil)`,
		"sync":           `package hub; import "sync"; var m sync.Mutex`,
		"sync/atomic":    `package hub; import "sync/atomic"; var m atomic.Int64`,
		"net/url":        `package hub; import "net/url"; var u url.URL`,
		"os":             `package hub; import _ "os"`,
		"math/rand/v2":   `package hub; import _ "math/rand/v2"`,
		"crypto/rand":    `package hub; import _ "crypto/rand"`,
		"init":           `package hub; func init() {}`,
	} {
		faults := impurities(t, "sample.go", source)
		if !slices.ContainsFunc(faults, func(f string) bool { return strings.HasSuffix(f, want) }) {
			t.Errorf("%s was not noticed: %v", want, faults)
		}
	}
	if faults := impurities(t, "sample.go", `package hub; import "time"; const d = 2 * time.Second; func f(t time.Time) int64 { return t.UnixMilli() }`); len(faults) > 0 {
		t.Errorf("arithmetic on times is pure: %v", faults)
	}
}

func impurities(t *testing.T, file string, source any) (faults []string) {
	t.Helper()
	fset := token.NewFileSet()
	parsed, err := parser.ParseFile(fset, file, source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	fault := func(at token.Pos, what string) { faults = append(faults, fset.Position(at).String()+": "+what) }
	clock := "time"
	for _, spec := range parsed.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		if path == "time" && spec.Name != nil {
			clock = spec.Name.Name
		}
		for _, bad := range []string{"sync", "net", "os", "io", "context", "runtime", "log", "syscall", "unsafe", "math/rand", "crypto/rand"} {
			if path == bad || strings.HasPrefix(path, bad+"/") {
				fault(spec.Pos(), path)
			}
		}
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			fault(n.Pos(), "go statement")
		case *ast.SelectStmt:
			fault(n.Pos(), "select")
		case *ast.ChanType:
			fault(n.Pos(), "channel")
		case *ast.FuncDecl:
			if n.Name.Name == "init" && n.Recv == nil {
				fault(n.Pos(), "init")
			}
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && x.Name == clock && slices.Contains([]string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTicker", "NewTimer"}, n.Sel.Name) {
				fault(n.Pos(), "time."+n.Sel.Name)
			}
		}
		return true
	})
	return faults
}

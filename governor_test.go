package crossband_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"testing"
)

// TestAProcessGovernsItselfOnce: two governors of GOMAXPROCS in one process would undo each
// other's work. Nobody but the two programs that are relays has one, and they begin it in
// main, which runs once.
func TestAProcessGovernsItselfOnce(t *testing.T) {
	got := make(map[string]int)
	for _, s := range sources(t) {
		if s.test || s.pkg == "cmd/internal/processors" {
			continue
		}
		if !slices.ContainsFunc(s.file.Imports, func(i *ast.ImportSpec) bool { return i.Path.Value == `"crossband/cmd/internal/processors"` }) {
			continue
		}
		all, inMain := governs(s.file)
		if s.file.Name.Name != "main" || all != inMain {
			t.Errorf("%s: a governor that does not begin in a program's main", s.path)
		}
		got[s.pkg] += inMain
	}
	if want := map[string]int{"cmd/crossband": 1, "cmd/crossband-relay": 1}; !maps.Equal(got, want) {
		t.Errorf("processors are governed in %v, want %v", got, want)
	}
}

// governs counts where a file names Govern, and where of that in the body of main, not in
// a function within it and in no loop.
func governs(f *ast.File) (all, inMain int) {
	named := func(root ast.Node, enter func(ast.Node) bool) (n int) {
		ast.Inspect(root, func(x ast.Node) bool {
			if s, ok := x.(*ast.SelectorExpr); ok && s.Sel.Name == "Govern" {
				n++
			}
			return x == nil || enter(x)
		})
		return n
	}
	all = named(f, func(ast.Node) bool { return true })
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.Name == "main" && fn.Recv == nil {
			inMain += named(fn.Body, func(x ast.Node) bool {
				switch x.(type) {
				case *ast.FuncLit, *ast.ForStmt, *ast.RangeStmt:
					return false
				}
				return true
			})
		}
	}
	return all, inMain
}

// TestGovernorsAreFound checks the checker.
func TestGovernorsAreFound(t *testing.T) {
	for text, want := range map[string][2]int{
		"func main() { processors.Govern(nil) }":                                      {1, 1},
		"func main() { if x { processors.Govern(nil) }; run() }":                      {1, 1},
		"func main() { processors.Govern(nil); processors.Govern(nil) }":              {2, 2},
		"func main() { for { processors.Govern(nil) } }":                              {1, 0},
		"func main() { run(func() { processors.Govern(nil) }) }":                      {1, 0},
		"func run() { defer processors.Govern(nil)() }":                               {1, 0},
		"var govern = processors.Govern":                                              {1, 0},
		"func (x T) main() { processors.Govern(nil) }; func main() { run(T{}.main) }": {1, 0},
	} {
		f, err := parser.ParseFile(token.NewFileSet(), "", "package main\n"+text, 0)
		if err != nil {
			t.Fatal(err)
		}
		if all, inMain := governs(f); [2]int{all, inMain} != want {
			t.Errorf("%s: %d, %d in main, want %v", text, all, inMain, want)
		}
	}
}

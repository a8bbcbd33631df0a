package crossband_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// casesFile is the table of what is done, what happens and which test shows it.
const casesFile = "docs/CASES.md"

// testNames knows every test function of the project and, for subtests, every
// string in its package's tests.
type testNames struct {
	functions map[string]map[string]bool // by package
	literals  map[string]map[string]bool
}

func namesOfTests(t *testing.T) testNames {
	t.Helper()
	n := testNames{map[string]map[string]bool{}, map[string]map[string]bool{}}
	for _, s := range sources(t) {
		if !s.test {
			continue
		}
		if n.functions[s.pkg] == nil {
			n.functions[s.pkg], n.literals[s.pkg] = map[string]bool{}, map[string]bool{}
		}
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
				n.functions[s.pkg][f.Name.Name] = true
			}
		}
		ast.Inspect(s.file, func(node ast.Node) bool {
			if l, ok := node.(*ast.BasicLit); ok && l.Kind == token.STRING {
				if text, err := strconv.Unquote(l.Value); err == nil {
					n.literals[s.pkg][strings.ReplaceAll(text, " ", "_")] = true
				}
			}
			return true
		})
	}
	return n
}

// has looks for a test, or for one of its subtests: a text in the package's
// tests, or a script in its testdata.
func (n testNames) has(pkg, test string) error {
	function, sub, isSub := strings.Cut(test, "/")
	if !strings.HasPrefix(function, "Test") && !strings.HasPrefix(function, "Fuzz") || !n.functions[pkg][function] {
		return fmt.Errorf("%s has no test %s", pkg, function)
	}
	if !isSub || n.literals[pkg][sub] {
		return nil
	}
	for _, ext := range []string{".txt", ".txtar"} {
		if _, err := os.Stat(filepath.Join(pkg, "testdata", sub+ext)); err == nil {
			return nil
		}
	}
	return fmt.Errorf("%s has no %s with a part %q", pkg, function, sub)
}

// checkCase judges one line of the table: what is done, what happens, and
// either tests that are there or a reason why there is none.
func (n testNames) checkCase(line string) error {
	cells := strings.Split(strings.Trim(line, "| "), "|")
	if len(cells) != 3 {
		return fmt.Errorf("%d cells, want what is done, what happens, and the test", len(cells))
	}
	done, happens, shown := strings.TrimSpace(cells[0]), strings.TrimSpace(cells[1]), strings.TrimSpace(cells[2])
	reason, none := strings.CutPrefix(shown, "no test:")
	switch {
	case done == "":
		return fmt.Errorf("it does not say what is done")
	case none && len(strings.Fields(reason)) < 4:
		return fmt.Errorf("no test and no reason")
	case none:
		return nil
	case happens == "":
		return fmt.Errorf("it does not say what happens")
	case shown == "":
		return fmt.Errorf("neither a test nor a reason")
	}
	for part := range strings.SplitSeq(shown, ";") {
		pkg, tests, ok := strings.Cut(strings.TrimSpace(part), ":")
		if !ok {
			return fmt.Errorf("%q is not PACKAGE: TEST, TEST", part)
		}
		for test := range strings.SplitSeq(tests, ",") {
			if err := n.has(pkg, strings.TrimSpace(test)); err != nil {
				return err
			}
		}
	}
	return nil
}

// TestEveryCaseHasATest: the table of cases names tests that are there.
func TestEveryCaseHasATest(t *testing.T) {
	text, err := os.ReadFile(casesFile)
	if err != nil {
		t.Fatal(err)
	}
	names, cases, number := namesOfTests(t), 0, 0
	for line := range strings.Lines(string(text)) {
		number++
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "| what is done") || strings.HasPrefix(line, "| ---") {
			continue
		}
		cases++
		if err := names.checkCase(line); err != nil {
			t.Errorf("%s:%d: %v", casesFile, number, err)
		}
	}
	if cases < 60 {
		t.Errorf("%d cases found: the test reads the table wrongly", cases)
	}
}

// TestTheTableOfCasesCanFail checks the checker.
func TestTheTableOfCasesCanFail(t *testing.T) {
	names := namesOfTests(t)
	for _, good := range []string{
		"| x | y | proto: TestPermissionTable |",
		"| x | y | .: TestRelayIsBlind; relay/hub: TestScripts/commits, FuzzFrames |",
		"| x | | no test: nothing of it is built yet |",
	} {
		if err := names.checkCase(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		"| x | y | |", "| x | y |", "| | y | proto: TestPermissionTable |", "| x | | proto: TestPermissionTable |",
		"| x | y | proto: TestThatIsNotThere |", "| x | y | nowhere: TestPermissionTable |", "| x | y | TestPermissionTable |",
		"| x | y | proto: parse |", "| x | y | relay/hub: TestScripts/nothing |", "| x | y | no test: |", "| x | y | no test: later |",
	} {
		if names.checkCase(bad) == nil {
			t.Errorf("accepted: %s", bad)
		}
	}
}

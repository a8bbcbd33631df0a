package phrase

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestCodesAreNeverRenumbered holds the phrasebook to testdata/codes.txt, which
// no flag rewrites: a line goes in with its phrase and is never changed or
// taken out. A device of any age then means the same by a code, and finds the
// slots that its sentence cannot do without.
func TestCodesAreNeverRenumbered(t *testing.T) {
	const file = "testdata/codes.txt"
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pinned := map[string]bool{}
	for line := range strings.Lines(string(b)) {
		if line = strings.TrimSuffix(line, "\n"); !strings.HasPrefix(line, "#") {
			pinned[line] = true
		}
	}
	there := map[string]bool{}
	for p := range Phrases() {
		line := pin(p)
		there[line] = true
		if !pinned[line] {
			t.Errorf("%s is not in %s: new phrases go in, others stay as they are", line, file)
		}
	}
	for line := range pinned {
		if !there[line] {
			t.Errorf("%s is in %s, and the phrasebook has it no longer", line, file)
		}
	}
}

// pin is what may never change of a phrase: code, slug and the numbers of the
// kinds of slots that it requires.
func pin(p Phrase) string {
	out := fmt.Sprintf("%d %s", p.Code(), p.Slug())
	for k := range 256 {
		if p.required.has(Kind(k)) {
			out += fmt.Sprintf(" %d", k)
		}
	}
	return out
}

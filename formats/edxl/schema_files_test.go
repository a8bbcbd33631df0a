package edxl

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// mutants returns the document with every element in turn dropped, doubled,
// swapped with its neighbour, renamed, and with its text changed.
func mutants(t *testing.T, document []byte) map[string][]byte {
	t.Helper()
	list := map[string][]byte{}
	root, err := load(document)
	if err != nil {
		t.Fatal(err)
	}
	var walk func(path string, n *node)
	walk = func(path string, n *node) {
		for i, child := range n.in {
			name := fmt.Sprintf("%s/%s[%d]", path, child.name, i)
			old := n.in
			try := func(how string, in ...*node) {
				n.in = append(append(append([]*node{}, old[:i]...), in...), old[i+1:]...)
				list[name+" "+how] = root.document()
				n.in = old
			}
			try("dropped")
			try("doubled", child, child)
			if i+1 < len(old) {
				try("after its neighbour", old[i+1], child)
			}
			try("renamed", &node{"msg:Funny", child.text, child.in})
			try("in the other namespace", &node{map[bool]string{true: "rm:", false: "msg:"}[strings.HasPrefix(child.name, "msg:")] + child.name[strings.Index(child.name, ":")+1:], child.text, child.in})
			if len(child.in) == 0 {
				try("with another text", &node{child.name, "Bicycle", nil})
			}
			walk(name, child)
		}
	}
	walk("", root)
	return list
}

// TestTheSchemaTableCanFail: what is wrong by the schema is found, whatever it
// is. Dropping and changing can leave a valid message; most must not.
func TestTheSchemaTableCanFail(t *testing.T) {
	for _, m := range everything() {
		refused, all := 0, mutants(t, written(t, m))
		for name, document := range all {
			err := validate(document)
			if err != nil {
				refused++
			}
			if err == nil && (strings.HasSuffix(name, "renamed") || strings.HasSuffix(name, "namespace") || strings.HasSuffix(name, "MessageID[0] dropped")) {
				t.Errorf("%s: %s is accepted", m.kind(), name)
			}
		}
		if refused < len(all)/2 {
			t.Errorf("%s: %d of %d wrong messages are refused", m.kind(), refused, len(all))
		}
	}
}

// TestSchemaFiles judges the messages, and the wrong ones made of them, by the
// schema files of OASIS, and compares this package's own table with that. They
// are not part of the project: EDXL_RM_SCHEMAS names their folder.
func TestSchemaFiles(t *testing.T) {
	folder := os.Getenv("EDXL_RM_SCHEMAS")
	if folder == "" {
		t.Skip("EDXL_RM_SCHEMAS does not name a folder with the OASIS schema files (EDXL-RMRequestResource.xsd and the others)")
	}
	xmllint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("no xmllint on this machine")
	}
	for _, m := range everything() {
		documents := mutants(t, written(t, m))
		documents["as written"] = written(t, m)
		verdicts := judge(t, xmllint, filepath.Join(folder, "EDXL-RM"+string(m.kind())+".xsd"), documents)
		if !verdicts["as written"] {
			t.Errorf("%s as written is not valid", m.kind())
		}
		for name, valid := range verdicts {
			own := validate(documents[name])
			if looser := valid && own != nil && (strings.Contains(own.Error(), "is not URI")); valid != (own == nil) && !looser {
				t.Errorf("%s: %s: the schema says %v, the table %v", m.kind(), name, valid, own)
			}
		}
		t.Logf("%s: %d messages judged", m.kind(), len(verdicts))
	}
}

// judge returns which documents a schema file finds valid.
func judge(t *testing.T, xmllint, schema string, documents map[string][]byte) map[string]bool {
	t.Helper()
	folder := t.TempDir()
	args, names := []string{"--nonet", "--noout", "--schema", schema}, map[string]string{}
	for name, document := range documents {
		path := filepath.Join(folder, fmt.Sprint(len(names))+".xml")
		if err := os.WriteFile(path, document, 0o600); err != nil {
			t.Fatal(err)
		}
		names[path], args = name, append(args, path)
	}
	out, _ := exec.Command(xmllint, args...).CombinedOutput()
	verdicts := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		line = strings.TrimSpace(line)
		if path, ok := strings.CutSuffix(line, " validates"); ok {
			verdicts[names[path]] = true
		} else if path, ok := strings.CutSuffix(line, " fails to validate"); ok {
			verdicts[names[path]] = false
		}
	}
	if len(verdicts) != len(documents) {
		t.Fatalf("xmllint judged %d of %d documents:\n%.2000s", len(verdicts), len(documents), out)
	}
	return verdicts
}

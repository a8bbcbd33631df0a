package page_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"crossband/client/handheld/page"
)

// TestTheBuiltPageIsThere: what is embedded is a whole page that names only its own
// files, and so do its manifest and its worker.
func TestTheBuiltPageIsThere(t *testing.T) {
	read := func(name string) []byte {
		t.Helper()
		b, err := fs.ReadFile(page.Files(), name)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	index := read("index.html")
	var named []string
	for _, m := range regexp.MustCompile(`(?:href|src)="([^"]+)"`).FindAllSubmatch(index, -1) {
		named = append(named, string(m[1]))
	}
	var manifest struct {
		Icons []struct{ Src string }
	}
	if err := json.Unmarshal(read("manifest.webmanifest"), &manifest); err != nil || len(manifest.Icons) < 3 {
		t.Fatalf("the manifest has %d icons, %v", len(manifest.Icons), err)
	}
	for _, i := range manifest.Icons {
		named = append(named, i.Src)
	}
	if len(named) < 8 {
		t.Fatalf("%d files are named: the test looks for the wrong thing", len(named))
	}
	for _, n := range named {
		read(n)
	}
	if bytes.Contains(index, []byte("<style")) || regexp.MustCompile(`<script[^>]*>[^<]`).Match(index) {
		t.Error("index.html has a script or style of its own, which the policy refuses")
	}
	list := regexp.MustCompile(`files = \[([^\]]+)\]`).FindSubmatch(must(os.ReadFile("src/worker.js")))
	if list == nil {
		t.Fatal("the worker lists no files: the test looks for the wrong thing")
	}
	for _, m := range regexp.MustCompile(`"([^"]+)"`).FindAllSubmatch(list[1], -1) {
		if name := string(m[1]); name != "./" {
			read(name)
		}
	}
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

// TestTextsStayTexts: no script makes elements from text.
func TestTextsStayTexts(t *testing.T) {
	scripts, err := filepath.Glob("src/*.js")
	if err != nil || len(scripts) < 8 {
		t.Fatalf("%d scripts, %v", len(scripts), err)
	}
	for _, path := range scripts {
		for _, bad := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "dangerouslySetInnerHTML", "eval(", "new Function", "style="} {
			if bytes.Contains(must(os.ReadFile(path)), []byte(bad)) {
				t.Errorf("%s uses %s", path, bad)
			}
		}
	}
}

// TestWords: every sentence is in every language with the same open places, is used,
// and none that is used lacks.
func TestWords(t *testing.T) {
	books := map[string]map[string]any{}
	for _, l := range []string{"en", "es", "fr"} {
		var b map[string]any
		if err := json.Unmarshal(must(os.ReadFile("src/lang/"+l+".json")), &b); err != nil {
			t.Fatal(l, err)
		}
		books[l] = b
	}
	if len(books["en"]) < 60 {
		t.Fatalf("%d sentences", len(books["en"]))
	}
	var scripts strings.Builder
	paths, _ := filepath.Glob("src/*.js")
	for _, p := range paths {
		scripts.Write(must(os.ReadFile(p)))
	}
	places := regexp.MustCompile(`\{\w+\}`)
	for key, english := range books["en"] {
		if !strings.Contains(scripts.String(), `"`+key+`"`) && !strings.HasPrefix(key, "nav.") {
			t.Errorf("%s is not used", key)
		}
		for l, b := range books {
			if len(b) != len(books["en"]) {
				t.Errorf("%s has %d sentences, en %d", l, len(b), len(books["en"]))
			}
			switch e := english.(type) {
			case string:
				s, _ := b[key].(string)
				if s == "" || len(places.FindAllString(s, -1)) != len(places.FindAllString(e, -1)) {
					t.Errorf("%s in %s: %q, in en %q", key, l, s, e)
				}
			case []any:
				if s, _ := b[key].([]any); len(s) != len(e) {
					t.Errorf("%s in %s has %d, in en %d", key, l, len(s), len(e))
				}
			}
		}
	}
	used := regexp.MustCompile(`say\([^)"]*"([a-z.-]+)"`).FindAllStringSubmatch(scripts.String(), -1)
	if len(used) < 40 {
		t.Fatalf("%d uses found: the test looks for the wrong thing", len(used))
	}
	for _, m := range used {
		if _, ok := books["en"][m[1]]; !ok {
			t.Errorf("%s has no sentence", m[1])
		}
	}
}

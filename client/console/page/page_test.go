package page_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"crossband/client/console"
	"crossband/client/console/page"
)

// TestTheBuiltPageIsThere: what is embedded is a whole page that names only its own files.
func TestTheBuiltPageIsThere(t *testing.T) {
	index, err := fs.ReadFile(page.Files(), "index.html")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`(?:href|src)="([^"]+)"`).FindAllSubmatch(index, -1)
	if len(named) < 3 {
		t.Fatalf("index.html names %d files: the test looks for the wrong thing", len(named))
	}
	for _, n := range named {
		if _, err := fs.Stat(page.Files(), string(n[1])); err != nil {
			t.Errorf("index.html: %v", err)
		}
	}
	if bytes.Contains(index, []byte("<style")) || regexp.MustCompile(`<script[^>]*>[^<]`).Match(index) {
		t.Error("index.html has a script or style of its own, which the policy refuses")
	}
}

// TestTheFixturesAreViews: the states that the browser tests show are what the endpoint
// can tell, name by name.
func TestTheFixturesAreViews(t *testing.T) {
	files, err := filepath.Glob("fixture/*.json")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d fixtures, %v", len(files), err)
	}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		d := json.NewDecoder(bytes.NewReader(data))
		d.DisallowUnknownFields()
		var v console.View
		if err := d.Decode(&v); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// sentence is an entry of a catalogue by its form; one without forms has the form "".
type sentence map[string]string

func readCatalogue(t *testing.T, language string) map[string]sentence {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("src", "lang", language+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		t.Fatalf("%s: %v", language, err)
	}
	out := make(map[string]sentence)
	for key, value := range raw {
		var one string
		if json.Unmarshal(value, &one) == nil {
			out[key] = sentence{"": one}
			continue
		}
		var forms sentence
		if err := json.Unmarshal(value, &forms); err != nil {
			t.Fatalf("%s: %s: %v", language, key, err)
		}
		out[key] = forms
	}
	return out
}

// places lists what a sentence leaves open, each once and in order.
func places(s string) []string {
	list := regexp.MustCompile(`\{\w+\}`).FindAllString(s, -1)
	slices.Sort(list)
	return slices.Compact(list)
}

// TestTheCataloguesAgree: every sentence is in every language, with the same open places
// and the forms by number that the language has.
func TestTheCataloguesAgree(t *testing.T) {
	english := readCatalogue(t, "en")
	if len(english) < 200 {
		t.Fatalf("%d sentences: the test looks in the wrong place", len(english))
	}
	for _, language := range []string{"en", "es", "fr"} {
		book := readCatalogue(t, language)
		for key, want := range english {
			got, ok := book[key]
			if !ok {
				t.Errorf("%s lacks %s", language, key)
				continue
			}
			if !slices.Equal(slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want))) {
				t.Errorf("%s: %s has the forms %v, English %v", language, key, slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
			}
			for form, text := range got {
				if text == "" || strings.TrimSpace(text) != text {
					t.Errorf("%s: %s (%s) is %q", language, key, form, text)
				}
				if !slices.Equal(places(text), places(want[form])) {
					t.Errorf("%s: %s (%s) leaves open %v, English %v", language, key, form, places(text), places(want[form]))
				}
			}
			if _, one := got["one"]; one && got["other"] == "" {
				t.Errorf("%s: %s has no form for other numbers", language, key)
			}
		}
		for key := range book {
			if _, ok := english[key]; !ok {
				t.Errorf("%s has %s, which English lacks", language, key)
			}
		}
	}
}

// sources returns the page's scripts by path.
func sources(t *testing.T) map[string]string {
	t.Helper()
	out := make(map[string]string)
	err := filepath.WalkDir("src", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".js" {
			return err
		}
		data, err := os.ReadFile(path)
		out[path] = string(data)
		return err
	})
	if err != nil || len(out) < 20 {
		t.Fatalf("%d scripts, %v", len(out), err)
	}
	return out
}

// TestEverySentenceIsSaid: no script asks for a sentence that is not there, and no
// sentence is there that no script asks for.
func TestEverySentenceIsSaid(t *testing.T) {
	english := readCatalogue(t, "en")
	var whole, stems []string
	for path, text := range sources(t) {
		for _, m := range regexp.MustCompile(`\bt\("([^"]+)"`).FindAllStringSubmatch(text, -1) {
			if _, ok := english[m[1]]; !ok {
				t.Errorf("%s asks for %s", path, m[1])
			}
		}
		for _, m := range regexp.MustCompile(`"([a-z]+(?:[.-][a-z-]+)+|[a-z]+)"`).FindAllStringSubmatch(text, -1) {
			whole = append(whole, m[1])
		}
		for _, m := range regexp.MustCompile("`([a-z]+\\.)\\$\\{").FindAllStringSubmatch(text, -1) {
			stems = append(stems, m[1])
		}
		for _, m := range regexp.MustCompile(`word\("([a-z]+)"`).FindAllStringSubmatch(text, -1) {
			stems = append(stems, m[1]+".")
		}
	}
	for key := range english {
		if !slices.Contains(whole, key) && !slices.ContainsFunc(stems, func(s string) bool { return strings.HasPrefix(key, s) }) {
			t.Errorf("nobody asks for %s", key)
		}
	}
}

// TestTextStaysText: nothing in the page's own scripts makes markup or code of a text,
// and nothing goes to another place than the endpoint.
func TestTextStaysText(t *testing.T) {
	for _, bad := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "dangerouslySetInnerHTML", "document.write", "eval(", "new Function", "http://", "https://", "javascript:", "srcdoc"} {
		for path, text := range sources(t) {
			if strings.Contains(text, bad) {
				t.Errorf("%s has %s", path, bad)
			}
		}
	}
}

package hookd_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crossband/client/phrase"
	"crossband/cmd/crossband/internal/hookd"
	"crossband/proto"
	"crossband/relay/hook"
)

const goodConfig = `listen = "127.0.0.1:0"
channel = "Alerts"

[[source]]
name = "nws"
secrets = ["a.secret"]
formats = ["cap", "cot"]
to = "desk/piedras-negras@gn.example"
phrase = "severe-weather"
phrases = { "Flash Flood Warning" = "flood", EQW = "evacuate" }
exercise = "ring-as-exercise"
least = "moderate"
most = "peril"
rate = 5
`

// folder is a folder with a configuration and its secret.
func folder(t *testing.T, config string) (path string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"hook.toml": config, "a.secret": "whsec_QWvavChZARKUNnxHh+GLhiwjse87E84hOcSF7iR5Gt0=\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "hook.toml")
}

func TestLoad(t *testing.T) {
	path := folder(t, goodConfig)
	c, err := hookd.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	src := c.Hooks()[0]
	if c.Journal != filepath.Join(filepath.Dir(path), "hook.db") || len(src.Secrets) != 1 || len(src.Formats) != 2 ||
		src.Policy != (hook.Policy{Practice: hook.PracticeRings, Least: hook.Moderate, Most: proto.PriorityImminentPeril}) || src.Rate.Burst != 50 {
		t.Errorf("%+v, %+v", c, src)
	}
	if !strings.HasPrefix(src.Secrets[0].Reveal(), "whsec_QWva") {
		t.Error("another secret was read")
	}
}

func TestLoadRefuses(t *testing.T) {
	for name, c := range map[string]struct{ old, with, want string }{
		"unknown key":             {"channel =", "chanel =", `line 2: unknown key "chanel"`},
		"unknown key of a source": {"rate =", "rates =", "line 14: unknown key"},
		"no port":                 {`"127.0.0.1:0"`, `"127.0.0.1"`, "line 1: listen: want HOST:PORT"},
		"open without TLS":        {`"127.0.0.1:0"`, `"0.0.0.0:0"`, "line 1: listen: without certificate and key"},
		"a host name without TLS": {`"127.0.0.1:0"`, `"localhost:0"`, "line 1: listen: without certificate and key"},
		"half of TLS":             {"channel =", "certificate = \"x\"\nchannel =", "certificate and key stand together"},
		"bad name":                {`name = "nws"`, `name = "a/b"`, "line 5: source a/b: want 1 to 40"},
		"no secrets":              {`["a.secret"]`, `[]`, "line 6: source nws: secrets: 0 files"},
		"no such secret":          {`"a.secret"`, `"b.secret"`, "line 6: source nws: stat"},
		"no secret in the file":   {`"a.secret"`, `"hook.toml"`, "line 6: source nws: "},
		"unknown format":          {`"cot"`, `"smoke"`, `line 7: source nws: format "smoke"`},
		"no formats":              {`["cap", "cot"]`, `[]`, "line 7: source nws: formats: none"},
		"no desk":                 {"desk/piedras-negras@", "unit/x@", "line 8: source nws: to:"},
		"no phrase":               {`phrase = "severe-weather"`, "", `source nws: no phrase ""`},
		"unknown phrase":          {`"severe-weather"`, `"bad-weather"`, `line 9: source nws: no phrase "bad-weather"`},
		"phrase that needs more":  {`"severe-weather"`, `"armed-group"`, "line 9: source nws: phrase armed-group needs count="},
		"one of the phrases":      {`"evacuate"`, `"armed-group"`, "source nws: phrase armed-group needs count="},
		"exercise":                {`"ring-as-exercise"`, `"ring"`, `line 11: source nws: exercise = "ring"`},
		"least":                   {`"moderate"`, `"awful"`, `line 12: source nws: least = "awful"`},
		"most":                    {`"peril"`, `"loud"`, "line 13: source nws: "},
		"rate":                    {"rate = 5", "rate = -1", "line 14: source nws: rate = -1"},
		"two of a name":           {"rate = 5", "rate = 5\n" + goodConfig[strings.Index(goodConfig, "[[source]]"):], "line 16: source nws: source nws is there twice"},
		"no source":               {goodConfig[strings.Index(goodConfig, "[[source]]"):], "", "0 [[source]]"},
		"no TOML":                 {"[[source]]", "[[source", "line 5"},
	} {
		if !strings.Contains(goodConfig, c.old) {
			t.Fatalf("%s: nothing to replace", name)
		}
		path := folder(t, strings.Replace(goodConfig, c.old, c.with, 1))
		if _, err := hookd.Load(path); err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), path) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	path := folder(t, goodConfig)
	if err := os.Chmod(filepath.Join(filepath.Dir(path), "a.secret"), 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := hookd.Load(path); err == nil || !strings.Contains(err.Error(), "mode 0640") {
		t.Errorf("a secret that others may read: %v", err)
	}
}

func TestWords(t *testing.T) {
	c, err := hookd.Load(folder(t, goodConfig))
	if err != nil {
		t.Fatal(err)
	}
	raise := hook.Raise{Call: hook.Call{Source: "nws", Alert: hook.Alert{
		Event: "flash flood WARNING", Sent: time.Date(2026, 8, 14, 23, 42, 0, 0, time.UTC), Place: &hook.Place{Lat: 31.5, Lon: -110, Desc: "Santa Cruz"},
		Texts: []hook.Text{{Language: "en", Text: "Flood"}, {Language: "es", Text: "Inundación"}, {Language: "en", Text: "Flood"}},
	}}, Late: 90 * time.Second}
	w, err := c.Words(raise)
	if err != nil {
		t.Fatal(err)
	}
	if w.To.Short() != "desk/piedras-negras" || w.Note != "nws: Flood / Inundación [sent 2026-08-14 23:42:00 UTC, LATE by 1m30s]" {
		t.Errorf("%+v", w)
	}
	if s := w.Content.Sentence(phrase.French); !strings.Contains(s, "Santa Cruz") || !strings.Contains(strings.ToLower(s), "inondation") {
		t.Errorf("%s", s)
	}
	for name, tt := range map[string]struct {
		change func(*hook.Alert)
		slug   string
	}{
		"by a code":    {func(a *hook.Alert) { a.Event, a.Codes = "Sismo", []string{"x", "eqw"} }, "evacuate"},
		"by default":   {func(a *hook.Alert) { a.Event = "Wind" }, "severe-weather"},
		"odd place":    {func(a *hook.Alert) { a.Place.Desc = "a\u202eb" }, "flood"},
		"no place":     {func(a *hook.Alert) { a.Place = nil }, "flood"},
		"long texts":   {func(a *hook.Alert) { a.Texts = []hook.Text{{Language: "", Text: strings.Repeat("é", 2000)}} }, "flood"},
		"no texts":     {func(a *hook.Alert) { a.Texts = nil }, "flood"},
		"not on Earth": {func(a *hook.Alert) { a.Place.Lat = 91 }, "flood"},
	} {
		r := raise
		at := *raise.Alert.Place
		r.Alert.Place = &at
		tt.change(&r.Alert)
		w, err := c.Words(r)
		p, _ := phrase.Find(w.Content.Code)
		if err != nil || p.Slug() != tt.slug || w.Content.Validate() != nil || len(w.Note) > 1300 || w.Note == "" {
			t.Errorf("%s: %s, %q, %v", name, p.Slug(), w.Note, err)
		}
	}
	raise.Source = "gone"
	if _, err := c.Words(raise); err == nil {
		t.Error("words for a source that is not there")
	}
}

package strictjson_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"crossband/formats/strictjson"
)

func parse(s string) (strictjson.Value, error) {
	return strictjson.Parse([]byte(s), strictjson.Limits{})
}

func TestValues(t *testing.T) {
	v, err := parse(` {"a": [1, -2.50e+3, "x\u00e9\ud83d\ude00\n\/", true, false, null, {}, []], "b": "é"} `)
	if err != nil {
		t.Fatal(err)
	}
	list := v.Get("a").List()
	if len(list) != 8 || v.Kind() != strictjson.Object || len(v.Members()) != 2 {
		t.Fatalf("%+v", v)
	}
	if n, ok := list[1].Number(); !ok || n != "-2.50e+3" {
		t.Errorf("number %q", n)
	}
	if s, ok := list[2].Text(); !ok || s != "xé😀\n/" {
		t.Errorf("text %q", s)
	}
	if b, ok := list[3].Bool(); !ok || !b {
		t.Error("true")
	}
	if b, ok := list[4].Bool(); !ok || b {
		t.Error("false")
	}
	if list[5].Kind() != strictjson.Null || string(list[6].Raw()) != "{}" || string(v.Get("a").Raw()[:3]) != "[1," {
		t.Error("null, or what stands in the text")
	}
	if v.Get("A").Kind() != strictjson.None {
		t.Error("names are compared without case")
	}
	if _, ok := list[0].Text(); ok {
		t.Error("a number passes for a string")
	}
}

func TestRefused(t *testing.T) {
	for name, s := range map[string]string{
		"a name twice":               `{"severity":"minor","severity":"extreme"}`,
		"a name twice, escaped":      `{"a":1,"\u0061":2}`,
		"case twins":                 `{"severity":"minor","Severity":"extreme"}`,
		"twins by the long s":        `{"severity":"minor","ſeverity":"extreme"}`,
		"twins by the Kelvin sign":   "{\"kind\":1,\"\u212aind\":2}",
		"twins deep inside":          `[[{"x":{"a":1,"A":2}}]]`,
		"bad UTF-8":                  "\"\xff\"",
		"bad UTF-8 in a name":        "{\"a\xc3\":1}",
		"overlong UTF-8":             "\"\xc0\x80\"",
		"a surrogate in UTF-8":       "\"\xed\xa0\x80\"",
		"half a surrogate pair":      `"\ud800"`,
		"halves in the wrong order":  `"\ude00\ud83d"`,
		"half and a letter":          `"\ud800\u0041"`,
		"byte order mark":            "\ufeff{}",
		"text after the value":       `{} {}`,
		"comma at the end":           `[1,]`,
		"comma at the end of object": `{"a":1,}`,
		"comment":                    `{} // x`,
		"single quotes":              `{'a':1}`,
		"leading zero":               `01`,
		"plus":                       `+1`,
		"point without digits":       `1.`,
		"no digits before the point": `.5`,
		"NaN":                        `NaN`,
		"hexadecimal":                `0x10`,
		"control character":          "\"\x01\"",
		"NUL":                        "\x00",
		"unknown escape":             `"\x41"`,
		"cut":                        `{"a":`,
		"cut string":                 `"abc`,
		"cut escape":                 `"\u00`,
		"cut word":                   `tru`,
		"nothing":                    ``,
		"name without quotes":        `{a:1}`,
		"escape with a sign":         `"\u+123"`,
	} {
		if v, err := parse(s); !errors.Is(err, strictjson.ErrMalformed) || v.Kind() != strictjson.None {
			t.Errorf("%s: %v, %v", name, v, err)
		}
	}
}

func TestLimits(t *testing.T) {
	for name, s := range map[string]string{
		"10,000 deep":   strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000),
		"33 deep":       strings.Repeat(`{"a":`, 33) + "1" + strings.Repeat("}", 33),
		"50,001 values": "[" + strings.Repeat("0,", 49_999) + "0]",
		"too long":      `"` + strings.Repeat("x", 1<<20) + `"`,
	} {
		if _, err := parse(s); !errors.Is(err, strictjson.ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, s := range map[string]string{
		"32 deep":       strings.Repeat("[", 32) + strings.Repeat("]", 32),
		"50,000 values": "[" + strings.Repeat("0,", 49_998) + "0]",
	} {
		if _, err := parse(s); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTruncations: no beginning of an object is an object.
func TestTruncations(t *testing.T) {
	const s = `{"a":[1,-2.5e3,"x\u00e9\ud83d\ude00",true,null,{"b":{}}]}`
	for n := range len(s) {
		if _, err := parse(s[:n]); !errors.Is(err, strictjson.ErrMalformed) {
			t.Errorf("%d of %d octets: %v", n, len(s), err)
		}
	}
}

func TestMemoryIsBounded(t *testing.T) {
	for name, s := range map[string]string{
		"numbers": "[" + strings.Repeat("0,", 1<<19-10) + "0]",
		"objects": "[" + strings.Repeat("{},", 1<<18) + "0]",
		"depth":   strings.Repeat("[", 1<<20),
		"escapes": `"` + strings.Repeat(`\u1234`, (1<<20)/6-10) + `"`,
	} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		parse(s)
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 {
			t.Errorf("%s: %d MiB allocated for 1 MiB", name, used>>20)
		}
	}
}

// vectors finds the shared test data: $CROSSBAND_VECTORS, or else
// ../shared/vectors beside the module's root.
func vectors(t *testing.T, under string) string {
	t.Helper()
	dir := os.Getenv("CROSSBAND_VECTORS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "vectors")
	}
	dir = filepath.Join(dir, under)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no test vectors: set CROSSBAND_VECTORS, or put them in %s", dir)
	}
	return dir
}

// TestJSONTestSuite: what every parser must accept is accepted, but for names
// that come twice.
func TestJSONTestSuite(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(vectors(t, "json/jsontestsuite-y"), "*.json"))
	if err != nil || len(files) < 90 {
		t.Fatalf("%d texts, %v", len(files), err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		_, err = strictjson.Parse(b, strictjson.Limits{})
		if twice := strings.Contains(f, "duplicated_key"); twice != (err != nil) {
			t.Errorf("%s: %v", filepath.Base(f), err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`{"a":[1,-2.5e3,"x\u00e9\ud83d\ude00",true,null,{"b":{}}]}`, `{"a":1,"A":2}`, `"\ud800"`, "[0,\"\xff\"]", `[1.0E-3]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := strictjson.Parse(b, strictjson.Limits{})
		if err != nil {
			if !errors.Is(err, strictjson.ErrMalformed) && !errors.Is(err, strictjson.ErrTooLarge) {
				t.Fatalf("error of no kind: %v", err)
			}
			return
		}
		var other any
		d := json.NewDecoder(strings.NewReader(string(b)))
		d.UseNumber()
		if err := d.Decode(&other); err != nil {
			t.Fatalf("taken here, and refused by encoding/json: %v", err)
		}
		if got := plain(v); !reflect.DeepEqual(got, other) {
			t.Fatalf("read as %v, by encoding/json as %v", got, other)
		}
	})
}

// plain is a value in the types of encoding/json.
func plain(v strictjson.Value) any {
	switch v.Kind() {
	case strictjson.Bool:
		b, _ := v.Bool()
		return b
	case strictjson.Number:
		n, _ := v.Number()
		return json.Number(n)
	case strictjson.String:
		s, _ := v.Text()
		return s
	case strictjson.Array:
		list := []any{}
		for _, e := range v.List() {
			list = append(list, plain(e))
		}
		return list
	case strictjson.Object:
		m := map[string]any{}
		for _, e := range v.Members() {
			m[e.Name] = plain(e.Value)
		}
		return m
	}
	return nil
}

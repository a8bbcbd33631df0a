package record

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// vectorDir finds the shared test data: $CROSSBAND_VECTORS, or else
// ../shared/vectors beside the module's root.
func vectorDir(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("CROSSBAND_VECTORS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "vectors")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no test vectors: set CROSSBAND_VECTORS, or put them in %s", dir)
	}
	return filepath.Join(dir, "json", "jcs-rfc8785")
}

// TestVectorsOfRFC8785 writes the published inputs in canonical form and reads
// the published outputs. Numbers that are not whole are left out: entries have
// none, and they are refused.
func TestVectorsOfRFC8785(t *testing.T) {
	dir := vectorDir(t)
	for _, name := range []string{"arrays", "french", "structures", "values"} {
		want := must(os.ReadFile(filepath.Join(dir, "output", name+".json")))(t)
		d := json.NewDecoder(bytes.NewReader(must(os.ReadFile(filepath.Join(dir, "input", name+".json")))(t)))
		d.UseNumber()
		var v any
		ok(t, d.Decode(&v))
		if name == "values" {
			m := v.(map[string]any)
			delete(m, "numbers")
			wantFault(t, failed(parseCanonical(want)), Malformed, "numbers that are not whole")
			from := bytes.Index(want, []byte(`"numbers":`))
			to := from + bytes.IndexByte(want[from:], ']') + 2
			want = append(bytes.Clone(want[:from]), want[to:]...)
		}
		if got := appendValue(nil, plain(t, v)); !bytes.Equal(got, want) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		}
		back := must(parseCanonical(want))(t)
		if got := appendValue(nil, back); !bytes.Equal(got, want) {
			t.Errorf("%s: read and written again\n%s\nwant\n%s", name, got, want)
		}
	}
}

// plain turns what encoding/json read into this package's values.
func plain(t *testing.T, v any) any {
	switch v := v.(type) {
	case map[string]any:
		o := object{}
		for name, value := range v {
			o = append(o, member{name, plain(t, value)})
		}
		return o.sorted()
	case []any:
		l := list{}
		for _, e := range v {
			l = append(l, plain(t, e))
		}
		return l
	case json.Number:
		f := must(v.Float64())(t)
		if f != math.Trunc(f) {
			t.Fatalf("%s is not whole", v)
		}
		return int64(f)
	}
	return v
}

// TestNamesAreOrderedByUTF16: what lies above U+FFFF comes before U+E000.
func TestNamesAreOrderedByUTF16(t *testing.T) {
	o := object{{"\ue000", int64(1)}, {"\U0001f600", int64(2)}, {"a", int64(3)}}.sorted()
	if got := string(appendValue(nil, o)); got != "{\"a\":3,\"\U0001f600\":2,\"\ue000\":1}" {
		t.Errorf("%q", got)
	}
}

// TestOneFormOnly: what is JSON and not canonical is refused.
func TestOneFormOnly(t *testing.T) {
	for _, c := range []string{
		``, ` {}`, `{} `, `{ }`, `{"a":1,}`, `{"a":1 }`, `{"a" :1}`, `{"b":1,"a":2}`, `{"a":1,"a":2}`, `[1, 2]`, `[1,]`, `[,]`,
		`01`, `-0`, `+1`, `1.0`, `1e3`, `-`, `9007199254740992`, `-9007199254740992`, `99999999999999999999`,
		`"\u0041"`, `"\/"`, `"\u000a"`, `"\u001F"`, `"\u00e9"`, "\"\n\"", "\"\xff\"", `"\`, `"\u00`, `"a`, `'a'`,
		`nul`, `True`, `{}{}`, `{a:1}`, `{"a"}`, `{`, `[`, `{"a":`, "\ufeff{}",
		strings.Repeat("[", maxDepth+2) + strings.Repeat("]", maxDepth+2),
		"[" + strings.Repeat("0,", maxMembers) + "0]",
	} {
		if _, err := parseCanonical([]byte(c)); FaultOf(err) != Malformed {
			t.Errorf("%.60q: %v, want it refused", c, err)
		}
	}
	for _, c := range []string{
		`{}`, `[]`, `null`, `true`, `false`, `0`, `-1`, `9007199254740991`, `-9007199254740991`, `""`, `"\b\t\n\f\r\"\\\u0000\u001f"`, "\"\x7fé\U0001f600/\"",
		strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1),
		"[" + strings.Repeat("0,", maxMembers-1) + "0]",
	} {
		v, err := parseCanonical([]byte(c))
		if err != nil {
			t.Errorf("%.60q: %v", c, err)
		} else if got := string(appendValue(nil, v)); got != c {
			t.Errorf("%.60q is written again as %.60q", c, got)
		}
	}
}

// FuzzCanonical: what is accepted is valid JSON and written again octet for
// octet.
func FuzzCanonical(f *testing.F) {
	for _, s := range []string{`{"a":[1,-2,"x\n"],"b":{"c":null}}`, `"\u0001é"`, `[true,false]`, `{"1":"\u00e9"}`, `-0`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := parseCanonical(data)
		if err != nil {
			return
		}
		if got := appendValue(nil, v); !bytes.Equal(got, data) || !json.Valid(data) {
			t.Fatalf("%q is written again as %q", data, got)
		}
	})
}

package strictxml_test

import (
	"errors"
	"runtime"
	"strings"
	"testing"

	"crossband/formats/strictxml"
)

func parse(t *testing.T, doc string) *strictxml.Element {
	t.Helper()
	e, err := strictxml.Parse([]byte(doc), "", strictxml.Limits{})
	if err != nil {
		t.Fatalf("%.80q: %v", doc, err)
	}
	return e
}

func TestTree(t *testing.T) {
	e := parse(t, "\xef\xbb\xbf<?xml version=\"1.0\" encoding='UTF-8' standalone=\"no\"?>\n<?xml-stylesheet href='x'?><!-- c -->"+
		`<p:a xmlns:p="urn:x" xmlns="urn:y" n="1 &amp; 2">t<b>&lt;é&#233;<![CDATA[<&>]]></b>u<p:c/></p:a> `)
	if !e.Is("urn:x", "a") || e.Text != "tu" || len(e.Kids) != 2 || len(e.Attrs) != 1 {
		t.Fatalf("root %+v", e)
	}
	if v, ok := e.Attr("n"); !ok || v != "1 & 2" {
		t.Errorf("attribute %q", v)
	}
	if b := e.Kids[0]; !b.Is("urn:y", "b") || b.Text != "<éé<&>" || string(b.Raw()) != "<b>&lt;é&#233;<![CDATA[<&>]]></b>" {
		t.Errorf("kid %+v, raw %q", b, b.Raw())
	}
	if c := e.Kids[1]; !c.Is("urn:x", "c") || !c.Blank() || string(c.Raw()) != "<p:c/>" {
		t.Errorf("kid %+v, raw %q", c, c.Raw())
	}
	if _, ok := e.Attr("p"); ok {
		t.Error("a declaration of a namespace is taken for an attribute")
	}
}

func TestEncodings(t *testing.T) {
	for name, doc := range map[string]string{
		"ISO-8859-1":       "<?xml version='1.0' encoding='iso-8859-1'?><a>\xe9</a>",
		"windows-1252":     "<?xml version='1.0' encoding='windows-1252'?><a>\xe9</a>",
		"US-ASCII":         "<?xml version='1.0' encoding='US-ASCII'?><a>&#xe9;</a>",
		"UTF-8 unstated":   "<a>é</a>",
		"UTF-8 with a BOM": "\xef\xbb\xbf<?xml version='1.0' encoding='utf-8'?><a>é</a>",
	} {
		if e := parse(t, doc); e.Text != "é" {
			t.Errorf("%s: %q", name, e.Text)
		}
	}
	if e := parse(t, "<?xml version='1.0' encoding='cp1252'?><a>\x93\x80\x94</a>"); e.Text != "“€”" {
		t.Errorf("windows-1252's own: %q", e.Text)
	}
	if e, err := strictxml.Parse([]byte("<a>\xe9</a>"), "ISO-8859-1", strictxml.Limits{}); err != nil || e.Text != "é" {
		t.Errorf("stated by the carrier: %v", err)
	}
}

func TestRefused(t *testing.T) {
	for name, doc := range map[string]string{
		"document type":            `<!DOCTYPE a><a/>`,
		"entity of its own":        `<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>`,
		"entity bomb":              `<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><a>&b;</a>`,
		"external entity":          `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>`,
		"HTML entity":              `<a>&eacute;</a>`,
		"document type afterwards": `<a/><!DOCTYPE a>`,
		"second root":              `<a/><a/>`,
		"text after the root":      `<a/>x`,
		"text before the root":     `x<a/>`,
		"attribute twice":          `<a n="1" n="2"/>`,
		"attribute without quotes": `<a n=1/>`,
		"no element":               `<!-- only -->`,
		"nothing":                  ``,
		"cut":                      `<a><b></b>`,
		"crossed":                  `<a><b></a></b>`,
		"control character":        "<a>\x01</a>",
		"character number 0":       "<a>&#0;</a>",
		"bad UTF-8":                "<a>\xff</a>",
		"overlong UTF-8":           "<a>\xc0\xbc</a>",
		"bad UTF-8 in a comment":   "<a><!-- \xff --></a>",
		"UTF-16":                   "\xff\xfe<\x00a\x00/\x00>\x00",
		"UTF-7":                    `<?xml version="1.0" encoding="UTF-7"?><a/>`,
		"EBCDIC":                   `<?xml version="1.0" encoding="IBM037"?><a/>`,
		"BOM and another encoding": "\xef\xbb\xbf<?xml version='1.0' encoding='iso-8859-1'?><a/>",
		"high octet in US-ASCII":   "<?xml version='1.0' encoding='us-ascii'?><a>\xe9</a>",
		"undefined octet":          "<?xml version='1.0' encoding='windows-1252'?><a>\x81</a>",
		"XML 1.1":                  `<?xml version="1.1"?><a/>`,
		"encoding twice":           `<?xml version="1.0" encoding="utf-8" encoding="latin1"?><a/>`,
		"declaration that is long": `<?xml version="1.0" ` + strings.Repeat(" ", 300) + `?><a/>`,
		"declaration afterwards":   `<a/><?xml version="1.0"?>`,
		"declaration inside":       `<a><?xml version="1.0"?></a>`,
	} {
		if e, err := strictxml.Parse([]byte(doc), "", strictxml.Limits{}); !errors.Is(err, strictxml.ErrMalformed) {
			t.Errorf("%s: %v, %v", name, e, err)
		}
	}
	if _, err := strictxml.Parse([]byte("<?xml version='1.0' encoding='utf-8'?><a/>"), "iso-8859-1", strictxml.Limits{}); !errors.Is(err, strictxml.ErrMalformed) {
		t.Errorf("two encodings: %v", err)
	}
	// An undeclared prefix is no namespace that anybody would ask for.
	if e := parse(t, `<cap:alert/>`); e.Is("urn:oasis:names:tc:emergency:cap:1.2", "alert") {
		t.Error("an undeclared prefix passes for a namespace")
	}
}

func TestLimits(t *testing.T) {
	for name, doc := range map[string]string{
		"10,000 deep":     strings.Repeat("<a>", 10_000) + strings.Repeat("</a>", 10_000),
		"33 deep":         strings.Repeat("<a>", 33) + strings.Repeat("</a>", 33),
		"many elements":   "<a>" + strings.Repeat("<b/>", 20_000) + "</a>",
		"many attributes": "<a" + manyAttributes(65) + "/>",
		"too long":        "<a>" + strings.Repeat("x", 1<<20) + "</a>",
	} {
		if _, err := strictxml.Parse([]byte(doc), "", strictxml.Limits{}); !errors.Is(err, strictxml.ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, doc := range map[string]string{
		"32 deep":         strings.Repeat("<a>", 32) + strings.Repeat("</a>", 32),
		"20,000 elements": "<a>" + strings.Repeat("<b/>", 19_999) + "</a>",
		"64 attributes":   "<a" + manyAttributes(64) + "/>",
	} {
		if _, err := strictxml.Parse([]byte(doc), "", strictxml.Limits{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func manyAttributes(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(" a" + strings.Repeat("b", i) + `="1"`)
	}
	return b.String()
}

// TestMemoryIsBounded: the worst that fits the limits takes a small multiple of
// its own size.
func TestMemoryIsBounded(t *testing.T) {
	for name, doc := range map[string]string{
		"elements":   "<a>" + strings.Repeat("<b/>", (1<<20)/4-10) + "</a>",
		"depth":      strings.Repeat("<a>", (1<<20)/3),
		"attributes": "<a " + strings.Repeat(`b="" `, (1<<20)/5-10) + "/>",
		"one text":   "<a>" + strings.Repeat("x", 1<<20-10) + "</a>",
		"directive":  "<!DOCTYPE " + strings.Repeat("<", 1<<20-20) + ">",
		"references": "<a>" + strings.Repeat("&#1234;", (1<<20)/7-10) + "</a>",
	} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		strictxml.Parse([]byte(doc), "", strictxml.Limits{})
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 {
			t.Errorf("%s: %d MiB allocated for 1 MiB", name, used>>20)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`<a xmlns="urn:x" b="c">d<e/>&amp;<![CDATA[f]]></a>`,
		"<?xml version='1.0' encoding='iso-8859-1'?><a>\xe9</a>",
		`<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>`,
		"\xef\xbb\xbf<a/>",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := strictxml.Parse(b, "", strictxml.Limits{})
		if (e == nil) != (err != nil) {
			t.Fatalf("%v with %v", e, err)
		}
		if err != nil {
			if !errors.Is(err, strictxml.ErrMalformed) && !errors.Is(err, strictxml.ErrTooLarge) {
				t.Fatalf("error of no kind: %v", err)
			}
			return
		}
		walk(t, e, 1)
	})
}

func walk(t *testing.T, e *strictxml.Element, depth int) {
	if depth > 32 {
		t.Fatal("deeper than allowed")
	}
	if raw := e.Raw(); len(raw) < 4 || raw[0] != '<' || raw[len(raw)-1] != '>' {
		t.Fatalf("raw %q", raw)
	}
	for _, k := range e.Kids {
		walk(t, k, depth+1)
	}
}

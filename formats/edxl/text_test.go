package edxl

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
)

// hostile are texts that try to be more than texts.
func hostile() []string {
	return []string{
		"</rmsg:MessageDescription><rmsg:MessageRecall>", "]]>", "&amp;&lt;", "<!-- x -->", "<![CDATA[x]]>", "a\r\nb\rc\td", "\x1b[2J\x00\x07",
		"\xff\xfe\xc3", "\ufffe\uffff", "\ufffd", "\U0010ffff", "\u202eabc", " lead and trail ", "\n", "ñandú Québec 国境 🚨", "&#x0;",
	}
}

func TestHostileTextStaysText(t *testing.T) {
	for _, s := range hostile() {
		m := everything()[3].(*Response)
		m.Description, m.Incident.Description, m.Items[0].Resource.Name, m.Items[1].Reason.Text = s, s, s, s
		m.Contacts[0].Description, m.Items[0].Schedule[0].Place = s, s
		out := written(t, m)
		if err := validate(out); err != nil {
			t.Errorf("%q: %v", s, err)
		}
		got, err := Read(out)
		if err != nil {
			t.Errorf("%q: %v", s, err)
			continue
		}
		if name := got.(*Response).Items[0].Resource.Name; name != Visible(s) {
			t.Errorf("%q reads back as %q", s, name)
		}
	}
	if got := Visible("\x1b[\x00\xffa\r\n\ufffe\ufffd"); got != "<U+001B>[<U+0000><0xFF>a\r\n<U+FFFE>\ufffd" {
		t.Errorf("made visible: %q", got)
	}
}

// TestAnyMessageComesBack: whatever the texts and whichever parts are there, a
// message that is written is valid and reads back.
func TestAnyMessageComesBack(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	wrote := 0
	for range 3000 {
		m := everything()[random.IntN(len(everything()))]
		scramble(reflect.ValueOf(m).Elem(), random)
		out, err := Write(m)
		if err != nil {
			continue
		}
		wrote++
		if err := validate(out); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if got, err := Read(out); err != nil || !reflect.DeepEqual(got, m) {
			t.Fatalf("error %v, read back\n%+v, want\n%+v", err, got, m)
		}
	}
	if wrote < 300 {
		t.Errorf("%d messages of 3000 were valid: the test is idle", wrote)
	}
}

// scramble empties or replaces some of the texts of a message.
func scramble(v reflect.Value, random *rand.Rand) {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			if random.IntN(8) == 0 {
				v.Set(reflect.ValueOf(time.Unix(random.Int64N(4e9), random.Int64N(100)*1e7).In(time.FixedZone("", (1+random.IntN(800))*60))))
			}
			return
		}
		for i := range v.NumField() {
			scramble(v.Field(i), random)
		}
	case reflect.Slice:
		for i := range v.Len() {
			scramble(v.Index(i), random)
		}
	case reflect.String:
		switch words := []string{"", "x", " y ", "<&>\"'", "\r\n\t", "ñ", "urn:example:z"}; {
		case random.IntN(30) == 0:
			v.SetString(words[random.IntN(len(words))])
		case random.IntN(30) == 0:
			v.SetString("")
		}
	}
}

// TestOffsets: an instant stays the same whatever its zone.
func TestOffsets(t *testing.T) {
	base := at("2026-11-25T14:30:07.25Z")
	for offset, want := range map[int]string{
		0: "14:30:07.25+00:00", -6 * 3600: "08:30:07.25-06:00", 5*3600 + 1800: "20:00:07.25+05:30", -(6*3600 + 36*60 + 36): "14:30:07.25+00:00", 15 * 3600: "14:30:07.25+00:00",
	} {
		m := everything()[0].(*Request)
		m.Sent = base.In(time.FixedZone("", offset))
		if out := string(written(t, m)); !strings.Contains(out, "T"+want+"<") {
			t.Errorf("offset %d: no %s in\n%s", offset, want, out)
		}
	}
}

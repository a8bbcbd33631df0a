package edxl

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// at is an instant with an offset and hundredths.
func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	_, offset := t.Zone()
	if offset == 0 {
		return t.UTC()
	}
	return t.In(time.FixedZone("", offset))
}

func header(id MessageID, preceding MessageID) Header {
	return Header{
		ID: id, Sent: at("2026-11-25T08:30:07.25-06:00"), Description: "Officer needs help", Originating: "usbp.example/hail/1", Preceding: preceding,
		Incident: Incident{"usbp.example/incident/1", "Eagle Pass, river mile 7"},
		Contacts: []Contact{
			{Description: "Unit del-rio-214", Role: RoleRequester, Radio: Radio{Term{"urn:example:radio", "Crossband"}, "incident 3fa9"}, Place: "Mile 7"},
			{Description: "Desk del-rio"}, {Role: RoleOwner},
		},
	}
}

func truck() Resource {
	return Resource{ID: "gn-114", Name: "Patrulla 114", Type: Term{"urn:example:resource", "patrol"}, Description: "two officers"}
}

// everything returns one message of each kind with all that it can say.
func everything() []Message {
	owned := truck()
	owned.Owner = "gn.example"
	recall := header("usbp.example/hail/1/cancel", "")
	recall.Recall = Recall{"usbp.example/hail/1", RecallCancel}
	drill := header("usbp.example/hail/2", "")
	drill.Exercise, drill.Description, drill.Incident.Description = true, "", " twice  spaced "
	wanted := []Item{{"1", truck(), "1 unit", "block the road", []Schedule{
		{RequestedArrival, at("2026-11-25T14:45:00Z"), "Mile 7"}, {ReportTo, time.Time{}, "the gate"}, {Route, time.Time{}, ""},
	}}}
	return []Message{
		&Request{header("usbp.example/hail/1", ""), wanted},
		&Request{recall, wanted},
		&Request{drill, []Item{{ID: "1", Resource: Resource{Name: "any unit"}}}},
		&Response{header("gn.example/reply/1", "usbp.example/hail/1"), []Reply{
			{Item{"1", owned, "1 unit", "block the road", []Schedule{{EstimatedArrival, at("2026-11-25T14:50:00.01Z"), ""}}}, "1", Accept, Reason{}},
			{Item{ID: "2"}, "1", Decline, Reason{Term{"urn:example:reason", "busy"}, "No unit free"}},
			{Item{ID: "3"}, "1", Provisional, Reason{Text: "if the bridge opens"}},
		}},
		&Commitment{header("gn.example/reply/2", "gn.example/reply/1"), []Committed{
			{Item{"1", owned, "1 unit", "", []Schedule{{ScheduleCommitted, at("2026-11-25T14:31:00Z"), ""}, {ActualDeparture, at("2026-11-25T14:32:00Z"), "post"}}}, "1"},
		}},
		&Release{header("usbp.example/hail/1/release", "gn.example/reply/2"), []Item{{"1", owned, "1 unit", "", []Schedule{{ActualReturnDeparture, at("2026-11-25T16:00:00+05:30"), ""}}}}},
		&Release{header("usbp.example/hail/1/release", ""), []Item{{ID: "1", Resource: owned}}},
	}
}

func written(t *testing.T, m Message) []byte {
	t.Helper()
	out, err := Write(m)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestMessagesFitTheSchema(t *testing.T) {
	for _, m := range everything() {
		out := written(t, m)
		if err := validate(out); err != nil {
			t.Errorf("%s: %v\n%s", m.kind(), err, out)
		}
		if again := written(t, m); string(again) != string(out) {
			t.Errorf("%s: written differently the second time", m.kind())
		}
	}
}

func TestMessagesReadBack(t *testing.T) {
	for _, m := range everything() {
		got, err := Read(written(t, m))
		if err != nil {
			t.Errorf("%s: %v", m.kind(), err)
		} else if !reflect.DeepEqual(got, m) {
			t.Errorf("%s: read back\n%+v, want\n%+v", m.kind(), got, m)
		}
	}
}

// TestRequestOctets pins the form, so that a change of it is seen.
func TestRequestOctets(t *testing.T) {
	m := &Request{
		Header{ID: "a/1", Sent: at("2026-11-25T14:30:07.259Z"), Exercise: true, Description: "<help> & \"soon\"", Originating: "a/1",
			Incident: Incident{ID: "i"}, Contacts: []Contact{{Role: RoleSender}}},
		[]Item{{ID: "1", Resource: Resource{Name: "unit"}}},
	}
	want := `<?xml version="1.0" encoding="UTF-8"?>
<rmsg:RequestResource xmlns:rm="urn:oasis:names:tc:emergency:EDXL:RM:1.0" xmlns:rmsg="urn:oasis:names:tc:emergency:EDXL:RM:1.0:msg">
  <rmsg:MessageID>a/1</rmsg:MessageID>
  <rmsg:SentDateTime>2026-11-25T14:30:07.25+00:00</rmsg:SentDateTime>
  <rmsg:MessageContentType>RequestResource</rmsg:MessageContentType>
  <rmsg:MessageDescription>EXERCISE EXERCISE EXERCISE &lt;help&gt; &amp; "soon"</rmsg:MessageDescription>
  <rmsg:OriginatingMessageID>a/1</rmsg:OriginatingMessageID>
  <rmsg:IncidentInformation>
    <rm:IncidentID>i</rm:IncidentID>
    <rm:IncidentDescription>EXERCISE EXERCISE EXERCISE</rm:IncidentDescription>
  </rmsg:IncidentInformation>
  <rmsg:ContactInformation>
    <rm:ContactRole>Sender</rm:ContactRole>
  </rmsg:ContactInformation>
  <rmsg:ResourceInformation>
    <rmsg:ResourceInfoElementID>1</rmsg:ResourceInfoElementID>
    <rmsg:Resource>
      <rmsg:Name>unit</rmsg:Name>
    </rmsg:Resource>
  </rmsg:ResourceInformation>
</rmsg:RequestResource>
`
	if got := string(written(t, m)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

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

func TestInvalidMessagesAreRefused(t *testing.T) {
	request := func(change func(*Request)) Message {
		m := everything()[0].(*Request)
		change(m)
		return m
	}
	response := func(change func(*Response)) Message {
		m := everything()[3].(*Response)
		change(m)
		return m
	}
	commitment := func(change func(*Commitment)) Message {
		m := everything()[4].(*Commitment)
		change(m)
		return m
	}
	for name, m := range map[string]Message{
		"no identifier":                     request(func(m *Request) { m.ID = "" }),
		"identifier with a blank":           request(func(m *Request) { m.ID = "a " }),
		"identifier with a control":         request(func(m *Request) { m.ID = "a\x00" }),
		"identifier with a line break":      request(func(m *Request) { m.ID = "a\nb" }),
		"identifier too long":               request(func(m *Request) { m.ID = MessageID(strings.Repeat("a", MaxID+1)) }),
		"no originating message":            request(func(m *Request) { m.Originating = "" }),
		"no time":                           request(func(m *Request) { m.Sent = time.Time{} }),
		"a year of five digits":             request(func(m *Request) { m.Sent = time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC) }),
		"a request that follows":            request(func(m *Request) { m.Preceding = "x" }),
		"a recall of nothing":               request(func(m *Request) { m.Recall.Type = RecallCancel }),
		"an unknown recall":                 request(func(m *Request) { m.Recall = Recall{"x", "Forget"} }),
		"no contact":                        request(func(m *Request) { m.Contacts = nil }),
		"too many contacts":                 request(func(m *Request) { m.Contacts = make([]Contact, MaxContacts+1) }),
		"an empty contact":                  request(func(m *Request) { m.Contacts[0] = Contact{} }),
		"an unknown role":                   request(func(m *Request) { m.Contacts[0].Role = "Chief" }),
		"a radio without a channel":         request(func(m *Request) { m.Contacts[0].Radio.Channel = "" }),
		"a list that is no URI":             request(func(m *Request) { m.Items[0].Resource.Type.List = "my list" }),
		"a list without a value":            request(func(m *Request) { m.Items[0].Resource.Type.Value = "" }),
		"no items":                          request(func(m *Request) { m.Items = nil }),
		"too many items":                    request(func(m *Request) { m.Items = make([]Item, MaxItems+1) }),
		"an item without an identifier":     request(func(m *Request) { m.Items[0].ID = "" }),
		"an item twice":                     request(func(m *Request) { m.Items = append(m.Items, m.Items[0]) }),
		"an item without a resource":        request(func(m *Request) { m.Items[0].Resource = Resource{} }),
		"a resource without a name":         request(func(m *Request) { m.Items[0].Resource = Resource{Description: "x"} }),
		"an owner of what is asked for":     request(func(m *Request) { m.Items[0].Resource.Owner = "x" }),
		"a schedule of another kind":        request(func(m *Request) { m.Items[0].Schedule[0].Type = ActualArrival }),
		"too many schedules":                request(func(m *Request) { m.Items[0].Schedule = make([]Schedule, MaxSchedule+1) }),
		"a text too long":                   request(func(m *Request) { m.Items[0].Function = strings.Repeat("a", MaxText+1) }),
		"a false exercise":                  request(func(m *Request) { m.Description = ExerciseMark + " ha" }),
		"a false exercise in the incident":  request(func(m *Request) { m.Incident.Description = ExerciseMark }),
		"an answer to no message":           response(func(m *Response) { m.Preceding = "" }),
		"an answer to no item":              response(func(m *Response) { m.Items[0].To = "" }),
		"an unknown answer":                 response(func(m *Response) { m.Items[0].Answer = "Maybe" }),
		"provisional for no reason":         response(func(m *Response) { m.Items[2].Reason = Reason{} }),
		"declined with a quantity":          response(func(m *Response) { m.Items[1].Quantity = "1" }),
		"accepted, a function, no quantity": response(func(m *Response) { m.Items[0].Quantity = "" }),
		"a commitment of no quantity":       commitment(func(m *Commitment) { m.Items[0].Quantity = "" }),
		"a commitment of no time":           commitment(func(m *Commitment) { m.Items[0].Schedule = nil }),
		"a commitment of nothing":           commitment(func(m *Commitment) { m.Items[0].Resource = Resource{} }),
	} {
		if out, err := Write(m); !errors.Is(err, ErrMessage) || out != nil {
			t.Errorf("%s: %d octets, error %v", name, len(out), err)
		}
	}
	huge := everything()[0].(*Request)
	for len(huge.Items) < MaxItems {
		huge.Items = append(huge.Items, Item{ItemID(fmt.Sprint(len(huge.Items) + 1)), Resource{Name: strings.Repeat("&", MaxText)}, "", "", nil})
	}
	if _, err := Write(huge); !errors.Is(err, ErrMessage) {
		t.Errorf("a message over the limit: %v", err)
	}
}

func TestReadRefusesWhatWasNotWrittenHere(t *testing.T) {
	good := string(written(t, everything()[0]))
	for name, document := range map[string]string{
		"nothing":                     "",
		"cut":                         good[:len(good)-10],
		"something after it":          good + "x",
		"a second message":            good + good[strings.Index(good, "<rmsg"):],
		"a document type":             strings.Replace(good, "<rmsg:Req", "<!DOCTYPE x [<!ENTITY a \"b\">]><rmsg:Req", 1),
		"an instruction":              strings.Replace(good, "<rmsg:Req", "<?php x?><rmsg:Req", 1),
		"a comment":                   strings.Replace(good, "<rmsg:Req", "<!-- x --><rmsg:Req", 1),
		"an attribute":                strings.Replace(good, "<rmsg:MessageID>", "<rmsg:MessageID a=\"b\">", 1),
		"another prefix":              strings.ReplaceAll(good, "rmsg", "m"),
		"a time with the letter Z":    strings.Replace(good, "-06:00<", "Z<", 1),
		"text between elements":       strings.Replace(good, "<rmsg:MessageID>", "x<rmsg:MessageID>", 1),
		"text after elements":         strings.Replace(good, "</rmsg:Resource>", "x</rmsg:Resource>", 1),
		"elements in a text":          strings.Replace(good, "Officer needs help", "<rm:Value>a</rm:Value>", 1),
		"an element that is not ours": strings.Replace(good, "<rmsg:ResourceInformation>", "<rmsg:Funding/><rmsg:ResourceInformation>", 1),
		"another message's name":      strings.ReplaceAll(good, "RequestResource", "RequisitionResource"),
		"another content type":        strings.Replace(good, ">RequestResource<", ">CommitResource<", 1),
		"no mark of the exercise":     strings.Replace(string(written(t, everything()[2])), ExerciseMark+" ", "", 1),
		"too deep":                    strings.Repeat("<a>", 100000),
		"too long":                    good + strings.Repeat(" ", MaxMessage),
	} {
		if m, err := Read([]byte(document)); !errors.Is(err, ErrMessage) || m != nil {
			t.Errorf("%s: %v, error %v", name, m, err)
		}
	}
}

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

func FuzzRead(f *testing.F) {
	for _, m := range everything() {
		out, err := Write(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(out)
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		m, err := Read(document)
		if err != nil {
			if m != nil {
				t.Errorf("a message and an error")
			}
			return
		}
		if out, err := Write(m); err != nil || string(out) != string(document) {
			t.Errorf("accepted, but written again otherwise: %v", err)
		}
		if err := validate(document); err != nil {
			t.Errorf("accepted, but %v", err)
		}
	})
}

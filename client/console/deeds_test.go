package console

import (
	"context"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"crossband/client"
	"crossband/client/phrase"
	"crossband/proto"
)

func TestReadDeed(t *testing.T) {
	d, err := ReadDeed([]byte(`{"do":"hail","channel":"ab","slots":{"count":"2"},"exercise":true,"lat":28.7,"accuracy_m":5,"channels":["a","b"]}`))
	want := Deed{Do: "hail", Channel: "ab", Slots: map[string]string{"count": "2"}, Exercise: true, Latitude: 28.7, Accuracy: 5, Channels: []string{"a", "b"}}
	if err != nil || !reflect.DeepEqual(d, want) {
		t.Errorf("%+v (%v), want %+v", d, err, want)
	}
	for name, text := range map[string]string{
		"nothing":                "",
		"no object":              `[]`,
		"a word":                 `"text"`,
		"no deed":                `{}`,
		"an unknown member":      `{"do":"text","chanel":"ab"}`,
		"other letters":          `{"do":"text","Channel":"ab"}`,
		"the deed in other case": `{"DO":"text"}`,
		"a member twice":         `{"do":"text","do":"press"}`,
		"twice in other case":    `{"do":"text","DO":"press"}`,
		"a slot twice":           `{"do":"hail","slots":{"count":"1","count":"2"}}`,
		"null":                   `{"do":"text","channel":null}`,
		"another type":           `{"do":"text","channel":7}`,
		"a number too exact":     `{"do":"alarm-seen","alarm":1.5}`,
		"a number too large":     `{"do":"alarm-seen","alarm":1e99}`,
		"text after it":          `{"do":"text"}{}`,
		"half of it":             `{"do":"text"`,
		"not UTF-8":              "{\"do\":\"text\",\"text\":\"\xff\"}",
		"half a surrogate":       `{"do":"text","text":"\ud800"}`,
		"too deep":               `{"do":"text","slots":{"a":[[[[[]]]]]}}`,
		"too many":               `{"do":"press","channels":[` + strings.Repeat(`"",`, maxDeedValues) + `""]}`,
		"too large":              `{"do":"text","text":"` + strings.Repeat("a", maxDeed) + `"}`,
	} {
		if d, err := ReadDeed([]byte(text)); proto.ReasonOf(err) != proto.ReasonMalformed || !reflect.DeepEqual(d, Deed{}) {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
	}
}

// FuzzReadDeed: what is read says the same when it is written and read again.
func FuzzReadDeed(f *testing.F) {
	f.Add([]byte(`{"do":"text","channel":"ab","text":"x"}`))
	f.Add([]byte(`{"do":"press","channels":["a","b"],"priority":"urgent","page":"p","press":"1"}`))
	f.Add([]byte(`{"do":"hail","slots":{"count":"2"},"exercise":true}`))
	f.Add([]byte(`{"do":"position","lat":-1e-7,"lon":180,"accuracy_m":3}`))
	f.Add([]byte(`{"Do":"text"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := ReadDeed(b)
		if err != nil {
			if !reflect.DeepEqual(d, Deed{}) {
				t.Fatalf("refused, and yet %+v", d)
			}
			return
		}
		out, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ReadDeed(out)
		if err != nil {
			t.Fatalf("%s: %v", out, err)
		}
		twice, _ := json.Marshal(again)
		if string(twice) != string(out) {
			t.Fatalf("%s became %s", out, twice)
		}
	})
}

// constants lists the constants of a file by the beginning of their names.
func constants(t *testing.T, file, prefix string) (list []string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(v.Names[0].Name, prefix) && len(v.Values) == 1 {
			if lit, ok := v.Values[0].(*ast.BasicLit); ok {
				text, _ := strconv.Unquote(lit.Value)
				list = append(list, text)
			}
		}
		return true
	})
	return list
}

// TestEveryDeedIsDone: each name of the contract has its function.
func TestEveryDeedIsDone(t *testing.T) {
	s := newStage(t, nil)
	names := constants(t, "deed.go", "Do")
	if len(names) < 17 {
		t.Fatalf("%d deeds found: the test looks in the wrong place", len(names))
	}
	deeds := s.server.deeds()
	for _, name := range names {
		if deeds[name] == nil {
			t.Errorf("%s does nothing", name)
		}
	}
	if len(deeds) != len(names) {
		t.Errorf("%d deeds are done, %d are in the contract", len(deeds), len(names))
	}
}

func (s *stage) deed(text string) Outcome {
	s.t.Helper()
	w := s.ask(s.request("POST", "/api/do", text))
	var o Outcome
	if err := json.Unmarshal(w.Body.Bytes(), &o); err != nil || w.Code != 200 {
		s.t.Fatalf("%s: %d %s", text, w.Code, w.Body)
	}
	return o
}

// TestDeedsThatAreMalformed are refused before anything is asked of the endpoint, of
// which there is none here.
func TestDeedsThatAreMalformed(t *testing.T) {
	s := newStage(t, nil)
	channel := strings.Repeat("ab", 32)
	for _, text := range []string{
		`{"do":"join","channel":"x"}`, `{"do":"join"}`, `{"do":"text","channel":"zz","text":"x"}`,
		`{"do":"press"}`, `{"do":"press","channels":[]}`, `{"do":"press","channels":["x"]}`,
		`{"do":"press","channels":["` + channel + `"],"priority":"loud"}`,
		`{"do":"press","channels":[` + strings.Repeat(`"x",`, maxPressed) + `"x"]}`,
		`{"do":"shown","message":"7"}`, `{"do":"shown"}`, `{"do":"hail","channel":"x"}`,
		`{"do":"reply","call":"x","state":"accepted"}`, `{"do":"reply","call":"` + channel[:32] + `","state":"received"}`,
		`{"do":"reply","call":"` + channel[:32] + `","state":"expired"}`, `{"do":"reply","call":"` + channel[:32] + `","state":"declined","reason":"9999"}`,
		`{"do":"reply","call":"` + channel[:32] + `","state":"declined","reason":"-1"}`,
		`{"do":"reply","call":"` + channel[:32] + `","state":"declined","phrase":"dance"}`,
		`{"do":"hand-over","incident":"x"}`, `{"do":"merge"}`, `{"do":"rearm","incident":""}`, `{"do":"close","incident":"q"}`,
		`{"do":"on-duty"}`, `{"do":"off-duty"}`, `{"do":"duty-to"}`, `{"do":"position"}`, `{"do":"language","language":"de"}`,
		`{"do":"text","more":1}`, `not JSON`,
	} {
		if o := s.deed(text); o.Done || o.Waits || o.Code != int(proto.ReasonMalformed) || o.Says == "" {
			t.Errorf("%s: %+v", text, o)
		}
	}
	if o := s.deed(`{"do":"dance"}`); o.Done || o.Code != int(proto.ReasonUnknown) {
		t.Errorf("an unknown deed: %+v", o)
	}
	if o := s.deed(`{"do":"release"}`); !o.Done {
		t.Errorf("a release of nothing: %+v", o)
	}
}

// TestDeedsAreBounded: beyond so many at once they are refused, in words. Those that wait
// for a bad link keep nobody from pressing, and nothing keeps a press from its end.
func TestDeedsAreBounded(t *testing.T) {
	s := newStage(t, nil)
	for range maxAtOnce {
		s.server.busy <- struct{}{}
	}
	quota := int(proto.ReasonQuota)
	if o := s.deed(`{"do":"alarm-seen"}`); o.Done || o.Code != quota {
		t.Errorf("one too many: %+v", o)
	}
	if o := s.deed(`{"do":"press"}`); o.Code != int(proto.ReasonMalformed) {
		t.Errorf("a press beside them: %+v", o)
	}
	for range maxAtOnce {
		s.server.pressing <- struct{}{}
	}
	if o := s.deed(`{"do":"press"}`); o.Code != quota {
		t.Errorf("one press too many: %+v", o)
	}
	if err := s.server.press.start("", "", alone(newHeldChannel()), 0); err != nil {
		t.Fatal(err)
	}
	if o := s.deed(`{"do":"release"}`); !o.Done || !s.sound.speeches[0].over() {
		t.Errorf("a release: %+v", o)
	}
	s.server.cancel()
	s.server.press.wait()
}

func TestBodies(t *testing.T) {
	s := newStage(t, nil)
	for _, c := range []struct {
		path, kind, body string
		want             int
	}{
		{"/api/do", "text/plain", `{"do":"release"}`, 415}, // what a form of another site can send
		{"/api/do", "", `{"do":"release"}`, 415},
		{"/api/do", "application/json; charset=utf-8", `{"do":"release"}`, 200},
		{"/api/do", "application/json", strings.Repeat(" ", maxDeed+1), 413},
		{"/api/voice", "application/json", "offer", 415},
		{"/api/voice", "application/sdp", "offer", 200},
		{"/api/voice", "application/sdp", "bad", 400},
		{"/api/voice", "application/sdp", strings.Repeat("v", maxOfferLen+1), 413},
	} {
		r := s.request("POST", c.path, c.body)
		r.Header.Set("Content-Type", c.kind)
		if w := s.ask(r); w.Code != c.want {
			t.Errorf("%s of %d octets to %s: %d %s, want %d", c.kind, len(c.body), c.path, w.Code, w.Body, c.want)
		}
	}
	r := s.request("POST", "/api/voice", "offer")
	r.Header.Set("Content-Type", "application/sdp")
	r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, s.pipes.Addr()))
	if w := s.ask(r); w.Body.String() != "answer to offer" || w.Header().Get("Content-Type") != "application/sdp" {
		t.Errorf("voice: %s %s", w.Header(), w.Body)
	}
	if s.sound.reached != s.pipes.Addr().String() {
		t.Errorf("voice is to go to %q", s.sound.reached)
	}
	if w := s.ask(s.request("GET", "/api/do", "")); w.Code != 405 && w.Code != 404 {
		t.Errorf("GET /api/do: %d", w.Code)
	}
}

func TestRecallIsServed(t *testing.T) {
	s := newStage(t, nil)
	id := proto.NewBurstID()
	s.sound.recalls[id] = []byte("RIFF and so on")
	w := s.ask(s.request("GET", "/api/recall/"+id.String(), ""))
	if w.Code != 200 || w.Header().Get("Content-Type") != "audio/wav" || w.Body.String() != "RIFF and so on" || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	part := s.request("GET", "/api/recall/"+id.String(), "")
	part.Header.Set("Range", "bytes=5-7")
	if w := s.ask(part); w.Code != 206 || w.Body.String() != "and" {
		t.Errorf("a part: %d %s", w.Code, w.Body)
	}
	for _, other := range []string{proto.NewBurstID().String(), "x", "00", "%0d%0aSet-Cookie:x"} {
		if w := s.ask(s.request("GET", "/api/recall/"+other, "")); w.Code != 404 {
			t.Errorf("%s: %d", other, w.Code)
		}
	}
}

func TestReasonOfADecline(t *testing.T) {
	for _, c := range []struct {
		d     Deed
		state proto.HailState
		want  proto.Reason
	}{
		{Deed{}, proto.HailDeclined, proto.ReasonNoMeans},
		{Deed{Phrase: "declined-weather"}, proto.HailDeclined, proto.ReasonNone}, // the words say why, and nothing else may
		{Deed{Reason: "511"}, proto.HailDeclined, proto.ReasonOffDuty},
		{Deed{}, proto.HailAccepted, proto.ReasonNone},
	} {
		if got, err := reasonOf(c.d, c.state); err != nil || got != c.want {
			t.Errorf("%+v %s: %v (%v), want %v", c.d, c.state, got, err, c.want)
		}
	}
}

// TestSlotsAreReadAsTheCommandLineWritesThem.
func TestSlotsAreReadAsTheCommandLineWritesThem(t *testing.T) {
	d := Deed{Phrase: "shots-fired", Slots: map[string]string{"place": "28.7091,-100.4995", "count": "2"}}
	got, err := contentOf(d)
	if err != nil {
		t.Fatal(err)
	}
	want, err := phrase.ComposeTyped("shots-fired", []string{"place=28.7091,-100.4995", "count=2"})
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v (%v)", got, want, err)
	}
	for _, bad := range []map[string]string{{"count": "many"}, {"color": "red"}, {"": "x"}, {"place": "28.7,-100", "place=1": "x"}} {
		d.Slots = bad
		if c, err := contentOf(d); proto.ReasonOf(err) != proto.ReasonMalformed {
			t.Errorf("%v: %v %v", bad, c, err)
		}
	}
}

// TestExplainForPages: every refusal is said in the page's language, and what peers wrote in it
// is inert.
func TestExplainForPages(t *testing.T) {
	for _, err := range []error{
		proto.Refuse(proto.ReasonFloorTaken, "desk/x"), client.ErrBusy, client.ErrNoLink,
		fmt.Errorf("wrapped: %w", client.ErrWaiting), ErrNoVoicePage, ErrVoiceTaken, ErrSilent, ErrOffer, ErrPatched,
	} {
		said := make(map[string]bool)
		for _, l := range []phrase.Language{phrase.English, phrase.Spanish, phrase.French} {
			code, says := Explain(err, l)
			if says == "" || code != 0 != (proto.ReasonOf(err) == proto.ReasonFloorTaken) {
				t.Errorf("%v in %v: %d %q", err, l, code, says)
			}
			said[says] = true
		}
		if len(said) != 3 {
			t.Errorf("%v is not said in three languages: %v", err, said)
		}
	}
	if _, says := Explain(proto.Refuse(proto.ReasonLost, "a\u202eb\x1b[2J"), phrase.English); strings.ContainsAny(says, "\u202e\x1b") {
		t.Errorf("not inert: %q", says)
	}
	if o := newStage(t, nil).server.outcome(Outcome{Message: "7"}, fmt.Errorf("x: %w", client.ErrWaiting)); o.Done || !o.Waits || o.Code != 0 || o.Message != "7" {
		t.Errorf("what waits: %+v", o)
	}
}

// TestUnreadIsBounded: the oldest goes, and comes again in the next run.
func TestUnreadIsBounded(t *testing.T) {
	var u unread
	var ids []proto.MessageID
	for range maxUnread + 1 {
		id := proto.NewMessageID()
		ids = append(ids, id)
		u.add(client.TextReceived{ID: id})
		u.add(client.TextReceived{ID: id})
	}
	if _, ok := u.take(ids[0]); ok || len(u.list) != maxUnread || len(u.old) != maxUnread {
		t.Errorf("%d and %d are kept, the oldest too: %v", len(u.list), len(u.old), ok)
	}
	if got, ok := u.take(ids[1]); !ok || got.ID != ids[1] {
		t.Error("one that is kept is not found")
	}
	if _, ok := u.take(ids[1]); ok {
		t.Error("it is found twice")
	}
}

// TestPaint: a section that has not changed is the one of the picture before.
func TestPaint(t *testing.T) {
	v := View{Calls: []Call{{ID: "1", Rings: true, Urgency: "urgent"}, {ID: "2"}}}
	first, err := paint(v, nil)
	if err != nil {
		t.Fatal(err)
	}
	v.Link.Up = true
	second, err := paint(v, first)
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range second.sections {
		if n.same(first.sections[i]) == (n.name == "link") {
			t.Errorf("section %s: same %v", n.name, n.same(first.sections[i]))
		}
	}
	if !slices.Equal(first.ringing, []ring{{"1", "urgent"}}) {
		t.Errorf("rings %v", first.ringing)
	}
}

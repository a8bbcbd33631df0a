package console

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"crossband/client"
	"crossband/client/phrase"
	"crossband/proto"
	"crossband/proto/incident"
)

// wellFormed fails on lists that a page would read as null, on text that is not valid,
// on formats without their values and on what steers a page or terminal.
func wellFormed(t *testing.T, v View) {
	t.Helper()
	var walk func(at string, x reflect.Value)
	walk = func(at string, x reflect.Value) {
		switch x.Kind() {
		case reflect.Struct:
			for i := range x.NumField() {
				walk(at+"."+x.Type().Field(i).Name, x.Field(i))
			}
		case reflect.Pointer:
			if !x.IsNil() {
				walk(at, x.Elem())
			}
		case reflect.Slice:
			if x.IsNil() {
				t.Errorf("%s is null", at)
			}
			for i := range x.Len() {
				walk(at+"["+strconv.Itoa(i)+"]", x.Index(i))
			}
		case reflect.String:
			s := x.String()
			switch {
			case !utf8.ValidString(s), strings.Contains(s, "%!"):
				t.Errorf("%s is %q", at, s)
			case phrase.Inert(s) != s:
				t.Errorf("%s steers what it is shown on: %q", at, s)
			case len(s) > 10*client.MaxText:
				t.Errorf("%s has %d octets", at, len(s))
			}
		}
	}
	walk("View", reflect.ValueOf(v))
	if _, err := json.Marshal(v); err != nil {
		t.Error(err)
	}
}

// hostile is what somebody may write to turn a page around.
func hostile() string {
	return "a\u202ebc\x1b[31m\x00</script>\r\nline" + strings.Repeat("\u0301", 50) + "\xff" + strings.Repeat("x\u200b", client.MaxText)
}

// TestPeersWordsAreInert: nothing that anybody writes steers the page or a terminal, or
// fills it.
func TestPeersWordsAreInert(t *testing.T) {
	d, bad := newDesk(t), hostile()
	c := callOf(1, d.now)
	c.Shown.Note = bad
	d.board.calls = []CallNow{c}
	d.board.incidents = []client.Incident{{ID: iid(1), Calling: cid(1), State: client.IncidentOpen, Hails: []client.HailInfo{{Call: c.Call, Shown: c.Shown}}}}
	d.board.pacts = []proto.Agreement{{Title: bad, Channels: []proto.AgreedChannel{{Name: bad, Title: bad}}}}
	ch := agreed(proto.KindStanding, bad)
	d.board.channels[cid(2)] = ch
	d.view()
	why := &proto.Refusal{Reason: proto.ReasonFull, Detail: bad}
	d.fold(
		c.Shown, client.TextReceived{Channel: cid(1), ID: mid(5), From: name(norte), Text: bad}, client.TextSaid{Channel: cid(1), ID: mid(6), Text: bad},
		client.MessageMoved{Channel: cid(1), ID: mid(6), State: client.MessageFailed, Why: why}, client.MessageMoved{Channel: cid(1), ID: mid(7), State: client.MessageFailed, Why: why},
		client.IncidentMoved{Channel: cid(1), Incident: iid(1), Act: proto.ActClose, Note: bad}, client.DutyChanged{Channel: cid(1), Role: name(norte), Note: bad},
		client.Alarm{Channel: cid(1), Why: why}, client.Left{Channel: cid(1), Why: why}, client.Disconnected{Err: why}, client.Expelled{Why: why},
		client.ChangeNotice{Notice: proto.Notice{Title: bad, Text: bad, Kind: proto.NoticeCodec, Codecs: proto.CodecChange{After: []string{bad}}, Ends: d.now}},
	)
	d.Press(cid(1), PressState{State: "denied", Why: why}, d.now)
	v := d.view()
	wellFormed(t, v)
	if len(v.Messages) != 2 || len(v.Calls) != 1 || len(v.Incidents[0].Timeline) < 3 || len(v.Alarms) < 4 || len(v.Notices) != 1 || len(v.Pacts) != 1 {
		t.Errorf("some of it is not shown: the test looks at too little")
	}
	if !strings.Contains(v.Messages[0].Text, "</script> ↵ line") || !strings.Contains(v.Messages[0].Text, "<U+202E>") {
		t.Errorf("the text is not told as it was written: %.120s", v.Messages[0].Text)
	}
}

// TestWordsFitTogether: every expression of this package and of client/terms is worded in
// three languages, with the same places for values, and not longer than a line of a page.
func TestWordsFitTogether(t *testing.T) {
	verbs := regexp.MustCompile(`%(\[\d\])?[-+ 0]*\d*(\.\d+)?[a-zA-Z]`)
	found := 0
	for _, dir := range []string{".", "../terms"} {
		packages, err := parser.ParseDir(token.NewFileSet(), dir, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range packages {
			ast.Inspect(p, func(n ast.Node) bool {
				lit, ok := n.(*ast.CompositeLit)
				if x, is := lit, ok; !is || !isWords(x) || len(x.Elts) == 0 {
					return true
				}
				found++
				var places []string
				for i, e := range lit.Elts {
					s, err := strconv.Unquote(e.(*ast.BasicLit).Value)
					if err != nil || s == "" || len(s) > 200 {
						t.Errorf("%q (%v): want 1 to 200 octets", s, err)
					}
					got := verbs.FindAllString(s, -1)
					slices.Sort(got)
					if i == 0 {
						places = got
					} else if !slices.Equal(got, places) {
						t.Errorf("%q has places %v, English %v", s, got, places)
					}
				}
				if len(lit.Elts) != 3 {
					t.Errorf("%v is worded in %d languages", lit.Elts[0], len(lit.Elts))
				}
				return true
			})
		}
	}
	if found < 100 {
		t.Errorf("only %d expressions found: the test looks in the wrong place", found)
	}
}

func isWords(lit *ast.CompositeLit) bool {
	sel, ok := lit.Type.(*ast.SelectorExpr)
	return ok && sel.Sel.Name == "Wording"
}

// TestEveryWordOfTheVocabularyIsWorded: what the protocol can say, the page says in each
// language in words of its own.
func TestEveryWordOfTheVocabularyIsWorded(t *testing.T) {
	said := make(map[string]string)
	once := func(what string, says func(phrase.Language) string) {
		t.Helper()
		english := says(phrase.English)
		if other := said[english]; other != "" {
			t.Errorf("%s and %s both read %q", what, other, english)
		}
		said[english] = what
		for _, l := range []phrase.Language{phrase.Spanish, phrase.French} {
			if s := says(l); s == "" || s == english || strings.Contains(s, "%!") {
				t.Errorf("%s reads %q in %s", what, s, l)
			}
		}
	}
	for s := proto.HailSent; s <= proto.HailClosed; s++ {
		c := CallNow{Standing: client.Standing{InLog: true, Call: incident.Call{State: s, From: name(unit), To: name(me), Holder: name(norte)}}}
		once("state "+s.String(), func(l phrase.Language) string { return stateSays(&c, l) })
		if s > proto.HailSent {
			once("said "+s.String(), func(l phrase.Language) string { return movedSays(&client.HailMoved{Said: s}, l) })
		}
	}
	for a := proto.ActHandOver; a <= proto.ActClose+1; a++ {
		once("act "+a.String(), func(l phrase.Language) string {
			return actSays(&client.IncidentMoved{Act: a, To: name(me), Disposition: proto.DispositionDuplicate}, l)
		})
	}
	for x := proto.DispositionResolved; x.Valid(); x++ {
		once("disposition "+x.String(), func(l phrase.Language) string { return dispositionWord(x, l) })
	}
	for k := proto.NoticeProtocol; k <= proto.NoticeOther; k++ {
		once("notice "+k.String(), func(l phrase.Language) string { return noticeWord(k, l) })
	}
	for s := proto.StageAnnounced; s <= proto.StageOver; s++ {
		once("stage "+s.String(), func(l phrase.Language) string { return stageWord(&client.ChangeNotice{Stage: s}, l) })
	}
	for _, err := range []error{client.ErrNoLink, client.ErrWaiting, client.ErrBusy} {
		once(err.Error(), func(l phrase.Language) string { _, s := Explain(err, l); return s })
	}
	for r := proto.Reason(1); r < 1000; r++ { // the table's own test finds every constant
		if r.Known() {
			once(strconv.Itoa(int(r)), func(l phrase.Language) string { _, s := Explain(proto.Refuse(r, "x"), l); return s })
		}
	}
	if len(said) < 120 {
		t.Errorf("only %d sentences were looked at", len(said))
	}
}

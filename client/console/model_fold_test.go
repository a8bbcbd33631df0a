package console

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"crossband/client"
)

// eventKinds reads from the client's source which types are events.
func eventKinds(t *testing.T) (kinds []string) {
	t.Helper()
	packages, err := parser.ParseDir(token.NewFileSet(), "..", func(f fs.FileInfo) bool { return !strings.HasSuffix(f.Name(), "_test.go") }, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range packages {
		ast.Inspect(p, func(n ast.Node) bool {
			f, ok := n.(*ast.FuncDecl)
			if ok && f.Recv != nil && f.Name.Name == "event" && f.Type.Results == nil {
				if x, is := f.Recv.List[0].Type.(*ast.Ident); is {
					kinds = append(kinds, x.Name)
				}
			}
			return true
		})
	}
	slices.Sort(kinds)
	return kinds
}

// TestEveryEventHasItsCase: an event that the client learns to tell and the page does not
// know would be lost without a word.
func TestEveryEventHasItsCase(t *testing.T) {
	kinds := eventKinds(t)
	if len(kinds) < 25 {
		t.Fatalf("only %d kinds of event found: the test looks in the wrong place", len(kinds))
	}
	file, err := parser.ParseFile(token.NewFileSet(), "model_fold.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var cases []string
	ast.Inspect(file, func(n ast.Node) bool {
		if c, ok := n.(*ast.CaseClause); ok {
			for _, x := range c.List {
				if s, is := x.(*ast.SelectorExpr); is {
					cases = append(cases, s.Sel.Name)
				}
			}
		}
		return true
	})
	slices.Sort(cases)
	if !slices.Equal(kinds, cases) {
		t.Errorf("the client tells\n%v\nand the model has cases for\n%v", kinds, cases)
	}
}

// TestAnEventOfNothingDoesNoHarm: the zero event of every kind can be folded and shown.
func TestAnEventOfNothingDoesNoHarm(t *testing.T) {
	d := newDesk(t)
	d.fold(
		client.Connected{}, client.Disconnected{}, client.Offered{}, client.Joined{}, client.Left{}, client.TextReceived{}, client.TextSaid{},
		client.MessageMoved{}, client.Gap{}, client.HailReceived{}, client.HailReceived{Rings: true}, client.HailMoved{}, client.Paged{}, client.PageAnswered{},
		client.IncidentOpened{}, client.IncidentMoved{}, client.DutyChanged{}, client.DeskUnmanned{}, client.FloorChanged{}, client.FloorWaiting{}, client.VoiceStrained{}, client.MembersChanged{},
		client.ViewsChanged{}, client.HubAway{}, client.BurstHeard{}, client.BurstLate{}, client.Missed{}, client.PositionReceived{}, client.ChangeNotice{},
		client.Expelled{}, client.Ending{}, client.ObserverThere{}, client.Alarm{}, nil,
	)
	wellFormed(t, d.view())
	if calls := d.Ringing(); len(calls) > 0 {
		t.Errorf("nothing rings, and %v does", calls)
	}
}

package proto_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"strconv"
	"strings"
	"testing"

	"crossband/proto"
)

// reasons reads the constants from the source, so that none can be forgotten.
func reasons(t *testing.T) map[string]proto.Reason {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "reason.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]proto.Reason)
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, "Reason") {
			return true
		}
		number, err := strconv.ParseUint(spec.Values[0].(*ast.BasicLit).Value, 10, 16)
		if err != nil {
			t.Fatalf("%s: %v", spec.Names[0].Name, err)
		}
		found[spec.Names[0].Name] = proto.Reason(number)
		return true
	})
	if len(found) < 50 {
		t.Fatalf("only %d reasons found in the source", len(found))
	}
	return found
}

func TestEveryReasonHasThreeSentences(t *testing.T) {
	const unknown = proto.Reason(9999)
	taken := make(map[proto.Reason]string)
	sentences := make(map[string]string)
	for name, r := range reasons(t) {
		if other := taken[r]; other != "" {
			t.Errorf("%s and %s have the number %d", name, other, r)
		}
		taken[r] = name
		if r == proto.ReasonNone {
			continue
		}
		for _, l := range []proto.Language{proto.English, proto.Spanish, proto.French} {
			s := r.Sentence(l)
			if s == "" || s == unknown.Sentence(l) {
				t.Errorf("%s has no sentence in language %d", name, l)
			}
			if other := sentences[s]; other != "" {
				t.Errorf("%s (language %d) and %s read the same: %s", name, l, other, s)
			}
			sentences[s] = fmt.Sprintf("%s (language %d)", name, l)
			if strings.TrimRight(s, ".! ") != s {
				t.Errorf("%s: the sentence %q cannot be followed by its object", name, s)
			}
		}
	}
	if unknown.Sentence(99) != unknown.Sentence(proto.English) {
		t.Error("an unknown language is not read as English")
	}
}

func TestRefusal(t *testing.T) {
	r := proto.Refusef(proto.ReasonTooLarge, "%d octets", 7)
	wrapped := fmt.Errorf("while reading: %w", r)
	if proto.ReasonOf(wrapped) != proto.ReasonTooLarge || proto.AsRefusal(wrapped) != r {
		t.Errorf("a wrapped refusal is not found in %v", wrapped)
	}
	if !strings.HasSuffix(r.Error(), ": 7 octets (202)") {
		t.Errorf("text %q lacks object or code", r.Error())
	}
	if proto.ReasonOf(nil) != proto.ReasonNone || proto.ReasonOf(io.EOF) != proto.ReasonInternal {
		t.Error("reasons of no refusal")
	}
	if got := proto.AsRefusal(errors.New("secret path")); got.Reason != proto.ReasonInternal || got.Detail != "" {
		t.Errorf("an inner fault tells %q", got.Detail)
	}
	long := proto.Refuse(proto.ReasonQuota, strings.Repeat("é", proto.MaxDetail))
	if len(long.Detail) > proto.MaxDetail || strings.Trim(long.Detail, "é") != "" {
		t.Errorf("detail of %d octets ends in %q", len(long.Detail), long.Detail[len(long.Detail)-3:])
	}
}

func TestBlame(t *testing.T) {
	for r, want := range map[proto.Reason]proto.Blame{
		proto.ReasonMalformed:  proto.BlamePeer,
		proto.ReasonExpired:    proto.BlameUser,
		proto.ReasonFloorTaken: proto.BlameUser,
		proto.ReasonFull:       proto.BlameUs,
		proto.ReasonInternal:   proto.BlameUs,
	} {
		if got := r.Blame(); got != want {
			t.Errorf("reason %d blames %d, want %d", r, got, want)
		}
	}
}

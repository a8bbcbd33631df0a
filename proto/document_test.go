package proto_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"crossband/proto"
	"crossband/proto/wire"
)

// document is the description from which others write their clients.
const document = "../docs/PROTOCOL.md"

// rows reads the lines of the document's tables that follow a heading, cell by
// cell, up to the next heading.
func rows(t *testing.T, heading string) (list [][]string) {
	t.Helper()
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "\n"+heading+"\n")
	if !found {
		t.Fatalf("%s has no heading %q", document, heading)
	}
	for line := range strings.Lines(rest) {
		if strings.HasPrefix(line, "#") {
			break
		}
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| ---") {
			continue
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if len(cells) < 2 {
			t.Fatalf("%s: a row of one cell: %s", document, line)
		}
		list = append(list, cells)
	}
	return list
}

// documented finds every kind in the table of kinds, with its limit in octets. A
// row may hold several: "10 Hello, 11 HelloAck".
func documented(t *testing.T) map[string]int {
	t.Helper()
	found := make(map[string]int)
	for _, cells := range rows(t, "### 3.4 Kinds")[1:] {
		number, unit, _ := strings.Cut(cells[1], " ")
		limit, err := strconv.Atoi(number)
		if err != nil {
			t.Fatalf("%s: limit %q", cells[0], cells[1])
		}
		switch unit {
		case "KiB":
			limit <<= 10
		case "MiB":
			limit <<= 20
		default:
			t.Fatalf("%s: limit %q", cells[0], cells[1])
		}
		for kind := range strings.SplitSeq(cells[0], ", ") {
			found[kind] = limit
		}
	}
	return found
}

// TestEveryKindIsInTheDocument: number, name and limit of each.
func TestEveryKindIsInTheDocument(t *testing.T) {
	found := documented(t)
	us := proto.Name{Agency: "usbp.example", Role: proto.RoleRelay, Label: "r"}
	fields := (&wire.Frame{}).ProtoReflect().Descriptor().Oneofs().ByName("body").Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		name := fmt.Sprintf("%d %s", f.Number(), f.Message().Name())
		limit, ok := found[name]
		if !ok {
			t.Errorf("no row for %q", name)
			continue
		}
		delete(found, name)
		tooLong := func(n int) bool {
			err := proto.Permit(proto.Kind(f.Number()), n, us, us, proto.Ungreeted)
			return proto.ReasonOf(err) == proto.ReasonTooLarge
		}
		// A body of more than a frame can carry is refused before its kind's limit.
		if tooLong(limit) || limit < proto.MaxFrame && !tooLong(limit+1) {
			t.Errorf("%s: the document's limit of %d octets is not the program's", name, limit)
		}
	}
	for name := range found {
		t.Errorf("%q is no kind", name)
	}
}

// TestEveryReasonIsInTheDocument: code and sentence of each.
func TestEveryReasonIsInTheDocument(t *testing.T) {
	found := make(map[string]string)
	for _, cells := range rows(t, "## Appendix: reasons")[1:] {
		found[cells[0]] = cells[1]
	}
	for name, r := range reasons(t) {
		code := strconv.Itoa(int(r))
		if r == proto.ReasonNone {
			continue
		}
		if found[code] != r.Sentence(proto.English) {
			t.Errorf("%s: %s is %q, the document says %q", name, code, r.Sentence(proto.English), found[code])
		}
		delete(found, code)
	}
	for code := range found {
		t.Errorf("%s is no reason", code)
	}
}

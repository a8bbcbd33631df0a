package proto_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"crossband/proto"
	"crossband/proto/wire"
)

// golden compares got with a file, or rewrites it under -update.
func golden(t *testing.T, path, got, hint string) {
	t.Helper()
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s differs: %s\n%s", path, hint, firstDifference(string(want), got))
	}
}

func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(w), len(g)) {
		if w[i] != g[i] {
			return fmt.Sprintf("line %d\nwas %q\nis  %q", i+1, w[i], g[i])
		}
	}
	return fmt.Sprintf("%d lines, now %d", len(w), len(g))
}

// TestMain adds the flag that rewrites golden files.
func TestMain(m *testing.M) {
	flag.Bool("update", false, "rewrite the files in testdata")
	os.Exit(m.Run())
}

// kinds returns every kind of the schema with its name.
func kinds() map[proto.Kind]string {
	names := make(map[proto.Kind]string)
	bodies := new(wire.Frame).ProtoReflect().Descriptor().Oneofs().ByName("body").Fields()
	for i := range bodies.Len() {
		names[proto.Kind(bodies.Get(i).Number())] = string(bodies.Get(i).Name())
	}
	return names
}

// senders are the kinds of party that a relay of usbp.example meets.
func senders() []proto.Name {
	list := []proto.Name{
		{}, // a newcomer
		{Agency: "usbp.example", Role: proto.RoleRelay, Label: "x"},
		{Agency: "gn.example", Role: proto.RoleRelay, Label: "x"},
		{Agency: "gn.example", Role: proto.RoleUnit, Label: "x"},
		{Agency: "gn.example", Role: proto.RoleAuthority, Label: "x"},
	}
	for r := proto.RoleAuthority; r <= proto.RoleRecorder; r++ {
		list = append(list, proto.Name{Agency: "usbp.example", Role: r, Label: "x"})
	}
	return list
}

// TestPermissionTable prints what the table answers for kind, sender and
// state, and the limit of each kind.
func TestPermissionTable(t *testing.T) {
	us := proto.Name{Agency: "usbp.example", Role: proto.RoleRelay, Label: "us"}
	var b strings.Builder
	b.WriteString("# kind, name, most octets, then who may send it to a relay of usbp.example, and whether also over a bulk link\n")
	names := kinds()
	low, optional := make([]proto.Kind, 128), make([]proto.Kind, 128)
	for i := range low {
		low[i], optional[i] = proto.Kind(i), proto.KindOptional|proto.Kind(i)
	}
	for _, k := range slices.Concat(low, optional) {
		name, ok := names[k]
		if !ok {
			if err := proto.Permit(k, 0, us, us, proto.Greeted); proto.ReasonOf(err) != proto.ReasonUnknown {
				t.Errorf("kind %d is not in the schema and gets %v", k, err)
			}
			continue
		}
		fmt.Fprintf(&b, "%d %s %d\n", k, name, longest(k, us))
		if proto.Permit(k, 0, us, us, proto.Ungreeted) == nil {
			b.WriteString("\tbefore the greeting: anybody\n")
		} else if err := proto.Permit(k, 0, us, us, proto.Ungreeted); proto.ReasonOf(err) != proto.ReasonNotReady {
			t.Errorf("kind %d before the greeting: %v", k, err)
		}
		for _, s := range senders() {
			bulk := proto.Permit(k, 0, us, s, proto.GreetedBulk)
			if err := proto.Permit(k, 0, us, s, proto.Greeted); err == nil {
				also := ""
				if bulk == nil {
					also = ", bulk"
				}
				fmt.Fprintf(&b, "\t%s%s\n", describe(s), also)
			} else if bulk == nil {
				t.Errorf("kind %d from %v passes on a bulk link only", k, s)
			} else if proto.ReasonOf(err) != proto.ReasonForbidden {
				t.Errorf("kind %d from %v: %v", k, s, err)
			}
		}
	}
	golden(t, "testdata/permissions.golden", b.String(),
		"if the change of the table is meant, run go test ./proto -update and review the diff")
}

func describe(n proto.Name) string {
	if n == (proto.Name{}) {
		return "newcomer"
	}
	return strings.TrimSuffix(n.String(), "/x")
}

// longest finds a kind's limit from outside.
func longest(k proto.Kind, us proto.Name) int {
	low, high := 0, proto.MaxFrame+1
	for low < high {
		mid := (low + high + 1) / 2
		if err := proto.Permit(k, mid, us, us, proto.Greeted); proto.ReasonOf(err) == proto.ReasonTooLarge {
			high = mid - 1
		} else {
			low = mid
		}
	}
	return low
}

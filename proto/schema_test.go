package proto_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	"crossband/proto/wire"
)

// schema lists every field and enum value: message, number, type and name.
func schema() []string {
	lines := describeMessages(nil, wire.File_wire_proto.Messages())
	slices.Sort(lines)
	return lines
}

func describeMessages(lines []string, messages protoreflect.MessageDescriptors) []string {
	for i := range messages.Len() {
		m := messages.Get(i)
		for j := range m.Fields().Len() {
			f := m.Fields().Get(j)
			lines = append(lines, fmt.Sprintf("%s %04d %s %s", m.FullName(), f.Number(), fieldType(f), f.Name()))
		}
		for j := range m.Enums().Len() {
			e := m.Enums().Get(j)
			for k := range e.Values().Len() {
				v := e.Values().Get(k)
				lines = append(lines, fmt.Sprintf("%s %04d value %s", e.FullName(), v.Number(), v.Name()))
			}
		}
		lines = describeMessages(lines, m.Messages())
	}
	return lines
}

func fieldType(f protoreflect.FieldDescriptor) string {
	kind := f.Kind().String()
	if f.Message() != nil {
		kind = string(f.Message().FullName())
	} else if f.Enum() != nil {
		kind = string(f.Enum().FullName())
	}
	if o := f.ContainingOneof(); o != nil {
		kind = "oneof:" + string(o.Name()) + ":" + kind
	}
	return f.Cardinality().String() + ":" + kind
}

// TestSchemaStaysCompatible fails when a field that was there is gone or has
// another number, type or name. A new field fails too, until it is listed.
func TestSchemaStaysCompatible(t *testing.T) {
	const path = "wire/testdata/schema.golden"
	now := schema()
	if old, err := os.ReadFile(path); err == nil {
		for line := range strings.Lines(string(old)) {
			if !slices.Contains(now, strings.TrimSpace(line)) {
				t.Logf("no more in the schema: %s", strings.TrimSpace(line))
			}
		}
	}
	golden(t, path, strings.Join(now, "\n")+"\n",
		"a field number, once released, is never removed or changed; for a new field, or before a release, run go test ./proto -update and review the diff")
}

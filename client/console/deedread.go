package console

import (
	"encoding/json"
	"reflect"
	"strings"

	"crossband/formats/strictjson"
	"crossband/proto"
)

// Bounds of a Deed.
const (
	maxDeedDepth  = 4
	maxDeedValues = 256
)

// ReadDeed reads a Deed, and refuses what it does not know: a member with another name,
// or in other letters, or twice, may mean something that was then not done.
func ReadDeed(b []byte) (Deed, error) {
	v, err := strictjson.Parse(b, strictjson.Limits{Octets: maxDeed, Depth: maxDeedDepth, Values: maxDeedValues})
	if err != nil {
		return Deed{}, proto.Refuse(proto.ReasonMalformed, err.Error())
	}
	if v.Kind() != strictjson.Object {
		return Deed{}, proto.Refuse(proto.ReasonMalformed, "a deed is an object")
	}
	known := deedMembers()
	for _, m := range v.Members() {
		if !known[m.Name] {
			return Deed{}, proto.Refusef(proto.ReasonMalformed, "member %q", m.Name)
		}
		if m.Value.Kind() == strictjson.Null {
			return Deed{}, proto.Refusef(proto.ReasonMalformed, "%s is null", m.Name)
		}
	}
	var d Deed
	if err := json.Unmarshal(b, &d); err != nil {
		return Deed{}, proto.Refuse(proto.ReasonMalformed, err.Error())
	}
	if d.Do == "" {
		return Deed{}, proto.Refuse(proto.ReasonMalformed, "do is missing")
	}
	return d, nil
}

// deedMembers are the names of a Deed's members.
func deedMembers() map[string]bool {
	names := make(map[string]bool)
	for f := range reflect.TypeFor[Deed]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		names[name] = true
	}
	return names
}

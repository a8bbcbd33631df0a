package console

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
)

// picture is a View as pages get it: each section by its name, as JSON. It does not
// change once it is shown.
type picture struct {
	view     View // that it was made of
	sections []section
	ringing  []ring // all that rings now
	offer    bool   // the page has to make another offer of voice
}

type section struct {
	name string
	data []byte
}

// ring is what the event "ring" holds.
type ring struct {
	Call    string `json:"call"`
	Urgency string `json:"urgency"`
}

// maxRings bounds what begins to ring between two pictures.
const maxRings = 64

// paint makes a picture of a View. A section that is as it was in the picture before is
// the very same slice.
func paint(v View, before *picture) (*picture, error) {
	value := reflect.ValueOf(v)
	p := &picture{view: v, sections: make([]section, value.NumField())}
	for i := range p.sections {
		field := value.Type().Field(i)
		if before != nil && sameList(value.Field(i), reflect.ValueOf(before.view).Field(i)) {
			p.sections[i] = before.sections[i]
			continue
		}
		data, err := json.Marshal(value.Field(i).Interface())
		if err != nil {
			return nil, fmt.Errorf("section %s: %w", field.Name, err)
		}
		if bytes.Equal(data, []byte("null")) {
			data = []byte("[]") // a list without entries is still a list
		}
		if before != nil && bytes.Equal(before.sections[i].data, data) {
			data = before.sections[i].data
		}
		p.sections[i] = section{field.Tag.Get("json"), data}
	}
	for _, c := range v.Calls {
		if c.Rings && len(p.ringing) < maxRings {
			p.ringing = append(p.ringing, ring{c.ID, c.Urgency})
		}
	}
	return p, nil
}

// sameList reports whether two lists are one: a Board does not write into what it has
// shown.
func sameList(a, b reflect.Value) bool {
	return a.Kind() == reflect.Slice && a.Len() > 0 && a.Len() == b.Len() && a.Pointer() == b.Pointer()
}

// same reports whether two sections are one, by where they are: paint keeps that.
func (s section) same(t section) bool {
	return len(s.data) == len(t.data) && len(s.data) > 0 && &s.data[0] == &t.data[0]
}

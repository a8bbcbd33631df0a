// Package strictjson reads JSON of other systems (RFC 8259) into values, and
// refuses what encoding/json takes silently and two readers read differently:
// a name twice in one object, two names that differ in case only, invalid
// UTF-8, half a surrogate pair, and text after the value. It is bounded in
// size, depth and number of values.
package strictjson

import (
	"errors"
	"fmt"
)

// Limits bound a text. A zero value means the default.
type Limits struct {
	Octets int // of the text; 1 MiB
	Depth  int // of nested arrays and objects; 32
	Values int // in all, names of members not counted; 50,000
}

func (l Limits) filled() Limits {
	set := func(v *int, to int) {
		if *v == 0 {
			*v = to
		}
	}
	set(&l.Octets, 1<<20)
	set(&l.Depth, 32)
	set(&l.Values, 50_000)
	return l
}

// ErrMalformed is wrapped by every error about a text that is not JSON, or is
// refused for what it holds. ErrTooLarge: it is beyond a limit.
var (
	ErrMalformed = errors.New("not acceptable JSON")
	ErrTooLarge  = errors.New("JSON beyond a limit")
)

// Kind is what a value is.
type Kind uint8

// The kinds. The zero Kind is no value: what Get returns for a member that is
// not there.
const (
	None Kind = iota
	Null
	Bool
	Number
	String
	Array
	Object
)

// Value is a value. The zero Value is no value at all.
type Value struct {
	kind    Kind
	text    string // of a string, a number as written, "true" or "false"
	list    []Value
	members []Member
	raw     []byte
}

// Member is one of an object's, in the order of the text.
type Member struct {
	Name  string
	Value Value
}

// Kind returns what the value is.
func (v Value) Kind() Kind { return v.kind }

// Raw returns the value as it stands in the text.
func (v Value) Raw() []byte { return v.raw }

// Text returns a string; false if the value is none.
func (v Value) Text() (string, bool) { return v.text, v.kind == String }

// Number returns a number as it is written; false if the value is none. What it
// means, and how exactly, is for the caller to say.
func (v Value) Number() (string, bool) { return v.text, v.kind == Number }

// Bool returns a truth value; ok is false if the value is none.
func (v Value) Bool() (b, ok bool) { return v.text == "true", v.kind == Bool }

// List returns the elements of an array, nil for anything else.
func (v Value) List() []Value { return v.list }

// Members returns the members of an object, nil for anything else.
func (v Value) Members() []Member { return v.members }

// Get returns an object's member, and no value if there is none.
func (v Value) Get(name string) Value {
	for _, m := range v.members {
		if m.Name == name {
			return m.Value
		}
	}
	return Value{}
}

// Parse reads exactly one value that fills the text, white space aside. A byte
// order mark is refused, as RFC 8259 8.1 lets a reader do.
func Parse(b []byte, l Limits) (Value, error) {
	l = l.filled()
	if len(b) > l.Octets {
		return Value{}, fmt.Errorf("%w: %d octets, at most %d", ErrTooLarge, len(b), l.Octets)
	}
	p := parser{in: b, limits: l}
	p.space()
	v, err := p.value(0)
	if err == nil {
		if p.space(); p.at < len(p.in) {
			err = p.wrong("text after the value")
		}
	}
	if err != nil {
		return Value{}, err
	}
	return v, nil
}

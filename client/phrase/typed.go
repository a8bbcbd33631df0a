package phrase

import "fmt"

// ComposeTyped reads a phrase by its slug and slots as typed on a command line or into a
// form, such as "count=2". Every error says what is wrong with which slot.
func ComposeTyped(slug string, slots []string) (Content, error) {
	code, ok := Lookup(slug)
	if !ok {
		return Content{}, fmt.Errorf("no phrase %q", Inert(slug))
	}
	parsed, err := ParseSlots(code, slots)
	if err != nil {
		return Content{}, err
	}
	return Compose(code, parsed...)
}

package phrase

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// ErrContent is wrapped by every error about octets or values that must not be
// on the wire: the peer's fault in ParseContent, the caller's in AppendTo.
var ErrContent = errors.New("not a valid hail content")

// ErrVersion is wrapped, besides ErrContent, if the content is of a version
// that this phrasebook cannot read. Show Unreadable to the reader.
var ErrVersion = errors.New("unknown version")

// ErrSlots is wrapped by every error about slots that do not fit their phrase:
// the sender's to put right.
var ErrSlots = errors.New("slots do not fit the phrase")

// version is the first octet of a content. It changes only if older programs
// must not read on; new codes and new kinds of slots leave it alone.
const version = 1

// headerLen is version u8, code u16, number of slots u8. Each slot follows as
// kind u8, length u16 and value, in strictly ascending order of kind.
const (
	headerLen     = 4
	slotHeaderLen = 3
)

// Content is what a hail says: a code and slots in ascending order of kind, at
// most one of each. Contents are read-only once composed.
type Content struct {
	Code  Code
	Slots []Slot
}

// Compose returns the content of a known code with slots in any order, or the
// error of Validate.
func Compose(c Code, slots ...Slot) (Content, error) {
	out := Content{c, slices.Clone(slots)}
	for _, s := range slots {
		if !isSlot(s) {
			return Content{}, fmt.Errorf("%w: %T is not a slot", ErrSlots, s)
		}
	}
	slices.SortStableFunc(out.Slots, func(a, b Slot) int { return int(a.Kind()) - int(b.Kind()) })
	if err := out.Validate(); err != nil {
		return Content{}, err
	}
	return out, nil
}

// Slot returns the slot of a kind.
func (c Content) Slot(k Kind) (Slot, bool) {
	for _, s := range c.Slots {
		if isSlot(s) && s.Kind() == k {
			return s, true
		}
	}
	return nil, false
}

// fills returns the slot that says what a phrase's sentence asks for: the one of
// the kind, or else its stand-in.
func (c Content) fills(k Kind) (Slot, bool) {
	if s, ok := c.Slot(k); ok || k.StandIn() == 0 {
		return s, ok
	}
	return c.Slot(k.StandIn())
}

// check reports whether the content may be on the wire.
func (c Content) check() error {
	if c.Code == 0 {
		return fmt.Errorf("%w: code 0", ErrContent)
	}
	if len(c.Slots) > MaxSlots {
		return fmt.Errorf("%w: %d slots, at most %d", ErrContent, len(c.Slots), MaxSlots)
	}
	last := Kind(0)
	for i, s := range c.Slots {
		if !isSlot(s) {
			return fmt.Errorf("%w: %T is not a slot", ErrContent, s)
		}
		k := s.Kind()
		if i > 0 && k == last {
			return fmt.Errorf("%w: two slots %q", ErrContent, k)
		}
		if k < last {
			return fmt.Errorf("%w: slot %q after %q", ErrContent, k, last)
		}
		if err := s.check(); err != nil {
			return fmt.Errorf("%w: slot %q: %w", ErrContent, k, err)
		}
		last = k
	}
	return nil
}

// AppendTo appends the one encoding of the content to b. On an error b comes
// back as it was.
func (c Content) AppendTo(b []byte) ([]byte, error) {
	if err := c.check(); err != nil {
		return b, err
	}
	start := len(b)
	out := append(b, version)
	out = binary.BigEndian.AppendUint16(out, uint16(c.Code))
	out = append(out, byte(len(c.Slots)))
	for _, s := range c.Slots {
		if u, ok := s.(Unknown); ok && len(u.Value) > MaxContent {
			return b[:start], fmt.Errorf("%w: slot %q of %d octets", ErrContent, u.Of, len(u.Value))
		}
		out = append(out, byte(s.Kind()), 0, 0)
		at := len(out)
		out = s.appendValue(out)
		binary.BigEndian.PutUint16(out[at-2:], uint16(len(out)-at))
	}
	if n := len(out) - start; n > MaxContent {
		return b[:start], fmt.Errorf("%w: %d octets, at most %d", ErrContent, n, MaxContent)
	}
	return out, nil
}

// ParseContent decodes exactly one content that fills b. It is total and
// strict: whatever it accepts, AppendTo encodes to the same octets. Codes and
// kinds of slots that this phrasebook lacks are accepted and kept.
func ParseContent(b []byte) (Content, error) {
	if len(b) > MaxContent {
		return Content{}, fmt.Errorf("%w: %d octets, at most %d", ErrContent, len(b), MaxContent)
	}
	if len(b) > 0 && b[0] != version {
		return Content{}, fmt.Errorf("%w: %w %d", ErrContent, ErrVersion, b[0])
	}
	if len(b) < headerLen {
		return Content{}, fmt.Errorf("%w: ends in the header", ErrContent)
	}
	n := int(b[3])
	if n > MaxSlots {
		return Content{}, fmt.Errorf("%w: %d slots, at most %d", ErrContent, n, MaxSlots)
	}
	out := Content{Code: Code(binary.BigEndian.Uint16(b[1:]))}
	rest := b[headerLen:]
	for i := range n {
		s, after, err := cutSlot(rest)
		if err != nil {
			return Content{}, fmt.Errorf("%w: slot %d of %d: %w", ErrContent, i+1, n, err)
		}
		out.Slots = append(out.Slots, s)
		rest = after
	}
	if len(rest) > 0 {
		return Content{}, fmt.Errorf("%w: %d octets after the last slot", ErrContent, len(rest))
	}
	if err := out.check(); err != nil {
		return Content{}, err
	}
	return out, nil
}

// cutSlot decodes the slot at the start of b and returns the octets after it.
func cutSlot(b []byte) (Slot, []byte, error) {
	if len(b) < slotHeaderLen {
		return nil, nil, errors.New("ends in its header")
	}
	k, n := Kind(b[0]), int(binary.BigEndian.Uint16(b[1:]))
	b = b[slotHeaderLen:]
	if n > len(b) {
		return nil, nil, fmt.Errorf("kind %d: %d octets announced, %d left", k, n, len(b))
	}
	s, err := parseValue(k, b[:n])
	if err != nil {
		return nil, nil, fmt.Errorf("kind %d: %w", k, err)
	}
	return s, b[n:], nil
}

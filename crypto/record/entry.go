package record

import (
	"strconv"
	"time"

	"crossband/proto"
)

// version is that of the entries that this package writes and reads.
const version = 1

// Entry is one line of a log. An Entry that was read or appended keeps its
// octets; its fields are not changed after that.
type Entry struct {
	Index uint64
	Prev  Digest     // hash of the entry before; of the origin for the first
	Time  time.Time  // UTC, whole milliseconds
	Actor proto.Name // who did it
	Place proto.Name // the relay at which it happened
	Body  Body

	line []byte
}

// Kind returns what the entry is about.
func (e *Entry) Kind() Kind { return e.Body.Kind() }

// Line returns the entry's octets: canonical JSON without a line feed.
func (e *Entry) Line() []byte { return e.line }

// Hash returns what the next entry names, which is also the entry's leaf in the
// Merkle tree: SHA-256(0x00 || line).
func (e *Entry) Hash() Digest { return LeafHash(e.line) }

// encode writes the line.
func (e *Entry) encode() error {
	f := form{}
	e.Body.fields(&f)
	if f.err != nil {
		return refuseEntry(Malformed, e.Index, "%s: %v", e.Kind(), f.err)
	}
	if e.Actor == (proto.Name{}) || e.Place.Role != proto.RoleRelay {
		return refuseEntry(Malformed, e.Index, "actor %q, place %q: an entry needs an actor and a relay", e.Actor, e.Place)
	}
	b := appendString([]byte(`{"actor":`), e.Actor.String())
	b = appendValue(append(b, `,"body":`...), f.members.sorted())
	b = strconv.AppendUint(append(b, `,"index":`...), e.Index, 10)
	b = appendString(append(b, `,"kind":`...), string(e.Kind()))
	b = appendString(append(b, `,"place":`...), e.Place.String())
	b = appendString(append(b, `,"prev":`...), e.Prev.String())
	b = appendString(append(b, `,"time":`...), formatTime(e.Time))
	b = append(b, `,"v":1}`...)
	if len(b) > MaxEntry {
		return refuseEntry(TooLarge, e.Index, "%d octets, at most %d are allowed", len(b), MaxEntry)
	}
	e.line = b
	return nil
}

// ParseEntry reads a line. It judges the entry alone: whether it belongs where
// it stands is for a Replica or Verify to say.
func ParseEntry(line []byte) (Entry, error) {
	e, members, err := parseHeader(line)
	if err != nil {
		return Entry{}, err
	}
	if e.Body, err = readBody(e.Kind(), members); err != nil {
		return Entry{}, err
	}
	return e, nil
}

// parseHeader reads all of an entry but what its body says, and returns the
// body's members beside it.
func parseHeader(line []byte) (Entry, object, error) {
	if len(line) > MaxEntry {
		return Entry{}, nil, refuse(TooLarge, "entry of %d octets, at most %d are read", len(line), MaxEntry)
	}
	v, err := parseCanonical(line)
	if err != nil {
		return Entry{}, nil, err
	}
	o, ok := v.(object)
	if !ok {
		return Entry{}, nil, refuse(Malformed, "an entry is a JSON object")
	}
	h, f := header{}, form{reading: true, members: o}
	h.fields(&f)
	if f.err != nil {
		return Entry{}, nil, f.err
	}
	body, _ := o.get("body")
	members, ok := body.(object)
	switch {
	case len(o) != headerMembers || h.version != version:
		return Entry{}, nil, refuse(Malformed, "an entry of version %d with %d members", h.version, len(o))
	case !ok || !validKind(h.kind):
		return Entry{}, nil, refuse(Malformed, "an entry needs a kind and an object as body")
	case h.place.Role != proto.RoleRelay:
		return Entry{}, nil, refuse(Malformed, "%s is no relay and no place of an entry", h.place)
	}
	e := Entry{Index: h.index, Prev: h.prev, Time: h.time, Actor: h.actor, Place: h.place, line: append([]byte(nil), line...)}
	e.Body = &Unknown{Kind(h.kind), string(appendValue(nil, members))}
	return e, members, nil
}

// header is the members of an entry beside its body.
type header struct {
	actor, place proto.Name
	index        uint64
	kind         string
	prev         Digest
	time         time.Time
	version      uint16
}

const headerMembers = 8 // with the body

func (h *header) fields(f *form) {
	f.name("actor", &h.actor)
	number(f, "index", &h.index, 0, MaxEntries-1, false)
	f.text("kind", &h.kind, maxKind, false)
	f.name("place", &h.place)
	f.digest("prev", &h.prev)
	f.time("time", &h.time, false)
	number(f, "v", &h.version, 1, 1000, false)
}

// readBody returns an Unknown for a kind that is not known.
func readBody(k Kind, members object) (Body, error) {
	b := newBody(k)
	if b == nil {
		return &Unknown{k, string(appendValue(nil, members))}, nil
	}
	f := form{reading: true, members: members}
	b.fields(&f)
	if f.err != nil {
		return nil, refuse(Malformed, "%s: %v", k, f.err)
	}
	return b, nil
}

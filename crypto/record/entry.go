package record

import (
	"bytes"
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
	hash Digest // of line, as a leaf
}

// Kind returns what the entry is about.
func (e Entry) Kind() Kind { return e.Body.Kind() }

// Line returns the entry's octets: canonical JSON without a line feed.
func (e Entry) Line() []byte { return e.line }

// Hash returns what the next entry names, which is also the entry's leaf in the
// Merkle tree: SHA-256(0x00 || line).
func (e Entry) Hash() Digest { return e.hash }

// encode writes the line.
func (e *Entry) encode() error {
	if _, unknown := e.Body.(*Unknown); unknown {
		return refuseEntry(Malformed, e.Index, "a kind %q that this version does not know", e.Kind())
	}
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
	e.line, e.hash = b, LeafHash(b)
	return nil
}

// ParseEntry reads a line. It judges the entry alone: whether it belongs where
// it stands is for a Replica or Verify to say.
func ParseEntry(line []byte) (Entry, error) {
	e, body, err := parseHeader(line)
	if err != nil {
		return Entry{}, err
	}
	if e.Body, err = body.read(); err != nil {
		return Entry{}, err
	}
	return e, nil
}

// rawBody is a body as members of a JSON object.
type rawBody struct {
	kind    Kind
	members object
}

// parseHeader reads all of an entry but what its body says.
func parseHeader(line []byte) (Entry, rawBody, error) {
	if len(line) > MaxEntry {
		return Entry{}, rawBody{}, refuse(TooLarge, "entry of %d octets, at most %d are read", len(line), MaxEntry)
	}
	v, err := parseCanonical(line)
	if err != nil {
		return Entry{}, rawBody{}, err
	}
	o, ok := v.(object)
	if !ok {
		return Entry{}, rawBody{}, refuse(Malformed, "an entry is a JSON object")
	}
	h, f := header{}, form{reading: true, members: o}
	h.fields(&f)
	if f.err != nil {
		return Entry{}, rawBody{}, f.err
	}
	body, _ := o.get("body")
	members, ok := body.(object)
	switch {
	case len(o) != headerMembers || h.version != version:
		return Entry{}, rawBody{}, refuse(Malformed, "an entry of version %d with %d members", h.version, len(o))
	case !ok || !validKind(h.kind):
		return Entry{}, rawBody{}, refuse(Malformed, "an entry needs a kind and an object as body")
	case h.place.Role != proto.RoleRelay:
		return Entry{}, rawBody{}, refuse(Malformed, "%s is no relay and no place of an entry", h.place)
	}
	e := Entry{Index: h.index, Prev: h.prev, Time: h.time, Actor: h.actor, Place: h.place, line: bytes.Clone(line)}
	e.hash = LeafHash(e.line)
	return e, rawBody{Kind(h.kind), members}, nil
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

// read returns an Unknown for a kind that is not known.
func (r rawBody) read() (Body, error) {
	b := newBody(r.kind)
	if b == nil {
		return r.unknown(), nil
	}
	f := form{reading: true, members: r.members}
	b.fields(&f)
	if f.err != nil {
		return nil, refuse(Malformed, "%s: %v", r.kind, f.err)
	}
	return b, nil
}

func (r rawBody) unknown() Body { return &Unknown{r.kind, string(appendValue(nil, r.members))} }

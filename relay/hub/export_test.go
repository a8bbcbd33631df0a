package hub

import (
	"encoding/hex"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/crypto/mls/roster"
	"crossband/proto"
	"crossband/proto/wire"
)

// ChannelView is what tests may look at in a channel.
type ChannelView struct {
	ID         proto.ChannelID
	Arbitrates bool // the floor is decided here: at the hub, or with the hub away
	Holder     proto.Name
	Burst      proto.BurstID
	HolderLink LinkID
	HolderLeaf uint32
	Bound      bool
	Tail       proto.BurstID // of who has just let go, and whose route stays
	TailLink   LinkID
	Queue      []proto.Name
	Subs       map[LinkID]Out // by link: the receiver's alias; without the deaf
	In         map[LinkID]proto.Alias
	Epoch      uint64
	Roster     uint64 // a follower's, as far as it knows
}

// View describes every channel, in the order of their identifiers.
func (h *Hub) View() []ChannelView {
	var views []ChannelView
	for _, ch := range h.sortedChannels() {
		v := ChannelView{ID: ch.id, Subs: map[LinkID]Out{}, In: map[LinkID]proto.Alias{}}
		v.Arbitrates = ch.charter.Owner == h.self.Agency || ch.up.state != upLive
		if t := ch.floor.holder; t != nil {
			v.Holder, v.Burst, v.HolderLink, v.HolderLeaf, v.Bound = t.who, t.burst, t.link, t.leaf, t.bound
		}
		if t := ch.floor.tail; t != nil {
			v.Tail, v.TailLink = t.burst, t.link
		}
		for _, t := range ch.floor.queue {
			v.Queue = append(v.Queue, t.who)
		}
		for id, l := range ch.subs {
			if v.In[id] = l.subs[ch.id].in; !l.subs[ch.id].deaf {
				v.Subs[id] = Out{id, l.subs[ch.id].out}
			}
		}
		if ch.hosted.members != nil {
			v.Epoch = ch.hosted.members.epoch()
		}
		if ch.followed.members != nil {
			v.Roster = ch.followed.members.epoch()
		}
		views = append(views, v)
	}
	return views
}

// FillLog makes a channel's log look as long as n entries.
func (h *Hub) FillLog(id proto.ChannelID, n uint64) { h.channels[id].hosted.head = n }

// LoadBar takes up a record of a removed member, as a restart does.
func (h *Hub) LoadBar(key, value []byte) error { return h.loadBar(key, value) }

// Hold gives the hub an agreement beside its documents; once is enough.
func (h *Hub) Hold(a proto.Agreement, came time.Time) {
	if h.pacts[a.ID] == nil {
		h.pacts.Take(a, came)
	}
}

// RoomBeside says whether a document that an agency issued has room beside n that it
// has issued before.
func (h *Hub) RoomBeside(n int, issuer proto.Agency) error {
	for i := range n {
		id := proto.DocumentID{byte(i), byte(i >> 8)}
		h.documents.held[id] = &heldDocument{Document: proto.Document{ID: id, Issuer: issuer}}
	}
	return h.documentRoom(&heldDocument{Document: proto.Document{Issuer: issuer}})
}

// HasLink reports whether the hub knows the link.
func (h *Hub) HasLink(id LinkID) bool { return h.links[id] != nil }

// Dump writes down the whole state, to see that a refusal changed none of it.
// Only the clock, the counter of forwarded requests, what was used of quotas, what a
// look at signatures found, the charters that are judged again and the trees that are
// written for joiners are left out.
func (h *Hub) Dump() string {
	d := dumper{seen: map[uintptr]int{}}
	v := reflect.ValueOf(h).Elem()
	for i := range v.NumField() {
		switch name := v.Type().Field(i).Name; name {
		case "judge", "now", "out", "lastID", "quotas", "doubts", "unagreed":
		default:
			d.line(name)
			d.value(v.Field(i))
		}
	}
	return d.b.String()
}

// Durable writes down what a restart must not change.
func (h *Hub) Durable() string {
	d := dumper{seen: map[uintptr]int{}}
	say := func(what string, v any) {
		d.line("%s", what)
		d.value(reflect.ValueOf(v))
	}
	for _, ch := range h.sortedChannels() {
		say("channel "+ch.id.Short(), ch.charter)
		say("signed", ch.signed)
		say("created", ch.created)
		say("hosted", ch.hosted)
		say("followed", ch.followed.members)
		say("numbers", ch.marks.numbers)
		say("ordered", ch.origin.ordered)
		for _, o := range ch.origin.sorted() {
			say("waits", struct {
				id       proto.MessageID
				from     proto.Name
				frame    *wire.Frame
				sum      [32]byte
				order    uint64
				returned proto.Reason
			}{o.id, o.from, o.frame, o.sum, o.order, o.returned})
		}
	}
	say("documents", h.documents)
	say("pacts", h.pacts)
	say("packages", h.packages)
	for _, n := range slices.SortedFunc(maps.Keys(h.welcomes), compareNames) {
		list := slices.Clone(h.welcomes[n])
		slices.SortFunc(list, func(a, b *wire.Welcome) int { return strings.Compare(string(a.Id), string(b.Id)) })
		say("welcomes "+n.String(), list)
	}
	for _, n := range slices.SortedFunc(maps.Keys(h.returned), compareNames) {
		list := slices.Clone(h.returned[n])
		slices.SortFunc(list, func(a, b *wire.Returned) int { return strings.Compare(string(a.Id), string(b.Id)) })
		say("returned "+n.String(), list)
	}
	say("ended", h.ended)
	return d.b.String()
}

// dumper walks unexported state. A thing reached twice is written once.
type dumper struct {
	b     strings.Builder
	depth int
	seen  map[uintptr]int
}

func (d *dumper) line(format string, args ...any) {
	d.b.WriteString(strings.Repeat(" ", d.depth))
	fmt.Fprintf(&d.b, format+"\n", args...)
}

func (d *dumper) value(v reflect.Value) {
	d.depth++
	defer func() { d.depth-- }()
	switch v.Kind() {
	case reflect.Pointer:
		d.pointer(v)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() { // without its location
			d.line("%d %d", v.Field(0).Uint(), v.Field(1).Int())
			return
		}
		if v.Type() == reflect.TypeFor[toldTree]() { // follows from the membership
			return
		}
		for i := range v.NumField() {
			d.line("%s", v.Type().Field(i).Name)
			d.value(v.Field(i))
		}
	case reflect.Map:
		keys := v.MapKeys()
		text := make(map[string]reflect.Value, len(keys))
		for _, k := range keys {
			text[fmt.Sprint(k)] = k
		}
		for _, k := range slices.Sorted(maps.Keys(text)) {
			d.line("%s:", k)
			d.value(v.MapIndex(text[k]))
		}
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			d.line("%x", v)
			return
		}
		for i := range v.Len() {
			d.value(v.Index(i))
		}
	default:
		d.line("%v", v)
	}
}

func (d *dumper) pointer(v reflect.Value) {
	if v.IsNil() {
		d.line("nil")
		return
	}
	switch p := reflect.NewAt(v.Type().Elem(), v.UnsafePointer()).Interface().(type) {
	case pb.Message:
		octets, err := pb.MarshalOptions{Deterministic: true}.Marshal(p)
		d.line("%x %v", octets, err)
		return
	case *roster.Group:
		octets, err := p.MarshalBinary()
		d.line("%s %v", hex.EncodeToString(octets), err)
		return
	}
	at := v.Pointer()
	if n, ok := d.seen[at]; ok {
		d.line("see %d", n)
		return
	}
	d.seen[at] = len(d.seen)
	d.line("number %d", d.seen[at])
	d.value(v.Elem())
}

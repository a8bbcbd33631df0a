package hub_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/hub"
)

// start is when every test begins.
func start() time.Time { return time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC) }

// agencies are the short words of tests for three trust domains.
func agencies() map[string]proto.Agency {
	return map[string]proto.Agency{"us": "usbp.example", "mx": "gn.example", "ca": "rcmp.example"}
}

// parseName reads us/unit/a, us/relay and us/authority.
func parseName(s string) (proto.Name, error) {
	if s == "" {
		return proto.Name{}, nil
	}
	parts := strings.Split(s, "/")
	a, ok := agencies()[parts[0]]
	if !ok || len(parts) < 2 || len(parts) > 3 {
		return proto.Name{}, fmt.Errorf("%q is not AGENCY/ROLE/LABEL", s)
	}
	label := "1"
	if len(parts) == 3 {
		label = parts[2]
	}
	return proto.ParseName("spiffe://" + string(a) + "/" + parts[1] + "/" + label)
}

// routeKey is where voice comes in.
type routeKey struct {
	link  hub.LinkID
	alias proto.Alias
}

// world is a hub with everything around it: a clock, named links, the members'
// groups, and the voice routes that the hub's effects left behind.
type world struct {
	t       testing.TB
	hub     *hub.Hub
	self    proto.Name
	judge   hub.Judge
	now     time.Time
	links   map[string]hub.LinkID // newest link of a label
	labels  map[hub.LinkID]string
	nextID  hub.LinkID
	routes  map[routeKey]*hub.Route
	people  people
	made    made
	log     map[string]uint64     // writes so far, by channel
	asked   map[hub.LinkID]uint64 // the newest request on each link
	disk    disk
	damaged []hub.Damaged           // what the store cannot serve any more
	lists   map[proto.Agency]string // revocation lists held
	lines   []string                // the trace
	mute    bool                    // write no trace
	quiet   bool                    // within quietly
	watch   func([]hub.Effect)
	sniff   func(*wire.Frame)
	deep    bool // compare the whole state around every frame
	voices  map[proto.ChannelID]voices
}

func newWorld(t testing.TB) *world {
	w := &world{
		t: t, now: start(), links: map[string]hub.LinkID{}, labels: map[hub.LinkID]string{hub.SelfLink: "self"},
		routes: map[routeKey]*hub.Route{}, people: newPeople(t), made: newMade(), log: map[string]uint64{}, asked: map[hub.LinkID]uint64{}, disk: disk{}, lists: map[proto.Agency]string{}, deep: true, voices: map[proto.ChannelID]voices{},
	}
	w.judge = fakeJudge{revoked: map[string]bool{}}
	w.become("us/relay")
	return w
}

// become starts the hub anew as the named relay's.
func (w *world) become(who string) {
	self, err := parseName(who)
	if err != nil {
		w.t.Fatal(err)
	}
	w.self, w.hub, w.disk = self, hub.New(self, w.judge), disk{}
	w.holdHidden(w.hub)
}

func (w *world) printf(format string, args ...any) {
	if !w.mute {
		w.lines = append(w.lines, fmt.Sprintf(format, args...))
	}
}

// quietly does something without leaving a trace. It must not be refused.
func (w *world) quietly(do func() error) error {
	mute, quiet := w.mute, w.quiet
	w.mute, w.quiet = true, true
	defer func() { w.mute, w.quiet = mute, quiet }()
	return do()
}

// up brings a link up. A label that begins with "newcomer" has no certificate;
// "dialled" behind it says that the hub's own side made the link. One that ends with
// "+bulk" is the bulk link of who is named before that.
func (w *world) up(label string) error {
	label, dialled := strings.CutSuffix(label, " dialled")
	named, bulk := strings.CutSuffix(label, "+bulk")
	var peer proto.Name
	if !strings.HasPrefix(label, "newcomer") {
		var err error
		if peer, err = parseName(named); err != nil {
			return err
		}
	}
	w.nextID++
	if old, ok := w.links[label]; ok {
		w.labels[old] = label + "(old)"
	}
	w.links[label], w.labels[w.nextID] = w.nextID, label
	w.apply(hub.LinkUp{Link: w.nextID, Peer: peer, Dialled: dialled, Bulk: bulk})
	return nil
}

func (w *world) down(label string) error {
	id, err := w.link(label)
	if err != nil {
		return err
	}
	if !strings.HasSuffix(label, "(old)") {
		delete(w.links, label)
	}
	w.apply(hub.LinkDown{Link: id})
	return nil
}

func (w *world) link(label string) (hub.LinkID, error) {
	if label == "self" {
		return hub.SelfLink, nil
	}
	if id, ok := w.links[label]; ok {
		return id, nil
	}
	for id, l := range w.labels {
		if l == label {
			return id, nil
		}
	}
	return 0, fmt.Errorf("no link %q", label)
}

func (w *world) tick(d time.Duration, heard string) error {
	var id proto.ChannelID
	if heard != "" {
		var ok bool
		if id, ok = w.made.channels[heard]; !ok {
			return fmt.Errorf("no channel %q", heard)
		}
	}
	for ; d > 0; d -= hub.TickEvery {
		w.now = w.now.Add(min(d, hub.TickEvery))
		if heard != "" {
			w.apply(hub.Heard{Channel: id})
		}
		before := len(w.lines)
		w.apply(hub.Tick{})
		if len(w.lines) > before {
			w.lines = slices.Insert(w.lines, before, fmt.Sprintf("at %v:", w.now.Sub(start())))
		}
	}
	return nil
}

// apply gives the hub one event, keeps the books, writes the trace, and checks
// what must hold after every event whatever it was.
func (w *world) apply(e hub.Event) []hub.Effect {
	w.t.Helper()
	before := ""
	in, isFrame := e.(hub.FrameIn)
	if isFrame && w.deep && !w.quiet {
		before = w.hub.Dump()
	}
	effects := w.hub.Apply(w.now, e)
	if w.watch != nil {
		w.watch(effects)
	}
	for _, x := range effects {
		w.perform(x)
		if !w.mute {
			w.printf("%s", w.effect(x))
		}
	}
	if down, ok := e.(hub.LinkDown); ok {
		maps.DeleteFunc(w.routes, func(k routeKey, _ *hub.Route) bool { return k.link == down.Link })
	}
	w.checkSends(effects)
	w.checkRoutes()
	w.checkTails(e)
	w.checkOrder(effects)
	if isFrame && w.refusedFrame(effects, in) {
		w.checkUnchanged(before, in.Frame)
	}
	return effects
}

// checkUnchanged: a refused frame leaves the state as it was.
func (w *world) checkUnchanged(before string, f *wire.Frame) {
	w.t.Helper()
	if w.quiet {
		w.t.Errorf("refused in silence: %s", w.frame(f))
	}
	if before == "" {
		return // not looked at this time
	}
	if after := w.hub.Dump(); after != before {
		w.t.Errorf("bad input changes nothing: %s was refused and changed the state:\n%s", w.frame(f), firstDifference(before, after))
	}
}

// perform does the part of an effect that later events depend on.
func (w *world) perform(x hub.Effect) {
	switch x := x.(type) {
	case hub.SetRoute:
		k := routeKey{x.Link, x.Alias}
		if delete(w.routes, k); x.Route != nil {
			w.routes[k] = x.Route
		}
	case hub.Send:
		if x.Frame.Id != 0 {
			w.asked[x.Link] = x.Frame.Id
		}
	case hub.Write:
		w.people.stored(w, x)
		w.disk.write(x)
	case hub.Drop:
		delete(w.disk, x.Bucket)
	}
}

// refusedFrame finds the audit of the frame itself among the effects.
func (w *world) refusedFrame(effects []hub.Effect, in hub.FrameIn) bool {
	peer := w.self
	if in.Link != hub.SelfLink {
		peer, _ = parseName(w.labels[in.Link]) // a newcomer has none
	}
	return slices.ContainsFunc(effects, func(x hub.Effect) bool {
		a, ok := x.(hub.Audit)
		return ok && a.Refusal != nil && a.Kind == proto.KindOf(in.Frame) && a.Peer == peer
	})
}

// checkSends: a frame goes to a link that is there, or nowhere.
func (w *world) checkSends(effects []hub.Effect) {
	w.t.Helper()
	for _, x := range effects {
		if s, ok := x.(hub.Send); ok && !w.hub.HasLink(s.Link) {
			w.t.Errorf("sent to link %s, which the hub does not have: %s", w.labels[s.Link], w.frame(s.Frame))
		}
	}
}

// checkOrder: an acknowledgement of something new follows the write of it.
func (w *world) checkOrder(effects []hub.Effect) {
	w.t.Helper()
	written := false
	for _, x := range effects {
		switch x := x.(type) {
		case hub.Write:
			written = true
		case hub.Send:
			if a := x.Frame.GetAppended(); a != nil && !a.Duplicate && x.Frame.Re != 0 && !written && !w.forwarded(a) {
				w.t.Errorf("acknowledged before it was written: %s", w.frame(x.Frame))
			}
		}
	}
}

// forwarded: the acknowledgement is another hub's, who wrote.
func (w *world) forwarded(a *wire.Appended) bool {
	name := w.made.charterOf[proto.ChannelID(a.Channel)]
	return w.made.charters[name].parsed.Owner != w.self.Agency
}

// checkRoutes: where the floor is decided here, voice enters from the holder's
// link alone, or from that of who has just let go, under the talker's leaf, and goes
// to every other subscriber.
func (w *world) checkRoutes() {
	w.t.Helper()
	for k, r := range w.routes {
		if !w.hub.HasLink(k.link) {
			w.t.Errorf("route of %s, which is not there any more", w.labels[k.link])
		}
		for _, o := range r.Out {
			if !w.hub.HasLink(o.Link) {
				w.t.Errorf("voice of %s goes to %s, which is not there any more", w.labels[k.link], w.labels[o.Link])
			}
		}
	}
	for _, v := range w.hub.View() {
		if len(v.Queue) > proto.MaxFloorQueue {
			w.t.Errorf("%d wait for one floor", len(v.Queue))
		}
		if v.Holder == (proto.Name{}) && len(v.Queue) > 0 {
			w.t.Errorf("%d wait for a floor that nobody holds", len(v.Queue))
		}
		if !v.Arbitrates {
			continue
		}
		for id, alias := range v.In {
			r := w.routes[routeKey{id, alias}]
			leaf, bound, speaks := v.HolderLeaf, v.Bound, id == v.HolderLink && v.Holder != proto.Name{}
			if last := w.voices[v.ID].last; v.Holder == (proto.Name{}) && v.Tail != (proto.BurstID{}) {
				leaf, bound, speaks = last.Leaf, last.Bound, id == v.TailLink
			}
			if (r != nil) != speaks {
				w.t.Errorf("route of %s is %v while %s holds the floor", w.labels[id], r, w.plain(v.Holder.String()))
				continue
			}
			want := len(v.Subs)
			if _, hears := v.Subs[id]; hears {
				want--
			}
			if r != nil && (r.Leaf != leaf || r.Bound != bound || len(r.Out) != want || slices.ContainsFunc(r.Out, func(o hub.Out) bool { return o != v.Subs[o.Link] || o.Link == id })) {
				w.t.Errorf("route of %s is %+v; the talker's leaf is %d and the subscribers are %v", w.labels[id], *r, leaf, v.Subs)
			}
		}
	}
}

func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return fmt.Sprintf("%s\n- %.200s\n+ %.200s", strings.Join(x[max(0, i-6):i], "\n"), x[i], y[i])
		}
	}
	return fmt.Sprintf("%d lines before, %d after", len(x), len(y))
}

// id makes an identifier of n octets that reads as its name.
func id(name string, n int) []byte {
	b := make([]byte, n)
	copy(b, name)
	return b
}

// idName reads the name back. ~NAME is the expiry of hail NAME, ~NAME.R.S its page of
// round R and step S, ~N what the hub says of a desk in entry N.
func idName(b []byte) string {
	if s, ok := padded(b); ok {
		return s
	}
	for i := range 100 {
		hail := fmt.Sprintf("h%d", i)
		if sum := sha256.Sum256(id(hail, 16)); bytes.Equal(sum[:16], b) {
			return "~" + hail
		} else if s := derivedName(i, b); s != "" {
			return s
		}
	}
	return fmt.Sprintf("(%d octets)", len(b))
}

// derivedName finds hail number n's page, or entry number n of the hub's on duty.
func derivedName(n int, b []byte) string {
	is := func(from []byte) bool { sum := sha256.Sum256(from); return bytes.Equal(sum[:16], b) }
	if is(binary.BigEndian.AppendUint64([]byte("crossband/1 duty\x00"), uint64(n))) {
		return fmt.Sprintf("~%d", n)
	}
	from := append([]byte("crossband/1 page\x00"), id(fmt.Sprintf("h%d", n), 16)...)
	for round := uint32(1); round < 5; round++ {
		for step := uint32(0); step < 5; step++ {
			if is(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(from[:len(from):len(from)], round), step)) {
				return fmt.Sprintf("~h%d.%d.%d", n, round, step)
			}
		}
	}
	return ""
}

func padded(b []byte) (string, bool) {
	s := strings.TrimRight(string(b), "\x00")
	return s, s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

func hexPattern() *regexp.Regexp { return regexp.MustCompile(`\b[0-9a-f]{8,64}\b`) }

// plain replaces what is long or random in a text by the test's short words.
func (w *world) plain(s string) string {
	for word, a := range agencies() {
		s = strings.ReplaceAll(s, "spiffe://"+string(a), word)
		s = strings.ReplaceAll(s, string(a), word)
	}
	s = strings.NewReplacer("/relay/1", "/relay", "/authority/1", "/authority").Replace(s)
	return hexPattern().ReplaceAllStringFunc(s, func(m string) string {
		b, err := hex.DecodeString(m)
		if err != nil {
			return m
		}
		for cid, name := range w.made.charterOf {
			if string(cid[:min(len(b), 32)]) == string(b) {
				return name
			}
		}
		for aid, name := range w.made.agreementOf {
			if string(aid[:min(len(b), 32)]) == string(b) {
				return name
			}
		}
		if len(b) == 16 {
			return idName(b)
		}
		return m
	})
}

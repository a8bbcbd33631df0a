package relaytest_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"crossband/client"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/hub"
	"crossband/relay/relaytest"
	"crossband/relay/store"
)

// onDisk is a border whose relays keep their state in files, and whose channels
// have a storage rule. Canada's relay follows both.
type onDisk struct {
	*border
	m    *relaytest.Middle // between the US and MX relays: sees all that both take
	dirs map[*relaytest.Agency]string
}

func withFiles(t *testing.T, rule wire.Charter_Storage, keep hub.Retention, fn func(*testing.T, *onDisk)) {
	d := &onDisk{dirs: make(map[*relaytest.Agency]string)}
	runWith(t, 1, func(b *border) {
		d.border, d.m = b, b.Middle(b.mx, b.us)
		for _, a := range b.agencies {
			d.dirs[a] = b.T.TempDir()
			s, err := store.OpenSQLite(filepath.Join(d.dirs[a], "relay.db"), store.Options{Reserve: 1})
			if err != nil {
				b.T.Fatal(err)
			}
			b.T.Cleanup(func() { s.Close() }) // after the relays have ended
			a.Store, a.Retention = s, keep
		}
		both := []*wire.Charter_Party{relaytest.Party(b.us), relaytest.Party(b.mx), relaytest.Observer(b.ca)}
		b.group = b.us.Charter(&wire.Charter{Kind: wire.Charter_KIND_STANDING, Title: "Bound", Storage: rule, Parties: both})
		b.calling = b.us.Charter(&wire.Charter{Kind: wire.Charter_KIND_CALLING, Title: "Bound calls", Storage: rule, Parties: both, Template: both})
	}, func(t *testing.T, _ *border) { fn(t, d) })
}

// files returns what a relay has on its disk: the store, its log, whatever
// stands beside them.
func (d *onDisk) files(t *testing.T, a *relaytest.Agency) (all []byte) {
	t.Helper()
	err := filepath.WalkDir(d.dirs[a], func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		all = append(all, b...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// said is one sealed message as it went over the border.
type said struct {
	kind   string
	by     proto.Agency
	sealed []byte
}

// pieces are parts of the ciphertext, which is the message's end: what is before
// it, the group and the open envelope, every relay may have. More than one,
// because a database may break them in two.
func (s said) pieces() [][]byte {
	end := s.sealed[len(s.sealed)-64:]
	return [][]byte{end[:32], end[32:]}
}

// inFiles counts the messages of which any piece is found.
func inFiles(all []byte, list []said) (n int) {
	for _, s := range list {
		for _, p := range s.pieces() {
			if bytes.Contains(all, p) {
				n++
				break
			}
		}
	}
	return n
}

// passed lists the messages that went over the border, by their origin: what
// Mexico's relay hands to the hub, and what the hub's log says.
func (d *onDisk) passed() map[proto.Agency][]said {
	known, list := make(map[string]bool), make(map[proto.Agency][]said)
	add := func(kind string, by proto.Agency, sealed []byte) {
		if len(sealed) >= 128 && !known[string(sealed)] {
			known[string(sealed)] = true
			list[by] = append(list[by], said{kind, by, sealed})
		}
	}
	for _, p := range d.m.Seen() {
		add("text", d.mx.Name, p.Frame.GetText().GetSealed())
		add("hail", d.mx.Name, p.Frame.GetHail().GetSealed())
		add("reply", d.mx.Name, p.Frame.GetHailReply().GetSealed())
		for _, e := range p.Frame.GetEntries().GetEntries() {
			add("text", proto.Agency(e.Agency), e.GetText().GetSealed())
			add("hail", proto.Agency(e.Agency), e.GetHail().GetSealed())
			add("reply", proto.Agency(e.Agency), e.GetHailReply().GetSealed())
		}
	}
	return list
}

// converse has both sides write, hail and reply, and returns what they said.
func (d *onDisk) converse(t *testing.T) map[proto.Agency][]said {
	t.Helper()
	p := newPatrol(t, d.border)
	desks, calls := make(map[proto.Agency]*relaytest.Endpoint), make(map[proto.Agency]*client.Channel)
	for _, a := range []*relaytest.Agency{d.us, d.mx} { // the owner's first: it makes the group
		desks[a.Name] = a.Endpoint("desk/first")
		calls[a.Name] = desks[a.Name].MustJoin(d.calling)
	}
	observer := d.ca.Endpoint("desk/stanstead")
	observer.MustJoin(d.group)
	observer.MustJoin(d.calling)
	time.Sleep(time.Second)
	for agency, ch := range map[proto.Agency]*client.Channel{d.us.Name: p.us, d.mx.Name: p.mx} {
		for range 3 {
			if _, err := ch.Text(minute(t), "written by "+string(agency)); err != nil {
				t.Fatal(err)
			}
		}
		other := desks[d.mx.Name]
		if agency == d.mx.Name {
			other = desks[d.us.Name]
		}
		mine, theirs := ring(t, calls[agency], other, client.HailOptions{})
		stands(t, proto.HailReceived, mine, theirs)
		reply(t, theirs, proto.HailDeclined, proto.ReasonNoMeans)
		stands(t, proto.HailDeclined, mine, theirs)
	}
	time.Sleep(3 * time.Second)
	list := d.passed()
	for _, agency := range []proto.Agency{d.us.Name, d.mx.Name} {
		kinds := make(map[string]int)
		for _, s := range list[agency] {
			kinds[s.kind]++
		}
		if kinds["text"] < 3 || kinds["hail"] < 1 || kinds["reply"] < 2 {
			t.Fatalf("%s: %v went over the border: the test shows nothing", agency, kinds)
		}
	}
	return list
}

// The storage rule as it stands on the disk: under "none" no file of another
// relay than the origin's holds a piece of a sealed text, hail or reply; under
// "sealed" the hub's do. The octets of the files are looked through, not the
// records that the store shows.
func TestStorageRuleInTheFiles(t *testing.T) {
	for rule, atHub := range map[wire.Charter_Storage]bool{wire.Charter_STORAGE_NONE: false, wire.Charter_STORAGE_SEALED: true} {
		t.Run(rule.String(), func(t *testing.T) {
			withFiles(t, rule, hub.Retention{}, func(t *testing.T, d *onDisk) {
				list := d.converse(t)
				for _, a := range d.agencies {
					all := d.files(t, a)
					for _, by := range []proto.Agency{d.us.Name, d.mx.Name} {
						n, of := inFiles(all, list[by]), len(list[by])
						t.Logf("%d octets of %s hold %d of %d sealed messages of %s", len(all), a.Name, n, of, by)
						switch {
						case a.Name == by && n != of:
							t.Errorf("the files of %s hold %d of its own %d messages: the search shows nothing", by, n, of)
						case a == d.us && by != a.Name && atHub && n != of:
							t.Errorf("the files of the hub hold %d of %d messages of %s under %v", n, of, by, rule)
						case a.Name != by && !(a == d.us && atHub) && n != 0:
							t.Errorf("the files of %s hold %d of %d messages of %s under %v", a.Name, n, of, by, rule)
						}
					}
				}
			})
		})
	}
}

// What retention deletes is gone from the records at once, and from the file with
// the log's next folding: nothing of it stays in free pages. The log keeps it
// until it is written over, or cut when the store closes or opens.
func TestRetentionInTheFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute under the race detector")
	}
	withFiles(t, wire.Charter_STORAGE_SEALED, hub.Retention{Standing: time.Hour, Waiting: time.Hour}, func(t *testing.T, d *onDisk) {
		list := d.converse(t)
		if n := inFiles(d.files(t, d.us), list[d.mx.Name]); n != len(list[d.mx.Name]) {
			t.Fatalf("the files of the hub hold %d of %d messages: the search shows nothing", n, len(list[d.mx.Name]))
		}
		time.Sleep(3 * time.Hour)
		both := append(list[d.us.Name], list[d.mx.Name]...)
		for _, a := range d.agencies {
			for _, s := range both {
				if holds(t, a.Store, s.sealed) {
					t.Errorf("%s: a %s of %s is still in the records", a.Name, s.kind, s.by)
				}
			}
			t.Logf("%s: files hold %d of %d messages three hours later", a.Name, inFiles(d.files(t, a), both), len(both))
			a.Stop()
			if err := a.Store.Close(); err != nil { // folds the log into the file and cuts it
				t.Fatal(err)
			}
			if n := inFiles(d.files(t, a), both); n != 0 {
				t.Errorf("%s: the closed store's files hold %d of %d messages that retention has deleted", a.Name, n, len(both))
			}
		}
	})
}

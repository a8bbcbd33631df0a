package relay

import (
	"context"
	"crypto/elliptic"
	"net"
	"testing"
	"time"

	"crossband/crypto/identity"
	"crossband/crypto/mls"
	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/tree"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/hub"
	"crossband/relay/store"
)

// writes is a store that counts the values written to one bucket.
type writes struct {
	store.Store
	bucket store.Bucket
	values int
}

func (w *writes) Write(ctx context.Context, records []store.Record) error {
	for _, r := range records {
		if r.Bucket == w.bucket && r.Value != nil {
			w.values++
		}
	}
	return w.Store.Write(ctx, records)
}

// What comes behind a revocation list in one batch is judged by the list: a
// removal that rests on it must not be refused, nor what it revokes be taken.
func TestWhatFollowsAListInABatchIsJudgedByIt(t *testing.T) {
	now := time.Now()
	us, err := identity.InitAuthority(t.TempDir(), "usbp.example", now, identity.AuthorityOptions{})
	if err != nil {
		t.Fatal(err)
	}
	issue := func(s string) *identity.Identity {
		n, err := proto.ParseName("spiffe://usbp.example/" + s)
		if err != nil {
			t.Fatal(err)
		}
		id, err := us.IssueLocal(n, elliptic.P256(), now)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	lost := issue("unit/lost")
	pkg, _, err := mls.NewKeyPackage(mls.Identity{Signer: lost.Key, Credential: tree.X509(lost.Chain...)}, mls.KeyPackageOptions{
		Suite: suite.P256AES128, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	publish := hub.FrameIn{Link: 1, Frame: &wire.Frame{Id: 1, Body: &wire.Frame_PublishKeyPackages{PublishKeyPackages: &wire.PublishKeyPackages{Packages: [][]byte{pkg}}}}}
	list, err := us.Revoke(lost.Name, now)
	if err != nil {
		t.Fatal(err)
	}
	for why, c := range map[string]struct {
		events []hub.Event
		taken  int
	}{
		"before the list": {[]hub.Event{publish, listFound{signed: list}}, 1},
		"after the list":  {[]hub.Event{listFound{signed: list}, publish}, 0},
	} {
		socket, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		kept := &writes{Store: store.NewMemory(), bucket: "packages"}
		n, err := New(Config{Identity: issue("relay/r1"), Listen: socket, Store: kept})
		if err != nil {
			t.Fatal(err)
		}
		l := &loop{n: n, hub: hub.New(n.Name(), n.judge()), ports: make(map[hub.LinkID]*port), floors: make(map[*route]struct{}), watch: newWatch(n.figures), showcase: newShowcase(), recorder: newRecorder(n)}
		if err := l.handle(t.Context(), append([]hub.Event{hub.LinkUp{Link: 1, Peer: lost.Name}}, c.events...)); err != nil {
			t.Fatal(err)
		}
		if kept.values != c.taken {
			t.Errorf("a key package of a revoked device, %s: taken %d times, want %d", why, kept.values, c.taken)
		}
		if err := n.listener.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Who is newly revoked is found by comparing: what is repeated each day is not
// news, a name that is revoked again is.
func TestNewlyRevoked(t *testing.T) {
	a, b := proto.Name{Agency: "usbp.example", Role: proto.RoleUnit, Label: "a"}, proto.Name{Agency: "usbp.example", Role: proto.RoleUnit, Label: "b"}
	at := time.Now()
	before := []identity.Revocation{{Name: a, At: at}}
	for why, c := range map[string]struct {
		now  []identity.Revocation
		want []proto.Name
	}{
		"the same":             {before, nil},
		"another":              {append(before, identity.Revocation{Name: b, At: at}), []proto.Name{b}},
		"the same, later":      {[]identity.Revocation{{Name: a, At: at.Add(time.Hour)}}, []proto.Name{a}},
		"by number, no name":   {append(before, identity.Revocation{Serial: []byte{1}, At: at}), nil},
		"in two lists at once": {append(before, identity.Revocation{Name: b, At: at}, identity.Revocation{Name: b, At: at}), []proto.Name{b}},
	} {
		if got := newlyRevoked(before, c.now); len(got) != len(c.want) || len(got) > 0 && got[0] != c.want[0] {
			t.Errorf("%s: %v, want %v", why, got, c.want)
		}
	}
}

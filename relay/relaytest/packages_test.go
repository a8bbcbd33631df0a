package relaytest_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"crossband/client"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
)

// offered lists the key packages, with their secrets, of the batch that a state
// says the relay has.
func offered(t *testing.T, state client.State) [][]byte {
	t.Helper()
	b, err := state.Load("keypackages")
	if err != nil || b == nil {
		t.Fatalf("no key packages are kept: %v", err)
	}
	var saved [3][][]byte
	if err := json.Unmarshal(b, &saved); err != nil {
		t.Fatal(err)
	}
	return saved[0]
}

func sameBatch(a, b [][]byte) bool {
	if len(a) == 0 || len(b) == 0 {
		return false
	}
	return bytes.Equal(a[0], b[0])
}

// fetch takes one of an endpoint's key packages from its relay.
func fetch(t *testing.T, r *relaytest.Rogue, name proto.Name, channel proto.ChannelID) []byte {
	t.Helper()
	p := r.Call(&wire.Frame{Body: &wire.Frame_FetchKeyPackage{FetchKeyPackage: &wire.FetchKeyPackage{
		Name: name.String(), Suite: uint32(proto.SuiteP256), Channel: channel[:],
	}}}).GetKeyPackage()
	if p == nil {
		t.Fatal("no package is given out")
	}
	return p.Package
}

// TestKeyPackagesAreLeftWhenTheyAreLacking: an endpoint publishes when its relay
// has none of its packages, when they run low, and when it has lost their
// secrets, and not on every link: each costs the relay a signature to check.
func TestKeyPackagesAreLeftWhenTheyAreLacking(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		id, state := b.mx.Identity("desk/piedras-negras"), client.NewMemoryState()
		guard := b.mx.EndpointWith(id, state)
		taker := b.Rogue(b.mx.Identity("unit/gn-7"), b.mx)
		first := offered(t, state)
		if len(first) != 5 {
			t.Fatalf("%d packages after the first link, want four and one of last resort", len(first))
		}
		again := func(why string) {
			mark := guard.Watch.Mark()
			b.Net.Cut(guard.Addr, b.mx.Addr)
			time.Sleep(6 * time.Second)
			b.Net.Mend(guard.Addr, b.mx.Addr)
			relaytest.WaitAfter(t, guard.Watch, mark, why, func(client.Connected) bool { return true })
			time.Sleep(3 * time.Second)
		}
		again("the link comes back")
		if !sameBatch(offered(t, state), first) {
			t.Error("packages were published again although the relay had them all")
		}
		fetch(t, taker, guard.Name(), b.group)
		fetch(t, taker, guard.Name(), b.group)
		time.Sleep(time.Second)
		if !sameBatch(offered(t, state), first) {
			t.Error("packages were published again with two left")
		}
		fetch(t, taker, guard.Name(), b.group)
		time.Sleep(time.Second)
		second := offered(t, state)
		if sameBatch(second, first) {
			t.Error("no packages were published with one left")
		}
		again("the link comes back once more")
		if !sameBatch(offered(t, state), second) {
			t.Error("packages were published again although the relay had new ones")
		}
		guard.Close()

		// The device has lost its state: what the relay has is of no use any more.
		lost := client.NewMemoryState()
		guard = b.mx.EndpointWith(id, lost)
		third, given := offered(t, lost), fetch(t, taker, guard.Name(), b.group)
		if len(third) != 5 || !bytes.Contains(bytes.Join(third, nil), given[4:]) {
			t.Error("the relay gives out a package whose secrets are lost")
		}

		// Under another certificate: adders would look at the old one's end.
		guard.Close()
		guard = b.mx.EndpointWith(b.mx.Identity("desk/piedras-negras"), lost)
		if sameBatch(offered(t, lost), third) {
			t.Error("packages of another certificate were not replaced")
		}
	})
}

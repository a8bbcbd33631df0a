package relaytest_test

import (
	"crypto"
	"crypto/x509"
	"testing"
	"testing/synctest"
	"time"

	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
)

// trustIn has the agency's relay take in its authority's list of now.
func trustIn(t *testing.T, a *relaytest.Agency, authority *relaytest.Rogue) {
	t.Helper()
	list, err := a.Authority.TrustList(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := authority.Send(&wire.Frame{Body: &wire.Frame_TrustList{TrustList: &wire.TrustList{Signed: list}}}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second)
}

// repin has one agency trust other for the name that it has pinned.
func repin(t *testing.T, a, other *relaytest.Agency) {
	t.Helper()
	ok(t, a.Authority.Pins().Unpin(other.Name))
	ok(t, a.Authority.Pins().Pin(other.Authority.Bundle(), other.Authority.Bundle().Fingerprint(), time.Now()))
}

// A partner whose root is another one now has no link left under the old root.
func TestALinkEndsWithTheRootThatItStandsOn(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		authority := b.Rogue(b.us.Mailbox, b.us)
		time.Sleep(10 * time.Second)
		b.mx.Stop()
		partner := b.Rogue(b.mx.Identity("relay/r1"), b.us)
		time.Sleep(time.Second)
		repin(t, b.us, b.Agency("gn.example"))
		trustIn(t, b.us, authority)
		ended(t, partner, "its root is trusted no more")
		if why := proto.ReasonOf(partner.Err()); why != proto.ReasonUnknownAuthority {
			t.Errorf("told %v, want reason %d", partner.Err(), proto.ReasonUnknownAuthority)
		}
		if authority.Err() != nil {
			t.Errorf("the authority's own link ended: %v", authority.Err())
		}
	})
}

// Trust that is withdrawn between a link's handshake and its greeting is withdrawn
// from that link too.
func TestALinkOnItsWayIsJudgedByTheNewestList(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		authority := b.Rogue(b.us.Mailbox, b.us)
		time.Sleep(10 * time.Second)
		b.mx.Stop()
		err := b.GreetedAfter(b.mx.Identity("relay/r1"), b.us, func() {
			ok(t, b.us.Authority.Pins().Unpin(b.mx.Name))
			trustIn(t, b.us, authority)
		})
		if why := proto.ReasonOf(err); why != proto.ReasonUnknownAuthority {
			t.Errorf("greeted after the list: %v, want reason %d", err, proto.ReasonUnknownAuthority)
		}
	})
}

// A link does not go on for ever on a certificate whose time is over.
func TestALinkEndsWithItsCertificate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := relaytest.New(t, 1)
		us := w.Agency("usbp.example")
		w.Start(us)
		defer w.Close(us)
		id := *us.Identity("unit/short")
		cert := us.Forge(id.Name.String(), func(c *x509.Certificate) { c.NotAfter = time.Now().Add(10 * time.Minute) })
		id.Chain, id.Key = cert.Certificate, cert.PrivateKey.(crypto.Signer)
		short, long := w.Rogue(&id, us), w.Rogue(us.Identity("unit/long"), us)
		time.Sleep(time.Hour + time.Minute)
		ended(t, short, "its certificate is over")
		if why := proto.ReasonOf(short.Err()); why != proto.ReasonExpired {
			t.Errorf("told %v, want reason %d", short.Err(), proto.ReasonExpired)
		}
		if long.Err() != nil {
			t.Errorf("a link whose certificate lasts: %v", long.Err())
		}
	})
}

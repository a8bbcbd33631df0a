package identity

import (
	"sync"
	"testing"
	"time"
)

// Links verify peers while the node's loop applies lists.
func TestStoreIsReadWhileItIsWritten(t *testing.T) {
	us, mx := newAuthority(t, "usbp.example", noon()), newAuthority(t, "gn.example", noon())
	store := storeOf(t, us, mx)
	ok(t, us.Pins().Pin(mx.Bundle(), mx.Bundle().Fingerprint(), noon()))
	list := must(us.TrustList(noon()))(t)
	id := issue(t, mx, "spiffe://gn.example/unit/a", noon())
	other := must(mx.Revoke(name(t, "spiffe://gn.example/unit/b"), noon()))(t)
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for range 20 {
				if _, err := store.VerifyPeer(id.Chain, UsageClient, noon()); err != nil {
					t.Errorf("refused while lists were applied: %v", err)
				}
			}
		})
	}
	var writers sync.WaitGroup
	for _, apply := range []func() error{
		func() error { return store.ApplyTrustList(list, noon()) },
		func() error { return store.ApplyRevocations(other, noon()) },
	} {
		writers.Go(func() {
			if err := apply(); err != nil {
				t.Errorf("a good list is refused: %v", err)
			}
		})
	}
	writers.Wait()
	readers.Wait()
	if _, _, held := store.RevocationStatus("gn.example"); !held || store.TrustList() == nil {
		t.Error("one writer undid what the other wrote")
	}
}

func TestLocalIdentityNeedsNoInvitation(t *testing.T) {
	a := newAuthority(t, "usbp.example", noon())
	id := must(a.IssueLocal(name(t, eagle), newKey(t).Curve, noon()))(t)
	store := must(id.TrustStore(noon()))(t)
	if n, err := store.VerifyPeer(id.Chain, UsageServer, noon()); err != nil || n != id.Name {
		t.Errorf("verified as %v, %v", n, err)
	}
	wantFault(t, failed(a.IssueLocal(name(t, "spiffe://gn.example/relay/a"), newKey(t).Curve, noon().Add(time.Hour))), WrongAgency, "a partner's relay")
}

package identity

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Revoked looks at lists alone: at a chain's leaf by name and time, and at every
// certificate of it by number.
func TestRevokedChain(t *testing.T) {
	us := newAuthority(t, "usbp.example", noon())
	store := storeOf(t, us)
	lost := issue(t, us, "spiffe://usbp.example/unit/lost", noon())
	kept := issue(t, us, "spiffe://usbp.example/unit/kept", noon())
	ok(t, store.Revoked(lost.Chain)) // nothing is held yet: not even parsed
	ok(t, store.Revoked(nil))
	if issued, err := us.Issued(lost.Name); !issued || err != nil {
		t.Errorf("a name that was certified: %v, %v", issued, err)
	}
	if issued, err := us.Issued(name(t, "spiffe://usbp.example/unit/los")); issued || err != nil {
		t.Errorf("the beginning of a name that was certified: %v, %v", issued, err)
	}
	bare := newAuthority(t, "gn.example", noon())
	if err := os.Remove(filepath.Join(bare.dir, "issued.log")); err != nil && !missing(err) {
		t.Fatal(err)
	}
	if issued, err := bare.Issued(lost.Name); !issued || err != nil {
		t.Errorf("with the log lost nothing is known: %v, %v", issued, err)
	}

	ok(t, store.ApplyRevocations(must(us.Revoke(lost.Name, noon().Add(time.Hour)))(t), noon().Add(time.Hour)))
	wantFault(t, store.Revoked(lost.Chain), Revoked, "the certificate of before")
	wantFault(t, lost.SelfRevoked(store), Revoked, "the device about itself")
	ok(t, store.Revoked(kept.Chain))
	wantFault(t, store.Revoked(nil), NoCertificate, "no chain at all")
	now := noon().Add(2 * time.Hour)
	anew := issue(t, us, "spiffe://usbp.example/unit/lost", now)
	ok(t, store.Revoked(anew.Chain))
	for id, want := range map[*Identity]bool{lost: true, kept: false, anew: false} {
		if got, err := us.HasRevoked(id, now); got != want || err != nil {
			t.Errorf("the authority about %s: %v, %v", id.Name, got, err)
		}
	}
	second := must(us.Revoke(kept.Name, now))(t)
	ok(t, store.ApplyRevocations(second, now))
	if list := store.RevokedEntries("usbp.example"); len(list) != 2 || list[0].Name != kept.Name {
		t.Errorf("entries %v, want the newest first", list)
	}
	if list := must(us.RevokedEntries())(t); len(list) != 2 || list[0].Name != kept.Name {
		t.Errorf("the authority's entries %v", list)
	}

	ok(t, us.RevokeIssuing(nil, now))
	for _, l := range must(us.RevocationLists(now))(t)[1:] {
		ok(t, store.ApplyRevocations(l, now))
	}
	wantFault(t, store.Revoked(anew.Chain), Revoked, "below an issuing authority that was taken back")
}

// What is looked for by its name in a folder is found whatever the folder is
// called: an invitation that is not is not taken back.
func TestFoldersMayHaveAnyName(t *testing.T) {
	for _, odd := range []string{"a[b", "a[b]c", "a*", "a?", `a\`, "-"} {
		dir := filepath.Join(t.TempDir(), odd, "authority")
		must(InitAuthority(dir, "usbp.example", noon(), AuthorityOptions{}))(t)
		us := must(OpenAuthority(dir, nil))(t)
		n := name(t, "spiffe://usbp.example/unit/a")
		must(us.Invite(n, []string{"relay.usbp.example:4433"}, noon(), time.Hour))(t)
		if got := must(us.Withdraw(n))(t); got != 1 {
			t.Errorf("%q: %d invitations taken back, want 1", odd, got)
		}
		home := filepath.Join(filepath.Dir(dir), "home")
		for range 2 {
			ok(t, issue(t, us, n.String(), noon()).Save(home, nil))
		}
		if keys := must(listFiles(home, "key-", ".pem"))(t); len(keys) != 1 {
			t.Errorf("%q: %d keys after a renewal, want the new one alone", odd, len(keys))
		}
	}
	if paths, err := listFiles(filepath.Join(t.TempDir(), "none"), "", ""); len(paths) != 0 || err != nil {
		t.Errorf("no folder: %q, %v", paths, err)
	}
}

// An invitation that was used is none that could be taken back.
func TestWithdrawCountsWhatNobodyUsed(t *testing.T) {
	us := newAuthority(t, "usbp.example", noon())
	n := name(t, "spiffe://usbp.example/unit/a")
	for range 2 {
		must(us.Invite(n, []string{"relay.usbp.example:4433"}, noon(), time.Hour))(t)
	}
	if got := must(us.Withdraw(n))(t); got != 2 {
		t.Errorf("%d open invitations, want 2", got)
	}
	if got := must(us.Withdraw(n))(t); got != 0 {
		t.Errorf("%d open invitations after they were taken back", got)
	}
}

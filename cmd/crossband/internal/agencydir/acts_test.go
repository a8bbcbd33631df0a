package agencydir

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"crossband/crypto/agreement"
	"crossband/proto"
)

func noon() time.Time {
	return time.Date(2026, 11, 2, 12, 0, 0, 340_000_000, time.FixedZone("CST", -6*3600))
}

func newDir(t *testing.T, agency proto.Agency) Dir {
	t.Helper()
	d, err := Init(filepath.Join(t.TempDir(), string(agency)), Setup{Agency: agency, Relay: "r1", Address: "127.0.0.1:4433", SmallKeys: true}, noon())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func acts(t *testing.T, d Dir) (list []Act) {
	t.Helper()
	text, err := os.ReadFile(d.auditFile())
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		var a Act
		if err := json.Unmarshal(line, &a); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		list = append(list, a)
	}
	return list
}

// drafted is the usual agreement for a day, which nobody has signed.
func drafted(t *testing.T, title string, parties ...proto.Agency) agreement.File {
	t.Helper()
	a, err := agreement.Usual(agreement.Terms{Title: title, Parties: parties, Begins: noon().Add(-time.Hour), Ends: noon().Add(24 * time.Hour), SmallKeys: true})
	if err != nil {
		t.Fatal(err)
	}
	f, err := agreement.Parse(agreement.Write(&a))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// content is everything in the folder but the record itself and the lock.
func content(t *testing.T, d Dir) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(d.path, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || path == d.auditFile() || path == d.lockFile() {
			return err
		}
		b, err := os.ReadFile(path)
		all[path] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestEveryActIsOneRecord: what an administrator does, or is refused, is one
// line that tells who, what, when, where and with what result.
func TestEveryActIsOneRecord(t *testing.T) {
	us, mx := newDir(t, "usbp.example"), newDir(t, "gn.example")
	partner, err := mx.Authority()
	if err != nil {
		t.Fatal(err)
	}
	b := partner.Bundle()
	border, err := mx.Sign(drafted(t, "Border", "usbp.example", "gn.example"), noon())
	if err != nil {
		t.Fatal(err)
	}
	fail := func(err error) error {
		if err == nil {
			return errors.New("this should have been refused")
		}
		return nil
	}
	for i, c := range []struct {
		act, object, result string
		do                  func() error
	}{
		{"init", "usbp.example", "done", func() error { return nil }}, // by newDir
		{"invite", "spiffe://usbp.example/unit/a", "done", func() error { _, err := us.Invite("unit/a", time.Hour, noon()); return err }},
		{"invite", "spiffe://usbp.example/unit/a", "refused", func() error { _, err := us.Invite("unit/a", 1000*time.Hour, noon()); return fail(err) }},
		{"trust", "gn.example root " + b.Fingerprint().String(), "done", func() error { return us.Trust(b, b.Fingerprint(), "127.0.0.1:4434", true, noon()) }},
		{"agreement", "sign " + described(&border.Agreement), "done", func() (err error) { border, err = us.Sign(border, noon()); return err }},
		{"agreement", "put " + described(&border.Agreement), "done", func() error { return second(us.Put(border, noon())) }},
		{"agreement", "end " + described(&border.Agreement), "done", func() error {
			return us.Withdraw(&border.Agreement, noon().Add(time.Hour), "over", noon())
		}},
		{"renew", "registrar and relay", "done", func() error { _, err := us.Renew(noon()); return err }},
		{"roll", "issuing authority", "done", func() error { _, err := us.RenewIssuing(nil, noon()); return err }},
		{"roll", "root, both accepted for 720h0m0s", "done", func() error { _, err := us.Roll(nil, 720*time.Hour, noon()); return err }},
		{"untrust", "gn.example", "done", func() error { return us.Untrust("gn.example", noon()) }},
		{"untrust", "gn.example", "refused", func() error { return fail(us.Untrust("gn.example", noon())) }},
	} {
		if err := c.do(); err != nil {
			t.Fatalf("%s: %v", c.act, err)
		}
		list := acts(t, us)
		if len(list) != i+1 {
			t.Fatalf("%s: %d records after %d acts", c.act, len(list), i+1)
		}
		a := list[i]
		if a.Act != c.act || a.Object != c.object || a.Result != c.result || (a.Why == "") != (c.result == "done") {
			t.Errorf("record %+v, want %s of %s, %s", a, c.act, c.object, c.result)
		}
		if a.Who == "" || a.Where == "" || a.When != "2026-11-02T18:00:00.34Z" {
			t.Errorf("%s: the record lacks who, where or when: %+v", c.act, a)
		}
	}
	if info, err := os.Stat(us.auditFile()); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the record is readable by others: %v, %v", info.Mode(), err)
	}
}

// TestTwoAdministratorsAtOnce: while one changes the agency another is told so
// and changes nothing; afterwards it may.
func TestTwoAdministratorsAtOnce(t *testing.T) {
	us, mx := newDir(t, "usbp.example"), newDir(t, "gn.example")
	partner, err := mx.Authority()
	if err != nil {
		t.Fatal(err)
	}
	other, err := Open(us.path) // another administrator's program
	if err != nil {
		t.Fatal(err)
	}
	before := content(t, us)
	err = us.act("trust", "somebody", noon(), func() error {
		for what, err := range map[string]error{
			"trust":     other.Trust(partner.Bundle(), partner.Bundle().Fingerprint(), "", true, noon()),
			"agreement": second(other.Sign(drafted(t, "x", "usbp.example", "gn.example"), noon())),
			"invite":    second(other.Invite("unit/a", time.Hour, noon())),
			"roll":      second(other.Roll(nil, 720*time.Hour, noon())),
		} {
			if !errors.Is(err, ErrBusy) {
				t.Errorf("%s at the same time: %v, want that another administrator is at work", what, err)
			}
		}
		after := content(t, us)
		if len(after) != len(before) {
			t.Error("who was told to wait has changed something")
		}
		for path, text := range before {
			if after[path] != text {
				t.Errorf("who was told to wait has changed %s", path)
			}
		}
		return nil
	})
	if err != nil {
		t.Errorf("who came first: %v", err)
	}
	if list := acts(t, us); len(list) != 6 || list[len(list)-1].Result != "done" { // with init
		t.Errorf("records %+v: want four refused and one done", list)
	}
	if err := other.Trust(partner.Bundle(), partner.Bundle().Fingerprint(), "", true, noon()); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

// TestNoActWithoutARecord: where no record can be written nothing is done.
func TestNoActWithoutARecord(t *testing.T) {
	us := newDir(t, "usbp.example")
	if err := os.Remove(us.auditFile()); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(us.auditFile(), 0o700); err != nil { // nobody can append to this, not even root
		t.Fatal(err)
	}
	before := content(t, us)
	if _, err := us.Invite("unit/a", time.Hour, noon()); err == nil {
		t.Error("an invitation without a record")
	}
	if after := content(t, us); len(after) != len(before) {
		t.Error("an act without a record left something behind")
	}
}

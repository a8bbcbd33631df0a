package relayd

import (
	"crypto/elliptic"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crossband/crypto/identity"
	"crossband/crypto/notice"
	"crossband/proto"
)

func write(t *testing.T, path string, octets []byte) {
	t.Helper()
	if err := os.WriteFile(path, octets, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestABadFileKeepsNoOtherAway: what cannot be read is named, and the rest is there.
func TestABadFileKeepsNoOtherAway(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	authority, err := identity.InitAuthority(filepath.Join(t.TempDir(), "us"), "usbp.example", now.Add(-time.Hour), identity.AuthorityOptions{})
	if err != nil {
		t.Fatal(err)
	}
	id, err := authority.IssueLocal(proto.Name{Agency: "usbp.example", Role: proto.RoleAuthority, Label: "main"}, elliptic.P256(), now)
	if err != nil {
		t.Fatal(err)
	}
	good, _, err := notice.Sign(id, proto.Notice{
		To: []proto.Agency{"gn.example"}, Kind: proto.NoticeMaintenance, Title: "Disks",
		Begins: now.Add(time.Hour).Truncate(time.Second), Ends: now.Add(2 * time.Hour).Truncate(time.Second),
	}, now)
	if err != nil {
		t.Fatal(err)
	}
	large := make([]byte, proto.MaxDocument+1)
	write(t, filepath.Join(dir, "a-nonsense"+NoticeExt), []byte("nonsense"))
	write(t, filepath.Join(dir, "b-large"+NoticeExt), large)
	write(t, filepath.Join(dir, "c-good"+NoticeExt), good)
	write(t, filepath.Join(dir, "a-large.agreement"), large)
	write(t, filepath.Join(dir, "b-other.agreement"), []byte("for the relay to judge"))

	list, err := LoadNoticeDocuments(dir, now)
	if len(list) != 1 || string(list[0].Signed) != string(good) {
		t.Errorf("%d notices are read beside two bad files", len(list))
	}
	for _, name := range []string{"a-nonsense", "b-large"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named: %v", name, err)
		}
	}
	list, err = LoadDocuments(dir)
	if len(list) != 1 || err == nil || !strings.Contains(err.Error(), "a-large") || strings.Contains(err.Error(), "b-other") {
		t.Errorf("%d agreements are read beside a bad file: %v", len(list), err)
	}
}

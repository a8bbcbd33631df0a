package relayd

import (
	"crypto/elliptic"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crossband/crypto/identity"
	"crossband/proto"
	"crossband/relay/store"
)

// A relay that does not start leaves nothing open: not its socket, its store or
// its admin address.
func TestRunThatFailsLeavesNothingOpen(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer taken.Close()
	for _, c := range []struct {
		why   string
		role  proto.Role
		admin string
	}{
		{"admin: ", proto.RoleRelay, taken.Addr().String()},
		{"is not a relay's identity", proto.RoleDesk, freeAddress(t, "tcp")},
	} {
		dir := t.TempDir()
		auth, err := identity.InitAuthority(filepath.Join(dir, "authority"), "usbp.example", time.Now(), identity.AuthorityOptions{})
		must(t, err)
		id, err := auth.IssueLocal(proto.Name{Agency: "usbp.example", Role: c.role, Label: "a"}, elliptic.P256(), time.Now())
		must(t, err)
		must(t, id.Save(filepath.Join(dir, "home"), nil))
		path := filepath.Join(dir, FileName)
		file := Config{Identity: filepath.Join(dir, "home"), Listen: freeAddress(t, "udp"), Store: filepath.Join(dir, "relay.db"), Admin: c.admin}
		must(t, file.Save(path))

		if err := Run(t.Context(), path, slog.New(slog.DiscardHandler), "test", nil); err == nil || !strings.Contains(err.Error(), c.why) {
			t.Fatalf("the relay ended with %v, want %q", err, c.why)
		}
		socket, err := net.ListenPacket("udp", file.Listen)
		if err != nil {
			t.Errorf("%s: %v", c.why, err)
		} else {
			socket.Close()
		}
		kept, err := store.OpenSQLite(file.Store, store.Options{})
		if err != nil {
			t.Errorf("%s: %v", c.why, err)
		} else {
			kept.Close()
		}
		if c.admin == taken.Addr().String() {
			continue
		}
		admin, err := net.Listen("tcp", c.admin)
		if err != nil {
			t.Errorf("%s: %v", c.why, err)
		} else {
			admin.Close()
		}
	}
}

// freeAddress is one of this machine that nobody uses now.
func freeAddress(t *testing.T, network string) string {
	t.Helper()
	if network == "udp" {
		c, err := net.ListenPacket(network, "127.0.0.1:0")
		must(t, err)
		defer c.Close()
		return c.LocalAddr().String()
	}
	l, err := net.Listen(network, "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return l.Addr().String()
}

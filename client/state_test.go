package client

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	pb "google.golang.org/protobuf/proto"

	"crossband/client/views"
	"crossband/proto"
	"crossband/proto/incident"
	"crossband/proto/wire"
)

func TestStatesKeepTheLastValue(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	disk, err := NewDirState(dir)
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]State{"disk": disk, "memory": NewMemoryState()} {
		t.Run(name, func(t *testing.T) {
			if v, err := s.Load("a"); v != nil || err != nil {
				t.Fatalf("a value that was never saved: %q, %v", v, err)
			}
			for _, v := range []string{"one", "two"} {
				value := []byte(v)
				if err := s.Save("a", value); err != nil {
					t.Fatal(err)
				}
				value[0] = '!' // the caller's octets are its own
			}
			if err := s.Save("b", []byte("three")); err != nil {
				t.Fatal(err)
			}
			if v, err := s.Load("a"); string(v) != "two" || err != nil {
				t.Fatalf("got %q, %v", v, err)
			}
			keys, err := s.Keys()
			slices.Sort(keys)
			if err != nil || !slices.Equal(keys, []string{"a", "b"}) {
				t.Fatalf("keys %v, %v", keys, err)
			}
		})
	}
}

// TestUnfinishedStateIsDeleted: what a kill between write and rename leaves holds
// group secrets. It goes at the next start, and with the value.
func TestUnfinishedStateIsDeleted(t *testing.T) {
	dir := t.TempDir()
	leave := func() {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "channel-1.123.tmp"), []byte("group secrets"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	left := func() int {
		t.Helper()
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	leave()
	s, err := NewDirState(dir)
	if n := left(); n != 0 || err != nil {
		t.Errorf("%d files after a start, %v; want none", n, err)
	}
	if err := errors.Join(s.Save("channel-1", nil), s.Save("channel-12", nil)); err != nil {
		t.Fatal(err)
	}
	leave()
	if err := s.Delete("channel-1"); err != nil {
		t.Fatal(err)
	}
	if n := left(); n != 1 {
		t.Errorf("%d files after a value was deleted, want the other one", n)
	}
}

// TestADeviceThatIsOutSavesNothing: whoever was about to save when it was wiped
// brings nothing back.
func TestADeviceThatIsOutSavesNothing(t *testing.T) {
	s := &Session{cfg: Config{State: NewMemoryState()}, expelled: proto.Refuse(proto.ReasonRevoked, "lost")}
	ch := &Channel{book: incident.NewBook(proto.Charter{}), s: s}
	ch.heart.book = views.NewBook(ch.id, proto.Name{}, nil)
	for what, err := range map[string]error{"a channel": ch.saveLocked(), "key packages": s.savePackagesLocked()} {
		if proto.ReasonOf(err) != proto.ReasonRevoked {
			t.Errorf("%s: %v, want reason %d", what, err, proto.ReasonRevoked)
		}
	}
	if keys, err := s.cfg.State.Keys(); len(keys) != 0 || err != nil {
		t.Errorf("kept %q, %v", keys, err)
	}
}

// TestStateOnDiskIsForItsOwnerOnly: group secrets lie there.
func TestStateOnDiskIsForItsOwnerOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	s, err := NewDirState(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Save("a", []byte("secret")); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Fatalf("%d files, %v: a temporary one was left", len(entries), err)
	}
	for _, path := range []string{dir, filepath.Join(dir, entries[0].Name())} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v, %v", path, info.Mode(), err)
		}
	}
}

// TestSealCoversTheWholeEnvelope: whatever a relay changes in the open part,
// except the epoch that the seal has anyway, breaks the seal.
func TestSealCoversTheWholeEnvelope(t *testing.T) {
	for _, m := range []pb.Message{
		&wire.Text{Channel: []byte("c"), Id: []byte("i"), Epoch: 1, Sealed: []byte("s"), Number: 1, Commitment: []byte("c")},
		&wire.Hail{Channel: []byte("c"), Id: []byte("i"), Epoch: 1, Sealed: []byte("s"), Incident: []byte("n"), From: "f", To: "t", Urgency: 1, Exercise: true, ExpiresMs: 1, Number: 1, Commitment: []byte("c")},
		&wire.HailReply{Channel: []byte("c"), Id: []byte("i"), Epoch: 1, Sealed: []byte("s"), Hail: []byte("h"), From: "f", State: 1, Reason: 1, Number: 1, Commitment: []byte("c"), Role: "r"},
		&wire.PageResult{Channel: []byte("c"), Id: []byte("i"), Epoch: 1, Sealed: []byte("s"), Hail: []byte("h"), Round: 1, Step: 1, From: "f", Reason: 1, Number: 1, Commitment: []byte("c")},
		&wire.Incident{Channel: []byte("c"), Id: []byte("i"), Epoch: 1, Sealed: []byte("s"), Incident: []byte("n"), From: "f", Act: 1, To: "t", Into: []byte("m"), Disposition: 1, Exercise: true, Number: 1, Commitment: []byte("c")},
		&wire.Duty{Channel: []byte("c"), Id: []byte("i"), Epoch: 1, Sealed: []byte("s"), From: "f", Role: "r", Act: 1, To: "t", Number: 1, Commitment: []byte("c")},
	} {
		before, err := envelopeAAD(m)
		if err != nil {
			t.Fatal(err)
		}
		fields := m.ProtoReflect().Descriptor().Fields()
		for i := range fields.Len() {
			f := fields.Get(i)
			if !m.ProtoReflect().Has(f) {
				t.Errorf("the test leaves %s empty and could not see it missing", f.FullName())
			}
			changed := pb.Clone(m)
			changed.ProtoReflect().Clear(f)
			after, err := envelopeAAD(changed)
			if err != nil {
				t.Fatal(err)
			}
			free := slices.Contains([]protoreflect.Name{"sealed", "epoch"}, f.Name())
			if same := string(before) == string(after); same != free {
				t.Errorf("%s: change goes unseen: %v, want %v", f.FullName(), same, free)
			}
		}
	}
}

// TestStateIsFoundInAnyFolder: a folder's name is not a pattern.
func TestStateIsFoundInAnyFolder(t *testing.T) {
	d, err := NewDirState(filepath.Join(t.TempDir(), "unit[7]*"))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Save("channel-x", []byte("v")); err != nil {
		t.Fatal(err)
	}
	if keys, err := d.Keys(); len(keys) != 1 || err != nil {
		t.Fatalf("keys %v, %v", keys, err)
	}
	for range 2 {
		if err := d.Delete("channel-x"); err != nil {
			t.Fatal(err)
		}
	}
	if keys, err := d.Keys(); len(keys) != 0 || err != nil {
		t.Fatalf("after deletion: keys %v, %v", keys, err)
	}
}

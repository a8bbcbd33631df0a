package relayd

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"crossband/crypto/identity"
)

// taker stands in for the node: it notes the lists that it is handed.
type taker struct {
	lists []string
	wrong error // what it answers instead
}

func (k *taker) hand(_ context.Context, list []byte) error {
	if k.wrong == nil {
		k.lists = append(k.lists, string(list))
	}
	return k.wrong
}

// lists is a watched folder below one of an odd name, with what was logged.
func lists(t *testing.T) (*revokedFolder, *taker, *bytes.Buffer) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "a[b*", revokedDir)
	must(t, os.MkdirAll(dir, 0o700))
	log := new(bytes.Buffer)
	return newRevokedFolder(dir, slog.New(slog.NewTextHandler(log, nil))), new(taker), log
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// put writes a file that is as old as minutes.
func put(t *testing.T, dir, name, text string, minutes int) {
	t.Helper()
	path := filepath.Join(dir, name)
	must(t, os.WriteFile(path, []byte(text), 0o600))
	at := time.Date(2026, 11, 2, 12, -minutes, 0, 0, time.UTC)
	must(t, os.Chtimes(path, at, at))
}

// Each content is handed over once, whatever the folder is called, and again only
// when the file was written again.
func TestListsAreHandedOverOnce(t *testing.T) {
	r, k, log := lists(t)
	for _, step := range []struct {
		name, text string
		minutes    int
		want       []string // handed over so far
	}{
		{"own.list", "first", 9, []string{"first"}},
		{"own.list.tmp", "half", 8, []string{"first"}},
		{"status.json", "{}", 8, []string{"first"}},
		{"own.list", "second", 7, []string{"first", "second"}},
		{"other.list", "third", 7, []string{"first", "second", "third"}},
	} {
		put(t, r.dir, step.name, step.text, step.minutes)
		for range 2 {
			r.look(t.Context(), k.hand)
		}
		if !slices.Equal(k.lists, step.want) {
			t.Errorf("after %s %q: handed over %q, want %q", step.name, step.text, k.lists, step.want)
		}
	}
	if log.Len() != 0 {
		t.Errorf("nothing was wrong: %s", log)
	}
	must(t, os.RemoveAll(r.dir))
	if r.look(t.Context(), k.hand); log.Len() != 0 || len(r.files) != 0 {
		t.Errorf("without a folder: %d files remembered, %s", len(r.files), log)
	}
}

// A list that the node did not take is handed over again.
func TestListThatWasNotTakenIsTriedAgain(t *testing.T) {
	r, k, _ := lists(t)
	put(t, r.dir, "own.list", "list", 1)
	k.wrong = errors.New("busy")
	r.look(t.Context(), k.hand)
	k.wrong = nil
	if r.look(t.Context(), k.hand); !slices.Equal(k.lists, []string{"list"}) {
		t.Errorf("handed over %q", k.lists)
	}
}

// What cannot be read is said once for each cause, hinders no other list, and is
// handed over as soon as it can be.
func TestListThatCannotBeReadIsSaid(t *testing.T) {
	r, k, log := lists(t)
	must(t, os.Symlink("nothing", filepath.Join(r.dir, "a.list")))
	must(t, os.Mkdir(filepath.Join(r.dir, "b.list"), 0o700))
	put(t, r.dir, "c.list", strings.Repeat("x", identity.MaxRevocationList+1), 3)
	put(t, r.dir, "d.list", "good", 2)
	for range 3 {
		r.look(t.Context(), k.hand)
	}
	if !slices.Equal(k.lists, []string{"good"}) {
		t.Errorf("%d lists handed over, want the good one alone", len(k.lists))
	}
	for _, file := range []string{"a.list", "b.list", "c.list"} {
		if n := strings.Count(log.String(), "file="+filepath.Join(r.dir, file)); n != 1 {
			t.Errorf("%s was said %d times, want once: %s", file, n, log)
		}
	}
	put(t, r.dir, "c.list", "short now", 3) // at the same time as before
	r.look(t.Context(), k.hand)
	if !slices.Equal(k.lists, []string{"good", "short now"}) {
		t.Errorf("%d lists handed over, want the one that was too large too", len(k.lists))
	}
}

// A folder that cannot be read is said once, until it could be read again.
func TestFolderThatCannotBeReadIsSaid(t *testing.T) {
	r, k, log := lists(t)
	at := r.dir
	r.dir = filepath.Join(at, "file")
	must(t, os.WriteFile(r.dir, nil, 0o600))
	for want := 1; want <= 2; want++ {
		for range 3 {
			r.look(t.Context(), k.hand)
		}
		if n := strings.Count(log.String(), "folder of revocation lists not read"); n != want {
			t.Errorf("said %d times, want %d: %s", n, want, log)
		}
		must(t, os.Rename(r.dir, r.dir+".away"))
		r.look(t.Context(), k.hand)
		must(t, os.Rename(r.dir+".away", r.dir))
	}
}

package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"crossband/relay/store"
)

// TestMigrations: a program brings a store to its layout, in whole steps, and
// refuses one that a newer program has changed.
func TestMigrations(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "relay.db")
		testMigrations(t, "sql/sqlite", func(files fstest.MapFS) (store.Store, error) {
			return opened(store.OpenSQLiteWith(path, small(), files))
		})
	})
	t.Run("postgres", func(t *testing.T) {
		u := postgresURL(t)
		o := small()
		o.Schema = newSchema(t, u)
		testMigrations(t, "sql/postgres", func(files fstest.MapFS) (store.Store, error) {
			return opened(store.OpenPostgresWith(context.Background(), u, o, files))
		})
	})
}

func testMigrations(t *testing.T, dir string, open func(fstest.MapFS) (store.Store, error)) {
	first, err := os.ReadFile(filepath.FromSlash(dir + "/0001-records.sql"))
	must(t, err)
	version := func(later ...string) fstest.MapFS {
		files := fstest.MapFS{dir + "/0001-records.sql": {Data: first}}
		for i := 0; i < len(later); i += 2 {
			files[dir+"/"+later[i]] = &fstest.MapFile{Data: []byte(later[i+1])}
		}
		return files
	}
	reopen := func(what string, files fstest.MapFS) {
		t.Helper()
		s, err := open(files)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if got := keys(t, s, "a", "", 9); got != "1=x " {
			t.Fatalf("%s: %s", what, got)
		}
		must(t, s.Close())
	}
	s, err := open(version())
	must(t, err)
	must(t, write(s, rec("a", "1", "x")))
	must(t, s.Close())

	for what, bad := range map[string]fstest.MapFS{
		"not SQL":      version("0002-bad.sql", "CREATE TABLE extra (a INTEGER); NONSENSE"),
		"number left":  version("0003-gap.sql", "CREATE TABLE extra (a INTEGER)"),
		"not a number": version("later.sql", "CREATE TABLE extra (a INTEGER)"),
	} {
		if _, err := open(bad); err == nil || errors.Is(err, store.ErrNewer) || !strings.Contains(err.Error(), "migration") {
			t.Fatalf("%s: %v", what, err)
		}
		reopen("after a step that failed: "+what, version())
	}
	// The table of the failed step is not there, so this step can make it.
	second := version("0002-extra.sql", "CREATE TABLE extra (a INTEGER)")
	reopen("second layout", second)
	reopen("second layout again", second)
	_, err = open(version())
	if !errors.Is(err, store.ErrNewer) || !strings.Contains(err.Error(), "layout 2, this program knows 1") {
		t.Fatalf("an older program: %v", err)
	}
	reopen("after the refusal", second)
}

// TestFiles: what the store writes is the owner's alone, even where the file
// was there before.
func TestFiles(t *testing.T) {
	path := place(t, nil)
	must(t, os.WriteFile(path, nil, 0o644))
	s := openFile(t, path)
	must(t, write(s, rec("a", "1", "x")))
	list, err := os.ReadDir(filepath.Dir(path))
	must(t, err)
	if len(list) != 5 {
		t.Errorf("%d files, want the store, its log and index of it, lock and reserve", len(list))
	}
	for _, f := range list {
		info, err := f.Info()
		must(t, err)
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("%s has mode %o", f.Name(), mode)
		}
	}
	must(t, s.Close())
	if _, err := os.Stat(path + "-wal"); err == nil {
		t.Error("the log was not folded into the file at Close")
	}
}

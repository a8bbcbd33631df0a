package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// foldAfter is how much may be written to the log before it is folded into the
// file, in octets: as much as SQLite's own default of 1,000 pages. commitPages
// stands for the pages that a commit writes beyond its records.
const (
	foldAfter   = 4 << 20
	commitPages = 16 << 10
)

// sqliteEngine is the writing connection. Contexts that never end, because the
// driver starts a goroutine for each statement under any other.
type sqliteEngine struct {
	path    string
	conn    *sql.Conn
	ballast *ballast
	open    []*sql.Stmt // those of st
	st      struct{ begin, commit, rollback, length, put, del *sql.Stmt }
	// octets written since the log was folded, roughly, and how many call for it
	logged, foldAfter int64
}

func (e *sqliteEngine) prepare() error {
	for text, st := range map[string]**sql.Stmt{
		`BEGIN IMMEDIATE`: &e.st.begin,
		`COMMIT`:          &e.st.commit,
		`ROLLBACK`:        &e.st.rollback,
		`SELECT length(value) FROM record WHERE bucket = $1 AND key = $2`: &e.st.length,
		`INSERT INTO record (bucket, key, value, sum) VALUES ($1, $2, $3, $4)
		 ON CONFLICT (bucket, key) DO UPDATE SET value = excluded.value, sum = excluded.sum`: &e.st.put,
		`DELETE FROM record WHERE bucket = $1 AND key = $2`: &e.st.del,
	} {
		var err error
		if *st, err = e.conn.PrepareContext(context.Background(), text); err != nil {
			return err
		}
		e.open = append(e.open, *st)
	}
	return nil
}

// close gives the connection back. Statements first: while one is open SQLite
// keeps the files open, and their log unfolded.
func (e *sqliteEngine) close() (err error) {
	for _, st := range e.open {
		err = errors.Join(err, st.Close())
	}
	if e.conn != nil {
		err = errors.Join(err, e.conn.Close())
	}
	e.open, e.conn = nil, nil
	return err
}

// verifyModes reads back what durability rests on: a file system without
// shared memory makes SQLite fall back to another journal without an error.
func (e *sqliteEngine) verifyModes() error {
	var journal string
	var synchronous int
	if err := e.get(`PRAGMA journal_mode`, &journal); err != nil {
		return err
	}
	if err := e.get(`PRAGMA synchronous`, &synchronous); err != nil {
		return err
	}
	if journal != "wal" || synchronous != 2 {
		return fmt.Errorf("journal %q with synchronous %d, want wal with 2 (FULL): the file system cannot hold this store", journal, synchronous)
	}
	return nil
}

func (e *sqliteEngine) get(query string, to ...any) error {
	return e.conn.QueryRowContext(context.Background(), query).Scan(to...)
}

func (e *sqliteEngine) exec(query string, args ...any) error {
	_, err := e.conn.ExecContext(context.Background(), query, args...)
	return err
}

func (e *sqliteEngine) begin() error {
	_, err := e.st.begin.Exec()
	return err
}

func (e *sqliteEngine) lengths(records []Record) ([]int, error) {
	list := make([]int, len(records))
	for i, r := range records {
		err := e.st.length.QueryRow([]byte(r.Bucket), r.Key).Scan(&list[i])
		if errors.Is(err, sql.ErrNoRows) {
			list[i], err = absent, nil
		}
		if err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (e *sqliteEngine) apply(records []Record) (err error) {
	for _, r := range records {
		bucket := []byte(r.Bucket)
		if r.Value == nil {
			_, err = e.st.del.Exec(bucket, r.Key)
		} else {
			_, err = e.st.put.Exec(bucket, r.Key, r.Value, int64(sum(bucket, r.Key, r.Value)))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (e *sqliteEngine) commit() error {
	_, err := e.st.commit.Exec()
	return err
}

// rollback: SQLite ends some failed transactions by itself and then answers
// with a plain SQLITE_ERROR that there is none.
func (e *sqliteEngine) rollback() error {
	_, err := e.st.rollback.Exec()
	if code(err) == sqlite3.SQLITE_ERROR {
		return nil
	}
	return err
}

// judge: what is not known to be harmless is not harmless.
func (e *sqliteEngine) judge(err error) verdict {
	if errors.Is(err, ErrFull) {
		return full
	}
	switch code(err) {
	case sqlite3.SQLITE_FULL:
		return full
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_CONSTRAINT:
		return refused // BUSY: another program reads or copies the file
	}
	return broken
}

// relieve also folds the log, so that its room is written again.
func (e *sqliteEngine) relieve() bool {
	if err := e.checkpoint("PASSIVE"); err != nil && e.judge(err) == broken {
		return false
	}
	return e.ballast.give()
}

func (e *sqliteEngine) tidy(octets int64) error {
	e.logged += octets + commitPages
	if e.logged < e.foldAfter {
		return nil
	}
	e.logged = 0
	if err := e.checkpoint("PASSIVE"); err != nil {
		return fmt.Errorf("fold the log into the file: %w", err)
	}
	e.ballast.refill()
	return nil
}

// checkpoint folds the log into the file and syncs it. PASSIVE waits for
// nobody: what readers still need stays for the next time.
func (e *sqliteEngine) checkpoint(mode string) error {
	var busy, frames, folded int
	return e.get(`PRAGMA wal_checkpoint(`+mode+`)`, &busy, &frames, &folded)
}

// code is SQLite's primary result code, or -1 for errors that are not its.
func code(err error) int {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return -1
	}
	return e.Code() & 0xff
}

// errDamaged marks damage that SQLite does not report itself.
var errDamaged = errors.New("file damaged")

// isDamage reports whether the file's structure is damaged, rather than its
// reading hindered.
func isDamage(err error) bool {
	c := code(err)
	return errors.Is(err, errDamaged) || c == sqlite3.SQLITE_CORRUPT || c == sqlite3.SQLITE_NOTADB
}

// exists reports whether there is a file of that name.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

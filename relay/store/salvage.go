package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
)

// copyBatch is how many salvaged records one transaction holds.
const copyBatch = 1000

// salvager copies what can be read of a damaged file into a new one.
type salvager struct {
	from, into *sqliteEngine
	log        *slog.Logger
	pending    int // records since the last commit
	copied     int
	lost       int
}

// salvage replaces a damaged file by a new one that holds what could be read,
// and names in its quarantine what could not. The damaged file stays beside
// under a name with the date. What cannot be helped: a file whose first page,
// with the table of contents, is unreadable is left alone with an error, and
// so is one on a disk that fails to read; a record whose page and whose page of
// the index are both lost is counted nowhere.
//
// The order of steps is for a process that dies between any two: until the new
// file is complete the old one is in place; after that finishSalvage goes on.
func salvage(path string, migrations fs.FS, log *slog.Logger, why error) error {
	kept := path + ".damaged-" + stamp()
	if err := keep(path, kept); err != nil {
		return fmt.Errorf("store: keep the damaged file: %w", err)
	}
	s := &salvager{log: log}
	if err := s.run(kept, path+".salvage", migrations, why); err != nil {
		forget(kept)
		forget(path + ".salvage")
		return fmt.Errorf("store: %s is damaged and could not be copied; it was left as it is: %w", path, err)
	}
	os.Remove(kept + "-shm")
	if err := os.Rename(path+".salvage", path+".salvaged"); err != nil {
		return err
	}
	if err := syncDir(path); err != nil {
		return err
	}
	log.Error("store salvaged", "kept", kept, "records", s.copied, "lost", s.lost)
	return finishSalvage(path)
}

// finishSalvage puts a complete new file in the place of the damaged one. Its
// log goes first: SQLite would write it into the new file.
func finishSalvage(path string) error {
	if !exists(path + ".salvaged") {
		return nil
	}
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := os.Rename(path+".salvaged", path); err != nil {
		return err
	}
	return syncDir(path)
}

// keep gives the damaged file and its log second names.
func keep(path, kept string) error {
	if err := os.Link(path, kept); err != nil {
		return err
	}
	if info, err := os.Stat(path + "-wal"); err == nil && info.Size() > 0 {
		if err := os.Link(path+"-wal", kept+"-wal"); err != nil {
			return err
		}
	}
	return syncDir(path)
}

func forget(path string) {
	for _, suffix := range []string{"", "-wal", "-shm"} {
		os.Remove(path + suffix) // may not exist
	}
}

func (s *salvager) run(from, into string, migrations fs.FS, why error) error {
	mode := "ro"
	if !exists(from + "-wal") {
		mode = immutable
	}
	var err error
	var closeFrom, closeInto func() error
	if s.from, closeFrom, err = openForSalvage(from, mode, "query_only(1)"); err != nil {
		return err
	}
	defer closeFrom()
	forget(into)
	if err := createFile(into); err != nil {
		return err
	}
	if s.into, closeInto, err = openForSalvage(into, "rw", writerPragmas()...); err != nil {
		return err
	}
	defer closeInto()
	if err := migrate(context.Background(), s.into.conn, migrations, "sql/sqlite"); err != nil {
		return err
	}
	if err := s.copyAll(why); err != nil {
		return err
	}
	if err := s.into.checkpoint("TRUNCATE"); err != nil {
		return err
	}
	return closeInto()
}

func openForSalvage(path, mode string, pragmas ...string) (*sqliteEngine, func() error, error) {
	db, err := sql.Open("sqlite", source(path, mode, pragmas...))
	if err != nil {
		return nil, nil, err
	}
	db.SetMaxOpenConns(1)
	conn, err := db.Conn(context.Background())
	if err != nil {
		db.Close()
		return nil, nil, err
	}
	return &sqliteEngine{path: path, conn: conn}, func() error { return errors.Join(conn.Close(), db.Close()) }, nil
}

func (s *salvager) copyAll(why error) error {
	if err := s.into.exec(`BEGIN IMMEDIATE`); err != nil {
		return err
	}
	last, err := s.lastID()
	if err != nil {
		return err
	}
	if err := s.copyRange(1, last); err != nil {
		return err
	}
	if err := s.nameLost(); err != nil {
		return err
	}
	if s.lost == 0 && s.copied == 0 {
		return fmt.Errorf("nothing in it can be read: %w", why)
	}
	s.copyQuarantine()
	return s.into.exec(`COMMIT`)
}

// lastID asks the table and the index, either of which may be unreadable.
func (s *salvager) lastID() (last int64, err error) {
	err = s.from.get(`SELECT coalesce(max(id), 0) FROM record NOT INDEXED`, &last)
	indexErr := s.eachName(func(id int64, _, _ []byte) error {
		last = max(last, id)
		return nil
	})
	if err != nil && last == 0 {
		return 0, errors.Join(err, indexErr)
	}
	return last, nil
}

// copyRange copies the records of these ids. Where reading fails it halves the
// rest, down to the single ids that cannot be read.
func (s *salvager) copyRange(low, high int64) error {
	for low <= high {
		next, readErr, err := s.copyUntilError(low, high)
		if err != nil || readErr == nil {
			return err
		}
		low = next
		if low >= high {
			return nil // this one is lost; nameLost looks for its name
		}
		middle := low + (high-low)/2
		if err := s.copyRange(low, middle); err != nil {
			return err
		}
		low = middle + 1
	}
	return nil
}

// copyUntilError returns the first id that may not have been read.
func (s *salvager) copyUntilError(low, high int64) (next int64, readErr, err error) {
	next = low
	rows, readErr := s.from.conn.QueryContext(context.Background(), `SELECT id, bucket, key, value, sum FROM record NOT INDEXED WHERE id BETWEEN $1 AND $2 ORDER BY id`, low, high)
	if readErr != nil {
		return next, readErr, nil
	}
	defer rows.Close()
	for rows.Next() {
		var r row
		if readErr = rows.Scan(&r.id, &r.bucket, &r.key, &r.value, &r.sum); readErr != nil {
			return next, readErr, nil
		}
		next = r.id + 1
		if err := s.put(&r); err != nil {
			return next, nil, err
		}
	}
	return next, rows.Err(), nil
}

func (s *salvager) put(r *row) error {
	if r.value == nil {
		r.value = []byte{}
	}
	if r.sound() {
		s.copied++
		if err := s.into.exec(`INSERT OR IGNORE INTO record (bucket, key, value, sum) VALUES ($1, $2, $3, $4)`, r.bucket, r.key, r.value, r.sum); err != nil {
			return err
		}
	} else if err := s.lose(Damage{Bucket(r.bucket), r.key, "checksum differs"}, r.value, r.sum); err != nil {
		return err
	}
	if s.pending++; s.pending < copyBatch {
		return nil
	}
	s.pending = 0
	return errors.Join(s.into.exec(`COMMIT`), s.into.exec(`BEGIN IMMEDIATE`))
}

func (s *salvager) lose(d Damage, value []byte, sum int64) error {
	s.lost++
	logDamage(s.log, d)
	return quarantine(s.into.exec, d, value, sum)
}

// nameLost goes through the names in the damaged file's index and records
// those that did not arrive.
func (s *salvager) nameLost() error {
	return s.eachName(func(_ int64, bucket, key []byte) error {
		var there bool
		err := s.into.conn.QueryRowContext(context.Background(), `SELECT EXISTS (SELECT 1 FROM record WHERE bucket = $1 AND key = $2)
			OR EXISTS (SELECT 1 FROM quarantine WHERE bucket = $1 AND key = $2)`, bucket, key).Scan(&there)
		if err != nil || there {
			return err
		}
		return s.lose(Damage{Bucket(bucket), key, "its page cannot be read"}, nil, 0)
	})
}

// eachName calls fn with what can be read of the index: from the front to the
// first page that cannot be, then from the back to the last. fn sees a name
// twice when nothing is wrong with the index.
func (s *salvager) eachName(fn func(id int64, bucket, key []byte) error) error {
	for _, order := range []string{"", "DESC"} {
		readErr, err := s.names(order, fn)
		if err != nil {
			return err
		}
		if readErr == nil {
			return nil
		}
		s.log.Warn("index of the damaged store cannot be read to its end", "order", order, "why", readErr)
	}
	return nil
}

func (s *salvager) names(order string, fn func(id int64, bucket, key []byte) error) (readErr, err error) {
	rows, readErr := s.from.conn.QueryContext(context.Background(), fmt.Sprintf(`SELECT id, bucket, key FROM record INDEXED BY record_name ORDER BY bucket %s, key %[1]s`, order))
	if readErr != nil {
		return readErr, nil
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var bucket, key []byte
		if readErr = rows.Scan(&id, &bucket, &key); readErr != nil {
			return readErr, nil
		}
		if err := fn(id, bucket, key); err != nil {
			return nil, err
		}
	}
	return rows.Err(), nil
}

// copyQuarantine takes over what earlier openings found, as far as it can be
// read.
func (s *salvager) copyQuarantine() {
	list, err := s.from.quarantined()
	if err != nil {
		s.log.Warn("quarantine of the damaged store cannot be read to its end", "why", err)
	}
	for _, d := range list {
		d.Why += " (value in an older file)"
		if err := quarantine(s.into.exec, d, nil, 0); err != nil {
			s.log.Warn("quarantine not copied", "why", err)
		}
	}
}

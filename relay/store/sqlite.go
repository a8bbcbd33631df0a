package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// SQLite is a Store in one file. Beside it stand its write-ahead log (-wal,
// -shm), its lock (.lock), the octets kept for a full disk (.reserve), and
// after damage the damaged files under a name with the date.
type SQLite struct {
	path    string
	options Options
	lock    *os.File
	writer  *sql.DB // one connection, the engine's
	eng     *sqliteEngine
	reader  *reader
	commits *committer
}

// readers is how many scans may read at one time; more wait.
const readers = 4

// OpenSQLite opens or makes the store in the file path. It reads every record
// once and compares its checksum; damage is named by Damaged and in the log,
// and the rest is served. Where the file itself is damaged, what can be read
// is copied to a new one. An error means that the store is as it was.
func OpenSQLite(path string, o Options) (*SQLite, error) {
	return openSQLite(path, o, migrationFiles)
}

func openSQLite(path string, o Options, migrations fs.FS) (_ *SQLite, err error) {
	s := &SQLite{path: path, options: o.filled()}
	defer func() {
		if err != nil {
			s.release()
		}
	}()
	if s.lock, err = lockFile(path + ".lock"); err != nil {
		return nil, fmt.Errorf("store: %s: %w", path, err)
	}
	if err = finishSalvage(path); err != nil {
		return nil, err
	}
	if err = mendLog(path, s.options.Log); err != nil {
		return nil, err
	}
	used, err := s.openChecked(migrations)
	if isDamage(err) {
		s.closeWriter()
		s.options.Log.Error("store file damaged: copying what can be read", "file", path, "why", err)
		if err = salvage(path, migrations, s.options.Log, err); err != nil {
			return nil, err
		}
		used, err = s.openChecked(migrations)
	}
	if err != nil {
		return nil, fmt.Errorf("store: open %s: %w", path, err)
	}
	damaged, err := s.eng.quarantined()
	if err != nil {
		return nil, fmt.Errorf("store: open %s: %w", path, err)
	}
	db, err := sql.Open("sqlite", source(path, "rw", "busy_timeout(5000)", "query_only(1)", "cell_size_check(1)", "trusted_schema(0)"))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(readers)
	db.SetMaxIdleConns(readers)
	s.reader = newReader(db, damaged, s.options.Log)
	s.eng.ballast.fill(s.options.Log)
	s.commits = newCommitter(s.eng, used, s.options)
	go s.commits.run()
	return s, nil
}

// openChecked opens the file for writing, brings it to the newest layout and
// checks all of it. It returns what the records take.
func (s *SQLite) openChecked(migrations fs.FS) (used int64, err error) {
	if err := createFile(s.path); err != nil {
		return 0, err
	}
	if s.writer, err = sql.Open("sqlite", source(s.path, "rw", writerPragmas()...)); err != nil {
		return 0, err
	}
	s.writer.SetMaxOpenConns(1)
	s.eng = &sqliteEngine{path: s.path, foldAfter: foldAfter, ballast: newBallast(s.path, s.options.Reserve)}
	if s.eng.conn, err = s.writer.Conn(context.Background()); err != nil {
		return 0, err
	}
	if err := s.eng.verifyModes(); err != nil {
		return 0, err
	}
	// A sync that failed in an earlier process may have left the log's end
	// readable and yet not on the disk; what is appended behind such a gap is
	// lost with it. So nothing is ever appended to a log that was found.
	if err := s.eng.checkpoint("TRUNCATE"); err != nil {
		return 0, err
	}
	if err := s.eng.quickCheck(); err != nil {
		return 0, err
	}
	if err := migrate(context.Background(), s.eng.conn, migrations, "sql/sqlite"); err != nil {
		return 0, err
	}
	used, err = s.eng.verifyRecords(s.options.Log)
	if err != nil {
		return 0, err
	}
	return used, s.eng.prepare()
}

// writerPragmas: FULL syncs the log at every commit (NORMAL, usual with WAL,
// does not). Folding the log into the file is done by tidy, which looks at the
// error; SQLite's own automatism does not. secure_delete overwrites with zeros
// what is deleted, so that it does not lie about in free pages; it stays in the
// log until that is written over or cut, which opening and closing do.
func writerPragmas() []string {
	return []string{
		"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "fullfsync(1)", "checkpoint_fullfsync(1)",
		"wal_autocheckpoint(0)", "cell_size_check(1)", "trusted_schema(0)", "cache_size(-16000)", "secure_delete(1)",
	}
}

// immutable is the mode of a file that has no log and shall not get one.
const immutable = "immutable"

// source is the driver's name for a file; mode is SQLite's or immutable.
func source(path, mode string, pragmas ...string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		abs = path // the working directory is gone: SQLite will say so
	}
	values := url.Values{"mode": {mode}, "_pragma": pragmas}
	if mode == immutable {
		values.Set("mode", "ro")
		values.Set("immutable", "1")
	}
	return (&url.URL{Scheme: "file", Path: abs, RawQuery: values.Encode()}).String()
}

// createFile makes an empty file for the owner alone, durably; SQLite gives
// its log the same mode. A file that exists is narrowed to it.
func createFile(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return os.Chmod(path, 0o600)
	}
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	return syncDir(path)
}

// syncDir makes the names in the folder of path durable.
func syncDir(path string) error {
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Write implements Store.
func (s *SQLite) Write(ctx context.Context, records []Record) error {
	return s.commits.write(ctx, records)
}

// Get implements Store.
func (s *SQLite) Get(ctx context.Context, bucket Bucket, key []byte) ([]byte, error) {
	if s.commits.isClosing() {
		return nil, ErrClosed
	}
	return s.reader.get(ctx, bucket, key)
}

// Scan implements Store.
func (s *SQLite) Scan(ctx context.Context, bucket Bucket, after []byte, fn func(key, value []byte) bool) error {
	if s.commits.isClosing() {
		return ErrClosed
	}
	return s.reader.scan(ctx, bucket, after, fn)
}

// Buckets implements Store.
func (s *SQLite) Buckets(ctx context.Context) ([]Bucket, error) {
	if s.commits.isClosing() {
		return nil, ErrClosed
	}
	return s.reader.buckets(ctx)
}

// Usage implements Store. Limit is what the disk still holds if that is less.
func (s *SQLite) Usage(context.Context) (Usage, error) {
	if s.commits.isClosing() {
		return Usage{}, ErrClosed
	}
	u := Usage{Used: s.commits.used.Load(), Limit: s.options.Limit, Reserve: s.options.Reserve}
	free, err := freeDisk(s.path)
	if err != nil {
		return u, fmt.Errorf("store: free space: %w", err)
	}
	u.Limit = min(u.Limit, u.Used+free+s.eng.ballast.held())
	return u, nil
}

// Damaged implements Store.
func (s *SQLite) Damaged() []Damage { return s.reader.list() }

// Close ends the committer after what is queued, and folds the log into the
// file. Scans that run end with an error.
func (s *SQLite) Close() error {
	if s.commits.isClosing() {
		return nil
	}
	s.commits.close()
	return s.release()
}

func (s *SQLite) release() error {
	var err error
	if s.reader != nil {
		err = s.reader.db.Close()
	}
	err = errors.Join(err, s.closeWriter())
	if s.lock != nil {
		err = errors.Join(err, s.lock.Close())
	}
	return err
}

func (s *SQLite) closeWriter() error {
	if s.writer == nil {
		return nil
	}
	return errors.Join(s.eng.close(), s.writer.Close())
}

// stamp is the date in the name of a file that is kept.
func stamp() string { return time.Now().UTC().Format("20060102T150405Z") }

func logDamage(log *slog.Logger, d Damage) {
	log.Error("stored record damaged", "bucket", d.Bucket, "key", fmt.Sprintf("%x", d.Key), "why", d.Why)
}

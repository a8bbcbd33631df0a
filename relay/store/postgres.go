package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// Postgres is a Store in one schema of a PostgreSQL database.
type Postgres struct {
	options Options
	pool    *sql.DB // of the reader and of the migrations
	eng     *postgresEngine
	reader  *reader
	commits *committer
}

// OpenPostgres opens or makes the store in the schema o.Schema of the database
// that url names. The schema is made if the role may; it is held by a lock of
// the session, so a second relay is refused with ErrInUse. It reads every
// record once and compares its checksum. ctx bounds opening only.
//
// A lost connection breaks the store: the lock went with it, and nobody knows
// what became of the last commit. The relay must start again.
func OpenPostgres(ctx context.Context, url string, o Options) (*Postgres, error) {
	return openPostgres(ctx, url, o, migrationFiles)
}

func openPostgres(ctx context.Context, url string, o Options, migrations fs.FS) (_ *Postgres, err error) {
	p := &Postgres{options: o.filled()}
	defer func() {
		if err != nil {
			p.release()
		}
	}()
	if !regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`).MatchString(p.options.Schema) {
		return nil, fmt.Errorf("store: schema %q: lower case letters, digits and underscores, at most 63", p.options.Schema)
	}
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err) // pgx leaves the password out
	}
	config.RuntimeParams["search_path"] = p.options.Schema
	config.RuntimeParams["application_name"] = "crossband relay " + p.options.Schema
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("store: connect: %w", err)
	}
	p.eng = &postgresEngine{conn: conn}
	if err = p.eng.verifyModes(ctx); err != nil {
		return nil, err
	}
	if err = p.eng.lock(ctx, p.options.Schema); err != nil {
		return nil, err
	}
	p.pool = stdlib.OpenDB(*config)
	p.pool.SetMaxOpenConns(readers)
	used, damaged, err := p.prepare(ctx, migrations)
	if err != nil {
		return nil, err
	}
	p.reader = newReader(p.pool, damaged, p.options.Log)
	p.commits = newCommitter(p.eng, used, p.options)
	go p.commits.run()
	return p, nil
}

// prepare brings the schema to the newest layout and checks every record.
func (p *Postgres) prepare(ctx context.Context, migrations fs.FS) (used int64, damaged []Damage, err error) {
	conn, err := p.pool.Conn(ctx)
	if err != nil {
		return 0, nil, fmt.Errorf("store: connect: %w", err)
	}
	defer conn.Close()
	if err := migrate(ctx, conn, migrations, "sql/postgres"); err != nil {
		return 0, nil, err
	}
	used, bad, err := p.verifyRecords(ctx, conn)
	if err != nil {
		return 0, nil, fmt.Errorf("store: check of the records: %w", err)
	}
	for _, d := range bad {
		logDamage(p.options.Log, d)
		if err := isolatePostgres(ctx, conn, d); err != nil {
			return 0, nil, fmt.Errorf("store: quarantine: %w", err)
		}
	}
	damaged, err = listQuarantine(ctx, conn)
	return used, damaged, err
}

// verifyRecords: a page that PostgreSQL itself finds damaged ends it with an
// error; bringing such a database back is the work of its administrator, with
// a replica or a backup.
func (p *Postgres) verifyRecords(ctx context.Context, conn *sql.Conn) (used int64, bad []Damage, err error) {
	rows, err := conn.QueryContext(ctx, `SELECT bucket, key, value, sum FROM record`)
	if err != nil {
		return 0, nil, err
	}
	defer rows.Close()
	var bucket, key, value sql.RawBytes
	var stored int64
	for rows.Next() {
		if err := rows.Scan(&bucket, &key, &value, &stored); err != nil {
			return 0, nil, err
		}
		r := Record{Bucket: Bucket(bucket), Key: append([]byte{}, key...)}
		if int64(sum(bucket, key, value)) != stored {
			bad = append(bad, Damage{r.Bucket, r.Key, "checksum differs"})
			continue
		}
		used += r.size(len(value))
	}
	return used, bad, rows.Err()
}

func isolatePostgres(ctx context.Context, conn *sql.Conn, d Damage) error {
	_, err := conn.ExecContext(ctx, `WITH bad AS (DELETE FROM record WHERE bucket = $1 AND key = $2 RETURNING *)
		INSERT INTO quarantine (bucket, key, value, sum, why, found) SELECT bucket, key, value, sum, $3, $4 FROM bad`,
		[]byte(d.Bucket), d.Key, d.Why, time.Now().UTC())
	return err
}

// Write implements Store.
func (p *Postgres) Write(ctx context.Context, records []Record) error {
	return p.commits.write(ctx, records)
}

// Get implements Store.
func (p *Postgres) Get(ctx context.Context, bucket Bucket, key []byte) ([]byte, error) {
	if p.commits.isClosing() {
		return nil, ErrClosed
	}
	return p.reader.get(ctx, bucket, key)
}

// Scan implements Store.
func (p *Postgres) Scan(ctx context.Context, bucket Bucket, after []byte, fn func(key, value []byte) bool) error {
	if p.commits.isClosing() {
		return ErrClosed
	}
	return p.reader.scan(ctx, bucket, after, fn)
}

// Buckets implements Store.
func (p *Postgres) Buckets(ctx context.Context) ([]Bucket, error) {
	if p.commits.isClosing() {
		return nil, ErrClosed
	}
	return p.reader.buckets(ctx)
}

// Usage implements Store. It knows nothing of the server's disk.
func (p *Postgres) Usage(context.Context) (Usage, error) {
	if p.commits.isClosing() {
		return Usage{}, ErrClosed
	}
	return Usage{Used: p.commits.used.Load(), Limit: p.options.Limit, Reserve: p.options.Reserve}, nil
}

// Damaged implements Store.
func (p *Postgres) Damaged() []Damage { return p.reader.list() }

// Close ends the committer after what is queued, and lets go of the schema.
func (p *Postgres) Close() error {
	if p.commits.isClosing() {
		return nil
	}
	p.commits.close()
	return p.release()
}

func (p *Postgres) release() error {
	var err error
	if p.pool != nil {
		err = p.pool.Close()
	}
	if p.eng != nil {
		err = errors.Join(err, p.eng.close())
	}
	return err
}

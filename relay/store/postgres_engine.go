package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// patience is how long one exchange with the server may take. A server that is
// slower has not answered, and the store is broken.
const patience = 30 * time.Second

// postgresEngine is the writing session; it holds the lock on the schema.
type postgresEngine struct {
	conn   *pgx.Conn
	change pgx.Batch // of apply, sent with the commit to save a round trip
}

// verifyModes refuses a server that answers before its disk does.
func (e *postgresEngine) verifyModes(ctx context.Context) error {
	for _, setting := range []string{"fsync", "full_page_writes", "synchronous_commit"} {
		var value string
		if err := e.conn.QueryRow(ctx, `SELECT current_setting($1)`, setting).Scan(&value); err != nil {
			return fmt.Errorf("store: %w", err)
		}
		// remote_apply is on, and waits for a standby too.
		if value != "on" && (setting != "synchronous_commit" || value != "remote_apply") {
			return fmt.Errorf("store: the server's %s is %q, want on: it would acknowledge what is not on its disk", setting, value)
		}
	}
	return nil
}

// lock takes the schema for this session and makes it if it does not exist.
func (e *postgresEngine) lock(ctx context.Context, schema string) error {
	var got bool
	if err := e.conn.QueryRow(ctx, `SELECT pg_try_advisory_lock(hashtextextended($1, 0))`, "crossband relay store "+schema).Scan(&got); err != nil {
		return fmt.Errorf("store: lock: %w", err)
	}
	if !got {
		return fmt.Errorf("store: schema %s: %w", schema, ErrInUse)
	}
	var exists bool
	if err := e.conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)`, schema).Scan(&exists); err != nil || exists {
		return err
	}
	if _, err := e.conn.Exec(ctx, `CREATE SCHEMA `+pgx.Identifier{schema}.Sanitize()); err != nil {
		return fmt.Errorf("store: make schema %s: %w", schema, err)
	}
	return nil
}

// begin does nothing: lengths opens the transaction, to save a round trip.
func (e *postgresEngine) begin() error { return nil }

func (e *postgresEngine) lengths(records []Record) ([]int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	buckets, keys := make([][]byte, len(records)), make([][]byte, len(records))
	list := make([]int, len(records))
	for i, r := range records {
		buckets[i], keys[i], list[i] = []byte(r.Bucket), r.Key, absent
	}
	var b pgx.Batch
	b.Queue(`BEGIN`)
	b.Queue(`SELECT n.place - 1, octet_length(r.value) FROM unnest($1::bytea[], $2::bytea[]) WITH ORDINALITY AS n (bucket, key, place)
		JOIN record r USING (bucket, key)`, buckets, keys).Query(func(rows pgx.Rows) error {
		var place, length int
		_, err := pgx.ForEachRow(rows, []any{&place, &length}, func() error {
			list[place] = length
			return nil
		})
		return err
	})
	return list, e.conn.SendBatch(ctx, &b).Close()
}

func (e *postgresEngine) apply(records []Record) error {
	var put, del struct{ buckets, keys, values [][]byte }
	var sums []int64
	for _, r := range records {
		bucket := []byte(r.Bucket)
		if r.Value == nil {
			del.buckets, del.keys = append(del.buckets, bucket), append(del.keys, r.Key)
			continue
		}
		put.buckets, put.keys, put.values = append(put.buckets, bucket), append(put.keys, r.Key), append(put.values, r.Value)
		sums = append(sums, int64(sum(bucket, r.Key, r.Value)))
	}
	e.change = pgx.Batch{}
	if len(del.keys) > 0 {
		e.change.Queue(`DELETE FROM record r USING unnest($1::bytea[], $2::bytea[]) AS n (bucket, key) WHERE r.bucket = n.bucket AND r.key = n.key`, del.buckets, del.keys)
	}
	if len(put.keys) > 0 {
		e.change.Queue(`INSERT INTO record (bucket, key, value, sum) SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bytea[], $4::bigint[])
			ON CONFLICT (bucket, key) DO UPDATE SET value = excluded.value, sum = excluded.sum`, put.buckets, put.keys, put.values, sums)
	}
	return nil
}

// commit: after a statement that failed the server skips the COMMIT. A
// transaction that had failed before would answer COMMIT with ROLLBACK.
func (e *postgresEngine) commit() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	e.change.Queue(`COMMIT`).Exec(func(tag pgconn.CommandTag) error {
		if tag.String() != `COMMIT` {
			return fmt.Errorf("COMMIT was answered %s", tag)
		}
		return nil
	})
	return e.conn.SendBatch(ctx, &e.change).Close()
}

// rollback outside a transaction is a warning to PostgreSQL.
func (e *postgresEngine) rollback() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := e.conn.Exec(ctx, `ROLLBACK`)
	return err
}

// close gives the lock back before the session ends: the server may be slow to
// notice the end.
func (e *postgresEngine) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if !e.conn.IsClosed() {
		e.conn.Exec(ctx, `SELECT pg_advisory_unlock_all()`) // the end of the session does it too
	}
	return e.conn.Close(ctx)
}

// judge: only errors of a statement, with the session alive, are harmless, and
// only those that are known to be.
func (e *postgresEngine) judge(err error) verdict {
	if errors.Is(err, ErrFull) {
		return full
	}
	var p *pgconn.PgError
	if e.conn.IsClosed() || !errors.As(err, &p) {
		return broken
	}
	switch {
	case p.Code == "53100": // disk_full
		return full
	case p.Code == "53200", p.Code == "54000", p.Code[:2] == "22", p.Code[:2] == "23", p.Code[:2] == "40":
		return refused // out of memory, too large, this value, a conflict
	}
	return broken
}

// relieve: the server's disk is not ours.
func (e *postgresEngine) relieve() bool { return false }

func (e *postgresEngine) tidy(int64) error { return nil }

package store

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"time"
)

// quickCheck has SQLite look at the structure of every page.
func (e *sqliteEngine) quickCheck() error {
	var result string
	if err := e.get(`PRAGMA quick_check(1)`, &result); err != nil {
		return err
	}
	if result != "ok" {
		return fmt.Errorf("%w: %s", errDamaged, result)
	}
	return nil
}

// row is a record as it stands in the file.
type row struct {
	id, sum            int64
	bucket, key, value []byte
}

func (r *row) sound() bool { return int64(sum(r.bucket, r.key, r.value)) == r.sum }

// verifyRecords compares the checksum of every record and returns what all of
// them take. It reads the way Scan does, names from the index and values from
// the table, so that each is checked against the other. Records that differ go
// to quarantine. Where the index alone is wrong the file needs salvage.
func (e *sqliteEngine) verifyRecords(log *slog.Logger) (used int64, err error) {
	rows, err := e.conn.QueryContext(context.Background(), `SELECT id, bucket, key, value, sum FROM record INDEXED BY record_name ORDER BY bucket, key`)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	var indexed, inTable int64
	var bad []row
	for rows.Next() {
		var r row
		var bucket, key, value sql.RawBytes
		if err := rows.Scan(&r.id, &bucket, &key, &value, &r.sum); err != nil {
			return 0, err
		}
		indexed++
		r.bucket, r.key, r.value = bucket, key, value
		if !r.sound() {
			bad = append(bad, row{r.id, r.sum, bytes.Clone(bucket), bytes.Clone(key), bytes.Clone(value)})
			continue
		}
		used += Record{Bucket: Bucket(bucket), Key: key}.size(len(value))
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	rows.Close() // the connection is needed below
	if err := e.get(`SELECT count(*) FROM record NOT INDEXED`, &inTable); err != nil {
		return 0, err
	}
	if inTable != indexed {
		return 0, fmt.Errorf("%w: %d records, %d in the index", errDamaged, inTable, indexed)
	}
	for _, r := range bad {
		if err := e.isolate(r, log); err != nil {
			return 0, err
		}
	}
	return used, nil
}

// isolate moves a record whose checksum differs to quarantine.
func (e *sqliteEngine) isolate(r row, log *slog.Logger) error {
	t := row{id: r.id}
	if err := e.get(fmt.Sprintf(`SELECT bucket, key, value, sum FROM record NOT INDEXED WHERE id = %d`, r.id), &t.bucket, &t.key, &t.value, &t.sum); err != nil {
		return err
	}
	if t.sound() {
		return fmt.Errorf("%w: the index names record %d %q %x, which is %q %x", errDamaged, r.id, r.bucket, r.key, t.bucket, t.key)
	}
	d := Damage{Bucket(r.bucket), r.key, "checksum differs"}
	logDamage(log, d)
	return e.inTransaction(func() error {
		if err := quarantine(e.exec, d, t.value, r.sum); err != nil {
			return err
		}
		// By its number: where the name in the table is what was hit,
		// deleting by name would find nothing. SQLite then cannot take the
		// name out of the index and says that the file is damaged.
		return e.exec(`DELETE FROM record WHERE id = $1`, r.id)
	})
}

func (e *sqliteEngine) inTransaction(do func() error) error {
	if err := e.exec(`BEGIN IMMEDIATE`); err != nil {
		return err
	}
	err := do()
	if err == nil {
		err = e.exec(`COMMIT`)
	}
	if err != nil {
		e.exec(`ROLLBACK`) // the first error counts
	}
	return err
}

// quarantine records damage for good; value is what is left, nil for nothing.
func quarantine(exec func(string, ...any) error, d Damage, value []byte, sum int64) error {
	return exec(`INSERT INTO quarantine (bucket, key, value, sum, why, found) VALUES ($1, $2, $3, $4, $5, $6)`,
		[]byte(d.Bucket), d.Key, value, sum, d.Why, time.Now().UTC().Format(time.RFC3339))
}

// quarantined lists the damage of this and earlier openings.
func (e *sqliteEngine) quarantined() ([]Damage, error) {
	return listQuarantine(context.Background(), e.conn)
}

func listQuarantine(ctx context.Context, conn *sql.Conn) (list []Damage, err error) {
	rows, err := conn.QueryContext(ctx, `SELECT bucket, key, why FROM quarantine ORDER BY found, bucket, key`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var bucket []byte
		var d Damage
		if err := rows.Scan(&bucket, &d.Key, &d.Why); err != nil {
			return nil, err
		}
		d.Bucket = Bucket(bucket)
		list = append(list, d)
	}
	return list, rows.Err()
}

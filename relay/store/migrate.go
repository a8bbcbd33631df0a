package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

//go:embed sql
var migrationFiles embed.FS

// migrate brings a database to the newest layout: the files of dir whose
// number is above the recorded one, in order, each in a transaction of its own
// together with the record of it. A file is named NNNN-what-it-does.sql, is
// plain SQL for one database, and never changes once released.
func migrate(ctx context.Context, conn *sql.Conn, files fs.FS, dir string) error {
	list, err := fs.ReadDir(files, dir) // sorted by name
	if err != nil {
		return fmt.Errorf("store: migrations: %w", err)
	}
	if _, err := conn.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL)`); err != nil {
		return fmt.Errorf("store: migrations: %w", err)
	}
	var at int
	if err := conn.QueryRowContext(ctx, `SELECT coalesce(max(number), 0) FROM migration`).Scan(&at); err != nil {
		return fmt.Errorf("store: migrations: %w", err)
	}
	if at > len(list) {
		return fmt.Errorf("%w: layout %d, this program knows %d", ErrNewer, at, len(list))
	}
	for i, f := range list[at:] {
		if err := applyMigration(ctx, conn, files, path.Join(dir, f.Name()), at+i+1); err != nil {
			return fmt.Errorf("store: migration %s: %w", f.Name(), err)
		}
	}
	return nil
}

func applyMigration(ctx context.Context, conn *sql.Conn, files fs.FS, name string, number int) error {
	digits, _, _ := strings.Cut(path.Base(name), "-")
	if n, err := strconv.Atoi(digits); err != nil || n != number {
		return fmt.Errorf("stands where number %d belongs", number)
	}
	text, err := fs.ReadFile(files, name)
	if err != nil {
		return err
	}
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after Commit
	if _, err := tx.ExecContext(ctx, string(text)); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO migration (number, name) VALUES ($1, $2)`, number, path.Base(name)); err != nil {
		return err
	}
	return tx.Commit()
}

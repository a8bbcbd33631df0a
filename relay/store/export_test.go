package store

import (
	"context"
	"io/fs"
)

// Moments at which a fault can be made to strike.
const (
	BeforeCommit = beforeCommit
	AfterCommit  = afterCommit
)

type Moment = moment

// Faulty is a store whose commits can be made to fail.
type Faulty interface {
	Store
	SetFault(func(Moment) error)
	Queued() int // Writes that wait for the committer
}

// SetFault must be called before the first Write.
func (s *SQLite) SetFault(fault func(Moment) error) { s.commits.fault = fault }

// SetFault must be called before the first Write.
func (p *Postgres) SetFault(fault func(Moment) error) { p.commits.fault = fault }

// Queued implements Faulty.
func (s *SQLite) Queued() int { return len(s.commits.queue) }

// Queued implements Faulty.
func (p *Postgres) Queued() int { return len(p.commits.queue) }

// OpenPostgresWith opens with other migrations than the embedded ones.
func OpenPostgresWith(ctx context.Context, url string, o Options, migrations fs.FS) (*Postgres, error) {
	return openPostgres(ctx, url, o, migrations)
}

// OpenSQLiteWith opens with other migrations than the embedded ones.
func OpenSQLiteWith(path string, o Options, migrations fs.FS) (*SQLite, error) {
	return openSQLite(path, o, migrations)
}

// SetFoldAfter must be called before the first Write.
func (s *SQLite) SetFoldAfter(octets int64) { s.eng.foldAfter = octets }

// Ballast is what the store keeps for a full disk, in octets.
func (s *SQLite) Ballast() int64 { return s.eng.ballast.held() }

// RecordSize is what a record counts, in octets.
func RecordSize(r Record) int64 { return r.size(len(r.Value)) }

const (
	QueueLength = queueLength
	Small       = small
	MaxValue    = maxValue
)

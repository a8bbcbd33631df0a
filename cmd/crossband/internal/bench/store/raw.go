package store

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"time"

	"crossband/cmd/crossband/internal/bench"
)

// turn is what was done in one slice.
type turn struct {
	took  time.Duration
	count int             // messages, or writes of a raw file
	waits []time.Duration // of each message; nil for a raw file
}

func (t turn) perSecond() float64 { return float64(t.count) / t.took.Seconds() }

// rawFile is the yardstick: the plainest log there is, a file that is appended to and
// synced.
type rawFile struct {
	f  *os.File
	at int64
}

// rawLength is where the file begins anew.
const rawLength = 64 << 20

func newRawFile(path string) (*rawFile, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	return &rawFile{f: f}, err
}

func (r *rawFile) close() error { return errors.Join(r.f.Close(), os.Remove(r.f.Name())) }

// slice writes and syncs so many octets, over and over.
func (r *rawFile) slice(ctx context.Context, octets int, long time.Duration) (t turn, err error) {
	group := make([]byte, octets)
	rand.Read(group)
	for start := time.Now(); t.took < long && ctx.Err() == nil; t.took = time.Since(start) {
		if r.at+int64(octets) > rawLength {
			if err := r.f.Truncate(0); err != nil {
				return t, err
			}
			r.at = 0
		}
		if _, err := r.f.WriteAt(group, r.at); err != nil {
			return t, err
		}
		if err := r.f.Sync(); err != nil {
			return t, err
		}
		r.at += int64(octets)
		t.count++
	}
	return t, ctx.Err()
}

// meter adds up the turns of one row.
type meter struct{ messages, group, single turn }

func (t *turn) add(u turn) {
	t.took += u.took
	t.count += u.count
	t.waits = append(t.waits, u.waits...)
}

// raw takes the yardstick's two turns: one message, and a group of n.
func (m *meter) raw(ctx context.Context, r *rawFile, o Options, n int) error {
	single, err := r.slice(ctx, o.Octets, o.Slice/2)
	if err != nil {
		return err
	}
	group, err := r.slice(ctx, n*o.Octets, o.Slice/2)
	m.single.add(single)
	m.group.add(group)
	return err
}

func (m *meter) add(t turn) { m.messages.add(t) }

func (m *meter) row(engine string, writers, octets int) Row {
	r := Row{
		Engine: engine, Writers: writers, Octets: octets,
		MessagesPerS: m.messages.perSecond(), RawFsyncPerS: m.group.perSecond(), SingleFsyncPS: m.single.perSecond(),
		P50MS: bench.MS(bench.Quantile(m.messages.waits, 0.5)), P99MS: bench.MS(bench.Quantile(m.messages.waits, 0.99)),
	}
	r.RawPerS = r.RawFsyncPerS * float64(writers)
	r.Ratio = r.MessagesPerS / r.RawPerS
	return r
}

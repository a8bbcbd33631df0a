package relay

import (
	"context"
	"fmt"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/crypto/record"
	"crossband/proto"
	"crossband/proto/wire"
)

// recordSweep is how often it is looked for records whose time is over.
const recordSweep = time.Hour

// sweepRecords deletes the records that nobody has written to for as long as they are
// kept. One that happened on a channel under a legal hold stays.
func (r *recorder) sweepRecords(ctx context.Context, l *loop, now time.Time) error {
	if r.n.cfg.Records == 0 || now.Before(r.sweepAt) {
		return nil
	}
	r.sweepAt = now.Add(recordSweep)
	var over []record.Origin
	err := r.n.cfg.Store.Scan(ctx, bucketRecords, nil, func(key, value []byte) bool {
		v := new(wire.StoredRecord)
		o, err := record.ParseOrigin(string(key))
		if err == nil && pb.Unmarshal(value, v) == nil && now.Sub(time.UnixMilli(v.LatestMs)) > r.n.cfg.Records && !l.holds(v.Channels) {
			over = append(over, o)
		}
		return ctx.Err() == nil
	})
	if err != nil {
		return fmt.Errorf("relay: store: %w", err)
	}
	for _, o := range over {
		if err := r.forget(ctx, l, o); err != nil {
			return err
		}
	}
	return nil
}

// holds reports whether one of the channels is under a legal hold.
func (l *loop) holds(channels [][]byte) bool {
	for _, octets := range channels {
		if ch, err := proto.ChannelIDFrom(octets); err == nil {
			if _, held := l.held[ch]; held {
				return true
			}
		}
	}
	return false
}

// forget deletes a record: what names it goes last, so that a crash in between leaves
// it to be found again.
func (r *recorder) forget(ctx context.Context, l *loop, o record.Origin) error {
	for _, prefix := range []string{linesPrefix, notesPrefix, chainsPrefix, restsPrefix} {
		if err := l.drop(ctx, prefix+o.String()); err != nil {
			return err
		}
	}
	if b := r.books[o]; b != nil {
		b.broken = "its time is over" // whatever is left to do of it
		r.leave(b)
	}
	r.keep(bucketIncidents, incidentKey(o), nil)
	r.keep(bucketRecords, []byte(o.String()), nil)
	r.n.log.Info("record deleted: its time is over", "record", o.String(), "kept", r.n.cfg.Records)
	return l.store(ctx, r.written())
}

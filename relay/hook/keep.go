package hook

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"crossband/relay/store"
)

// load makes the ledger of what is in the journal.
func (b *Inbox) load(ctx context.Context) error {
	i, err := loadIDs(ctx, b.journal)
	if err != nil {
		return err
	}
	l, records := newLedger(i, b.limits), []*record(nil)
	var bad error
	err = b.journal.Scan(ctx, bucketAlerts, nil, func(key, value []byte) bool {
		r, err := parseRecord(key, value)
		if err != nil {
			bad = errors.Join(bad, err) // the others are raised all the same
			return true
		}
		records = append(records, r)
		return true
	})
	if err != nil {
		return fmt.Errorf("hook: read the journal: %w", err)
	}
	if bad != nil {
		b.log.Error("records of the journal are lost", "why", bad.Error())
	}
	slices.SortFunc(records, func(x, y *record) int { return int(int64(x.Seq - y.Seq)) })
	for _, r := range records {
		l.add(r)
	}
	if b.ledger != nil { // what has rung has rung, whatever the journal holds
		l.spentAs(b.ledger)
	}
	b.ledger = l
	return nil
}

// write makes what changed durable. When it fails the ledger knows what the
// journal may not: it is read anew.
func (b *Inbox) write(ctx context.Context) error {
	if len(b.ledger.changed) == 0 {
		return nil
	}
	var list []store.Record
	for k, r := range b.ledger.changed {
		s := store.Record{Bucket: bucketAlerts, Key: k[:]}
		if r != nil {
			var err error
			if s, err = r.stored(); err != nil {
				b.broken = err
				return err
			}
		}
		list = append(list, s)
	}
	clear(b.ledger.changed)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeLife)
	defer cancel()
	err := b.journal.Write(ctx, list)
	if err == nil {
		return nil
	}
	b.log.Error("journal not written", "why", err.Error())
	if !errors.Is(err, store.ErrFull) {
		b.broken = err
	} else if err := b.load(ctx); err != nil {
		b.broken = err
	}
	return err
}

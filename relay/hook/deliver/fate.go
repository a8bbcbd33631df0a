package deliver

import (
	"context"

	"crossband/relay/hook/deliver/plan"
)

// Fate is how a page fares: at how many targets it waits for its first outcome,
// was delivered, or has failed. A target that failed and is tried on has failed
// until it is delivered. All zero: no target has it.
type Fate struct{ Waiting, Delivered, Failed int }

// Fate tells how a page fares that Put has taken, in this run or one before. What
// has gone from the delivery log is not counted.
func (d *Deliverer) Fate(ctx context.Context, id string) (Fate, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var f Fate
	for _, s := range d.sites {
		e, known := s.index.byID[id]
		if !known {
			continue
		}
		r, err := d.read(ctx, plan.Key{Target: s.Name, Serial: e.serial})
		switch {
		case ctx.Err() != nil:
			return Fate{}, ctx.Err()
		case err != nil || r == nil: // its record is damaged
			f.Failed++
		case r.State == plan.Delivered:
			f.Delivered++
		case r.State == plan.Failed || d.plan.Told(r.key(), r.Data.Incident):
			f.Failed++
		default:
			f.Waiting++
		}
	}
	return f, nil
}

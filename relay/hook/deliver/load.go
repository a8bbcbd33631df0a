package deliver

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"

	"crossband/relay/hook/deliver/plan"
)

// load takes up what the last run left.
func (d *Deliverer) load(ctx context.Context) error {
	d.incidents = make(incidents)
	for _, s := range d.sites {
		if err := d.loadSite(ctx, s); err != nil {
			return err
		}
	}
	var bad error
	err := d.cfg.Store.Scan(ctx, incidentBucket, nil, func(key, value []byte) bool {
		var c counter
		if bad = json.Unmarshal(value, &c); bad == nil {
			d.incidents[strings.TrimPrefix(string(key), "i")] = c
		}
		return bad == nil
	})
	if err == nil {
		err = bad
	}
	return err
}

func (d *Deliverer) loadSite(ctx context.Context, s *site) error {
	value, err := d.cfg.Store.Get(ctx, healthBucket, []byte(s.Name))
	if err != nil {
		return err
	}
	if value != nil {
		var h plan.Health
		if err := json.Unmarshal(value, &h); err != nil {
			return fmt.Errorf("health of %s: %w", s.Name, err)
		}
		d.plan.SetHealth(s.Name, h)
	}
	return d.scan(ctx, s.Name, func(r *Delivery) bool {
		s.index.put(r, r.State != plan.Waiting)
		if r.State == plan.Waiting {
			d.plan.Add(r.job())
		}
		return true
	})
}

// scan reads the deliveries of a target, oldest first. One that cannot be read
// is named in the log and passed over: the others go on.
func (d *Deliverer) scan(ctx context.Context, target string, fn func(*Delivery) bool) error {
	return d.cfg.Store.Scan(ctx, bucketOf(target), nil, func(key, value []byte) bool {
		r := new(Delivery)
		if err := json.Unmarshal(value, r); err != nil || len(key) != 8 || r.Serial != binary.BigEndian.Uint64(key) || r.Target != target {
			d.log.Error("stored hook cannot be read", "target", target, "key", fmt.Sprintf("%x", key))
			return true
		}
		return fn(r)
	})
}

func (d *Deliverer) read(ctx context.Context, k plan.Key) (*Delivery, error) {
	value, err := d.cfg.Store.Get(ctx, bucketOf(k.Target), serialKey(k.Serial))
	if err != nil || value == nil {
		return nil, err
	}
	r := new(Delivery)
	return r, json.Unmarshal(value, r)
}

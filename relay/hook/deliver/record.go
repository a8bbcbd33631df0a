package deliver

import (
	"encoding/binary"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"crossband/relay/hook/deliver/plan"
	"crossband/relay/store"
)

// Where things are kept.
const (
	targetBucket   = "hook/"          // and the target's name: deliveries by serial number
	healthBucket   = "hook.health"    // by target
	incidentBucket = "hook.incidents" // by incident: the last sequence
)

// Limits of the delivery log.
const (
	MaxLogged    = 10_000 // ended deliveries of one target; the oldest goes
	MaxAttempts  = 20     // the newest of one delivery
	maxWhy       = 200    // octets of an error
	forgetAtOnce = 500    // ended deliveries forgotten when the store is full
)

// Delivery is one event on its way to one target, and afterwards what the
// delivery log holds of it.
type Delivery struct {
	Target   string     `json:"target"`
	Serial   uint64     `json:"serial"`
	ID       string     `json:"id"`
	State    plan.State `json:"state"`
	Accepted time.Time  `json:"accepted"`           // by Put, or by Replay
	Due      time.Time  `json:"due,omitzero"`       // next attempt, while it waits
	Ended    time.Time  `json:"ended,omitzero"`     // when it was delivered or given up
	Why      string     `json:"why,omitempty"`      // it was given up
	Tries    int        `json:"tries"`              // since it was accepted
	Told     bool       `json:"told,omitempty"`     // its failure, as a page, was reported
	Replays  int        `json:"replays,omitempty"`  // how often an administrator has put it again
	Attempts []Attempt  `json:"attempts,omitempty"` // oldest first, those before a replay too
	Data     Data       `json:"data"`
}

// Attempt is one request and what came of it.
type Attempt struct {
	At     time.Time     `json:"at"`
	Status int           `json:"status,omitempty"` // HTTP status; 0: no answer
	Took   time.Duration `json:"took_ns"`
	Why    string        `json:"why,omitempty"` // there was no answer
}

func (r *Delivery) note(a Attempt) {
	a.Why = strings.ToValidUTF8(a.Why[:min(len(a.Why), maxWhy)], "")
	r.Attempts = append(r.Attempts, a)
	if over := len(r.Attempts) - MaxAttempts; over > 0 {
		r.Attempts = slices.Delete(r.Attempts, 0, over)
	}
}

func (r *Delivery) job() plan.Job {
	return plan.Job{
		Key: r.key(), Incident: r.Data.Incident, Page: r.Data.Page,
		Accepted: r.Accepted, Tries: r.Tries, Due: r.Due, Told: r.Told,
	}
}

func (r *Delivery) key() plan.Key { return plan.Key{Target: r.Target, Serial: r.Serial} }

// end closes a delivery.
func (r *Delivery) end(now time.Time, s plan.State, why string) {
	r.State, r.Ended, r.Due, r.Why = s, now, time.Time{}, why
}

func bucketOf(target string) store.Bucket { return store.Bucket(targetBucket + target) }

func serialKey(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func (r *Delivery) record() (store.Record, error) {
	value, err := json.Marshal(r)
	return store.Record{Bucket: bucketOf(r.Target), Key: serialKey(r.Serial), Value: value}, err
}

func erased(k plan.Key) store.Record {
	return store.Record{Bucket: bucketOf(k.Target), Key: serialKey(k.Serial)}
}

func healthRecord(target string, h plan.Health) (store.Record, error) {
	value, err := json.Marshal(h)
	return store.Record{Bucket: healthBucket, Key: []byte(target), Value: value}, err
}

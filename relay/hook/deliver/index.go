package deliver

import (
	"encoding/json"
	"slices"
	"time"

	"crossband/relay/store"
)

// index knows every delivery of a target that is kept.
type index struct {
	last   uint64 // serial number given last
	byID   map[string]entry
	logged []uint64          // serials of those that have ended, rising
	ids    map[uint64]string // of those
}

type entry struct {
	serial   uint64
	sequence uint64
	ended    bool
}

func newIndex() index { return index{byID: make(map[string]entry), ids: make(map[uint64]string)} }

// put notes a delivery as it stands now.
func (x *index) put(r *Delivery, ended bool) {
	if old, ok := x.byID[r.ID]; ok && old.ended {
		x.unlog(old.serial)
	}
	x.last = max(x.last, r.Serial)
	x.byID[r.ID] = entry{r.Serial, r.Data.Sequence, ended}
	if ended {
		i, _ := slices.BinarySearch(x.logged, r.Serial)
		x.logged = slices.Insert(x.logged, i, r.Serial)
		x.ids[r.Serial] = r.ID
	}
}

func (x *index) unlog(serial uint64) {
	if i, found := slices.BinarySearch(x.logged, serial); found {
		x.logged = slices.Delete(x.logged, i, i+1)
		delete(x.ids, serial)
	}
}

// drop forgets an ID.
func (x *index) drop(id string) {
	if e, ok := x.byID[id]; ok {
		x.unlog(e.serial)
		delete(x.byID, id)
	}
}

// maxIncidents bounds the incidents whose last sequence is remembered. The one
// that was quiet for longest is forgotten: were it to go on it would begin at 1.
const maxIncidents = 10_000

// incidents knows the last sequence of each incident.
type incidents map[string]counter

type counter struct {
	Last uint64    `json:"last"`
	At   time.Time `json:"at"`
}

// next returns the incident's next sequence and the records that keep it.
// Nothing changes before set.
func (m incidents) next(incident string, now time.Time) (counter, []store.Record, error) {
	c := counter{m[incident].Last + 1, now}
	value, err := json.Marshal(c)
	if err != nil {
		return c, nil, err
	}
	return c, []store.Record{{Bucket: incidentBucket, Key: incidentKey(incident), Value: value}}, nil
}

// incidentKey is never empty, as the store asks: events without an incident
// count together.
func incidentKey(incident string) []byte { return []byte("i" + incident) }

// surplus returns the incident to be forgotten before another comes; "" and
// false if there is room.
func (m incidents) surplus(coming string) (string, bool) {
	if _, known := m[coming]; known || len(m) < maxIncidents {
		return "", false
	}
	oldest, found := "", false
	for id, c := range m {
		if !found || c.At.Before(m[oldest].At) || c.At.Equal(m[oldest].At) && id < oldest {
			oldest, found = id, true
		}
	}
	return oldest, true
}

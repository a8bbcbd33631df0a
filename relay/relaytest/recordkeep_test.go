package relaytest_test

import (
	"strings"
	"testing"
	"time"

	"crossband/proto"
	"crossband/relay/relaytest"
	"crossband/relay/store"
)

// stored counts what a store holds of records.
func stored(t *testing.T, s store.Store) (n int) {
	t.Helper()
	buckets, err := s.Buckets(t.Context())
	ok(t, err)
	for _, b := range buckets {
		if strings.HasPrefix(string(b), "record") {
			ok(t, s.Scan(t.Context(), b, nil, func(_, _ []byte) bool { n++; return true }))
		}
	}
	return n
}

// A record is deleted, all of it, when nobody has written to it for as long as it is
// kept; a legal hold on its channel keeps it, and the partner's copy has its own time.
func TestRecordsAreKeptAsLongAsTheyShall(t *testing.T) {
	long(t)
	held := make(map[proto.ChannelID]string)
	set := func(b *border) {
		directly(b)
		b.us.Records, b.mx.Records = 3*time.Hour, 3*time.Hour
		b.mx.Holds = func() (map[proto.ChannelID]string, error) { return held, nil }
		held[b.calling] = "court order 7"
	}
	runWith(t, 1, set, func(t *testing.T, b *border) {
		i := happen(t, b)
		time.Sleep(2 * time.Hour)
		for name, e := range map[string]*relaytest.Endpoint{"the hub's": i.agent, "the partner's": i.guard} {
			if _, err := e.Record(minute(t), i.id); err != nil {
				t.Errorf("%s after two hours: %v", name, err)
			}
		}
		time.Sleep(3 * time.Hour)
		if _, err := i.agent.Record(minute(t), i.id); proto.ReasonOf(err) != proto.ReasonNoRecord {
			t.Errorf("the hub's after five hours: %v, want reason %d", err, proto.ReasonNoRecord)
		}
		if n := stored(t, b.us.Store); n != 0 {
			t.Errorf("%d things are left of it", n)
		}
		if x, err := i.guard.Record(minute(t), i.id); err != nil || !verified(t, b, x).Complete() {
			t.Errorf("the partner's, under a hold: %v", err)
		}
	})
}

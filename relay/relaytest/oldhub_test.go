package relaytest_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"crossband/relay/store"
)

// backupOf is what a store holds now, as an old backup.
func backupOf(t *testing.T, from store.Store) store.Store {
	t.Helper()
	to := store.NewMemory()
	buckets, err := from.Buckets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range buckets {
		var list []store.Record
		if err := from.Scan(t.Context(), b, nil, func(k, v []byte) bool {
			list = append(list, store.Record{Bucket: b, Key: bytes.Clone(k), Value: bytes.Clone(v)})
			return true
		}); err != nil {
			t.Fatal(err)
		}
		if err := to.Write(t.Context(), list); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// TestAHubFromABackupLetsTheFollowersDevicesIn: the follower knows the branch that is lost, of
// the same epoch as the hub's or a later one, and keeps nobody out by it.
func TestAHubFromABackupLetsTheFollowersDevicesIn(t *testing.T) {
	for _, ahead := range []int{0, 1} {
		t.Run(fmt.Sprint(ahead, " ahead"), func(t *testing.T) {
			run(t, func(t *testing.T, b *border) {
				p := newPatrol(t, b)
				time.Sleep(5 * time.Second)
				old := backupOf(t, b.us.Store)
				for range 1 + ahead {
					if err := p.us.Refresh(minute(t)); err != nil {
						t.Fatal(err)
					}
					time.Sleep(2 * time.Second)
				}
				p.agent.Close()
				b.us.Crash()
				b.us.Store = old
				b.us.Restart()
				time.Sleep(30 * time.Second)
				b.us.Endpoint("unit/third").MustJoin(b.group) // the hub's branch goes on
				for i := range 2 {
					time.Sleep(time.Minute)
					rookie := b.mx.Endpoint(fmt.Sprint("unit/rookie", i))
					ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
					if _, err := rookie.Session.Join(ctx, b.group); err != nil {
						t.Errorf("the follower's device %d: %v", i, err)
					}
					cancel()
				}
			})
		})
	}
}

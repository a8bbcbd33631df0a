package relaytest_test

import (
	"context"
	"encoding/binary"
	"maps"
	"slices"
	"testing"
	"time"

	"crossband/proto"
	"crossband/relay/store"
)

// damaged is a store that cannot serve some of its records any more.
type damaged struct {
	store.Store
	list []store.Damage
}

func (d *damaged) Damaged() []store.Damage { return d.list }

// lose takes a record out of the store and names it as damaged.
func (d *damaged) lose(t *testing.T, bucket string, key []byte) {
	t.Helper()
	if err := d.Write(context.Background(), []store.Record{{Bucket: store.Bucket(bucket), Key: key}}); err != nil {
		t.Fatal(err)
	}
	d.list = append(d.list, store.Damage{Bucket: store.Bucket(bucket), Key: key, Why: "checksum differs"})
}

// entries reads a channel's log.
func (d *damaged) entries(t *testing.T, id proto.ChannelID) map[uint64]string {
	t.Helper()
	log := make(map[uint64]string)
	err := d.Scan(context.Background(), store.Bucket("log/"+id.String()), nil, func(key, value []byte) bool {
		log[binary.BigEndian.Uint64(key)] = string(value)
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return log
}

// numbers lists what a channel's log holds.
func (d *damaged) numbers(t *testing.T, id proto.ChannelID) []uint64 {
	t.Helper()
	return slices.Sorted(maps.Keys(d.entries(t, id)))
}

// TestALostChannelIsNotBegunAnew: a relay starts without the record of a channel
// whose log is there. The charter that it finds beside does not begin the channel
// again: nothing is written over.
func TestALostChannelIsNotBegunAnew(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		d := &damaged{Store: b.us.Store}
		unit := b.us.Endpoint("unit/del-rio-214")
		ch := unit.MustJoin(b.group)
		if _, err := ch.Text(minute(t), "one"); err != nil {
			t.Fatal(err)
		}
		b.us.Stop()
		before := d.entries(t, b.group)
		d.lose(t, "channels", b.group[:])
		b.us.Store = d
		b.us.Restart()
		other := b.us.Endpoint("unit/del-rio-1")
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if _, err := other.Join(ctx, b.group); err == nil {
			t.Error("somebody joins what nobody knows")
		}
		if after := d.entries(t, b.group); !maps.Equal(before, after) {
			t.Errorf("the log had %d entries and has %d others", len(before), len(after))
		}
	})
}

// TestALostEntryLeavesAHole: a relay starts without the newest entry of a log. Its
// number is not given again.
func TestALostEntryLeavesAHole(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		d := &damaged{Store: b.us.Store}
		unit := b.us.Endpoint("unit/del-rio-214")
		ch := unit.MustJoin(b.group)
		if _, err := ch.Text(minute(t), "one"); err != nil {
			t.Fatal(err)
		}
		b.us.Stop()
		before := d.numbers(t, b.group)
		last := before[len(before)-1]
		d.lose(t, "log/"+b.group.String(), binary.BigEndian.AppendUint64(nil, last))
		// The marks of the last seconds may not have been written when a machine stops.
		if err := d.Write(context.Background(), []store.Record{{Bucket: "marks", Key: b.group[:]}}); err != nil {
			t.Fatal(err)
		}
		b.us.Store = d
		b.us.Restart()
		if err := unit.WaitConnected(minute(t)); err != nil {
			t.Fatal(err)
		}
		if _, err := ch.Text(minute(t), "two"); err != nil {
			t.Fatal(err)
		}
		after := d.numbers(t, b.group)
		if n := after[len(after)-1]; n <= last || len(after) != len(before) {
			t.Errorf("the log had %v and has %v", before, after)
		}
	})
}

package hub_test

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/hub"
)

// disk holds what the hub has had written, by bucket and key.
type disk map[string]map[string][]byte

func (d disk) write(x hub.Write) {
	if x.Value == nil {
		delete(d[x.Bucket], string(x.Key))
		return
	}
	if d[x.Bucket] == nil {
		d[x.Bucket] = map[string][]byte{}
	}
	d[x.Bucket][string(x.Key)] = x.Value
}

// load gives a new hub what is on the disk, in the order that it asks for.
func (d disk) load(h *hub.Hub, now time.Time) (effects []hub.Effect) {
	for _, want := range hub.Load() {
		for _, bucket := range slices.Sorted(maps.Keys(d)) {
			if bucket != want && !(strings.HasSuffix(want, "/") && strings.HasPrefix(bucket, want)) {
				continue
			}
			for _, key := range slices.Sorted(maps.Keys(d[bucket])) {
				effects = append(effects, h.Apply(now, hub.Loaded{Bucket: bucket, Key: []byte(key), Value: d[bucket][key]})...)
			}
		}
	}
	return effects
}

// checkRestart: what a restart would load now is what is there.
func (w *world) checkRestart(file string, line int) {
	w.t.Helper()
	next := hub.New(w.self, w.judge)
	w.holdHidden(next)
	for _, x := range w.disk.load(next, w.now) {
		if _, ok := x.(hub.Audit); ok && len(w.damaged) > 0 {
			continue // said at the first restart
		}
		w.t.Errorf("%s:%d: loading what was written has an effect: %s", file, line, w.effect(x))
	}
	if was, is := w.hub.Durable(), next.Durable(); was != is {
		w.t.Errorf("%s:%d: a restart would change the state:\n%s", file, line, firstDifference(was, is))
	}
}

// restart ends the hub and starts the next one from the disk. All links are gone.
func (w *world) restart() {
	w.t.Helper()
	w.hub = hub.New(w.self, w.judge)
	w.holdHidden(w.hub)
	for _, x := range w.disk.load(w.hub, w.now) {
		if len(w.damaged) > 0 {
			w.perform(x)
			w.printf("%s", w.effect(x))
			continue
		}
		w.t.Errorf("loading what was written has an effect: %s", w.effect(x))
	}
	for _, d := range w.damaged {
		w.apply(d)
	}
	clear(w.routes)
	for label, id := range w.links {
		w.labels[id] = label + "(old)"
	}
	clear(w.links)
}

// lose makes a record unreadable, as the store would find it at the next start: the
// newest of a channel's log, or the channel's own.
func (w *world) lose(words []string) error {
	id := w.made.channels[words[1]]
	bucket, key := "channels", string(id[:])
	if words[0] == "log" {
		bucket = "log/" + id.String()
		key = slices.Max(slices.Collect(maps.Keys(w.disk[bucket])))
	}
	if _, ok := w.disk[bucket][key]; !ok {
		return fmt.Errorf("no record of %s", words[1])
	}
	delete(w.disk[bucket], key)
	w.damaged = append(w.damaged, hub.Damaged{Bucket: bucket, Key: []byte(key)})
	return nil
}

func (w *world) settings(words []string) error {
	var s hub.Settings
	for _, word := range words {
		key, value, _ := strings.Cut(word, "=")
		var err error
		switch key {
		case "room":
			s.Room = hub.Room(len(value)) // the more x, the less room
		case "standing":
			s.Retention.Standing, err = time.ParseDuration(value)
		case "incident":
			s.Retention.Incident, err = time.ParseDuration(value)
		case "waiting":
			s.Retention.Waiting, err = time.ParseDuration(value)
		case "held":
			s.Held = map[proto.ChannelID]bool{w.made.channels[value]: true}
		default:
			err = fmt.Errorf("no setting %q", key)
		}
		if err != nil {
			return err
		}
	}
	w.apply(s)
	return nil
}

// expired answers a sweep: with the first entries of the log up to a number, or
// with what the origin holds.
func (w *world) expired(channel string, upTo []string) error {
	cid := w.made.channels[channel]
	e, last := hub.Expired{Channel: cid}, uint64(math.MaxUint64)
	if len(upTo) > 0 {
		var err error
		if last, err = strconv.ParseUint(upTo[0], 10, 64); err != nil {
			return err
		}
	}
	for _, key := range slices.Sorted(maps.Keys(w.disk["log/"+cid.String()])) {
		v := new(wire.StoredEntry)
		if err := pb.Unmarshal(w.disk["log/"+cid.String()][key], v); err != nil {
			return err
		}
		if binary.BigEndian.Uint64([]byte(key)) <= last {
			e.Entries = append(e.Entries, v)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(w.disk["origin/"+cid.String()])) {
		v := new(wire.StoredMessage)
		if err := pb.Unmarshal(w.disk["origin/"+cid.String()][key], v); err != nil {
			return err
		}
		e.Messages = append(e.Messages, v)
	}
	w.apply(e)
	return nil
}

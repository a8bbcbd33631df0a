package growth

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/hub"
	"crossband/relay/store"
)

// HistoryRow is what a store with so many messages costs.
type HistoryRow struct {
	Messages   int     `json:"messages"`
	StoreMB    float64 `json:"store_mb"`
	OpenMS     float64 `json:"open_ms"` // the store: every record is read and checked
	LoadMS     float64 `json:"load_ms"` // from the store into the hub
	PageMS     float64 `json:"page_ms"` // the newest page of one channel's log
	PageSize   int     `json:"page_entries"`
	AcceptedPS float64 `json:"filled_per_s"` // messages stored while it was filled
}

// History measures a relay's store, SQLite, whose channels hold more and more. dir is
// on the disk to try; empty is that of temporary files.
func History(s Sizes, dir string) Axis {
	return Axis{
		Name: "history", Title: "Messages kept",
		How: fmt.Sprintf("A SQLite store as a relay keeps it, with texts of %d sealed octets in channels of %d each, on the disk of temporary files or that of --dir. "+
			"It is closed and opened again at each size, and loaded into a hub as a relay's start does. The newest page is what a client asks for when it comes: read, checked and decoded.", usualText, fullLog),
		Columns: []Column{{"messages", "messages", 0}, {"store_mb", "store MB", 1}, {"open_ms", "open ms", 0}, {"load_ms", "load ms", 0}, {"page_ms", "newest page ms", 2}, {"page_entries", "entries in it", 0}, {"filled_per_s", "filled /s", 0}},
		Charts: []Chart{
			{Name: "start", Title: "Start of a relay", X: "messages", Y: []string{"open_ms", "load_ms"}, YHeading: "ms", LogY: true},
			{Name: "page", Title: "The newest page", X: "messages", Y: []string{"page_ms"}, YHeading: "ms"},
			{Name: "size", Title: "Size of the store", X: "messages", Y: []string{"store_mb"}, YHeading: "MB", LogY: true},
		},
		Measure: func(ctx context.Context) ([]Point, error) {
			rows, err := history(ctx, s, dir)
			if err != nil {
				return nil, err
			}
			return points(rows)
		},
	}
}

// Bounds of a history.
const (
	fullLog    = proto.MaxLog * 9 / 10 // messages of one channel
	fillAtOnce = 2000                  // records in one write
	manyPages  = 30
)

// archive is a store that is filled.
type archive struct {
	path     string
	store    store.Store
	station  *station
	channels []*channel
	messages int
	like     *wire.StoredEntry // as the hub stores one
}

func history(ctx context.Context, sizes Sizes, dir string) (rows []HistoryRow, err error) {
	if err := sizes.check(1); err != nil {
		return nil, err
	}
	agency, remove, err := founded()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, remove()) }()
	s, err := newStation(agency, time.Now())
	if err != nil {
		return nil, err
	}
	if dir, err = os.MkdirTemp(dir, "crossband-bench-growth-"); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	a := &archive{path: filepath.Join(dir, "relay.db"), station: s}
	defer func() {
		if a.store != nil {
			err = errors.Join(err, a.store.Close())
		}
	}()
	if _, err := a.open(); err != nil {
		return nil, err
	}
	for _, size := range sizes.List {
		row, err := a.measure(ctx, size, sizes.Say)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
		sizes.Say("%d messages: the store opens in %.0f ms", row.Messages, row.OpenMS)
	}
	return rows, nil
}

// open closes the store, if it is open, and opens it.
func (a *archive) open() (time.Duration, error) {
	if a.store != nil {
		err := a.store.Close()
		if a.store = nil; err != nil {
			return 0, err
		}
	}
	begun := time.Now()
	s, err := store.OpenSQLite(a.path, store.Options{})
	if err != nil {
		return 0, err
	}
	a.store = s
	return time.Since(begun), nil
}

func (a *archive) measure(ctx context.Context, size int, say func(string, ...any)) (row HistoryRow, err error) {
	before, begun := a.messages, time.Now()
	if err := a.fill(ctx, size, say); err != nil {
		return row, err
	}
	row = HistoryRow{Messages: a.messages, AcceptedPS: float64(a.messages-before) / time.Since(begun).Seconds()}
	opened, err := a.open()
	if err != nil {
		return row, err
	}
	loaded, err := a.load(ctx)
	if err != nil {
		return row, err
	}
	pages := make([]time.Duration, manyPages)
	for i := range pages {
		if pages[i], row.PageSize, err = a.page(ctx); err != nil {
			return row, err
		}
	}
	row.OpenMS, row.LoadMS, row.PageMS = us(opened)/1000, us(loaded)/1000, us(median(pages))/1000
	info, err := os.Stat(a.path)
	if err != nil {
		return row, err
	}
	row.StoreMB = float64(info.Size()) / 1e6
	return row, nil
}

// fill stores messages until there are so many.
func (a *archive) fill(ctx context.Context, size int, say func(string, ...any)) error {
	next := time.Now().Add(progress)
	for a.messages < size {
		if a.messages >= fullLog*len(a.channels) {
			if err := a.begin(ctx); err != nil {
				return err
			}
		}
		n := min(fillAtOnce, size-a.messages, fullLog*len(a.channels)-a.messages)
		if err := a.store.Write(ctx, a.entries(n)); err != nil {
			return err
		}
		if a.messages += n; time.Now().After(next) {
			say("%d of %d messages", a.messages, size)
			next = time.Now().Add(progress)
		}
	}
	return nil
}

// progress is how often something is said while it lasts.
const progress = 2 * time.Second

// begin makes one more channel, and stores what the hub stores of it.
func (a *archive) begin(ctx context.Context) error {
	s := a.station
	s.later(time.Minute)
	c, err := s.charter(fmt.Sprintf("Channel %d", len(a.channels)+1))
	if err != nil {
		return err
	}
	effects := append(s.made, s.apply(s.text(c, usualText))...)
	if err := refusal(effects); err != nil {
		return err
	}
	a.channels = append(a.channels, c)
	var records []store.Record
	for _, e := range effects {
		w, ok := e.(hub.Write)
		if !ok {
			continue
		}
		if strings.HasSuffix(w.Bucket, c.id.String()) && w.Value != nil {
			a.like = new(wire.StoredEntry)
			if err := pb.Unmarshal(w.Value, a.like); err != nil {
				return err
			}
			continue // it is the first of those that are filled in
		}
		records = append(records, store.Record{Bucket: store.Bucket(w.Bucket), Key: w.Key, Value: w.Value})
	}
	if a.like.GetEntry().GetText() == nil {
		return errNothing
	}
	return a.store.Write(ctx, records)
}

// entries makes the next n records of the newest channel's log.
func (a *archive) entries(n int) (list []store.Record) {
	c := a.channels[len(a.channels)-1]
	first := a.messages - fullLog*(len(a.channels)-1)
	bucket := store.Bucket(logPrefix + c.id.String())
	for i := range n {
		e, text := a.like.Entry, a.like.Entry.GetText()
		e.Seq = uint64(first + i + 1)
		text.Number = e.Seq
		id := proto.NewMessageID()
		text.Id = id[:]
		rand.Read(text.Sealed)
		rand.Read(a.like.Sum)
		value, _ := pb.Marshal(a.like) // cannot fail: it is as the hub made it
		list = append(list, store.Record{Bucket: bucket, Key: binary.BigEndian.AppendUint64(nil, e.Seq), Value: value})
	}
	return list
}

// logPrefix begins the name of a log's bucket (relay/hub).
const logPrefix = "log/"

// load gives a new hub what the store holds, as a relay's start does.
func (a *archive) load(ctx context.Context) (time.Duration, error) {
	begun := time.Now()
	s := a.station
	h := hub.New(s.relayName(), s.judge)
	buckets, err := a.store.Buckets(ctx)
	if err != nil {
		return 0, err
	}
	var refused error
	for _, want := range hub.Load() {
		for _, b := range buckets {
			if string(b) != want && !(strings.HasSuffix(want, "/") && strings.HasPrefix(string(b), want)) {
				continue
			}
			err := a.store.Scan(ctx, b, nil, func(key, value []byte) bool {
				e := hub.Loaded{Bucket: string(b), Key: append([]byte(nil), key...), Value: append([]byte(nil), value...)}
				refused = refusal(h.Apply(s.now, e))
				return refused == nil && ctx.Err() == nil
			})
			if err = errors.Join(err, refused, ctx.Err()); err != nil {
				return 0, fmt.Errorf("load %s: %w", b, err)
			}
		}
	}
	return time.Since(begun), nil
}

// page reads the newest page of the newest channel's log.
func (a *archive) page(ctx context.Context) (time.Duration, int, error) {
	c := a.channels[len(a.channels)-1]
	head := a.messages - fullLog*(len(a.channels)-1)
	after := binary.BigEndian.AppendUint64(nil, uint64(max(0, head-proto.MaxEntries)))
	begun, n := time.Now(), 0
	var last uint64
	var wrong error
	err := a.store.Scan(ctx, store.Bucket(logPrefix+c.id.String()), after, func(_, value []byte) bool {
		v := new(wire.StoredEntry)
		if wrong = pb.Unmarshal(value, v); wrong != nil {
			return false
		}
		n++
		last = v.GetEntry().GetSeq()
		return n < proto.MaxEntries
	})
	if err = errors.Join(err, wrong); err == nil && last != uint64(head) {
		err = fmt.Errorf("the newest page ends with %d, the log with %d", last, head)
	}
	return time.Since(begun), n, err
}

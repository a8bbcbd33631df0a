package relay

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/crypto/record"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/hub"
	"crossband/relay/store"
)

// Buckets of the records in the store. The hub does not know them.
const (
	bucketRecords   = "records"             // by origin: wire.StoredRecord
	bucketIncidents = "record-incidents"    // by incident and agency: that there is a log
	linesPrefix     = "record/"             // and the origin, by index: an entry's line
	notesPrefix     = "record-checkpoints/" // and the origin, by size: a checkpoint's note
	restsPrefix     = "record-documents/"   // and the origin, by SHA-256: what a line of the log names as in force
	chainsPrefix    = "record-chains/"      // and the origin, by SHA-256 of the leaf: wire.CertificateChain of who signed in it
	checkpointWait  = time.Second           // from an entry to the checkpoint over it, at most
	askFirst        = 30 * time.Second      // how long a log from the store is not signed while a partner has not said what it holds
	bookIdle        = time.Hour             // a log that nobody wrote to for so long is not kept in memory
)

// recorder keeps the logs of incidents' records: those that this relay sequences,
// because it is the hub, and those of partners, which it follows and cosigns. It
// belongs to the loop.
type recorder struct {
	n     *Node
	books map[record.Origin]*book
	out   []store.Record // of the turn under way

	shelves map[proto.Agency]shelf     // of partners
	work    []*book                    // ours that are not settled, in the order in which they came to be so
	turn    int                        // whose turn it is among them
	alarms  map[partnerAlarm]time.Time // when each was raised last

	idleAt  time.Time // when to look again for logs that nobody uses
	sweepAt time.Time // and for records whose time is over
}

func newRecorder(n *Node) *recorder {
	return &recorder{
		n: n, books: make(map[record.Origin]*book), shelves: make(map[proto.Agency]shelf), alarms: make(map[partnerAlarm]time.Time),
	}
}

// load takes up the logs of ours that the last run left unsettled, and says which were
// given up. Partners' logs are read when they are asked for.
func (r *recorder) load(ctx context.Context) error {
	var open []record.Origin
	self := r.n.Name().Agency
	err := r.n.cfg.Store.Scan(ctx, bucketRecords, nil, func(key, value []byte) bool {
		o, err := record.ParseOrigin(string(key))
		if err == nil && o.Agency != self {
			return ctx.Err() == nil
		}
		v := new(wire.StoredRecord)
		if err != nil || pb.Unmarshal(value, v) != nil {
			r.n.log.Error("stored record cannot be read", "record", string(key))
		} else if v.Broken != "" {
			b := r.fresh(o)
			b.broken = v.Broken
			r.reportBroken(b)
		} else if !v.Settled {
			open = append(open, o)
		}
		return ctx.Err() == nil
	})
	if err != nil {
		return fmt.Errorf("relay: store: %w", err)
	}
	for _, o := range open {
		if _, err := r.book(ctx, o); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// keep puts a record of the store into the turn's writes.
func (r *recorder) keep(bucket string, key, value []byte) {
	r.out = append(r.out, store.Record{Bucket: store.Bucket(bucket), Key: key, Value: value})
}

// frame handles a frame about records.
func (r *recorder) frame(ctx context.Context, l *loop, e hub.Recording, now time.Time) error {
	switch b := e.Frame.Body.(type) {
	case *wire.Frame_RecordEntries:
		return r.follow(ctx, l, e, b.RecordEntries, now)
	case *wire.Frame_RecordAnswer:
		return r.answered(ctx, l, e.Peer, e.Link, b.RecordAnswer)
	case *wire.Frame_FetchRecord:
		answer, err := r.fetch(ctx, b.FetchRecord)
		if err != nil {
			return err
		}
		l.answer(e.Link, e.Frame.Id, answer)
	}
	return nil
}

// written gives the turn's writes away.
func (r *recorder) written() []store.Record {
	out := r.out
	r.out = nil
	return out
}

func indexKey(i uint64) []byte { return binary.BigEndian.AppendUint64(nil, i) }

// add appends to the incident's log what happened here.
func (r *recorder) add(ctx context.Context, e hub.Recorded, now time.Time) error {
	o := record.Origin{Agency: r.n.Name().Agency, Incident: e.Incident}
	b, err := r.book(ctx, o)
	if err != nil {
		return err
	}
	if b == nil {
		b = r.fresh(o)
		b.log = record.NewLog(o)
		r.enter(b)
		r.keepIndex(o)
	}
	if b.broken != "" {
		r.reportBroken(b)
		return nil
	}
	if b.log.Size() == 0 {
		b.parties = e.Parties
	}
	b.tell(e.Told)
	b.at(e.Channel)
	if b.log.Size() == 0 {
		r.append(b, now, e.Actor, opening(e))
	}
	r.rest(b, e.Rests, now)
	for _, body := range r.bodies(b, e, now) {
		r.append(b, now, body.actor, body.what)
	}
	r.toDo(b)
	r.keepBook(b)
	return nil
}

// append adds one entry. A clock that was set back is itself an entry.
func (r *recorder) append(b *book, now time.Time, actor proto.Name, body record.Body) {
	self := r.n.Name()
	e, err := b.log.Append(now, actor, self, body)
	if record.FaultOf(err) == record.TimeBack {
		if set, e2 := b.log.Append(now, self, self, &record.ClockSet{Was: b.log.Latest()}); e2 == nil {
			r.keepLine(b, set)
			e, err = b.log.Append(now, actor, self, body)
		}
	}
	if err != nil {
		r.alarm(b, "not recorded", err)
		return
	}
	r.keepLine(b, e)
	b.settled = false
	if b.unsigned.IsZero() {
		b.unsigned = now
	}
}

// at notes a channel on which something of the incident happened.
func (b *book) at(ch proto.ChannelID) {
	if !slices.Contains(b.channels, ch) {
		b.channels = append(b.channels, ch)
	}
}

// tell adds agencies that may have the log from now on: of the parties, no others.
func (b *book) tell(list []proto.Agency) {
	for _, a := range list {
		if !slices.Contains(b.told, a) && slices.Contains(b.parties, a) {
			b.told = append(b.told, a)
			b.settled = false
		}
	}
}

// asked reports whether a log from the store may be signed: every partner that may
// have it has said that it holds no more, or has had the time to. A store that was put
// back to an old copy would otherwise sign a second history.
func (b *book) asked(self proto.Agency, now time.Time) bool {
	if b.restored.IsZero() || now.Sub(b.restored) >= askFirst {
		return true
	}
	for _, a := range b.told {
		if f := b.followers[a]; a != self && (f == nil || !f.told) {
			return false
		}
	}
	return true
}

func agenciesOf(list []string) []proto.Agency {
	out := make([]proto.Agency, len(list))
	for i, s := range list {
		out[i] = proto.Agency(s)
	}
	return out
}

func words(list []proto.Agency) []string {
	out := make([]string, len(list))
	for i, a := range list {
		out[i] = string(a)
	}
	return out
}

package relay

import (
	"context"
	"encoding/binary"
	"errors"
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
	bucketRecords  = "records"             // by origin: wire.StoredRecord
	linesPrefix    = "record/"             // and the origin, by index: an entry's line
	notesPrefix    = "record-checkpoints/" // and the origin, by size: a checkpoint's note
	restsPrefix    = "record-documents/"   // and the origin, by SHA-256: what a line of the log names as in force
	chainsPrefix   = "record-chains/"      // and the origin, by SHA-256 of the leaf: wire.CertificateChain of who signed in it
	checkpointWait = time.Second           // from an entry to the checkpoint over it, at most
	askFirst       = 30 * time.Second      // how long a log from the store is not signed while a partner has not said what it holds
	bookIdle       = time.Hour             // a log that nobody wrote to for so long is not kept in memory
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

// book is one log in memory. Of log and replica one is there.
type book struct {
	origin  record.Origin
	log     *record.Log     // this relay sequences it
	replica *record.Replica // a partner does

	told      []proto.Agency // of ours: who may have it
	parties   []proto.Agency
	channels  []proto.ChannelID // on which something of it happened
	notes     []note            // signed checkpoints that are still of use, the smallest first
	followers map[proto.Agency]*follower
	rests     map[record.Digest]bool         // documents that are kept
	chains    map[record.Digest]proto.Agency // certificates that are kept, by the leaf: whose
	signers   map[string]record.Digest       // by the name in a note: the newest leaf
	restored  time.Time                      // ours, from the store: partners are asked first whether they hold more
	unsigned  time.Time                      // since when entries wait for a checkpoint; zero: none do
	settled   bool
	working   bool // it is among the recorder's work
	strange   bool // a partner's, of a channel that is not known here
	broken    string
	alarms    map[alarmOf]time.Time // when each was raised last
	used      time.Time
}

// note is a signed checkpoint with the cosignatures that have come.
type note struct {
	at       record.Checkpoint
	cosigned []proto.Agency
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

// book returns a log, from the store if it is not in memory; nil when there is none.
func (r *recorder) book(ctx context.Context, o record.Origin) (*book, error) {
	if b := r.books[o]; b != nil {
		b.used = time.Now()
		return b, nil
	}
	value, err := r.n.cfg.Store.Get(ctx, bucketRecords, []byte(o.String()))
	if err != nil {
		return nil, fmt.Errorf("relay: store: %w", err)
	}
	if value == nil {
		return nil, nil
	}
	b, err := r.restore(o, value)
	if err != nil { // what is stored is not what was written: it is shown, and not gone on with
		b = r.fresh(o)
		b.broken = err.Error()
		r.alarm(b, "stored record cannot be gone on with", err)
	}
	if err := errors.Join(r.loadChains(ctx, b), r.loadRests(ctx, b)); err != nil {
		return nil, err
	}
	if err := r.loadNotes(ctx, b); err != nil {
		return nil, err
	}
	r.enter(b)
	return b, nil
}

func (r *recorder) fresh(o record.Origin) *book {
	return &book{
		origin: o, followers: make(map[proto.Agency]*follower), alarms: make(map[alarmOf]time.Time),
		rests: make(map[record.Digest]bool), chains: make(map[record.Digest]proto.Agency), signers: make(map[string]record.Digest), used: time.Now(),
	}
}

func (r *recorder) restore(o record.Origin, value []byte) (*book, error) {
	v := new(wire.StoredRecord)
	if err := pb.Unmarshal(value, v); err != nil {
		return nil, err
	}
	b := r.fresh(o)
	b.settled, b.broken = v.Settled, v.Broken
	b.told, b.parties = agenciesOf(v.Told), agenciesOf(v.Parties)
	for _, octets := range v.Channels {
		if ch, err := proto.ChannelIDFrom(octets); err == nil {
			b.channels = append(b.channels, ch)
		}
	}
	var err error
	if o.Agency != r.n.Name().Agency {
		b.replica, err = record.RestoreReplica(v.State)
		return b, err
	}
	b.restored = time.Now()
	if b.log, err = record.RestoreLog(v.State); err == nil && b.log.Signed() < b.log.Size() {
		b.unsigned = b.restored
	}
	return b, err
}

func (r *recorder) loadNotes(ctx context.Context, b *book) error {
	var bad error
	err := r.n.cfg.Store.Scan(ctx, store.Bucket(notesPrefix+b.origin.String()), nil, func(_, value []byte) bool {
		c, err := record.ParseCheckpoint(value)
		if err != nil {
			bad = err
			return false
		}
		b.notes = append(b.notes, note{at: c, cosigned: cosigners(&c, b.origin.Agency)})
		return true
	})
	if err != nil {
		return fmt.Errorf("relay: store: %w", err)
	}
	if bad == nil && b.log != nil && len(b.notes) > 0 {
		bad = b.log.Settle(&b.notes[len(b.notes)-1].at)
	}
	if bad != nil && b.broken == "" {
		b.broken = bad.Error()
		r.alarm(b, "a checkpoint does not belong to the record that is stored", bad)
	}
	return nil
}

// keep puts a record of the store into the turn's writes.
func (r *recorder) keep(bucket string, key, value []byte) {
	r.out = append(r.out, store.Record{Bucket: store.Bucket(bucket), Key: key, Value: value})
}

func (r *recorder) keepBook(b *book) {
	v := &wire.StoredRecord{Told: words(b.told), Parties: words(b.parties), Settled: b.settled, Broken: b.broken, LatestMs: time.Now().UnixMilli()}
	for _, ch := range b.channels {
		v.Channels = append(v.Channels, ch[:])
	}
	if b.log != nil {
		v.State = b.log.State()
	} else if b.replica != nil {
		v.State = b.replica.State()
	}
	octets, _ := pb.Marshal(v) // strings of names and what crypto/record wrote
	r.keep(bucketRecords, []byte(b.origin.String()), octets)
}

func (r *recorder) keepLine(b *book, e record.Entry) {
	r.keep(linesPrefix+b.origin.String(), indexKey(e.Index), e.Line())
}

func (r *recorder) keepNote(b *book, n note) {
	r.keep(notesPrefix+b.origin.String(), indexKey(n.at.Size), n.at.Note())
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
	}
	if b.broken != "" {
		r.reportBroken(b)
		return nil
	}
	b.tell(e.Told)
	b.at(e.Channel)
	if b.log.Size() == 0 {
		b.parties = e.Parties
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

// tell adds agencies that may have the log from now on.
func (b *book) tell(list []proto.Agency) {
	for _, a := range list {
		if !slices.Contains(b.told, a) {
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

package relay

import (
	"context"
	"errors"
	"fmt"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/crypto/record"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/store"
)

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
	lost      bool // a line is: partners cannot follow beyond it
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

// named finds the log that a frame is about.
func (r *recorder) named(ctx context.Context, incident []byte, agency string) (*book, error) {
	id, err := proto.IncidentIDFrom(incident)
	a, err2 := proto.ParseAgency(agency)
	if err != nil || err2 != nil {
		return nil, nil
	}
	return r.book(ctx, record.Origin{Agency: a, Incident: id})
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

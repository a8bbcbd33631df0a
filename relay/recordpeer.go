package relay

import (
	"bytes"
	"context"
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

// follower is how far a partner's relay has come with a log of ours.
type follower struct {
	link     hub.LinkID
	held     uint64 // entries that it has said to hold; meaningful when told
	told     bool   // it has said so on this link
	cosigned uint64 // of the newest checkpoint with its cosignature
	sent     int    // signatures on the checkpoint that was sent last
	seen     int    // and on the newest one that it has answered to
	asked    time.Time
	faulty   bool // it refuses to go on: a person has to look
}

// Bounds of one frame to a partner, and of how many checkpoints a turn signs.
const (
	maxRecordLines = 512
	maxRecordBytes = 256 << 10
	maxSignedATurn = 16
)

// tick signs what has waited long enough, brings partners what they lack, and lets go
// of what nobody uses.
func (r *recorder) tick(ctx context.Context, l *loop, now time.Time) error {
	signed := 0
	for _, o := range r.inOrder() {
		b := r.books[o]
		if b.log != nil && b.broken == "" && !b.unsigned.IsZero() && now.Sub(b.unsigned) >= checkpointWait && signed < maxSignedATurn && b.asked(r.n.Name().Agency, now) {
			r.sign(b, now)
			signed++
		}
	}
	if err := l.store(ctx, r.written()); err != nil {
		return err
	}
	for _, o := range r.inOrder() {
		b := r.books[o]
		if b.log == nil && now.Sub(b.used) > bookIdle || b.settled && now.Sub(b.used) > bookIdle {
			delete(r.books, o)
			continue
		}
		if err := r.push(ctx, l, b, now); err != nil {
			return err
		}
	}
	return r.sweepRecords(ctx, l, now)
}

// inOrder lists the logs in memory, so that a run can be repeated.
func (r *recorder) inOrder() []record.Origin {
	list := make([]record.Origin, 0, len(r.books))
	for o := range r.books {
		list = append(list, o)
	}
	slices.SortFunc(list, func(a, b record.Origin) int {
		return bytes.Compare([]byte(a.String()), []byte(b.String()))
	})
	return list
}

func (r *recorder) sign(b *book, now time.Time) {
	id := r.n.identity.Load()
	c, err := b.log.Checkpoint(id, now)
	if err != nil {
		r.alarm(b, "record not signed", err)
		b.unsigned = now // and tried again
		return
	}
	b.unsigned = time.Time{}
	r.keepChain(b, id.Chain)
	b.notes = append(b.notes, note{at: c})
	r.keepNote(b, b.notes[len(b.notes)-1])
	r.settle(b)
	r.thin(b)
	r.keepBook(b)
}

// settle notes whether everybody who may have the log has cosigned all of it, and
// knows that the others have.
func (r *recorder) settle(b *book) {
	newest := &b.notes[len(b.notes)-1]
	b.settled = newest.at.Size == b.log.Size()
	for _, a := range b.told {
		f := b.followers[a]
		if a != r.n.Name().Agency && (!slices.Contains(newest.cosigned, a) || f == nil || f.seen < len(newest.at.Signatures)) {
			b.settled = false
		}
	}
}

// thin lets go of checkpoints that say nothing more than a later one: each partner's
// newest cosignature stays, and one checkpoint of each minute.
func (r *recorder) thin(b *book) {
	later := make(map[proto.Agency]bool)
	kept := b.notes[:0:0]
	for i := len(b.notes) - 1; i >= 0; i-- {
		n := b.notes[i]
		first := i == 0 || !n.at.Time.Truncate(time.Minute).Equal(b.notes[i-1].at.Time.Truncate(time.Minute))
		useful := first || i == len(b.notes)-1
		for _, a := range n.cosigned {
			useful = useful || !later[a]
			later[a] = true
		}
		if useful {
			kept = append(kept, n)
			continue
		}
		r.keep(notesPrefix+b.origin.String(), indexKey(n.at.Size), nil)
	}
	slices.Reverse(kept)
	b.notes = kept
}

// push brings each partner that may have the log the next entries that it lacks, and
// the newest checkpoint; without entries, to learn how far it is.
func (r *recorder) push(ctx context.Context, l *loop, b *book, now time.Time) error {
	if b.log == nil || b.broken != "" || len(b.notes) == 0 || b.settled {
		return nil
	}
	newest := b.notes[len(b.notes)-1].at
	for _, a := range b.told {
		p := l.peerLink(a)
		if p == nil {
			continue
		}
		f := b.followers[a]
		if f == nil || f.link != p.id {
			f = &follower{link: p.id, cosigned: b.cosignedBy(a)}
			b.followers[a] = f
		}
		knows := f.cosigned >= newest.Size && f.seen >= len(newest.Signatures)
		if f.faulty || knows || now.Sub(f.asked) < proto.AnswerTimeout {
			continue
		}
		frame, err := r.entriesFor(ctx, b, f, &newest)
		if err != nil {
			return err
		}
		f.asked, f.sent = now, len(newest.Signatures)
		l.send(p.id, frame)
	}
	return nil
}

func (b *book) cosignedBy(a proto.Agency) uint64 {
	for i := len(b.notes) - 1; i >= 0; i-- {
		if slices.Contains(b.notes[i].cosigned, a) {
			return b.notes[i].at.Size
		}
	}
	return 0
}

// entriesFor makes the next frame for a partner. Only signed entries leave this
// relay: what has not been signed could still be lost.
func (r *recorder) entriesFor(ctx context.Context, b *book, f *follower, newest *record.Checkpoint) (*wire.Frame, error) {
	m := &wire.RecordEntries{Incident: b.origin.Incident[:], Agency: string(b.origin.Agency), Checkpoint: newest.Note()}
	if f.told && f.held < newest.Size {
		m.First = f.held
		lines, err := r.lines(ctx, b.origin, f.held, newest.Size)
		if err != nil {
			return nil, err
		}
		m.Lines = lines
	}
	chains, err := r.chainsOf(ctx, b, newest, m.Lines)
	m.Chains = chains
	return &wire.Frame{Body: &wire.Frame_RecordEntries{RecordEntries: m}}, err
}

// lines reads entries from first on, as many as one frame holds, below end.
func (r *recorder) lines(ctx context.Context, o record.Origin, first, end uint64) (list [][]byte, err error) {
	size := 0
	var after []byte
	if first > 0 {
		after = indexKey(first - 1)
	}
	err = r.n.cfg.Store.Scan(ctx, store.Bucket(linesPrefix+o.String()), after, func(_, value []byte) bool {
		size += len(value)
		if uint64(len(list)) >= end-first || len(list) >= maxRecordLines || len(list) > 0 && size > maxRecordBytes {
			return false
		}
		list = append(list, bytes.Clone(value))
		return true
	})
	if err != nil {
		return nil, fmt.Errorf("relay: store: %w", err)
	}
	return list, nil
}

// chainsOf finds the certificates of who signed the checkpoint and spoke in the lines.
func (r *recorder) chainsOf(ctx context.Context, b *book, c *record.Checkpoint, lines [][]byte) ([]*wire.CertificateChain, error) {
	var leaves []record.Digest
	for _, line := range lines {
		if e, err := record.ParseEntry(line); err == nil {
			if said, ok := e.Body.(*record.Burst); ok && !slices.Contains(leaves, said.Certificate) {
				leaves = append(leaves, said.Certificate)
			}
		}
	}
	for _, s := range c.Signatures {
		if leaf, ok := b.signers[s.Name]; ok && !slices.Contains(leaves, leaf) {
			leaves = append(leaves, leaf)
		}
	}
	return r.storedChains(ctx, b.origin, leaves)
}

func (r *recorder) storedChains(ctx context.Context, o record.Origin, leaves []record.Digest) (list []*wire.CertificateChain, err error) {
	for _, leaf := range leaves {
		value, err := r.n.cfg.Store.Get(ctx, store.Bucket(chainsPrefix+o.String()), leaf[:])
		if err != nil {
			return nil, fmt.Errorf("relay: store: %w", err)
		}
		if c := new(wire.CertificateChain); value != nil && pb.Unmarshal(value, c) == nil {
			list = append(list, c)
		}
	}
	return list, nil
}

// answered takes in what a partner's relay says of a log of ours.
func (r *recorder) answered(ctx context.Context, l *loop, peer proto.Name, link hub.LinkID, m *wire.RecordAnswer) error {
	b, err := r.named(ctx, m.Incident, m.Agency)
	if err != nil || b == nil || b.log == nil || !slices.Contains(b.told, peer.Agency) {
		return err
	}
	f := b.followers[peer.Agency]
	if f == nil || f.link != link {
		return nil // of an earlier link
	}
	f.held, f.told, f.asked = m.Held, true, time.Time{}
	if m.Fault != "" && record.Fault(m.Fault) != record.Gap {
		f.faulty = true
		r.alarm(b, "a partner does not go on with the record", fmt.Errorf("%s says %s: %s", peer, m.Fault, m.Detail))
		return nil
	}
	if m.Held > b.log.Size() { // it holds what this relay has lost: going on would be a second history
		r.stop(b, "the record that is stored is old", fmt.Errorf("%s holds %d entries, this relay %d", peer, m.Held, b.log.Size()))
	} else if len(m.Checkpoint) > 0 {
		r.adopt(b, f, peer, m)
	}
	if err := l.store(ctx, r.written()); err != nil {
		return err
	}
	return r.push(ctx, l, b, time.Now())
}

// adopt keeps a partner's cosignature.
func (r *recorder) adopt(b *book, f *follower, peer proto.Name, m *wire.RecordAnswer) {
	c, err := record.ParseCheckpoint(m.Checkpoint)
	var signers *record.Signers
	if err == nil {
		signers, err = record.NewSigners(m.Chain.GetCertificates())
	}
	if err != nil {
		r.alarm(b, "a partner's cosignature cannot be read", err)
		return
	}
	if c.Size > b.log.Signed() { // of a run that this store does not know
		if err := b.log.Settle(&c); err != nil {
			r.stop(b, "the record that is stored is not the one that was signed", err)
			return
		}
		b.notes = append(b.notes, note{at: c})
	}
	i := slices.IndexFunc(b.notes, func(n note) bool { return n.at.Size == c.Size })
	if i < 0 {
		f.cosigned = max(f.cosigned, b.cosignedBy(peer.Agency))
		return // of a checkpoint that has been let go: a later one is on its way
	}
	added, err := b.notes[i].at.Adopt(&c, signers, r.n.trust)
	if err != nil {
		r.alarm(b, "a partner's cosignature is not good", err)
		f.faulty = record.FaultOf(err).Tampering()
		return
	}
	for _, cs := range added {
		if cs.By.Agency == peer.Agency && !slices.Contains(b.notes[i].cosigned, peer.Agency) {
			b.notes[i].cosigned = append(b.notes[i].cosigned, peer.Agency)
		}
	}
	f.cosigned, f.seen = b.cosignedBy(peer.Agency), f.sent
	r.keepChain(b, m.Chain.GetCertificates())
	r.keepNote(b, b.notes[i])
	r.settle(b)
	r.thin(b)
	r.keepBook(b)
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

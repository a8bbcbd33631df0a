package relay

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

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

// Bounds of one frame to a partner, and of what a turn does.
const (
	maxRecordLines = 512
	maxRecordBytes = 256 << 10
	maxSignedATurn = 16
	maxPushedATurn = 16 // frames
)

// push brings each partner that may have the log the next entries that it lacks, and
// the newest checkpoint; without entries, to learn how far it is. It returns how many
// frames it sent.
func (r *recorder) push(ctx context.Context, l *loop, b *book, links map[proto.Agency]*port, now time.Time) (sent int, err error) {
	if b.log == nil || b.broken != "" || len(b.notes) == 0 || b.settled || b.lost {
		return 0, nil
	}
	newest := b.notes[len(b.notes)-1].at
	for _, a := range b.told {
		p := links[a]
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
		if err != nil || frame == nil {
			return sent, err
		}
		f.asked, f.sent = now, len(newest.Signatures)
		l.send(p.id, frame)
		sent++
	}
	return sent, nil
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
// relay: what has not been signed could still be lost. There is no frame when the next
// line is not in the store: the log goes on here, and is brought to nobody further.
func (r *recorder) entriesFor(ctx context.Context, b *book, f *follower, newest *record.Checkpoint) (*wire.Frame, error) {
	m := &wire.RecordEntries{Incident: b.origin.Incident[:], Agency: string(b.origin.Agency), Checkpoint: newest.Note()}
	if f.told && f.held < newest.Size {
		m.First = f.held
		lines, err := r.lines(ctx, b.origin, f.held, newest.Size)
		if err != nil {
			return nil, err
		}
		if len(lines) == 0 {
			r.alarm(b, "a line of the record is lost", &record.Refusal{Fault: record.Deleted, Index: int64(f.held), Detail: "the partners lack it; restore a backup"})
			b.lost = true
			return nil, nil
		}
		if m.Documents, m.Lines, err = r.restsFor(ctx, b.origin, lines); err != nil {
			return nil, err
		}
	}
	chains, err := r.chainsFor(ctx, b, newest, m.Lines)
	m.Chains = chains
	return &wire.Frame{Body: &wire.Frame_RecordEntries{RecordEntries: m}}, err
}

// lines reads entries from first on, as many as one frame holds, below end, up to the
// first that is not there.
func (r *recorder) lines(ctx context.Context, o record.Origin, first, end uint64) (list [][]byte, err error) {
	size := 0
	var after []byte
	if first > 0 {
		after = indexKey(first - 1)
	}
	err = r.n.cfg.Store.Scan(ctx, store.Bucket(linesPrefix+o.String()), after, func(key, value []byte) bool {
		next := first + uint64(len(list))
		size += len(value)
		if !bytes.Equal(key, indexKey(next)) || next >= end || len(list) >= maxRecordLines || len(list) > 0 && size > maxRecordBytes {
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

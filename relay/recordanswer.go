package relay

import (
	"context"
	"fmt"
	"slices"
	"time"

	"crossband/crypto/record"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/hub"
)

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

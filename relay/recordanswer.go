package relay

import (
	"context"
	"slices"
	"time"

	"crossband/crypto/record"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/hub"
)

// answered takes in what a partner's relay says of a log of ours. Nothing that it
// says is taken for true unless it is proven.
func (r *recorder) answered(ctx context.Context, l *loop, peer proto.Name, link hub.LinkID, m *wire.RecordAnswer) error {
	b, err := r.named(ctx, m.Incident, m.Agency)
	if err != nil || b == nil || b.log == nil || b.broken != "" || !slices.Contains(b.told, peer.Agency) {
		return err
	}
	f := b.followers[peer.Agency]
	if f == nil || f.link != link || f.faulty {
		return nil // of an earlier link, or a person has to look
	}
	if fault := record.ParseFault(m.Fault); fault != "" && fault != record.Gap {
		r.blame(b, f, peer, "a partner does not go on with the record", &record.Refusal{Fault: fault, Index: record.NoEntry, Detail: m.Detail})
		return nil
	}
	moved := !f.told || m.Held > f.held
	f.told = true
	if len(m.Checkpoint) > 0 {
		news, err := r.adopt(ctx, b, f, peer, m)
		if err != nil {
			return err
		}
		moved = moved || news
	}
	if f.held = m.Held; f.held > b.log.Size() && b.broken == "" && !f.faulty { // and it shows nothing that we signed over them
		r.blame(b, f, peer, "a partner says that it holds more than was written", &record.Refusal{Fault: record.Truncated, Index: record.NoEntry, Detail: "unproven"})
	}
	if moved { // otherwise the next frame waits for AnswerTimeout: there is no end to saying the same
		f.asked = time.Time{}
	}
	if err := l.store(ctx, r.written()); err != nil {
		return err
	}
	_, err = r.push(ctx, l, b, l.peerLinks(), time.Now())
	return err
}

// adopt keeps a partner's cosignature. It reports whether the answer brings the
// exchange any further.
func (r *recorder) adopt(ctx context.Context, b *book, f *follower, peer proto.Name, m *wire.RecordAnswer) (bool, error) {
	c, err := record.ParseCheckpoint(m.Checkpoint)
	if err == nil && c.Origin != b.origin {
		err = &record.Refusal{Fault: record.Mismatch, Index: record.NoEntry, Detail: "a checkpoint of another log"}
	}
	var signers *record.Signers
	if err == nil {
		signers, err = record.NewSigners(m.Chain.GetCertificates())
	}
	if err != nil {
		r.blame(b, f, peer, "a partner's cosignature cannot be read", err)
		return false, nil
	}
	found, err := r.rediscover(ctx, b, f, peer, &c, m)
	if err != nil || b.broken != "" || f.faulty {
		return false, err
	}
	i := slices.IndexFunc(b.notes, func(n note) bool { return n.at.Size == c.Size })
	if i < 0 {
		f.cosigned = max(f.cosigned, b.cosignedBy(peer.Agency))
		return false, nil // of a checkpoint that has been let go: a later one is on its way
	}
	added, err := b.notes[i].at.Adopt(&c, signers, r.n.trust)
	switch {
	case err == nil:
	case record.FaultOf(err).Tampering():
		r.blame(b, f, peer, "a partner's cosignature is not good", err)
		return false, nil
	default:
		r.alarm(b, "a partner's cosignature is not good", err)
		return false, nil
	}
	if found || len(added) > 0 {
		r.keepChain(b, m.Chain.GetCertificates())
	}
	b.notes[i].cosigned = union(b.notes[i].cosigned, agenciesIn(added))
	before := *f
	f.cosigned, f.seen = b.cosignedBy(peer.Agency), f.sent
	r.keepNote(b, b.notes[i])
	r.settle(b)
	r.thin(b)
	r.keepBook(b)
	return found || len(added) > 0 || f.cosigned > before.cosigned || f.seen > before.seen, nil
}

// rediscover takes up a checkpoint of ours that this store does not know: it was put
// back to an old copy. Only what our own key has signed says so; then a log that has
// other entries, or fewer, is given up, because going on would be a second history.
func (r *recorder) rediscover(ctx context.Context, b *book, f *follower, peer proto.Name, c *record.Checkpoint, m *wire.RecordAnswer) (bool, error) {
	if c.Size <= b.log.Signed() {
		return false, nil
	}
	signers, err := r.ownSigners(ctx, b, c, m.Sequencer.GetCertificates())
	if err != nil {
		return false, err
	}
	if _, err := c.VerifySequencer(signers, r.n.trust); err != nil {
		r.blame(b, f, peer, "a partner shows a checkpoint that this relay has not signed", err)
		return false, nil
	}
	if err := b.log.Settle(c); err != nil {
		r.stop(b, "the record that is stored is not the one that was signed", err)
		return false, nil
	}
	r.keepChain(b, m.Sequencer.GetCertificates())
	if b.log.Signed() == b.log.Size() {
		b.unsigned = time.Time{} // all of it is: another checkpoint of as many entries would say nothing
	}
	signers.Add(m.Chain.GetCertificates()) // adopt has read it
	n := note{at: *c}
	n.cosigned = union(nil, agenciesIn(n.at.Retain(signers, r.n.trust)))
	b.put(n)
	return true, nil
}

// ownSigners finds the certificates under which a checkpoint may have been signed
// here: what the log holds, what this relay has now, and what the partner kept.
func (r *recorder) ownSigners(ctx context.Context, b *book, c *record.Checkpoint, kept [][]byte) (*record.Signers, error) {
	s, err := record.NewSigners(r.n.identity.Load().Chain)
	if err != nil {
		return nil, err
	}
	stored, err := r.storedChains(ctx, b.origin, b.signersOf(c))
	if err != nil {
		return nil, err
	}
	for _, chain := range stored {
		s.Add(chain.GetCertificates()) // what cannot be read has signed nothing
	}
	s.Add(kept)
	return s, nil
}

// signersOf lists the leaves under which the lines of a checkpoint are likely signed.
func (b *book) signersOf(c *record.Checkpoint) (leaves []record.Digest) {
	for _, s := range c.Signatures {
		if leaf, ok := b.signers[s.Name]; ok && !slices.Contains(leaves, leaf) {
			leaves = append(leaves, leaf)
		}
	}
	return leaves
}

func agenciesIn(list []record.Cosignature) (agencies []proto.Agency) {
	for _, c := range list {
		agencies = append(agencies, c.By.Agency)
	}
	return agencies
}

// union adds to a list what is not in it.
func union(list, more []proto.Agency) []proto.Agency {
	for _, a := range more {
		if !slices.Contains(list, a) {
			list = append(list, a)
		}
	}
	return list
}

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

// follow takes in what a partner's relay brings of a log that it sequences, and
// answers how far it is held here, with a cosignature of the checkpoint if all
// entries under it are here. A cosignature is stored before it is sent.
func (r *recorder) follow(ctx context.Context, l *loop, e hub.Recording, m *wire.RecordEntries, now time.Time) error {
	a := &wire.RecordAnswer{Incident: m.Incident, Agency: m.Agency}
	b, err := r.followed(ctx, l, e.Peer, m, now)
	if fault := record.FaultOf(err); fault != "" {
		a.Fault, a.Detail = string(fault), detail(err)
		l.send(e.Link, answerFrame(a))
		return nil
	}
	if err != nil {
		return err
	}
	c, why := r.take(b, m, now)
	a.Held = b.replica.Size()
	if err := l.store(ctx, r.written()); err != nil {
		return err
	}
	switch fault := record.FaultOf(why); {
	case why == nil:
		err = r.show(ctx, b, &c, a)
	case fault == record.Passed && len(b.notes) > 0: // it has been cosigned, and a later one with it: that one says more
		err = r.show(ctx, b, &b.notes[len(b.notes)-1].at, a)
	default:
		a.Fault, a.Detail = string(fault), detail(why)
		switch {
		case !fault.Tampering():
		case r.books[b.origin] == nil: // none of it is kept
			r.alarmOfPartner(e.Peer.Agency, "a partner brings records that do not verify", now)
		default:
			r.alarm(b, "a partner's record is not what it was", why)
		}
	}
	l.send(e.Link, answerFrame(a))
	return err
}

// show puts a cosigned checkpoint into an answer, with the certificates of who signed
// it here and there.
func (r *recorder) show(ctx context.Context, b *book, c *record.Checkpoint, a *wire.RecordAnswer) error {
	a.Checkpoint, a.Chain = c.Note(), &wire.CertificateChain{Certificates: r.n.identity.Load().Chain}
	for _, s := range c.Signatures {
		leaf, ok := b.signers[s.Name]
		if n, err := proto.ParseName("spiffe://" + s.Name); !ok || err != nil || n.Agency != b.origin.Agency {
			continue
		}
		chains, err := r.storedChains(ctx, b.origin, []record.Digest{leaf})
		if err != nil {
			return err
		}
		if len(chains) > 0 {
			a.Sequencer = chains[0]
		}
	}
	return nil
}

func answerFrame(a *wire.RecordAnswer) *wire.Frame {
	return &wire.Frame{Body: &wire.Frame_RecordAnswer{RecordAnswer: a}}
}

// followed finds the log, or begins to follow it: only one that the partner's own
// relay brings, and whose first entry names this agency. It is in memory from its first
// entry on.
func (r *recorder) followed(ctx context.Context, l *loop, peer proto.Name, m *wire.RecordEntries, now time.Time) (*book, error) {
	foreign := &record.Refusal{Fault: record.WrongSigner, Index: record.NoEntry, Detail: "this relay does not follow that log"}
	id, err := proto.IncidentIDFrom(m.Incident)
	if err != nil || proto.Agency(m.Agency) != peer.Agency || peer.Agency == r.n.Name().Agency {
		return nil, foreign
	}
	o := record.Origin{Agency: peer.Agency, Incident: id}
	if r.books[o] == nil {
		if err := r.room(peer.Agency, false, now); err != nil {
			return nil, err
		}
	}
	b, err := r.book(ctx, o)
	switch {
	case err != nil:
		return nil, err
	case b != nil && b.replica == nil:
		return nil, foreign
	case b != nil:
		return b, nil
	}
	b = r.fresh(o)
	b.replica = record.NewReplica(o)
	if len(m.Lines) == 0 {
		return b, nil // nothing to keep yet: it asks how far we are
	}
	first, err := record.ParseEntry(m.Lines[0])
	opened, ok := first.Body.(*record.Opened)
	if err != nil || !ok || !slices.Contains(opened.Parties, r.n.Name().Agency) {
		return nil, foreign
	}
	if b.strange = !l.hub.Concerns(peer.Agency, id, opened.Channel); b.strange {
		if err := r.room(peer.Agency, true, now); err != nil {
			return nil, err
		}
	}
	b.parties = opened.Parties
	b.at(opened.Channel)
	return b, nil
}

// take tries a frame on a copy of what is held, and keeps all of it or nothing: the
// entries that are new and the checkpoint, cosigned if it is over what is held then.
// Nothing is kept that no signed checkpoint came with.
func (r *recorder) take(b *book, m *wire.RecordEntries, now time.Time) (record.Checkpoint, error) {
	p, err := r.proofs(b, m)
	if err != nil {
		return record.Checkpoint{}, err
	}
	staged := b.replica.Clone()
	taken, err := takeLines(staged, m.Lines)
	if err != nil {
		return record.Checkpoint{}, err
	}
	id := r.n.identity.Load()
	c, err := staged.Cosign(m.Checkpoint, p.sequencer, r.n.trust, id, now)
	if err != nil && record.FaultOf(err) != record.Gap || err != nil && len(taken) == 0 {
		return c, err
	}
	b.replica = staged
	if r.books[b.origin] == nil {
		r.enter(b)
		r.keepIndex(b.origin)
	}
	for _, e := range taken {
		r.keepLine(b, e)
		if joined, ok := e.Body.(*record.Joined); ok {
			b.at(joined.Channel)
		}
	}
	r.keepChain(b, p.sequencer)
	r.keepSpoken(b, taken, m.Chains)
	r.keepRests(b, taken, m.Documents)
	if err == nil {
		r.noted(b, c, p)
	}
	r.keepBook(b)
	return c, err
}

// takeLines takes the entries that are new.
func takeLines(to *record.Replica, lines [][]byte) (taken []record.Entry, err error) {
	for _, line := range lines {
		e, err := to.Take(line)
		if f := record.FaultOf(err); f == record.Duplicate || f == record.Passed {
			continue
		}
		if err != nil {
			return nil, err
		}
		taken = append(taken, e)
	}
	return taken, nil
}

// proofs are the certificates under which the lines of a checkpoint are good.
type proofs struct {
	sequencer [][]byte
	cosigners [][][]byte
}

// proofs finds them among those that came, of which the first are looked at: as many
// as a checkpoint may have lines.
func (r *recorder) proofs(b *book, m *wire.RecordEntries) (p proofs, err error) {
	c, err := record.ParseCheckpoint(m.Checkpoint)
	if err != nil {
		return p, err
	}
	if c.Origin != b.origin {
		return p, &record.Refusal{Fault: record.Mismatch, Index: record.NoEntry, Detail: "a checkpoint of another log"}
	}
	err = &record.Refusal{Fault: record.WrongSigner, Index: record.NoEntry, Detail: "no certificate of the checkpoint's signer came with it"}
	for _, chain := range m.Chains[:min(len(m.Chains), record.MaxSignatures)] {
		s, bad := record.NewSigners(chain.GetCertificates())
		if bad != nil {
			continue // it signs nothing
		}
		if _, bad := c.VerifySequencer(s, r.n.trust); bad == nil {
			p.sequencer = chain.GetCertificates()
		} else if record.FaultOf(bad) != record.WrongSigner {
			err = bad
		}
		if good, _ := c.VerifyCosigners(s, r.n.trust); len(good) > 0 {
			p.cosigners = append(p.cosigners, chain.GetCertificates())
		}
	}
	if p.sequencer == nil {
		return p, err
	}
	return p, nil
}

// keepSpoken keeps the certificates that bursts in the entries name.
func (r *recorder) keepSpoken(b *book, taken []record.Entry, chains []*wire.CertificateChain) {
	named := make(map[record.Digest]bool)
	for _, e := range taken {
		if said, ok := e.Body.(*record.Burst); ok {
			named[said.Certificate] = true
		}
	}
	for _, chain := range chains {
		if c := chain.GetCertificates(); len(c) > 0 && named[record.DigestOf(c[0])] {
			r.keepChain(b, c)
		}
	}
}

// noted keeps a checkpoint that this relay has cosigned, with the lines that it can
// prove.
func (r *recorder) noted(b *book, c record.Checkpoint, p proofs) {
	own := r.n.identity.Load().Chain
	signers, err := record.NewSigners(append([][][]byte{own, p.sequencer}, p.cosigners...)...)
	if err != nil {
		r.alarm(b, "a checkpoint is not kept", err)
		return
	}
	n := note{at: c}
	n.cosigned = union(nil, agenciesIn(n.at.Retain(signers, r.n.trust)))
	for _, chain := range append([][][]byte{own}, p.cosigners...) {
		r.keepChain(b, chain)
	}
	b.put(n)
	r.keepNote(b, n)
	r.thin(b)
}

// put puts a checkpoint in the place of an older one of the same size, or after all.
func (b *book) put(n note) {
	if i := slices.IndexFunc(b.notes, func(o note) bool { return o.at.Size == n.at.Size }); i >= 0 {
		b.notes[i] = n
		return
	}
	b.notes = append(b.notes, n)
}

// cosigners lists the agencies whose lines a checkpoint has besides its sequencer's.
func cosigners(c *record.Checkpoint, sequencer proto.Agency) (list []proto.Agency) {
	for _, s := range c.Signatures {
		n, err := proto.ParseName("spiffe://" + s.Name)
		if err == nil && n.Agency != sequencer && !slices.Contains(list, n.Agency) {
			list = append(list, n.Agency)
		}
	}
	return list
}

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
	b, err := r.followed(ctx, e.Peer, m)
	if err != nil {
		return err
	}
	if b == nil {
		a.Fault, a.Detail = string(record.WrongSigner), "this relay does not follow that log"
		l.send(e.Link, answerFrame(a))
		return nil
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
		if fault.Tampering() {
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
// relay brings, and whose first entry names this agency.
func (r *recorder) followed(ctx context.Context, peer proto.Name, m *wire.RecordEntries) (*book, error) {
	b, err := r.named(ctx, m.Incident, m.Agency)
	if err != nil || proto.Agency(m.Agency) != peer.Agency {
		return nil, err
	}
	if b != nil {
		if b.replica == nil {
			return nil, nil
		}
		return b, nil
	}
	id, err := proto.IncidentIDFrom(m.Incident)
	if err != nil || len(r.books) >= maxBooks {
		return nil, nil
	}
	o := record.Origin{Agency: peer.Agency, Incident: id}
	b = r.fresh(o)
	b.replica = record.NewReplica(o)
	if len(m.Lines) == 0 {
		return b, nil // nothing to keep yet: it asks how far we are
	}
	first, err := record.ParseEntry(m.Lines[0])
	opened, ok := first.Body.(*record.Opened)
	if err != nil || !ok || !slices.Contains(opened.Parties, r.n.Name().Agency) {
		return nil, nil
	}
	b.parties = opened.Parties
	b.at(opened.Channel)
	r.books[o] = b
	return b, nil
}

// take adds the entries that are new and cosigns the checkpoint.
func (r *recorder) take(b *book, m *wire.RecordEntries, now time.Time) (record.Checkpoint, error) {
	took := false
	for _, line := range m.Lines {
		e, err := b.replica.Take(line)
		if f := record.FaultOf(err); f == record.Duplicate || f == record.Passed {
			continue
		}
		if err != nil {
			if took {
				r.keepBook(b)
			}
			return record.Checkpoint{}, err
		}
		took = true
		r.keepLine(b, e)
		if joined, ok := e.Body.(*record.Joined); ok {
			b.at(joined.Channel)
		}
	}
	c, err := r.cosign(b, m, now)
	if took || err == nil {
		for _, chain := range m.Chains {
			r.keepChain(b, chain.GetCertificates())
		}
		r.keepBook(b)
	}
	return c, err
}

func (r *recorder) cosign(b *book, m *wire.RecordEntries, now time.Time) (record.Checkpoint, error) {
	var err error
	var c record.Checkpoint
	id := r.n.identity.Load()
	for _, chain := range m.Chains { // the sequencer's is among them
		if c, err = b.replica.Cosign(m.Checkpoint, chain.GetCertificates(), r.n.trust, id, now); err == nil {
			r.keepChain(b, id.Chain)
			r.noted(b, c)
			return c, nil
		}
		if f := record.FaultOf(err); f != record.WrongSigner && f != record.Certificate {
			return c, err
		}
	}
	return c, err
}

// noted keeps a checkpoint that this relay has cosigned.
func (r *recorder) noted(b *book, c record.Checkpoint) {
	n := note{at: c, cosigned: cosigners(&c, b.origin.Agency)}
	if i := slices.IndexFunc(b.notes, func(o note) bool { return o.at.Size == c.Size }); i >= 0 {
		b.notes[i] = n
	} else {
		b.notes = append(b.notes, n)
	}
	r.keepNote(b, n)
	r.thin(b)
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

package relay

import (
	"context"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/crypto/record"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/hub"
)

// frame handles a frame about records.
func (r *recorder) frame(ctx context.Context, l *loop, e hub.Recording, now time.Time) error {
	switch b := e.Frame.Body.(type) {
	case *wire.Frame_RecordEntries:
		return r.follow(ctx, l, e, b.RecordEntries, now)
	case *wire.Frame_RecordAnswer:
		return r.answered(ctx, l, e.Peer, e.Link, b.RecordAnswer)
	case *wire.Frame_FetchRecord:
		page, err := r.page(ctx, b.FetchRecord)
		if err != nil && proto.ReasonOf(err) == proto.ReasonInternal {
			return err
		}
		answer := &wire.Frame{Body: &wire.Frame_RecordPage{RecordPage: page}}
		if err != nil {
			why := proto.AsRefusal(err)
			answer.Body = &wire.Frame_Refused{Refused: &wire.Refused{Code: uint32(why.Reason), Detail: why.Detail}}
		}
		l.answer(e.Link, e.Frame.Id, answer)
	}
	return nil
}

// page reads a part of an incident's record for an endpoint of this agency.
func (r *recorder) page(ctx context.Context, m *wire.FetchRecord) (*wire.RecordPage, error) {
	id, err := proto.IncidentIDFrom(m.Incident)
	if err != nil {
		return nil, err
	}
	p := &wire.RecordPage{Incident: m.Incident}
	if m.Agency == "" {
		for _, a := range r.n.trust.Agencies() {
			b, err := r.book(ctx, record.Origin{Agency: a, Incident: id})
			if err != nil {
				return nil, err
			}
			if b != nil {
				p.Logs = append(p.Logs, string(a))
			}
		}
		if len(p.Logs) == 0 {
			return nil, proto.Refuse(proto.ReasonNoRecord, id.String())
		}
		return p, nil
	}
	b, err := r.named(ctx, m.Incident, m.Agency)
	if err != nil {
		return nil, err
	}
	if b == nil {
		return nil, proto.Refuse(proto.ReasonNoRecord, id.String()+" of "+m.Agency)
	}
	return p, r.fill(ctx, b, m.After, p)
}

// fill puts the next parts into a page: the lines, then the checkpoints, then the
// certificates of who signed, counted through.
func (r *recorder) fill(ctx context.Context, b *book, after uint64, p *wire.RecordPage) (err error) {
	lines, notes := b.size(), uint64(len(b.notes))
	chains, err := r.allChains(ctx, b)
	if err != nil {
		return err
	}
	p.Parts = lines + notes + uint64(len(chains))
	switch {
	case after < lines:
		if p.Lines, err = r.lines(ctx, b.origin, after, lines); err == nil {
			p.Documents, p.Lines, err = r.restsFor(ctx, b.origin, p.Lines)
		}
	case after < lines+notes:
		for size := 0; after < lines+notes && size < maxRecordBytes; after++ {
			n := b.notes[after-lines].at.Note()
			p.Checkpoints, size = append(p.Checkpoints, n), size+len(n)
		}
	case after < p.Parts:
		for size := 0; after < p.Parts && size < maxRecordBytes; after++ {
			c := chains[after-lines-notes]
			p.Chains, size = append(p.Chains, c), size+pb.Size(c)
		}
	}
	return err
}

func (b *book) size() uint64 {
	switch {
	case b.log != nil:
		return b.log.Size()
	case b.replica != nil:
		return b.replica.Size()
	}
	return 0
}

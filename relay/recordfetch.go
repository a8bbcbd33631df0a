package relay

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	pb "google.golang.org/protobuf/proto"

	"crossband/crypto/record"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/store"
)

// fetch answers a device of this agency that asks for an incident's record.
func (r *recorder) fetch(ctx context.Context, m *wire.FetchRecord) (*wire.Frame, error) {
	page, err := r.page(ctx, m)
	if err != nil && proto.ReasonOf(err) == proto.ReasonInternal {
		return nil, err
	}
	if err != nil {
		why := proto.AsRefusal(err)
		return &wire.Frame{Body: &wire.Frame_Refused{Refused: &wire.Refused{Code: uint32(why.Reason), Detail: why.Detail}}}, nil
	}
	return &wire.Frame{Body: &wire.Frame_RecordPage{RecordPage: page}}, nil
}

// page reads a part of a log, or which logs there are. Each part has its own cursor,
// so that what is added meanwhile moves nothing.
func (r *recorder) page(ctx context.Context, m *wire.FetchRecord) (*wire.RecordPage, error) {
	id, err := proto.IncidentIDFrom(m.Incident)
	if err != nil {
		return nil, err
	}
	p := &wire.RecordPage{Incident: m.Incident}
	if m.Agency == "" {
		if p.Logs, err = r.logsOf(ctx, id); err == nil && len(p.Logs) == 0 {
			err = proto.Refuse(proto.ReasonNoRecord, id.String())
		}
		return p, err
	}
	b, err := r.named(ctx, m.Incident, m.Agency)
	if err != nil {
		return nil, err
	}
	if b == nil {
		return nil, proto.Refuse(proto.ReasonNoRecord, id.String()+" of "+m.Agency)
	}
	switch m.Part {
	case wire.FetchRecord_LINES:
		return p, r.fillLines(ctx, b, m, p)
	case wire.FetchRecord_CHECKPOINTS:
		b.fillCheckpoints(m.From, p)
		return p, nil
	case wire.FetchRecord_CHAINS:
		return p, r.pageOf(ctx, chainsPrefix, b, m, p, func(_, value []byte) int {
			if c := new(wire.CertificateChain); pb.Unmarshal(value, c) == nil {
				p.Chains = append(p.Chains, c)
			}
			return len(value)
		})
	}
	return nil, proto.Refusef(proto.ReasonMalformed, "part %d of a record", m.Part)
}

// fillLines fills a page with lines and the documents that they name; what is over a
// page's size goes with the next.
func (r *recorder) fillLines(ctx context.Context, b *book, m *wire.FetchRecord, p *wire.RecordPage) error {
	var keys [][]byte
	err := r.pageOf(ctx, linesPrefix, b, m, p, func(key, line []byte) int {
		keys, p.Lines = append(keys, bytes.Clone(key)), append(p.Lines, bytes.Clone(line))
		return len(line)
	})
	if err != nil {
		return err
	}
	documents, fit, err := r.restsFor(ctx, b.origin, p.Lines)
	if len(fit) < len(p.Lines) && err == nil {
		p.Next = keys[len(fit)-1]
	}
	p.Documents, p.Lines = documents, fit
	return err
}

// pageOf fills a page from a bucket of a log; add returns the octets that it took.
func (r *recorder) pageOf(ctx context.Context, prefix string, b *book, m *wire.FetchRecord, p *wire.RecordPage, add func(key, value []byte) int) error {
	size, count := 0, 0
	var last []byte
	err := r.n.cfg.Store.Scan(ctx, store.Bucket(prefix+b.origin.String()), m.From, func(key, value []byte) bool {
		if count >= maxRecordLines || count > 0 && size+len(value) > maxRecordBytes {
			p.Next = last
			return false
		}
		size += add(key, value)
		count, last = count+1, bytes.Clone(key)
		return true
	})
	if err != nil {
		return fmt.Errorf("relay: store: %w", err)
	}
	return nil
}

// fillCheckpoints fills a page with the checkpoints over more entries than from says.
func (b *book) fillCheckpoints(from []byte, p *wire.RecordPage) {
	var held uint64
	if len(from) == 8 {
		held = binary.BigEndian.Uint64(from)
	}
	size := 0
	for _, n := range b.notes {
		if n.at.Size <= held {
			continue
		}
		octets := n.at.Note()
		if len(p.Checkpoints) > 0 && size+len(octets) > maxRecordBytes {
			p.Next = indexKey(held)
			return
		}
		p.Checkpoints, size, held = append(p.Checkpoints, octets), size+len(octets), n.at.Size
	}
}

// logsOf lists whose relays sequence a log of the incident that is kept here, whether
// they are partners still or not.
func (r *recorder) logsOf(ctx context.Context, id proto.IncidentID) ([]string, error) {
	var found []proto.Agency
	err := r.n.cfg.Store.Scan(ctx, bucketIncidents, id[:], func(key, _ []byte) bool {
		if !bytes.HasPrefix(key, id[:]) {
			return false
		}
		found = append(found, proto.Agency(key[len(id):]))
		return ctx.Err() == nil
	})
	if err != nil {
		return nil, fmt.Errorf("relay: store: %w", err)
	}
	for _, a := range r.n.trust.Agencies() { // of a store from before there was an index
		value, err := r.n.cfg.Store.Get(ctx, bucketRecords, []byte(record.Origin{Agency: a, Incident: id}.String()))
		if err != nil {
			return nil, fmt.Errorf("relay: store: %w", err)
		}
		if value != nil {
			found = union(found, []proto.Agency{a})
		}
	}
	slices.Sort(found)
	return words(found), nil
}

// keepIndex makes a log that has begun findable by its incident.
func (r *recorder) keepIndex(o record.Origin) {
	r.keep(bucketIncidents, incidentKey(o), []byte{1})
}

func incidentKey(o record.Origin) []byte { return append(bytes.Clone(o.Incident[:]), o.Agency...) }

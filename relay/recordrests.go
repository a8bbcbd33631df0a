package relay

import (
	"context"
	"fmt"
	"time"

	"crossband/crypto/record"
	"crossband/proto"
	"crossband/relay/hub"
	"crossband/relay/store"
)

// maxRestsOf bounds the documents that one log names: revisions of agreements, and
// changes that were announced.
const maxRestsOf = 64

// rest records the documents in force that the log does not name yet, before what
// happened under them.
func (r *recorder) rest(b *book, list []hub.Resting, now time.Time) {
	for _, d := range list {
		digest := record.DigestOf(d.Signed)
		if b.rests[digest] || b.log.Closed() {
			continue
		}
		if len(b.rests) >= maxRestsOf {
			r.alarm(b, "a document in force is not recorded", &record.Refusal{Fault: record.TooLarge, Index: record.NoEntry, Detail: d.Title})
			return
		}
		r.append(b, now, r.n.Name(), restBody(d, digest))
		r.keepRest(b, digest, d.Signed)
	}
}

func restBody(d hub.Resting, digest record.Digest) record.Body {
	if d.Kind == proto.DocumentNotice {
		return &record.Notice{Document: digest, Title: d.Title}
	}
	return &record.Agreement{Document: digest}
}

func (r *recorder) keepRest(b *book, digest record.Digest, signed []byte) {
	b.rests[digest] = true
	r.keep(restsPrefix+b.origin.String(), digest[:], signed)
}

// keepRests keeps, of the documents that came with a partner's lines, those that they
// name.
func (r *recorder) keepRests(b *book, taken []record.Entry, documents [][]byte) {
	for _, e := range taken {
		digest, named := restIn(e.Body)
		if !named || b.rests[digest] || len(b.rests) >= maxRestsOf {
			continue
		}
		for _, signed := range documents {
			if len(signed) <= proto.MaxDocument && record.DigestOf(signed) == digest {
				r.keepRest(b, digest, signed)
				break
			}
		}
	}
}

// restIn returns the document that an entry names as in force.
func restIn(b record.Body) (record.Digest, bool) {
	switch b := b.(type) {
	case *record.Agreement:
		return b.Document, true
	case *record.Notice:
		return b.Document, true
	}
	return record.Digest{}, false
}

// restsFor reads the documents that lines name. Beyond what a frame holds the lines
// are cut, and the rest goes with the next.
func (r *recorder) restsFor(ctx context.Context, o record.Origin, lines [][]byte) (documents, fit [][]byte, err error) {
	size := 0
	for i, line := range lines {
		e, err := record.ParseEntry(line)
		if err != nil {
			continue // it is what is stored
		}
		digest, named := restIn(e.Body)
		if !named {
			continue
		}
		signed, err := r.n.cfg.Store.Get(ctx, store.Bucket(restsPrefix+o.String()), digest[:])
		if err != nil {
			return nil, nil, fmt.Errorf("relay: store: %w", err)
		}
		if size += len(signed); i > 0 && size > maxRecordBytes {
			return documents, lines[:i], nil
		}
		if signed != nil {
			documents = append(documents, signed)
		}
	}
	return documents, lines, nil
}

func (r *recorder) loadRests(ctx context.Context, b *book) error {
	err := r.n.cfg.Store.Scan(ctx, store.Bucket(restsPrefix+b.origin.String()), nil, func(key, _ []byte) bool {
		if len(key) == len(record.Digest{}) {
			b.rests[record.Digest(key)] = true
		}
		return true
	})
	if err != nil {
		return fmt.Errorf("relay: store: %w", err)
	}
	return nil
}

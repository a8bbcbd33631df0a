package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"slices"
	"time"

	"crossband/proto"
	"crossband/proto/wire"
)

// Tries to get sealed parts from where they lie. After the last the entry is
// passed over and said to be missing: what comes after it must not wait for ever,
// for it may be a removal. What was passed over is asked for again: see hole.
const (
	originTries = 4
	originAgain = 2 * time.Second
)

// fetchSealed fills in the sealed parts that the hub may not store, from the relays
// of the agencies whose members sealed them.
func (ch *Channel) fetchSealed(ctx context.Context, entries []*wire.Entry) {
	for range originTries - 1 {
		if ch.askOrigins(ctx, entries) || !sleep(ctx, originAgain) {
			return
		}
	}
	ch.askOrigins(ctx, entries)
}

// askOrigins asks each agency once for what is missing, and reports whether nothing
// is missing any more.
func (ch *Channel) askOrigins(ctx context.Context, entries []*wire.Entry) bool {
	missing := make(map[string][]*wire.Entry)
	for _, e := range entries {
		if liesElsewhere(e) {
			missing[e.Agency] = append(missing[e.Agency], e)
		}
	}
	for agency, list := range missing {
		if err := ch.fetchFrom(ctx, agency, list); err != nil {
			ch.s.log.Info("sealed parts not there yet", "agency", agency, "entries", len(list), "code", int(proto.ReasonOf(err)))
		}
	}
	return !slices.ContainsFunc(entries, liesElsewhere)
}

// liesElsewhere reports whether an entry's sealed part is to be had at the relay of
// its sender's agency only.
func liesElsewhere(e *wire.Entry) bool {
	return proto.EntryEnvelope(e) != nil && len(e.Digest) > 0 && e.Agency != ""
}

// fetchFrom asks one agency. What comes counts only if it is what the hub had.
func (ch *Channel) fetchFrom(ctx context.Context, agency string, list []*wire.Entry) error {
	for part := range slices.Chunk(list, proto.MaxEntries) {
		b := &wire.FetchSealed{Channel: ch.id[:], Agency: agency}
		for _, e := range part {
			b.Ids = append(b.Ids, proto.EntryEnvelope(e).GetId())
		}
		ask := func(ctx context.Context, f *wire.Frame) (*wire.Frame, error) { return ch.s.callWide(ctx, noHurry, f) }
		f := &wire.Frame{Body: &wire.Frame_FetchSealed{FetchSealed: b}}
		if !proto.IsLarge(f) {
			ask = ch.s.call
		}
		a, err := ask(ctx, f)
		if err != nil {
			return err
		}
		for _, p := range a.GetSealed().GetParts() {
			i := slices.IndexFunc(part, func(e *wire.Entry) bool { return bytes.Equal(proto.EntryEnvelope(e).GetId(), p.Id) })
			if i < 0 {
				continue
			}
			if sum := sha256.Sum256(p.Sealed); string(sum[:]) == string(part[i].Digest) {
				m := proto.EntryEnvelope(part[i])
				proto.SetSealed(m, p.Sealed, m.GetEpoch())
				part[i].Digest = nil
			}
		}
	}
	return nil
}

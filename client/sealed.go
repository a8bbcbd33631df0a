package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"maps"
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
// of the agencies whose members sealed them. It fails if the link or the caller's time
// ends first: nothing is known to be missing then.
func (ch *Channel) fetchSealed(caller context.Context, entries []*wire.Entry) error {
	ctx, cancel := context.WithDeadline(caller, ch.origins.until)
	defer cancel()
	for try := range originTries {
		if try > 0 && !sleep(ctx, originAgain) {
			break
		}
		there, err := ch.askOrigins(ctx, ch.origins, entries)
		if err != nil {
			return err
		}
		if there {
			return caller.Err()
		}
	}
	if err := caller.Err(); err != nil {
		return err
	}
	maps.Copy(ch.origins.away, ch.origins.failed)
	return nil
}

// askOrigins asks each agency once for what is missing, and reports whether nothing
// is missing any more that can be had. It fails only without a link.
func (ch *Channel) askOrigins(ctx context.Context, o *origins, entries []*wire.Entry) (there bool, err error) {
	missing := make(map[string][]*wire.Entry)
	for _, e := range entries {
		if liesElsewhere(e) && o.asks(e.Agency) {
			missing[e.Agency] = append(missing[e.Agency], e)
		}
	}
	there = true
	for _, agency := range o.order(missing) {
		list := missing[agency]
		err := ch.fetchFrom(ctx, agency, o, list)
		if errors.Is(err, ErrNoLink) {
			return false, err
		}
		if delete(o.failed, agency); err != nil {
			o.failed[agency] = true
			ch.s.log.Info("sealed parts not there yet", "agency", agency, "entries", len(list), "code", int(proto.ReasonOf(err)))
		}
		there = there && !(o.asks(agency) && slices.ContainsFunc(list, liesElsewhere))
	}
	return there, nil
}

// liesElsewhere reports whether an entry's sealed part is to be had at the relay of
// its sender's agency only.
func liesElsewhere(e *wire.Entry) bool {
	return proto.EntryEnvelope(e) != nil && len(e.Digest) > 0 && e.Agency != ""
}

// fetchFrom asks one agency, a portion after the other. What comes counts only if it is
// what the hub had.
func (ch *Channel) fetchFrom(ctx context.Context, agency string, o *origins, list []*wire.Entry) error {
	wait := o.of(agency)
	for len(list) > 0 {
		var part []*wire.Entry
		ask := func(bulk bool) *wire.Frame {
			part = list[:min(len(list), ch.most(o.size, bulk))]
			return sealedRequest(ch.id, agency, part)
		}
		a, err := ch.askSealed(ctx, ch.answerer(agency), wait, len(list), ask)
		if err != nil {
			return err
		}
		parts := a.GetSealed().GetParts()
		for _, p := range parts {
			if fillIn(part, p) {
				wait.came(len(p.Sealed))
			}
		}
		o.size.took(len(part), parts)
		list = list[len(part):]
	}
	return nil
}

// answerer is whose relay answers for the sealed parts of an agency. A hub that names one
// which is no party of the channel is not believed: no turn is kept for it.
func (ch *Channel) answerer(agency string) proto.Agency {
	if a := proto.Agency(agency); ch.charter.HasParty(a) {
		return a
	}
	return ch.charter.Owner
}

// askSealed asks for the next of so many parts: a few at once, more when there is a link
// for what is large. The wait for such a link is not their origin's.
func (ch *Channel) askSealed(ctx context.Context, of proto.Agency, wait *patience, left int, ask func(bulk bool) *wire.Frame) (a *wire.Frame, err error) {
	if left <= proto.MaxLiveSealed {
		err = wait.during(ctx, func(ctx context.Context) (err error) {
			a, err = ch.s.call(ctx, ask(false))
			return err
		})
		return a, err
	}
	for began := time.Now(); ; {
		var w wideLink
		err = wait.during(ctx, func(ctx context.Context) (err error) {
			a, w, err = ch.s.tryWide(ctx, of, logHurry, &began, ask)
			return err
		})
		if err != nil || w.conn != nil {
			return a, err
		}
		if err := w.wait(ctx); err != nil {
			return nil, err
		}
	}
}

func sealedRequest(id proto.ChannelID, agency string, part []*wire.Entry) *wire.Frame {
	b := &wire.FetchSealed{Channel: id[:], Agency: agency}
	for _, e := range part {
		b.Ids = append(b.Ids, proto.EntryEnvelope(e).GetId())
	}
	return &wire.Frame{Body: &wire.Frame_FetchSealed{FetchSealed: b}}
}

// fillIn puts a sealed part into its entry, if it is what was asked for.
func fillIn(part []*wire.Entry, p *wire.Sealed_Part) bool {
	i := slices.IndexFunc(part, func(e *wire.Entry) bool { return bytes.Equal(proto.EntryEnvelope(e).GetId(), p.Id) })
	if i < 0 {
		return false
	}
	if sum := sha256.Sum256(p.Sealed); string(sum[:]) != string(part[i].Digest) {
		return false
	}
	m := proto.EntryEnvelope(part[i])
	proto.SetSealed(m, p.Sealed, m.GetEpoch())
	part[i].Digest = nil
	return true
}

// portion is how many parts are asked for at once: as many as make a page of the link,
// if those to come are as large as those that came, and at most twice as many as before.
type portion struct {
	last int // how many; 0: none yet
	each int // octets of one that came; 0: none has
}

// portionFirst parts of the longest texts make a bulkPage.
const portionFirst = 8

// most is how many parts are asked for to get so many octets.
func (p portion) most(octets int) int {
	if p.each == 0 {
		return portionFirst
	}
	return min(max(octets/p.each, 1), 2*max(p.last, portionFirst/2), proto.MaxEntries)
}

// took takes in what came of so many parts that were asked for.
func (p *portion) took(asked int, came []*wire.Sealed_Part) {
	octets := 0
	for _, part := range came {
		octets += len(part.Sealed)
	}
	p.last = asked
	if len(came) > 0 {
		p.each = max(octets/len(came), 1)
	}
}

// most is how many parts are asked for over the bulk link, or the live one: there a few
// while somebody talks.
func (ch *Channel) most(p portion, bulk bool) int {
	switch {
	case bulk:
		return p.most(ch.s.bulk.page())
	case ch.s.somebodyTalks():
		return min(p.most(proto.MaxLive), proto.MaxLiveSealed)
	}
	return p.most(proto.MaxLive)
}

package client

import (
	"context"

	"crossband/proto/wire"
)

// logPage is a page of a log that is being read. Of its entries' sealed parts some may
// lie elsewhere: it is taken bit by bit, each with what belongs to it, so that the log
// moves on however long that takes.
type logPage struct {
	*wire.Entries // not taken yet
}

// nextEntries returns what follows an entry, with what of it lies elsewhere: of the page,
// or else of the next one. Its caller has the token of reading.
func (ch *Channel) nextEntries(ctx context.Context, p *logPage, after uint64, first bool) (*wire.Entries, error) {
	if len(p.GetEntries()) == 0 || p.Entries.Entries[0].Seq != after+1 {
		task, cancel := context.WithTimeout(ctx, taskTimeout)
		defer cancel()
		a, err := ch.askPage(task, after, first)
		if err != nil {
			return nil, err
		}
		*p = logPage{a.GetEntries()}
		ch.turnTo(after)
	}
	e := p.take(ch.origins.size.most(bulkPage))
	if err := ch.fetchSealed(ctx, e.GetEntries()); err != nil {
		return nil, err
	}
	return e, nil
}

// take takes the entries up to the last of which so many lie elsewhere.
func (p *logPage) take(most int) *wire.Entries {
	if p.Entries == nil {
		return nil
	}
	list, n := p.Entries.Entries, 0
	for n < len(list) && most > 0 {
		if liesElsewhere(list[n]) {
			most--
		}
		n++
	}
	p.Entries.Entries = list[n:]
	return &wire.Entries{Channel: p.Channel, Entries: list[:n], Head: p.Head, First: p.First}
}

package incident_test

import (
	"fmt"
	"testing"

	"crossband/proto"
	"crossband/proto/wire"
)

func (p *play) mergeChain(from, to int) error {
	for i := from; i < to; i++ {
		m := &wire.Incident{Incident: id(fmt.Sprint("i", i)), Into: id(fmt.Sprint("i", i+1))}
		if err := p.book.MayMerge(m); err != nil {
			return err
		}
		p.ok(p.act(fmt.Sprint("i", i), "us/unit/a", proto.ActMerge, into(fmt.Sprint("i", i+1))))
	}
	return nil
}

// TestDuplicatesOfDuplicatesAreDuplicatesOfTheLast: in whatever order they are merged,
// all are closed with it, none is forgotten before it, and it not before them.
func TestDuplicatesOfDuplicatesAreDuplicatesOfTheLast(t *testing.T) {
	p := newPlay(t, charter(true))
	for i := range 5 {
		p.ok(p.hail(fmt.Sprint("h", i), fmt.Sprint("i", i), "us/unit/a", "mx/desk/m"))
	}
	p.ok(p.mergeChain(0, 4))
	for i := range 4 {
		if k, _ := p.book.Case(iid(fmt.Sprint("i", i))); k.Into != iid("i4") || len(k.Duplicates) != 0 {
			t.Errorf("i%d is part of %s, and has %d duplicates", i, k.Into, len(k.Duplicates))
		}
	}
	p.book.Forget(mid("h4"))
	p.book.Forget(mid("h1"))
	if k, known := p.book.Case(iid("i4")); !known || len(k.Duplicates) != 3 {
		t.Errorf("with its own hail forgotten, i4 has %d duplicates, and is known: %v", len(k.Duplicates), known)
	}
	p.ok(p.act("i4", "mx/desk/m", proto.ActClose, as(proto.DispositionResolved)))
	for _, h := range []string{"h0", "h2", "h3"} {
		p.stands(h, proto.HailClosed)
		p.book.Forget(mid(h))
	}
	if list := p.book.Cases(); len(list) != 0 {
		t.Errorf("%d incidents of no hails are known", len(list))
	}
}

func TestDuplicatesAreBounded(t *testing.T) {
	p := newPlay(t, charter(true))
	for i := range proto.MaxDuplicates + 2 {
		p.ok(p.hail(fmt.Sprint("h", i), fmt.Sprint("i", i), "us/unit/a", "mx/desk/m"))
	}
	p.ok(p.mergeChain(0, proto.MaxDuplicates))
	p.want("one more", p.mergeChain(proto.MaxDuplicates, proto.MaxDuplicates+1), proto.ReasonFull)
}

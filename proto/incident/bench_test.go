package incident_test

import (
	"fmt"
	"testing"
	"time"

	"crossband/proto"
	"crossband/proto/incident"
	"crossband/proto/wire"
)

// BenchmarkDue is what a hub's tick costs a channel with a thousand open hails of
// which none is due.
func BenchmarkDue(b *testing.B) {
	book := incident.NewBook(charter(true))
	for i := range 1000 {
		err := book.Hail(&wire.Hail{
			Id: id(fmt.Sprint("h", i)), Incident: id(fmt.Sprint("i", i)), From: name("us/unit/a").String(), To: name("mx/desk/m").String(),
			Urgency: uint32(proto.PriorityUrgent), ExpiresMs: start().Add(5 * time.Minute).UnixMilli(),
		}, name("us/unit/a"), start())
		if err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if list := book.Due(start().Add(time.Second)); len(list) != 0 {
			b.Fatal("something is due")
		}
	}
}

// BenchmarkActOfDuplicates is what an act on an incident with all the duplicates that
// it may have costs, beside a thousand other hails.
func BenchmarkActOfDuplicates(b *testing.B) {
	book := incident.NewBook(charter(true))
	for i := range 1000 {
		err := book.Hail(&wire.Hail{
			Id: id(fmt.Sprint("h", i)), Incident: id(fmt.Sprint("i", i)), From: name("us/unit/a").String(), To: name("mx/desk/m").String(),
			Urgency: uint32(proto.PriorityUrgent), ExpiresMs: start().Add(5 * time.Minute).UnixMilli(),
		}, name("us/unit/a"), start())
		if err != nil {
			b.Fatal(err)
		}
	}
	merge := &wire.Incident{From: name("us/unit/a").String(), Act: uint32(proto.ActMerge), Into: id("i0")}
	for i := range proto.MaxDuplicates {
		merge.Incident = id(fmt.Sprint("i", i+1))
		if err := book.Act(merge, name("us/unit/a"), start()); err != nil {
			b.Fatal(err)
		}
	}
	stranger := &wire.Incident{From: name("ca/unit/c").String(), Act: uint32(proto.ActRearm), Incident: id("i0")}
	for b.Loop() {
		if err := book.Act(stranger, name("ca/unit/c"), start()); err == nil {
			b.Fatal("a stranger acts")
		}
	}
}

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

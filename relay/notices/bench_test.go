package notices

import (
	"fmt"
	"testing"
	"time"

	"crossband/proto"
)

// full is a relay at its bounds: 1,000 channels and 64 notices of each of two partners.
func full() (*Knowledge, []Held) {
	k := world()
	for i := range 1000 {
		k.Channels = append(k.Channels, Channel{Title: fmt.Sprintf("Channel %d", i), Owner: mx, Suite: 2, Parties: []Party{{us, false, 100}, {mx, false, 100}, {ca, false, 100}}})
	}
	var held []Held
	for i := range 2 * proto.MaxNotices {
		n := change([]proto.Agency{mx, ca}[i%2], []proto.Agency{us}, func(n *proto.Notice) { n.Kind, n.ID = proto.NoticeMaintenance, proto.NoticeID{byte(i), 1} })
		held = append(held, Held{Notice: *n, Came: start()})
	}
	return k, held
}

func BenchmarkImpact(b *testing.B) {
	k, held := full()
	for b.Loop() {
		Impact(&held[0].Notice, k)
	}
}

// BenchmarkTick is what each second costs when nothing is new.
func BenchmarkTick(b *testing.B) {
	k, held := full()
	w := NewWatch()
	w.Tick(start(), held, k)
	for b.Loop() {
		w.Tick(start().Add(time.Second), held, k)
	}
}

package link

import (
	"testing"
	"testing/synctest"
	"time"

	"crossband/proto"
)

// TestVoiceQueueKeepsTheNewest fills a queue of 8 with 12 frames.
func TestVoiceQueueKeepsTheNewest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		senders := newVoiceSenders()
		q := &voiceQueue{senders: senders, most: 8, listed: true} // some sender has it
		frame := func(i int) voiceFrame {
			return voiceFrame{queued: senders.at(time.Now()), alias: proto.Alias(i + 1)}
		}
		wantNext := func(i int) {
			t.Helper()
			if f, ok := q.pop(); !ok || f.alias != proto.Alias(i+1) {
				t.Errorf("popped %v, %v, want frame %d", f, ok, i)
			}
		}
		for i := range 12 {
			if !q.push(frame(i)) || q.n != min(i+1, 8) || len(q.ring) > 8 {
				t.Errorf("after frame %d: %d in a ring of %d", i, q.n, len(q.ring))
			}
		}
		for i := 4; i < 8; i++ {
			wantNext(i)
		}
		time.Sleep(proto.VoiceQueue + 1)
		q.push(frame(12))
		wantNext(12)
		if want := (VoiceDrops{Full: 4, Stale: 4}); q.missed.drops() != want {
			t.Errorf("drops %+v, want %+v", q.missed.drops(), want)
		}
		if _, ok := q.pop(); ok || q.listed {
			t.Error("an empty queue is still with its sender")
		}
		q.abandon()
		if q.push(frame(13)) || q.missed.closed.Load() != 1 {
			t.Errorf("an ended queue took a frame: %+v", q.missed.drops())
		}
	})
}

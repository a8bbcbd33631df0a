package link

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crossband/proto"
)

// TestVoiceQueueKeepsTheNewest fills a queue of 8 with 12 frames.
func TestVoiceQueueKeepsTheNewest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newVoiceQueue(Limits{VoiceFrames: 8}, &sync.Pool{})
		for i := range 12 {
			f := &voiceFrame{queued: time.Now(), n: i}
			out, ok := q.push(f)
			if i >= 8 && (out == nil || out.n != i-8) || i < 8 && out != nil || !ok {
				t.Errorf("frame %d pushed out %v", i, out)
			}
		}
		for i := 4; i < 8; i++ {
			if f := q.pop(); f == nil || f.n != i {
				t.Errorf("popped %v, want frame %d", f, i)
			}
		}
		time.Sleep(proto.VoiceQueue + 1)
		q.push(&voiceFrame{queued: time.Now(), n: 12})
		if f := q.pop(); f == nil || f.n != 12 {
			t.Errorf("popped %v, want the one fresh frame", f)
		}
		if want := (VoiceDrops{Full: 4, Stale: 4}); q.missed.drops() != want {
			t.Errorf("drops %+v, want %+v", q.missed.drops(), want)
		}
		q.abandon()
		if out, ok := q.push(&voiceFrame{}); ok || out == nil || q.missed.closed.Load() != 1 {
			t.Errorf("an ended queue took a frame: %+v", q.missed.drops())
		}
	})
}

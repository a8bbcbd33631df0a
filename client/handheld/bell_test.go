package handheld

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"crossband/client/console"
	"crossband/client/handheld/sound"
)

// TestTheBellRingsUntilSomebodyAnswers: again and again, at once for a call that comes
// later, other for a grave one, and loud enough to be heard.
func TestTheBellRingsUntilSomebodyAnswers(t *testing.T) {
	var b bell
	at := now()
	quiet, urgent := []console.Call{{Urgency: "urgent"}}, []console.Call{{Urgency: "urgent", Rings: true}}
	grave := append(slices.Clone(urgent), console.Call{Urgency: "imminent peril", Rings: true})
	if b.due(quiet, at) != nil {
		t.Error("rings for a call that wants no answer")
	}
	first := b.due(urgent, at)
	if len(first) == 0 || sound.Percent(sound.Measure(first).RMS) < 60 || sound.Measure(first).Clipped > 0 {
		t.Errorf("%d samples, %+v", len(first), sound.Measure(first))
	}
	if b.due(urgent, at.Add(ringEvery-time.Millisecond)) != nil {
		t.Error("rings twice at once")
	}
	if got := b.due(grave, at.Add(ringEvery)); len(got) == 0 || slices.Equal(got, first) {
		t.Error("a grave call sounds like any other, or not at all")
	}
	b.due(quiet, at.Add(ringEvery+time.Millisecond))
	if b.due(urgent, at.Add(ringEvery+2*time.Millisecond)) == nil {
		t.Error("a call that comes just after another was answered waits for its ring")
	}
}

// listener is a loudspeaker that counts what it was given to say.
type listener struct {
	silent
	said chan int // samples
}

func (l listener) Say(_ context.Context, pcm []int16) error { l.said <- len(pcm); return nil }

// TestAUnitRings through its loudspeaker, unless a person wants to hear nothing.
func TestAUnitRings(t *testing.T) {
	l := listener{said: make(chan int, 4)}
	u := &Unit{ctx: t.Context(), cfg: UnitConfig{Log: slog.New(slog.DiscardHandler)}}
	u.button.audio = func() Audio { return l }
	seen := Seen{At: now(), View: console.View{Calls: []console.Call{{Urgency: "urgent", Rings: true}}}}
	u.ring(seen)
	u.tasks.Wait()
	if len(l.said) != 1 || <-l.said == 0 {
		t.Error("nothing rings")
	}
	seen.At, seen.Muted = seen.At.Add(ringEvery), true
	u.ring(seen)
	u.tasks.Wait()
	if len(l.said) != 0 {
		t.Error("rings although muted")
	}
}

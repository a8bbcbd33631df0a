package handheld

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crossband/client"
	"crossband/client/console"
	"crossband/client/handheld/sound"
	"crossband/client/voice"
	"crossband/proto"
)

// mic is a microphone that notes what is done with it.
type mic struct {
	silent
	mu       sync.Mutex
	open     int // presses that are not released
	skipping bool
	dead     bool
}

func (m *mic) Press() (Press, error) {
	if m.dead {
		return nil, sound.ErrNoServer
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.open++
	return &micPress{m: m, up: make(chan struct{})}, nil
}

type micPress struct {
	m    *mic
	once sync.Once
	up   chan struct{}
}

func (p *micPress) Source() (voice.Source, error) { return p, nil }
func (p *micPress) Codec() voice.Codec            { return voice.CodecPCMU }
func (p *micPress) Skip(on bool) {
	p.m.mu.Lock()
	defer p.m.mu.Unlock()
	p.m.skipping = on
}
func (p *micPress) Release() {
	p.once.Do(func() {
		p.m.mu.Lock()
		defer p.m.mu.Unlock()
		p.m.open--
		close(p.up)
	})
}
func (p *micPress) Next() ([]byte, error) {
	select {
	case <-p.up:
		return nil, io.EOF
	case <-time.After(20 * time.Millisecond):
		return make([]byte, 160), nil
	}
}

// channel talks as it is told to.
type channel func(context.Context, voice.Source, client.TalkOptions) error

func (c channel) Talk(ctx context.Context, src voice.Source, o client.TalkOptions) (client.TalkReport, error) {
	return client.TalkReport{}, c(ctx, src, o)
}

func granted(ctx context.Context, src voice.Source, o client.TalkOptions) error {
	o.OnGrant(time.Minute)
	for {
		if _, err := src.Next(); err != nil {
			return nil
		}
	}
}

func queuedForEver(ctx context.Context, src voice.Source, o client.TalkOptions) error {
	o.OnQueue(2, proto.Name{})
	<-ctx.Done()
	return ctx.Err()
}

// world is a button and its microphone, and what is reported of it.
type world struct {
	*button
	*mic
	states []string // under the microphone's mutex
}

func (w *world) said() []string {
	w.mic.mu.Lock()
	defer w.mic.mu.Unlock()
	return slices.Clone(w.states)
}

func (w *world) last() string {
	list := w.said()
	return list[len(list)-1]
}

func (w *world) opened() int {
	w.mic.mu.Lock()
	defer w.mic.mu.Unlock()
	return w.open
}

func TestButton(t *testing.T) {
	within := func(name string, fn func(t *testing.T, w *world)) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &world{mic: &mic{}}
				w.button = &button{audio: func() Audio { return w.mic }}
				w.button.report = func(_ proto.ChannelID, p console.PressState) {
					w.mic.mu.Lock()
					defer w.mic.mu.Unlock()
					w.states = append(w.states, p.State)
				}
				fn(t, w)
				w.button.release("")
				w.button.wait.Wait()
				if w.opened() != 0 {
					t.Errorf("%d microphones are still open", w.opened())
				}
			})
		})
	}
	down := func(t *testing.T, w *world, ch channel) {
		t.Helper()
		if err := w.press(t.Context(), "", proto.ChannelID{1}, ch, proto.PriorityRoutine); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
	}
	within("talk and release", func(t *testing.T, w *world) {
		down(t, w, granted)
		if err := w.press(t.Context(), "", proto.ChannelID{1}, channel(granted), 0); !errors.Is(err, client.ErrBusy) {
			t.Errorf("pressed twice: %v", err)
		}
		w.release("")
		time.Sleep(time.Second)
		synctest.Wait()
		if want := []string{"asked", "granted", "idle"}; !slices.Equal(w.said(), want) {
			t.Errorf("%v, want %v", w.said(), want)
		}
	})
	within("let go while waiting for one's turn", func(t *testing.T, w *world) {
		down(t, w, queuedForEver)
		if !w.skipping {
			t.Error("what is said while waiting would be said later")
		}
		w.release("")
		time.Sleep(time.Second)
		synctest.Wait()
		if want := []string{"asked", "queued", "idle"}; !slices.Equal(w.said(), want) {
			t.Errorf("%v, want %v", w.said(), want)
		}
	})
	within("denied closes the microphone", func(t *testing.T, w *world) {
		down(t, w, func(context.Context, voice.Source, client.TalkOptions) error {
			return proto.Refuse(proto.ReasonFloorTaken, "")
		})
		if w.opened() != 0 || w.last() != "denied" {
			t.Errorf("%d open, %v", w.opened(), w.said())
		}
		down(t, w, granted) // and the button works again
	})
	within("pressed again at once waits for the last words", func(t *testing.T, w *world) {
		slow, over := false, make(chan struct{})
		down(t, w, func(ctx context.Context, src voice.Source, o client.TalkOptions) error {
			defer close(over)
			err := granted(ctx, src, o)
			time.Sleep(time.Second)
			slow = true
			return err
		})
		w.release("")
		down(t, w, func(ctx context.Context, src voice.Source, o client.TalkOptions) error {
			if !slow {
				t.Error("both at once")
			}
			return granted(ctx, src, o)
		})
		<-over
		synctest.Wait()
		if want := []string{"asked", "granted", "asked", "granted"}; !slices.Equal(w.said(), want) {
			t.Errorf("%v, want %v: the end of the press before is shown as the end of this one", w.said(), want)
		}
	})
	within("a release that comes before its press", func(t *testing.T, w *world) {
		w.release("1")
		if err := w.press(t.Context(), "1", proto.ChannelID{1}, channel(granted), 0); err != nil {
			t.Error(err)
		}
		if w.opened() != 0 || len(w.said()) > 0 {
			t.Errorf("%d microphones are open, %v: nobody would let go", w.opened(), w.said())
		}
		if err := w.press(t.Context(), "2", proto.ChannelID{1}, channel(granted), 0); err != nil {
			t.Error(err)
		}
		w.release("1") // tried again
		if w.opened() != 1 {
			t.Error("a late release of another press ended this one")
		}
		w.release("2")
	})
	within("a relay that says nothing", func(t *testing.T, w *world) {
		down(t, w, func(ctx context.Context, _ voice.Source, _ client.TalkOptions) error {
			<-ctx.Done()
			return ctx.Err()
		})
		w.release("") // ends within releasedFor
	})
	within("no microphone", func(t *testing.T, w *world) {
		w.dead = true
		if err := w.press(t.Context(), "", proto.ChannelID{1}, channel(granted), 0); !errors.Is(err, sound.ErrNoServer) {
			t.Error(err)
		}
		w.dead = false
		down(t, w, granted)
	})
}

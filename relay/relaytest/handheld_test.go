package relaytest_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"crossband/client"
	"crossband/client/handheld"
	"crossband/client/handheld/sound"
	"crossband/client/phrase"
	"crossband/client/voice"
	"crossband/proto"
	"crossband/relay/relaytest"
)

// tape is a microphone before which somebody speaks as long as it is pressed.
type tape struct{ t *testing.T }

func (tape) Play(client.Played)                 {}
func (tape) MicLevel() int                      { return 40 }
func (tape) Say(context.Context, []int16) error { return nil }
func (tape) State() error                       { return nil }
func (tape) Parrot(context.Context, func(int)) (sound.Report, error) {
	return sound.Report{}, errors.New("no parrot here")
}

func (a tape) Press() (handheld.Press, error) { return &spool{up: make(chan struct{})}, nil }

type spool struct {
	once sync.Once
	up   chan struct{}
}

func (s *spool) Source() (voice.Source, error) { return s, nil }
func (s *spool) Skip(bool)                     {}
func (s *spool) Release()                      { s.once.Do(func() { close(s.up) }) }
func (s *spool) Codec() voice.Codec            { return voice.CodecPCMU }
func (s *spool) Next() ([]byte, error) {
	select {
	case <-s.up:
		return nil, io.EOF
	case <-time.After(proto.VoiceFrame):
		return make([]byte, 160), nil
	}
}

// vehicle is a unit with a terminal.
type vehicle struct {
	*relaytest.Endpoint
	t    *testing.T
	keys *io.PipeWriter
	out  *paint
	end  func()
}

// paint is what was written to the terminal.
type paint struct {
	mu sync.Mutex
	b  []byte
}

func (p *paint) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.b = append(p.b, b...)
	return len(b), nil
}

func (p *paint) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return string(p.b)
}

func newVehicle(t *testing.T, e *relaytest.Endpoint) *vehicle {
	ctx, cancel := context.WithCancel(t.Context())
	events := make(chan client.Event)
	go func() { // ends with ctx
		for mark := (relaytest.Mark)(0); ctx.Err() == nil; time.Sleep(10 * time.Millisecond) {
			next := e.Watch.Mark()
			for _, ev := range e.Watch.After(mark) {
				select {
				case events <- ev:
				case <-ctx.Done():
				}
			}
			mark = next
		}
	}()
	u := handheld.NewUnit(handheld.UnitConfig{Session: e.Session, Ear: handheld.NewEar(time.Now), Events: events, Audio: tape{t}, Language: phrase.English})
	in, keys := io.Pipe()
	v := &vehicle{Endpoint: e, t: t, keys: keys, out: &paint{}}
	done := make(chan error, 1)
	go func() { // ends with ctx
		done <- handheld.Terminal(ctx, u, in, v.out, tea.WithWindowSize(120, 40), tea.WithEnvironment([]string{"TERM=xterm"}))
	}()
	v.end = sync.OnceFunc(func() {
		cancel()
		keys.Close()
		if err := <-done; err != nil {
			t.Errorf("the terminal ends with %v", err)
		}
	})
	return v
}

func (v *vehicle) types(keys string) {
	v.t.Helper()
	if _, err := io.WriteString(v.keys, keys); err != nil {
		v.t.Fatal(err)
	}
	time.Sleep(500 * time.Millisecond)
}

func (v *vehicle) sees(words ...string) {
	v.t.Helper()
	for range 300 {
		all := v.out.String()
		there := true
		for _, w := range words {
			there = there && strings.Contains(all, w)
		}
		if there {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	v.t.Fatalf("%q never on the screen:\n%q", words, v.out.String())
}

// TestATerminalInAVehicle: a unit talks, is hailed and answers, hails and texts, by
// keys alone.
func TestATerminalInAVehicle(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		guard := b.mx.Endpoint("desk/piedras-negras")
		v := newVehicle(t, b.us.Endpoint("desk/del-rio"))
		defer v.end()
		v.sees("relay up", "Joint patrol", "Eagle Pass", "NOT SECURE") // it joins by itself, and is alone
		guardGroup, guardCalling := guard.MustJoin(b.group), guard.MustJoin(b.calling)
		v.sees("◆ SECURE")

		v.types("2 ")
		v.sees("ON AIR")
		time.Sleep(time.Second)
		v.types(" ")
		heard := relaytest.Wait(t, guard.Watch, "the burst is heard", func(e client.BurstHeard) bool { return e.Channel == b.group })
		if !heard.Genuine || heard.Frames < 50 || heard.From != v.Name() {
			t.Errorf("%+v", heard)
		}

		v.types("tHello there\r")
		text := relaytest.Wait(t, guard.Watch, "the text", func(e client.TextReceived) bool { return e.Channel == b.group })
		if text.Text != "Hello there" {
			t.Errorf("%+v", text)
		}
		if _, err := guardGroup.Text(minute(t), "Roger that"); err != nil {
			t.Fatal(err)
		}
		v.sees("Roger that")
		relaytest.Wait(t, guard.Watch, "it was read on the terminal", func(e client.MessageMoved) bool { return e.State == client.MessageRead })

		h, err := guardCalling.Hail(minute(t), v.Name(), phraseOf(t, "shots-fired"), client.HailOptions{Urgency: proto.PriorityEmergency})
		if err != nil {
			t.Fatal(err)
		}
		v.sees("\a", "accept")
		v.types("c")
		if s, err := h.WaitState(minute(t), proto.HailCommitted); err != nil || s != proto.HailCommitted {
			t.Errorf("the hail stands at %v, %v", s, err)
		}

		v.types("h1backup\r\r")
		rung := relaytest.Wait(t, guard.Watch, "the hail of the terminal", func(e client.HailReceived) bool { return e.From == v.Name() && e.Rings })
		if rung.Content.Code != phrase.RequestBackup {
			t.Errorf("%+v", rung)
		}
	})
}

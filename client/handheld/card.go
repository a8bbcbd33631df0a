package handheld

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"crossband/client"
	"crossband/client/handheld/sound"
	"crossband/client/voice"
)

// Press is what one press of push-to-talk hears.
type Press interface {
	Source() (voice.Source, error)
	Skip(bool) // throw away what comes: we wait for our turn
	Release()  // the last word is still heard
}

// Audio is where voice comes from and goes to.
type Audio interface {
	client.Sink
	Press() (Press, error)
	MicLevel() int // percent
	Say(ctx context.Context, pcm []int16) error
	Parrot(ctx context.Context, meter func(percent int)) (sound.Report, error)
	State() error // why there is none; nil: there is
}

// ErrNoMicrophone says that nothing can be said, for there is no sound server or device.
var ErrNoMicrophone = errors.New("no microphone")

// Card is the machine's sound, through its sound server. It finds the server again when
// that has gone away.
type Card struct {
	address, in, out string

	mu      sync.Mutex // guards what follows
	server  *sound.Server
	mic     *sound.Microphone
	speaker *sound.Speaker
	why     error
}

// NewCard names the sound server and the devices; empty ones are the defaults. Run
// connects.
func NewCard(address, in, out string) *Card {
	return &Card{address: address, in: in, out: out, why: sound.ErrNoServer}
}

// cardAgain is how often a sound server or a device that is away is looked for.
const cardAgain = 3 * time.Second

// Run keeps the connection to the sound server, and its devices, until ctx ends.
func (c *Card) Run(ctx context.Context) {
	again := time.NewTicker(cardAgain)
	defer again.Stop()
	lost := c.connect()
	for {
		select {
		case <-ctx.Done():
			c.leave(sound.ErrNoServer)
			return
		case <-lost:
			c.leave(sound.ErrNoServer)
			lost = c.connect()
		case <-again.C:
			if lost == nil {
				lost = c.connect()
			} else {
				c.open()
			}
		}
	}
}

// connect returns what is closed when the server goes away, or nil without one.
func (c *Card) connect() <-chan struct{} {
	s, err := sound.Dial(c.address)
	if err != nil {
		c.leave(err)
		return nil
	}
	c.mu.Lock()
	c.server = s
	c.mu.Unlock()
	c.open()
	return s.Lost()
}

// open opens what is not there: a headset may come later, or come back. The one may work
// without the other.
func (c *Card) open() {
	c.mu.Lock()
	s, mic, speaker := c.server, c.mic, c.speaker
	c.mu.Unlock()
	var err, err2 error
	if speaker == nil || speaker.Gone() {
		speaker, err = s.Speaker(c.out)
	}
	if mic == nil || mic.Gone() {
		mic, err2 = s.Microphone(c.in)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mic, c.speaker, c.why = nil, nil, errors.Join(err, err2)
	if err == nil {
		c.speaker = speaker
	}
	if err2 == nil {
		c.mic = mic
	}
}

func (c *Card) leave(why error) {
	c.mu.Lock()
	s, p := c.server, c.speaker
	c.server, c.mic, c.speaker, c.why = nil, nil, nil, why
	c.mu.Unlock()
	if s != nil {
		s.Close()
	}
	if p != nil {
		p.Close() // its goroutine has ended
	}
}

func (c *Card) parts() (*sound.Microphone, *sound.Speaker, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mic, c.speaker, c.why
}

// State implements Audio.
func (c *Card) State() error { _, _, why := c.parts(); return why }

// Play implements client.Sink.
func (c *Card) Play(p client.Played) {
	if _, speaker, _ := c.parts(); speaker != nil {
		speaker.Play(p)
	}
}

// Press implements Audio.
func (c *Card) Press() (Press, error) {
	mic, _, why := c.parts()
	if mic == nil {
		return nil, fmt.Errorf("%w: %w", ErrNoMicrophone, why)
	}
	return mic.Press()
}

// MicLevel implements Audio.
func (c *Card) MicLevel() int {
	if mic, _, _ := c.parts(); mic != nil {
		return mic.Level()
	}
	return 0
}

// Say implements Audio.
func (c *Card) Say(ctx context.Context, pcm []int16) error {
	_, speaker, why := c.parts()
	if speaker == nil {
		return why
	}
	return speaker.Say(ctx, pcm)
}

// Parrot implements Audio.
func (c *Card) Parrot(ctx context.Context, meter func(int)) (sound.Report, error) {
	mic, speaker, why := c.parts()
	if mic == nil {
		return sound.Report{}, fmt.Errorf("%w: %w", ErrNoMicrophone, why)
	}
	return sound.Parrot(ctx, mic, speaker, sound.ParrotFor, meter)
}

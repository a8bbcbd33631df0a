package console

import (
	"context"
	"time"

	"crossband/client"
	"crossband/client/phrase"
	"crossband/client/voice"
	"crossband/proto"
)

// Board is what pages show, folded from what the endpoint tells. The server's owner
// goroutine alone calls it.
type Board interface {
	Fold(event client.Event, now time.Time)
	View(now time.Time) View // whole; a list that is the very slice of the View before has not changed
	Ringing() []Call         // what has begun to ring since it was last called
	Press(ch proto.ChannelID, p PressState, now time.Time)
	SetLanguage(phrase.Language)
	AlarmSeen(id int)
	Shown(proto.MessageID)
}

// Sound carries voice between a page and the channels. Its methods may be called by
// any goroutine.
type Sound interface {
	Answer(ctx context.Context, offer string) (answer string, err error)
	Stale() bool // the page has to make another offer
	SetChannels([]proto.ChannelID)
	HangUp()           // ends the page's voice, and a press with it
	Microphone() error // why a press would say nothing, as far as is known before
	Press() Speech
	Recall(proto.BurstID) (wav []byte, ok bool)
	Changed() <-chan struct{} // holds one token when levels, bursts or Stale may have changed
}

// Speech is what the microphone says during one press.
type Speech interface {
	Source() voice.Source // a new one for each channel; io.EOF once released and read
	Release()
}

// bridged is a Bridge as the server knows it.
type bridged struct{ *Bridge }

// Press implements Sound.
func (b bridged) Press() Speech { return b.Bridge.Press() }

// modelOf is the Board of a Session and its Bridge.
func modelOf(cfg Config) Board {
	return voiced{cfg.Bridge, NewModel(ModelConfig{
		Endpoint: EndpointOf(cfg.Session), Me: cfg.Session.Name(), Language: cfg.Language, Voice: cfg.Bridge, Opus: true, Software: cfg.Software,
	})}
}

// voiced is a Model that tells its Bridge which bursts were genuine.
type voiced struct {
	bridge *Bridge
	*Model
}

// Fold implements Board.
func (v voiced) Fold(e client.Event, now time.Time) {
	if heard, ok := e.(client.BurstHeard); ok {
		v.bridge.SetGenuine(heard)
	}
	v.Model.Fold(e, now)
}

package live

import (
	"context"
	"errors"
	"time"

	"crossband/client"
	"crossband/cmd/crossband/internal/clip"
	"crossband/proto"
)

// Talker talks and writes on the first standing channel that it is in.
type Talker struct {
	*Unit
	Texts []string      // one after the other, over and over; one with each burst
	First time.Duration // until the first burst
	Every time.Duration // between two
}

// Run talks until ctx ends. What fails once is tried again with the next.
func (t *Talker) Run(ctx context.Context) {
	wait := t.First
	for i := 0; pause(ctx, wait) == nil; wait = t.Every {
		if err := t.speak(ctx, t.Texts[i%len(t.Texts)]); err != nil && ctx.Err() == nil {
			t.log.Info("talk", "why", err.Error())
		}
		i++
	}
}

func (t *Talker) speak(ctx context.Context, text string) error {
	ctx, cancel := context.WithTimeout(ctx, jobTimeout)
	defer cancel()
	ch := t.channel(proto.KindStanding)
	if ch == nil {
		return errors.New("in no standing channel yet")
	}
	if err := t.Say(ctx, ch.ID(), clip.HailEnglish); err != nil {
		return err
	}
	if _, err := ch.Text(ctx, text); err != nil && !errors.Is(err, client.ErrWaiting) {
		return err
	}
	return nil
}

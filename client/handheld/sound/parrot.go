package sound

import (
	"context"
	"errors"
	"io"
	"time"

	"crossband/client/voice"
)

// ParrotFor is how long the parrot listens.
const ParrotFor = 3 * time.Second

// Parrot records a person for a while, tells the level each 100 ms through meter if it
// is not nil, and reports on what it heard. It plays it back when speaker is not nil:
// what others would hear.
func Parrot(ctx context.Context, m *Microphone, speaker *Speaker, long time.Duration, meter func(percent int)) (Report, error) {
	pcm, err := record(ctx, m, long, meter)
	if err != nil {
		return Report{}, err
	}
	if speaker != nil {
		if err := speaker.Say(ctx, pcm); err != nil {
			return Report{}, err
		}
	}
	return Judge(pcm), nil
}

// meterEvery is how many frames pass between two readings of the meter.
const meterEvery = 5

// errSilent says that a device gives nothing, not even silence.
var errSilent = errors.New("the microphone gives nothing")

func record(ctx context.Context, m *Microphone, long time.Duration, meter func(int)) ([]int16, error) {
	r, err := m.Press()
	if err != nil {
		return nil, err
	}
	late := time.AfterFunc(long+requestTimeout, func() { r.finish(errSilent) })
	defer late.Stop()
	defer context.AfterFunc(ctx, func() { r.finish(ctx.Err()) })()
	defer m.stop(r)
	var pcm []int16
	for i := range int(long / voice.FrameDuration) {
		raw := make([]byte, frameOctets)
		if _, err := io.ReadFull(r, raw); err != nil {
			return nil, err
		}
		pcm = append(pcm, samples(raw)...)
		if meter != nil && i%meterEvery == 0 {
			meter(m.Level())
		}
	}
	return pcm, nil
}

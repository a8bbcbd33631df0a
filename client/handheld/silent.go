package handheld

import (
	"context"

	"crossband/client"
	"crossband/client/handheld/sound"
)

// silent is the sound of a machine that has none.
type silent struct{}

func (silent) Play(client.Played)                 {}
func (silent) Press() (Press, error)              { return nil, ErrNoMicrophone }
func (silent) MicLevel() int                      { return 0 }
func (silent) Say(context.Context, []int16) error { return sound.ErrNoServer }
func (silent) State() error                       { return sound.ErrNoServer }

func (silent) Parrot(context.Context, func(int)) (sound.Report, error) {
	return sound.Report{}, ErrNoMicrophone
}

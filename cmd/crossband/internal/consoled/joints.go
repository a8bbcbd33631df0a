package consoled

import (
	"time"

	"crossband/client"
	"crossband/client/console"
)

// Fold implements console.Board.
func (b board) Fold(e client.Event, now time.Time) {
	if heard, ok := e.(client.BurstHeard); ok {
		b.bridge.SetGenuine(heard.Burst, heard.Genuine)
	}
	b.Model.Fold(e, now)
}

// sound is the Bridge as the server knows it.
type sound struct{ *console.Bridge }

// Press implements console.Sound.
func (s sound) Press() console.Speech { return s.Bridge.Press() }

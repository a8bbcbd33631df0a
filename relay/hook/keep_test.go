package hook_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"crossband/relay/hook"
)

// TestWhatCannotBeKeptIsRefusedAlone: an alert that no journal can hold is refused
// for good, and the inbox goes on.
func TestWhatCannotBeKeptIsRefusedAlone(t *testing.T) {
	bubble(t, func(t *testing.T, p *post) {
		odd := alert("odd")
		odd.Place = &hook.Place{Lat: math.NaN()}
		far := alert("far")
		far.Sent = time.Date(2026, 8, 14, 23, 44, 0, 0, time.FixedZone("", 24*60*60))
		for _, a := range []hook.Alert{odd, far} {
			if res, err := p.send(alert("beside "+a.ID), a); !errors.As(err, new(*hook.Fault)) {
				t.Errorf("%s: %v, %v", a.ID, res, err)
			}
		}
		p.must(hook.Accepted, alert("1"))
		settle()
		if got := p.radio.rang(); len(got) != 1 || got[0].Alert.ID != "1" {
			t.Errorf("rang %+v", got)
		}
	})
}

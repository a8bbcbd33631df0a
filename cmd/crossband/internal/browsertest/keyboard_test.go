package browsertest

import (
	"testing"
	"time"

	"crossband/client"
	"crossband/cmd/crossband/internal/rig"
	"crossband/proto"
)

// TestKeyboardOnly: from the first key on a freshly loaded page to a call that is answered
// and a burst that is heard, without a mouse.
func TestKeyboardOnly(t *testing.T) {
	s := onStage(t)
	p := s.dispatcher(t)
	h := s.call(t, client.HailOptions{})
	banner := `.ring[data-call="` + h.ID().String() + `"]`
	p.see(banner)
	p.tabTo(`.ring [data-answer="accepted"]`)
	p.shot("keyboard-focus")
	p.press("Enter")
	_, err := h.WaitState(patient(t), proto.HailAccepted)
	check(t, err)
	id, err := h.WaitIncident(patient(t))
	check(t, err)
	p.seeVoice(id)
	p.tabTo(ptt(id))
	p.down("Space")
	p.inState(id, "granted")
	time.Sleep(time.Second)
	p.up("Space")
	p.inState(id, "idle")
	_, _, err = rig.Await(patient(t), s.there, func(e client.BurstHeard) bool { return e.Channel == id && e.From == name(us, "desk/del-rio") })
	check(t, err)

	// The space bar speaks on the channels that were picked, from anywhere.
	known := s.burstsBefore()
	p.tabTo(strip(s.patrol) + " .check input")
	p.press("Space")
	p.tabTo(`[role="tabpanel"]`)
	p.down("Space")
	p.inState(s.patrol, "granted")
	time.Sleep(time.Second)
	p.up("Space")
	p.inState(s.patrol, "idle")
	s.heardSince(t, known, s.patrol)
}

// tabTo presses Tab until the focus is on something.
func (p *page) tabTo(selector string) {
	p.t.Helper()
	for range 120 {
		var there, seen bool
		p.eval("document.activeElement?.matches(`"+selector+"`) ?? false", &there)
		if there {
			p.eval("document.activeElement.matches(':focus-visible')", &seen)
			if !seen {
				p.t.Errorf("the focus on %s cannot be seen", selector)
			}
			return
		}
		p.press("Tab")
	}
	p.t.Fatalf("the key Tab does not come to %s", selector)
}

package browsertest

import (
	"testing"
	"time"

	"crossband/client"
	"crossband/cmd/crossband/internal/clip"
	"crossband/cmd/crossband/internal/rig"
	"crossband/proto"
)

// TestAHandheldTalksAndHears: the page for a phone, on another device of the same agency:
// its one button is heard beyond the border, what comes is heard, a call that rings there
// is taken with a thumb, and its emergency is a hold of its own.
func TestAHandheldTalksAndHears(t *testing.T) {
	s := onStage(t)
	n := name(us, "unit/del-rio-301")
	home, err := s.enrol(patient(t), n)
	check(t, err)
	d, err := rig.Open(patient(t), home, "browsertest")
	check(t, err)
	check(t, s.join(patient(t), d))
	check(t, d.Close())
	c, err := s.startProgram("handheld", "--home", home)
	check(t, err)
	t.Cleanup(func() { c.end() }) // after its page, which would look for it

	p := s.browser.open(t, order{URL: c.url, Before: listening, Width: 390, Height: 844, Touch: true})
	p.see(`.hand[data-voice="on"]`)
	for range 3 { // to the talkgroup
		if p.count(`.glance h1:has-text("`+patrolTitle+`")`) > 0 {
			break
		}
		p.click(`[data-step="1"]`)
		time.Sleep(300 * time.Millisecond)
	}
	p.see(`.glance h1:has-text("` + patrolTitle + `")`)
	p.see(`[data-secure="secure"]`)
	known := s.burstsBefore()
	p.hold(".talk")
	p.see(`.talk[data-state="on"]`)
	time.Sleep(5 * time.Second)
	p.picture("handheld")
	p.accessible("a handheld on air")
	p.letGo()
	p.see(`.talk[data-state="ready"]`)
	heard, _, err := rig.Await(patient(t), s.there, func(e client.BurstHeard) bool { return e.From == n && !known[e.Burst] })
	check(t, err)
	if like := likeLoop(t, clip.AnswerFrench, s.there.Ear.PCM(heard.Burst)); like < 0.5 || heard.Channel != s.patrol {
		t.Errorf("what is heard is like what was said by %.3f: %+v", like, heard)
	}

	p.quiet()
	said := make(chan error, 1)
	go func() { // ends with the burst
		_, err := say(t.Context(), s.there, s.patrol, clip.AnswerSpanish, 1, client.TalkOptions{})
		said <- err
	}()
	p.see(".speaker:has-text('acuna-7')")
	p.loud()
	check(t, <-said)

	p.hold("[data-emergency]")
	time.Sleep(300 * time.Millisecond) // by accident
	p.letGo()
	time.Sleep(2 * time.Second)
	p.see(`.talk[data-state="ready"]`)
	p.hold("[data-emergency]")
	p.see(`.talk[data-state="on"]`)
	_, _, err = rig.Await(patient(t), s.there, func(e client.FloorChanged) bool { return e.Holder == n && e.Priority == proto.PriorityEmergency })
	check(t, err)
	p.letGo()
	p.click("[data-emergency]") // it stayed open for hands that are needed elsewhere
	p.see(`.talk[data-state="ready"]`)
}

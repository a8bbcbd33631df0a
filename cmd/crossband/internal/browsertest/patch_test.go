package browsertest

import (
	"strings"
	"testing"
	"time"

	"crossband/client"
	"crossband/client/voice"
	"crossband/cmd/crossband/internal/clip"
	"crossband/cmd/crossband/internal/rig"
)

// TestAPatchIsMadeOnThePage: two channels are ticked and joined; both are told in a text,
// what is said on one is heard on the other, and not after the end.
func TestAPatchIsMadeOnThePage(t *testing.T) {
	s := onStage(t)
	p := s.dispatcher(t)
	p.quiet()
	for _, id := range []string{strip(s.calling), strip(s.patrol)} {
		p.click(id + " .tools input[type=checkbox]:not(:checked)")
	}
	told := len(rig.Every[client.TextReceived](s.there))
	p.click("[data-patch=off]")
	p.shot("patch")
	p.accessible("a patch is made")
	p.click("[data-patch=begin]")
	p.see(strip(s.patrol) + " .marks :text('Patched')")
	for _, e := range rig.Every[client.TextReceived](s.there)[told:] {
		if e.From != name(us, "desk/del-rio") || !strings.HasPrefix(e.Text, "PATCH to ") {
			t.Errorf("told %q by %s", e.Text, e.From)
		}
	}
	if n := len(rig.Every[client.TextReceived](s.there)) - told; n != 2 {
		t.Errorf("%d channels have been told", n)
	}
	r, err := say(t.Context(), s.unit, s.patrol, clip.HailEnglish, 1, client.TalkOptions{})
	check(t, err)
	carried, _, err := rig.Await(patient(t), s.there, func(e client.BurstHeard) bool { return e.Channel == s.calling && e.Burst == r.Burst })
	check(t, err)
	if carried.From != name(us, "desk/del-rio") || !carried.Genuine {
		t.Errorf("carried: %+v", carried)
	}
	want, err := spoken(clip.HailEnglish)
	check(t, err)
	var got []int16 // the burst has the same number on both channels
	for _, x := range s.there.Ear.Burst(r.Burst) {
		if x.Channel == s.calling {
			got = append(got, x.PCM...)
		}
	}
	if like := voice.Compare(want, got); like.Score < 0.5 {
		t.Errorf("what is carried is like what was said by %.3f", like.Score)
	}
	p.click("[data-patch=on]")
	p.click("[data-patch=end]")
	p.see("[data-patch=off]")
	again, err := say(t.Context(), s.unit, s.patrol, clip.HailEnglish, 1, client.TalkOptions{})
	check(t, err)
	time.Sleep(time.Second)
	for _, e := range rig.Every[client.BurstHeard](s.there) {
		if e.Burst == again.Burst && e.Channel == s.calling {
			t.Error("it is carried after the end")
		}
	}
}

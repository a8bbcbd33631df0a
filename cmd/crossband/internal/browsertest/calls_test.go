package browsertest

import (
	"strings"
	"testing"
	"time"

	"crossband/client"
	"crossband/cmd/crossband/internal/clip"
	"crossband/cmd/crossband/internal/rig"
	"crossband/proto"
)

// TestACallRingsAndIsAccepted: a call of a Mexican unit rings at the US desk with banner
// and sound, is accepted and committed in one press each, and opens an incident in which
// both hear each other; the board shows it.
func TestACallRingsAndIsAccepted(t *testing.T) {
	s := onStage(t)
	p := s.dispatcher(t)
	p.quiet()
	h := s.call(t, client.HailOptions{Urgency: proto.PriorityEmergency, Note: "un herido, en la orilla norte"})
	banner := `.ring[data-call="` + h.ID().String() + `"]`
	p.see(banner + ":has-text('acuna-7'):has-text('gn.example')")
	p.see(banner + ":has-text('Shots fired across the border.')")
	p.see(banner + ":has-text('un herido, en la orilla norte')")
	p.loud()
	p.picture("call-rings")
	p.accessible("a call rings")
	state, err := h.WaitState(patient(t), proto.HailReceived)
	check(t, err)
	if state != proto.HailReceived {
		t.Errorf("before anybody pressed the call stands at %v", state)
	}

	p.click(banner + ` [data-answer="accepted"]`)
	_, err = h.WaitState(patient(t), proto.HailAccepted)
	check(t, err)
	p.gone(banner)
	p.quiet()
	id, err := h.WaitIncident(patient(t))
	check(t, err)
	p.see(strip(id) + " .ptt") // joined without another press
	p.click(`li.call:has-text("acuna-7") [data-answer="committed"]`)
	_, err = h.WaitState(patient(t), proto.HailCommitted)
	check(t, err)

	p.tab("incidents")
	board := `[data-incident="` + h.Incident().String() + `"]`
	p.click(`li:has-text("` + h.Incident().String()[:8] + `") button`)
	p.see(board + " .timeline li")
	p.see(board + " .ladder li:has-text('piedras-negras')")
	p.see(board + ":has-text('del-rio')")
	p.seeVoice(id)
	p.hold(ptt(id))
	p.inState(id, "granted")
	time.Sleep(2 * time.Second)
	p.letGo()
	_, _, err = rig.Await(patient(t), s.there, func(e client.BurstHeard) bool { return e.Channel == id && e.Genuine })
	check(t, err)
	said := make(chan error, 1)
	go func() { // ends with the burst
		_, err := say(t.Context(), s.there, id, clip.AnswerSpanish, 1, client.TalkOptions{Queue: true})
		said <- err
	}()
	p.see(strip(id) + " .speaker:has-text('acuna-7')")
	p.until(`document.querySelector('` + strip(id) + ` .meter').ariaValueNow > 25`) // and is shown to be heard
	for p.count(".notes button") > 0 {
		p.click(".notes button")
	}
	p.picture("console")
	check(t, <-said)
	p.accessible("the incident board")

	status, record := p.fetch("api/record/"+h.Incident().String(), "GET", "", "")
	if status != 200 || !strings.HasPrefix(string(record), "crossband-record 1\n") {
		t.Errorf("the record: status %d, %.60q", status, record)
	}
	p.click(board + ` [data-do="close"]`)
	p.see("dialog[open]")
	p.accessible("the dialog that closes an incident")
	p.click("dialog[open] button[type=submit], dialog[open] button.primary, dialog[open] button.danger")
	_, _, err = rig.Await(patient(t), s.there, func(e client.IncidentMoved) bool { return e.Incident == h.Incident() && e.Act == proto.ActClose })
	check(t, err)
	p.see(board + ":has-text('Closed')")
}

// seeVoice waits until the page has the sound of a channel that it came into.
func (p *page) seeVoice(id proto.ChannelID) {
	p.t.Helper()
	p.see(ptt(id) + `[aria-disabled="false"]`)
	p.see(`[data-voice="on"]`)
}

// TestACallIsDeclined: an exercise rings as one, words of its caller that would steer a
// page are text, and the caller is told why nobody comes.
func TestACallIsDeclined(t *testing.T) {
	s := onStage(t)
	t.Parallel()
	p := s.watcher(t)
	h := s.call(t, client.HailOptions{Exercise: true, Note: "<b>uno</b> \u202eherido"})
	banner := `.ring[data-call="` + h.ID().String() + `"]`
	p.see(banner + ":has-text('EXERCISE')")
	p.see(banner + ":has-text('<b>uno</b>')")
	if strings.Contains(p.text(banner), "\u202e") {
		t.Error("what turns the direction of writing is on the page")
	}
	p.see(".banner.exercise")
	p.shot("exercise")
	p.accessible("an exercise")
	p.do(order{Do: "choose", Selector: banner + " select", Value: "declined-weather"})
	p.click(banner + ` [data-answer="declined"]`)
	moved, _, err := rig.Await(patient(t), s.there, func(e client.HailMoved) bool { return e.Hail == h.ID() && e.Said == proto.HailDeclined })
	check(t, err)
	if moved.Content == nil || !moved.Exercise {
		t.Errorf("the caller is told no reason: %+v", moved)
	}
	p.gone(banner)
	check(t, h.Reply(patient(t), proto.HailCancelled, proto.ReasonNone, nil))
}

// TestADeskIsCalled: the dispatcher calls the desk across the border, and sees the answer.
func TestADeskIsCalled(t *testing.T) {
	s := onStage(t)
	t.Parallel()
	p := s.watcher(t)
	p.click(".panel-head .primary")
	p.see("dialog[open]")
	p.shot("hail-dialog")
	p.accessible("the dialog that calls a desk")
	p.do(order{Do: "choose", Selector: `dialog[open] select:has(option[value*="piedras-negras"])`, Value: name(mx, "desk/piedras-negras").String()})
	p.click("dialog[open] button[type=submit]")
	ring, _, err := rig.Await(patient(t), s.guard, func(e client.HailReceived) bool { return e.Rings && e.From == name(us, "desk/del-rio") })
	check(t, err)
	h := s.guard.Session.FindHail(ring.ID)
	check(t, h.Reply(patient(t), proto.HailAccepted, proto.ReasonNone, nil))
	id, err := h.WaitIncident(patient(t))
	check(t, err)
	p.see(strip(id) + " .ptt")
	p.see("li.call:has-text('piedras-negras') .state")
}

// call has the Mexican unit call the US desk.
func (s *stage) call(t *testing.T, o client.HailOptions) *client.Hail {
	t.Helper()
	what := content(t, "shots-across-border", "place=28.7091,-100.4995,old ferry crossing", "count=2")
	h, err := s.there.Session.Channel(s.calling).Hail(patient(t), name(us, "desk/del-rio"), what, o)
	check(t, err)
	return h
}

package browsertest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"crossband/client"
	"crossband/cmd/crossband/internal/rig"
	"crossband/proto"
)

// TestAnObserverCannotPress: an observer's console says why it may not speak, its button
// does nothing, and what is sent past the page is refused with the same reason.
func TestAnObserverCannotPress(t *testing.T) {
	s := onStage(t)
	n := name(ca, "desk/stanstead")
	d, err := s.enter(patient(t), n)
	check(t, err)
	incident := s.incident(t)
	check(t, s.unit.Session.Channel(incident).Add(patient(t), n))
	_, _, err = rig.Await(patient(t), d, func(e client.Joined) bool { return e.Channel == incident })
	check(t, err)
	check(t, d.Close())
	c, err := s.startConsole(rig.Home(s.dir, ca, n.Short()), "--lang", "fr")
	check(t, err)
	t.Cleanup(func() { c.end() }) // after its page, which would look for it

	p := s.browser.open(t, order{URL: c.url, Before: listening, Locale: "fr-CA"})
	p.ready()
	p.see(ptt(incident) + `[aria-disabled="true"]:has-text("observez")`)
	p.shot("observer")
	p.accessible("an observer")
	before := len(rig.Every[client.FloorChanged](s.unit))
	p.hold(ptt(incident))
	p.see(".notes .note-bad")
	p.letGo()
	status, body := p.fetch("api/do", "POST", "application/json", `{"do":"press","channels":["`+incident.String()+`"],"priority":"routine"}`)
	var outcome struct {
		Done bool
		Code int
		Says string
	}
	check(t, json.Unmarshal(body, &outcome))
	if status == 200 && outcome.Done { // asked for; then the refusal comes from the channel
		p.inState(incident, "denied")
	} else if outcome.Says == "" {
		t.Errorf("refused without a word: %d %s", status, body)
	}
	if n := len(rig.Every[client.FloorChanged](s.unit)); n != before {
		t.Error("an observer had the floor")
	}
	// The members are shown it, at the dispatcher's too.
	mine := s.dispatcher(t)
	join := strip(incident) + " button.wide"
	mine.click(join)
	mine.see(strip(incident) + " .marks:has-text('1 observer')")
}

// incident opens one of the US: its unit calls its own neighbour, who accepts.
func (s *stage) incident(t *testing.T) proto.ChannelID {
	t.Helper()
	h, err := s.unit.Session.Channel(s.calling).Hail(patient(t), name(mx, "desk/piedras-negras"), content(t, "request-backup"), client.HailOptions{})
	check(t, err)
	_, _, err = rig.Await(patient(t), s.guard, func(e client.HailReceived) bool { return e.ID == h.ID() })
	check(t, err)
	check(t, s.guard.Session.FindHail(h.ID()).Reply(patient(t), proto.HailAccepted, proto.ReasonNone, nil))
	id, err := h.WaitIncident(patient(t))
	check(t, err)
	return id
}

// TestLossOfTheRelayIsShown: with the wire to the relay cut the page says so, and since
// when; nothing looks secure, and nobody can speak into the void. It comes back by itself.
func TestLossOfTheRelayIsShown(t *testing.T) {
	s := onStage(t)
	p := s.dispatcher(t)
	p.see(strip(s.patrol) + ` [data-secure="secure"]`)
	p.shot("quiet")
	p.accessible("nothing happens")
	s.wire.Cut(true)
	defer s.wire.Cut(false)
	p.see(".standing.bad:has-text('No relay')")
	p.gone(`[data-secure="secure"]`)
	p.shot("relay-lost")
	p.accessible("the relay is lost")
	p.tab("texts")
	p.do(order{Do: "choose", Selector: ".panel-texts select", Value: s.patrol.String()})
	p.do(order{Do: "fill", Selector: ".write input", Value: "written while the relay is away"})
	p.press("Enter")
	p.see(".outbox li")
	s.wire.Cut(false)
	p.see(".standing.good")
	p.see(strip(s.patrol) + ` [data-secure="secure"]`)
	_, _, err := rig.Await(patient(t), s.there, func(e client.TextReceived) bool { return e.Text == "written while the relay is away" })
	check(t, err)
	p.gone(".outbox li")
}

// TestADeadConsoleLooksDead: when the program behind the page is gone, nothing on the
// page looks live or secure.
func TestADeadConsoleLooksDead(t *testing.T) {
	s := onStage(t)
	t.Parallel()
	home, err := s.enrol(patient(t), name(us, "desk/eagle-pass"))
	check(t, err)
	d, err := rig.Open(patient(t), home, "browsertest")
	check(t, err)
	check(t, s.join(patient(t), d))
	check(t, d.Close())
	c, err := s.startConsole(home)
	check(t, err)
	t.Cleanup(func() { c.end() }) // after its page, which would look for it
	p := s.browser.open(t, order{URL: c.url, Before: listening})
	p.ready()
	p.see(`[data-secure="secure"]`)
	p.expected = "net::ERR_" // the page tries, and cannot reach it
	check(t, c.end())
	p.see(".banner.bad:has-text('NOT LIVE')")
	if n := p.count(`[data-secure="secure"]`); n > 0 {
		t.Errorf("%d channels look secure on a page without a program", n)
	}
	p.see(ptt(s.patrol) + `[aria-disabled="true"]`)
	p.shot("not-live")
	p.accessible("the program is gone")
}

// TestThreeLanguages: the page, and what is called, in the dispatcher's language.
func TestThreeLanguages(t *testing.T) {
	s := onStage(t)
	p := s.dispatcher(t)
	h := s.call(t, client.HailOptions{})
	defer h.Reply(t.Context(), proto.HailCancelled, proto.ReasonNone, nil)
	banner := `.ring[data-call="` + h.ID().String() + `"]`
	for _, l := range []struct{ code, tag, title, says string }{
		{"es", "es-MX", "Incidentes", "Disparos de un lado a otro de la frontera."},
		{"fr", "fr-CA", "Incidents", "Coups de feu d'un côté à l'autre de la frontière."},
		{"en", "en-US", "Incidents", "Shots fired across the border."},
	} {
		p.do(order{Do: "choose", Selector: ".top select", Value: l.code})
		p.see(fmt.Sprintf("%s:has-text(%q)", banner, l.says))
		p.see(fmt.Sprintf(`[data-tab=incidents]:has-text(%q)`, l.title))
		var lang, words string
		p.eval("document.documentElement.lang", &lang)
		if lang != l.tag {
			t.Errorf("the page says that it is %q, want %q", lang, l.tag)
		}
		p.eval("document.body.innerText", &words)
		if strings.Contains(words, "undefined") || strings.Contains(words, "[object") {
			t.Errorf("%s: words are missing: %s", l.code, words)
		}
		p.shot("language-" + l.code)
		p.accessible("in " + l.code)
	}
}

// TestEveryLookIsReadable: by night and with high contrast, on every panel. All other
// tests look by day.
func TestEveryLookIsReadable(t *testing.T) {
	s := onStage(t)
	t.Parallel()
	p := s.watcher(t)
	for _, look := range []string{"dark", "contrast"} {
		p.do(order{Do: "choose", Selector: ".top select >> nth=1", Value: look})
		p.until(`document.documentElement.dataset.theme === "` + look + `"`)
		for _, panel := range []string{"calls", "incidents", "alarms", "map", "texts", "recall", "roster", "duty", "notices", "pacts"} {
			p.tab(panel)
			p.see("#tab-" + panel + "[aria-selected=true]")
			p.shot("look-" + look + "-" + panel)
			p.accessible(look + ", " + panel)
		}
	}
}

// TestTextsShowHowFarTheyCame: what is written reaches the others, is shown as read once
// one of them has read it, and what others write is text whatever it holds.
func TestTextsShowHowFarTheyCame(t *testing.T) {
	s := onStage(t)
	t.Parallel()
	p := s.watcher(t)
	p.tab("texts")
	p.do(order{Do: "choose", Selector: ".panel-texts select", Value: s.patrol.String()})
	p.do(order{Do: "fill", Selector: ".write input", Value: "two vehicles at the bridge"})
	p.press("Enter")
	got, _, err := rig.Await(patient(t), s.there, func(e client.TextReceived) bool { return e.Text == "two vehicles at the bridge" })
	check(t, err)
	p.see(".text.mine:has-text('two vehicles at the bridge') .delivery")
	for _, e := range rig.Every[client.TextReceived](s.there) { // a text counts as read with all before it
		if e.Channel == s.patrol && e.Seq <= got.Seq {
			check(t, s.there.Session.Shown(e))
		}
	}
	p.see(".text.mine:has-text('two vehicles at the bridge') .delivery:has-text('Read')")
	hostile := `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`
	_, err = s.there.Session.Channel(s.patrol).Text(patient(t), hostile)
	check(t, err)
	p.see(`.text .body:has-text("onerror")`)
	var title string
	p.eval("document.title", &title)
	if n := p.count(".texts img, .texts script"); n > 0 || title == "owned" {
		t.Errorf("a text became markup: %d elements, title %q", n, title)
	}
	p.shot("texts")
	p.accessible("texts")
}

// TestOnAPhone: nothing is wider than a phone, and the button is there to be held.
func TestOnAPhone(t *testing.T) {
	s := onStage(t)
	p := s.browser.open(t, order{URL: s.console.url, Before: listening, Width: 390, Height: 844, Touch: true, Dark: true})
	p.ready()
	var wide bool
	p.eval("document.documentElement.scrollWidth > innerWidth + 1", &wide)
	if wide {
		t.Error("the page is wider than a phone")
	}
	p.hold(ptt(s.patrol))
	p.inState(s.patrol, "granted")
	p.shot("phone")
	p.accessible("on a phone, in the dark")
	p.letGo()
	p.inState(s.patrol, "idle")
}

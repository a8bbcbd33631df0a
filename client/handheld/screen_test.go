package handheld

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"crossband/client/console"
	"crossband/client/handheld/sound"
	"crossband/client/phrase"
	"crossband/proto"
)

// hand is an actor that notes what it was told to do.
type hand struct {
	deeds  []console.Deed
	says   map[string]console.Outcome // by deed
	missed []console.Spoken
	played []proto.BurstID
	muted  bool
	place  string
}

func (h *hand) Do(_ context.Context, d console.Deed) console.Outcome {
	h.deeds = append(h.deeds, d)
	if o, ok := h.says[d.Do]; ok {
		return o
	}
	return console.Outcome{Done: true}
}

func (h *hand) Replay(_ context.Context, id proto.BurstID) error {
	h.played = append(h.played, id)
	return nil
}
func (h *hand) Unheard() []console.Spoken { return h.missed }
func (h *hand) Parrot(context.Context, func(int)) (sound.Report, error) {
	return sound.Report{}, errors.New("no microphone")
}
func (h *hand) Mute(on bool) { h.muted = on }
func (h *hand) Typed(text string) error {
	if h.place = text; text == "nowhere" {
		return errors.New("not a place")
	}
	return nil
}

// seat is a person before a screen.
type seat struct {
	t *testing.T
	*screen
	*hand
	quit bool
}

func sit(t *testing.T, change func(*Seen)) *seat {
	h := &hand{says: map[string]console.Outcome{}}
	p := &seat{t: t, screen: newScreen(t.Context(), h, phrase.English), hand: h}
	p.send(tea.WindowSizeMsg{Width: 100, Height: 30})
	p.show(change)
	h.deeds = nil
	return p
}

func now() time.Time { return time.Date(2026, 3, 4, 15, 35, 0, 0, time.UTC) }

func seenNow() Seen {
	return Seen{At: now(), View: console.View{
		Me: console.Me{Name: "spiffe://usbp.example/unit/del-rio-214", Short: "unit/del-rio-214", Agency: "usbp.example", Phrases: []console.Phrase{
			{Slug: "request-backup", Says: "Request backup.", Slots: []string{"place", "count"}},
			{Slug: "shots-fired", Says: "Shots fired.", Slots: []string{"place"}},
			{Slug: "persons", Says: "… persons.", Slots: []string{"count"}, Required: []string{"count"}},
		}},
		Link: console.Link{Up: true, Relay: "eagle-pass-1", Since: "2026-03-04T15:30:00.000Z"},
		Channels: []console.Channel{
			{ID: "c1", Title: "River patrol", Kind: "standing", Joined: true, MayTalk: true, Secure: console.Secure{State: "secure", Says: "Secure: all agree."}},
			{ID: "c2", Title: "Calling", Kind: "calling", Joined: true, MayTalk: true, MayHail: true, Secure: console.Secure{State: "unconfirmed"}, Members: []console.Member{{Name: "d1", Short: "desk/piedras-negras", Role: "desk"}}},
			{ID: "c3", Title: "Watch", Kind: "standing", Joined: true, Secure: console.Secure{State: "differ"}},
		},
	}}
}

func (p *seat) show(change func(*Seen)) {
	s := seenNow()
	if change != nil {
		change(&s)
	}
	p.send(s)
}

// send delivers a message and all that the commands say.
func (p *seat) send(msg tea.Msg) {
	p.t.Helper()
	_, cmd := p.Update(msg)
	p.run(cmd)
}

func (p *seat) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	switch m := cmd().(type) {
	case nil:
	case tea.QuitMsg:
		p.quit = true
	default:
		if v := reflect.ValueOf(m); v.Kind() == reflect.Slice && v.Type().Elem() == reflect.TypeFor[tea.Cmd]() { // a batch or sequence
			for i := range v.Len() {
				p.run(v.Index(i).Interface().(tea.Cmd))
			}
			return
		}
		p.send(m)
	}
}

func (p *seat) keys(keys ...string) {
	p.t.Helper()
	named := map[string]tea.Key{
		"space": {Code: tea.KeySpace, Text: " "}, "enter": {Code: tea.KeyEnter}, "esc": {Code: tea.KeyEscape}, "tab": {Code: tea.KeyTab}, "backspace": {Code: tea.KeyBackspace},
		"up": {Code: tea.KeyUp}, "down": {Code: tea.KeyDown}, "right": {Code: tea.KeyRight}, "ctrl+e": {Code: 'e', Mod: tea.ModCtrl}, "ctrl+c": {Code: 'c', Mod: tea.ModCtrl},
	}
	for _, k := range keys {
		key, ok := named[k]
		if !ok {
			key = tea.Key{Code: []rune(k)[0], Text: k}
		}
		p.send(tea.KeyPressMsg(key))
	}
}

func (p *seat) does(want ...console.Deed) {
	p.t.Helper()
	if !reflect.DeepEqual(p.deeds, want) && len(p.deeds)+len(want) > 0 {
		p.t.Errorf("done: %+v\nwant: %+v", p.deeds, want)
	}
	p.deeds = nil
}

func (p *seat) sees(words ...string) {
	p.t.Helper()
	all := strings.Join(p.lines(), "\n")
	for _, w := range words {
		if !strings.Contains(all, w) {
			p.t.Errorf("%q is not on the screen:\n%s", w, all)
		}
	}
}

func (p *seat) seesNot(words ...string) {
	p.t.Helper()
	all := strings.Join(p.lines(), "\n")
	for _, w := range words {
		if strings.Contains(all, w) {
			p.t.Errorf("%q is on the screen:\n%s", w, all)
		}
	}
}

func pressOn(number, ch, priority string) console.Deed {
	return console.Deed{Do: console.DoPress, Press: number, Channels: []string{ch}, Priority: priority}
}

func letGo(number string) console.Deed { return console.Deed{Do: console.DoRelease, Press: number} }

// floor is how the press of a number stands on the first channel.
func floor(number, mine string) func(*Seen) {
	return func(s *Seen) {
		s.View.Channels[0].Floor = console.Floor{Mine: mine, Press: number, Queue: 2, LeftS: 42, Why: "taken by another (401)"}
		s.Mic = 50
	}
}

func TestPressByToggle(t *testing.T) {
	release := letGo("1")
	p := sit(t, nil)
	p.sees("[space on and off] talk: River patrol")
	p.keys("space")
	p.does(pressOn("1", "c1", "routine"))
	p.show(floor("1", "granted"))
	p.sees("ON AIR: YOU TALK", "42 s left", "▮▮▮▮▯▯▯▯")
	p.keys("tab", "2") // not while talking
	p.sees("▶ 1 River patrol")
	p.keys("space")
	p.does(release)
	p.show(floor("1", "queued"))
	p.sees("you wait, place 2")

	t.Run("denied", func(t *testing.T) {
		p := sit(t, nil)
		p.keys("space")
		p.show(floor("1", "denied"))
		p.sees("not on air: taken by another (401)")
		p.deeds = nil
		p.keys("space") // presses again: the button is up
		p.does(pressOn("2", "c1", "routine"))
	})
	t.Run("no microphone", func(t *testing.T) {
		p := sit(t, nil)
		p.says[console.DoPress] = console.Outcome{Says: "No sound server."}
		p.keys("space")
		p.sees("No sound server.")
		p.deeds = nil
		p.keys("space")
		p.does(pressOn("2", "c1", "routine"))
	})
	t.Run("what is seen may be older than the press", func(t *testing.T) {
		p := sit(t, nil)
		p.keys("space")
		p.show(nil) // made before the press was known
		p.keys("space")
		p.does(pressOn("1", "c1", "routine"), letGo("1"))
		p.keys("space")
		p.show(floor("1", "idle")) // the end of the press before
		p.keys("space")
		p.does(pressOn("2", "c1", "routine"), letGo("2"))
	})
	t.Run("an observer cannot press", func(t *testing.T) {
		p := sit(t, nil)
		p.keys("3", "space")
		p.does()
		p.sees("listen only")
	})
	t.Run("leaving lets go", func(t *testing.T) {
		p := sit(t, nil)
		p.keys("space", "ctrl+c")
		p.does(pressOn("1", "c1", "routine"), release)
		if !p.quit {
			t.Error("still there")
		}
	})
}

func TestPressByHolding(t *testing.T) {
	release := letGo("1")
	hold := func(t *testing.T) *seat {
		p := sit(t, nil)
		p.send(tea.KeyboardEnhancementsMsg{Flags: 2 | 8}) // event types, all keys as escape codes
		p.sees("[hold space]")
		p.keys("space")
		p.does(pressOn("1", "c1", "routine"))
		return p
	}
	t.Run("the key goes up", func(t *testing.T) {
		p := hold(t)
		p.send(tea.KeyPressMsg{Code: tea.KeySpace, Text: " ", IsRepeat: true})
		p.does()
		p.send(tea.KeyReleaseMsg{Code: 'x'})
		p.does()
		p.send(tea.KeyReleaseMsg{Code: tea.KeySpace})
		p.does(release)
	})
	t.Run("the window loses the keyboard", func(t *testing.T) {
		p := hold(t)
		p.send(tea.BlurMsg{})
		p.does(release)
	})
	t.Run("a terminal that tells of repeats but not of releases of letters", func(t *testing.T) {
		p := sit(t, nil)
		p.send(tea.KeyboardEnhancementsMsg{Flags: 2})
		p.sees("[space on and off]")
	})
}

func TestEmergencyWantsTwoPresses(t *testing.T) {
	p := sit(t, nil)
	p.keys("ctrl+e")
	p.does()
	p.sees("press ctrl+e again")
	p.show(func(s *Seen) { s.At = s.At.Add(armedFor + time.Second) })
	p.keys("ctrl+e") // too late: it begins anew
	p.does()
	p.keys("ctrl+e")
	p.does(pressOn("1", "c1", "emergency"))
	t.Run("out of a routine press, and while something is typed", func(t *testing.T) {
		p := sit(t, nil)
		p.keys("space", "t", "ctrl+e", "ctrl+e")
		p.does(pressOn("1", "c1", "routine"), letGo("1"), pressOn("2", "c1", "emergency"))
	})
}

func call(id string, rings bool, may ...string) console.Call {
	return console.Call{ID: id, FromShort: "unit/x", ToShort: "desk/y", Urgency: "emergency", Says: "Officer down.", Note: "by the bridge", Rings: rings, May: may, Expires: "2026-03-04T15:36:30.000Z", StateSays: "ringing"}
}

func TestCalls(t *testing.T) {
	ring := func(s *Seen) {
		s.View.Calls = []console.Call{call("h2", true, "declined"), call("h1", true, "accepted", "declined")}
		s.Ringing = s.View.Calls[1:]
	}
	p := sit(t, ring)
	p.sees("EMERGENCY unit/x: Officer down. “by the bridge”", "[a] accept", "90 s")
	p.keys("c")
	p.does(console.Deed{Do: console.DoReply, Call: "h1", State: "committed"})
	p.keys("right", "c") // h2 cannot be committed to
	p.does()
	p.keys("d")
	p.does(console.Deed{Do: console.DoReply, Call: "h2", State: "declined"})
	t.Run("it is heard", func(t *testing.T) {
		p := sit(t, nil)
		s := seenNow()
		ring(&s)
		_, cmd := p.Update(s)
		if cmd == nil {
			t.Fatal("no bell")
		}
		if m, ok := cmd().(tea.RawMsg); !ok || m.Msg != "\a" {
			t.Errorf("%#v", cmd())
		}
	})
	t.Run("an exercise is marked", func(t *testing.T) {
		p := sit(t, func(s *Seen) {
			c := call("h", true, "accepted")
			c.Exercise = true
			s.View.Calls = []console.Call{c}
			s.View.Channels[0].Exercise = true
		})
		p.sees("EXERCISE EMERGENCY", "EXERCISE ░")
	})
	t.Run("nothing rings", func(t *testing.T) {
		p := sit(t, nil)
		p.keys("a", "c", "d")
		p.does()
	})
}

func TestHailByKeys(t *testing.T) {
	p := sit(t, func(s *Seen) {
		f, _ := TypedFix("28.7091,-100.4995", now())
		s.Fix = &f
	})
	p.keys("h")
	p.sees("Hail whom?", "1 desk/piedras-negras")
	p.keys("1")
	p.keys("s", "h", "o", "t")
	p.sees("Shots fired.")
	p.seesNot("Request backup.")
	p.keys("enter")
	p.sees("Send this hail?", "URGENT", "place=28.709100,-100.499500")
	p.does()
	p.keys("u", "enter")
	p.does(console.Deed{Do: console.DoHail, Channel: "c2", Name: "d1", Phrase: "shots-fired", Slots: map[string]string{"place": "28.709100,-100.499500"}, Priority: "emergency"})
	p.sees("sent")
	t.Run("what is missing is asked for", func(t *testing.T) {
		p := sit(t, nil)
		p.keys("h", "enter", "down", "down", "enter")
		p.sees("count: NUMBER of persons")
		p.keys("enter")
		p.does()
		p.keys("3", "enter", "enter")
		p.does(console.Deed{Do: console.DoHail, Channel: "c2", Name: "d1", Phrase: "persons", Slots: map[string]string{"count": "3"}, Priority: "urgent"})
	})
	t.Run("on an exercise's channel it is one", func(t *testing.T) {
		p := sit(t, func(s *Seen) { s.View.Channels[1].Exercise = true })
		p.keys("h", "1", "enter")
		p.sees("EXERCISE")
		p.keys("enter")
		p.does(console.Deed{Do: console.DoHail, Channel: "c2", Name: "d1", Phrase: "request-backup", Slots: map[string]string{}, Priority: "urgent", Exercise: true})
	})
	t.Run("leaving sends nothing", func(t *testing.T) {
		p := sit(t, nil)
		p.keys("h", "1", "enter", "esc", "enter")
		p.does()
	})
	t.Run("nobody to hail", func(t *testing.T) {
		p := sit(t, func(s *Seen) { s.View.Channels[1].MayHail = false })
		p.keys("h")
		p.sees("No desk can be hailed")
	})
}

func TestTexts(t *testing.T) {
	p := sit(t, func(s *Seen) {
		s.View.Messages = []console.Message{
			{ID: "m1", Channel: "c1", Short: "unit/x", Agency: "gn.example", Text: "At the ford.", At: "2026-03-04T15:34:00.000Z", Late: true},
			{ID: "m2", Channel: "c1", Mine: true, Text: "Coming.", State: "failed", Why: "expired (506)"},
			{ID: "m3", Channel: "c2", Text: "Elsewhere."},
		}
		s.View.Channels[0].Outbox = []console.Queued{{ID: "q", At: "2026-03-04T15:31:00.000Z"}}
	})
	p.sees("LATE", "unit/x@gn.example: At the ford.", "Coming.  [FAILED: expired (506)]", "Outbox: 1 waiting, oldest 4 min")
	p.seesNot("Elsewhere.")
	p.keys("tab")
	p.does(console.Deed{Do: console.DoShown, Message: "m3"}) // m1 was shown before
	p.keys("t", "H", "i", "space", "x", "backspace", "y", "enter")
	p.does(console.Deed{Do: console.DoText, Channel: "c2", Text: "Hi y"})
	p.says[console.DoText] = console.Outcome{Waits: true}
	p.keys("t")
	p.send(tea.PasteMsg{Content: "two\nlines\x1b[2J"})
	p.keys("enter")
	p.does(console.Deed{Do: console.DoText, Channel: "c2", Text: "two lines [2J"})
	p.sees("waits in the outbox")
}

func TestLoweredBitRateIsSaidWhileOneTalks(t *testing.T) {
	const lowered = "bit rate lowered: listeners on a weak link"
	shown := func(mine string, bits int) *seat {
		return sit(t, func(s *Seen) { s.View.Channels[0].Floor = console.Floor{Mine: mine, Bits: bits} })
	}
	shown("granted", 12_000).sees(lowered)
	shown("warned", 8_000).sees(lowered)
	shown("granted", 0).seesNot(lowered)
	shown("idle", 12_000).seesNot(lowered)
}

func TestMissedBursts(t *testing.T) {
	p := sit(t, func(s *Seen) { s.View.Bursts = []console.Burst{{Over: true}, {Over: true, Heard: true}, {}} })
	p.sees("[r] 1 missed")
	p.keys("r")
	p.sees("Nothing was missed.")
	p.missed = []console.Spoken{{ID: proto.BurstID{1}, At: now()}, {ID: proto.BurstID{2}, At: now()}}
	p.keys("r")
	if !slices.Equal(p.played, []proto.BurstID{{1}, {2}}) {
		t.Errorf("played %v", p.played)
	}
	p.keys("m")
	if !p.muted {
		t.Error("not muted")
	}
}

func TestPositionByHand(t *testing.T) {
	p := sit(t, nil)
	p.keys("p")
	p.send(tea.PasteMsg{Content: "nowhere"})
	p.keys("enter")
	p.sees("not a place", "> nowhere")
	p.keys("esc", "p", "1", ",", "2", "enter")
	if p.place != "1,2" {
		t.Errorf("typed %q", p.place)
	}
}

// TestNothingLooksSecureThatIsNot: a state is shown by shape and word, and what is not
// known to be secure has another of both.
func TestNothingLooksSecureThatIsNot(t *testing.T) {
	for state, want := range map[string]string{"secure": "◆ SECURE", "unconfirmed": "◇ UNCONFIRMED", "differ": "✖ VIEWS DIFFER", "none": "○ NOT SECURE", "": "○ NOT SECURE", "new": "○ NOT SECURE"} {
		p := sit(t, func(s *Seen) {
			for i := range s.View.Channels {
				s.View.Channels[i].Secure.State = state
			}
		})
		p.sees(want)
		if state != "secure" {
			p.seesNot("◆")
		}
	}
	p := sit(t, func(s *Seen) {
		s.View.Link = console.Link{Since: "2026-03-04T15:30:00.000Z", Why: "timeout"}
		s.View.Channels[0].HubAway = true
		s.View.Channels[0].Members = []console.Member{{Short: "gateway/p25", Gateway: true}, {Short: "desk/visitor", Observer: true}}
		s.View.Channels[0].Floor.Forged = true
		s.View.Me.Expelled = "revoked (103)"
		s.View.Alarms = []console.Alarm{{ID: 4, Says: "Look here."}}
		s.Sound = sound.ErrNoServer
	})
	p.sees("▼ NO LINK", "timeout", "hub away", "ENCRYPTION ENDS AT A GATEWAY: gateway/p25 (gateway), desk/visitor (observer)", "NOT SIGNED BY THE SPEAKER", "TAKEN OUT: revoked (103)", "! Look here.", "No sound server answers")
	p.keys("x")
	p.does(console.Deed{Do: console.DoAlarmSeen, Alarm: 4})
	for i := range 3 { // among channels that are not chosen, too
		p := sit(t, func(s *Seen) {
			for j := range s.View.Channels {
				s.View.Channels[j].Secure.State = "unconfirmed"
			}
			s.View.Channels[i].Secure.State = "secure"
			s.View.Channels[i].Members = []console.Member{{Short: "gateway/p25", Gateway: true}}
		})
		p.sees("⚠ GATEWAY")
		p.seesNot("◆")
	}
	for i := range 3 { // among channels that are not chosen, too
		p := sit(t, func(s *Seen) {
			for j := range s.View.Channels {
				s.View.Channels[j].Secure.State = "unconfirmed"
			}
			s.View.Channels[i].Secure.State = "secure"
			s.View.Channels[i].Members = []console.Member{{Short: "gateway/p25", Gateway: true}}
		})
		p.sees("⚠ GATEWAY")
		p.seesNot("◆")
	}
}

// TestTheScreenFits: whatever is long, no line is wider than the window, and there are
// as many as it has.
func TestTheScreenFits(t *testing.T) {
	long := strings.Repeat("長い", 100)
	for _, size := range []tea.WindowSizeMsg{{Width: 60, Height: 16}, {Width: 80, Height: 24}, {Width: 200, Height: 60}, {Width: 20, Height: 5}, {Width: 1, Height: 1}, {}} {
		for _, keys := range [][]string{nil, {"h"}, {"h", "1"}, {"h", "1", "enter"}, {"t"}, {"p"}, {"?"}} {
			p := sit(t, func(s *Seen) {
				s.View.Me.Short, s.View.Link.Why, s.View.Link.Up = long, long, false
				for i := range 30 {
					s.View.Channels = append(s.View.Channels, console.Channel{ID: long + string(rune('a'+i)), Title: long, Exercise: true})
					s.View.Messages = append(s.View.Messages, console.Message{ID: long, Channel: "c1", Text: long})
					s.View.Calls = append(s.View.Calls, call(long, true, "accepted"))
				}
				s.View.Alarms = []console.Alarm{{Says: long}}
			})
			p.send(size)
			p.keys(keys...)
			lines := p.lines()
			if size.Height >= leastHeight && len(lines) != size.Height || len(lines) > max(1, size.Height) {
				t.Errorf("%+v %v: %d lines", size, keys, len(lines))
			}
			for _, l := range lines {
				if lipgloss.Width(l) > max(1, size.Width) || strings.Contains(l, "\n") {
					t.Errorf("%+v %v: a line of %d", size, keys, lipgloss.Width(l))
				}
			}
		}
	}
}

func TestEveryWordIsInEveryLanguage(t *testing.T) {
	english := reflect.ValueOf(wordsFor(phrase.English))
	for _, l := range phrase.Languages() {
		v := reflect.ValueOf(wordsFor(l))
		for i := range v.NumField() {
			name := v.Type().Field(i).Name
			if v.Field(i).Kind() == reflect.Map {
				if v.Field(i).Len() != english.Field(i).Len() {
					t.Errorf("%v: %s has %d words, English %d", l, name, v.Field(i).Len(), english.Field(i).Len())
				}
				continue
			}
			text, model := v.Field(i).String(), english.Field(i).String()
			if text == "" || strings.Count(text, "%") != strings.Count(model, "%") {
				t.Errorf("%v: %s is %q, in English %q", l, name, text, model)
			}
		}
	}
	p := sit(t, nil)
	p.keys("l")
	p.does(console.Deed{Do: console.DoLanguage, Language: "es-MX"})
	p.sees("SEGURO", "Canales")
	p.keys("l")
	p.sees("SÛR", "Canaux")
}

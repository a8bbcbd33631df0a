package nettest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

// burst is what `listen --json` says of one.
type burst struct {
	Frames  int  `json:"frames"`
	Forged  int  `json:"forged"`
	Genuine bool `json:"genuine"`
}

// talk has the US unit say so many seconds, which the Mexican desk hears beyond
// the border; in the middle of it something happens.
func (w *world) talk(seconds int, meanwhile func()) (sent int, heard burst) {
	w.t.Helper()
	ear := w.start(w.m.field, "listen", "--home", "guard", "--to", "out.wav", "--bursts", "1", "--json")
	ear.saw("listening to")
	talker := w.start(w.m.field, "talk", "--home", "unit", "--from", w.tone(seconds), "--json")
	talker.saw("talking")
	time.Sleep(time.Duration(seconds) * time.Second / 2)
	meanwhile()
	var report struct {
		Frames int `json:"frames"`
	}
	w.parse(talker.finish(), &report)
	var listened struct {
		Bursts []burst `json:"bursts"`
	}
	w.parse(ear.finish(), &listened)
	if len(listened.Bursts) != 1 {
		w.t.Fatalf("%d bursts were heard", len(listened.Bursts))
	}
	return report.Frames, listened.Bursts[0]
}

// parse reads the JSON among a command's notes.
func (w *world) parse(out string, v any) {
	w.t.Helper()
	if err := json.NewDecoder(strings.NewReader(out[strings.Index(out, "{\n"):])).Decode(v); err != nil {
		w.t.Fatalf("%v in %s", err, out)
	}
}

// TestPaths runs the programs over a good network and then spoils it. Frames are
// counted, not timed: a gap of a second is fifty of them.
func TestPaths(t *testing.T) {
	w := newWorld(t)
	border := func(p path) { w.borderUS.set(p); w.borderMX.set(p) }
	expect := func(what string, sent int, b burst, lost int) {
		t.Helper()
		t.Logf("%s: %d of %d frames, genuine %v", what, b.Frames, sent, b.Genuine)
		if b.Frames < sent-lost || b.Forged != 0 {
			t.Errorf("%s: heard %+v of %d frames, want all but %d", what, b, sent, lost)
		}
	}

	// A device of Mexico's reads texts; its network is down for half a minute of
	// what follows.
	reader := w.start(w.m.field, "text", "--home", "reader")
	reader.saw("reading")
	sent, b := w.talk(3, func() {})
	expect("a good path", sent, b, 0)

	w.toMX.set(path{blocked: true})
	blocked := time.Now()
	for i := range 6 {
		w.run(w.m.field, "", "text", "--home", "desk", fmt.Sprintf("during the blackout %d", i))
	}
	time.Sleep(time.Until(blocked.Add(30 * time.Second)))
	w.toMX.set(path{})
	reader.saw("during the blackout 5")
	time.Sleep(time.Second)
	var order []string
	for _, m := range regexp.MustCompile(`during the blackout (\d)`).FindAllStringSubmatch(reader.interrupt(), -1) {
		order = append(order, m[1])
	}
	if got := strings.Join(order, ""); got != "012345" {
		t.Errorf("after the blackout the reader was shown texts %q, want each once and in order", got)
	}

	border(path{delay: 50 * time.Millisecond, jitter: 20 * time.Millisecond, loss: 0.03})
	before := w.borderUS.lost.Load() + w.borderMX.lost.Load()
	sent, b = w.talk(5, func() {})
	expect("50 ms ± 20 ms and 3 % loss", sent, b, sent*16/100) // a busy machine loses some more
	if w.borderUS.lost.Load()+w.borderMX.lost.Load() == before {
		t.Error("nothing was lost: the test shows nothing")
	}
	border(path{})

	sent, b = w.talk(4, func() {
		for _, ns := range []namespace{w.m.us, w.m.mx, w.m.field} {
			w.m.setMTU(t, ns, 1280)
		}
	})
	expect("an MTU of 1280 in the middle of a talk", sent, b, 0)

	sent, b = w.talk(4, func() { w.toUS.rebind(); w.borderUS.rebind(); w.borderMX.rebind() })
	expect("other ports in the middle of a talk", sent, b, int(time.Second/(20*time.Millisecond)))
}

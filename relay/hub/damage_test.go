package hub_test

import (
	"slices"
	"strings"
	"testing"

	"crossband/relay/hub"
)

// TestMarksTellHowLongALogWas: what is lost without a name, so that the store cannot
// tell, is known from how far the log had been delivered.
func TestMarksTellHowLongALogWas(t *testing.T) {
	w := newWorld(t)
	do(t, w, "up us/unit/a")
	do(t, w, "charter border kind=standing party=us:send=unit+desk")
	do(t, w, "channel border us/unit/a")
	do(t, w, "from us/unit/a id=1: text border t1 number=1")
	do(t, w, "tick 6s")
	id := w.made.channels["border"]
	bucket := w.disk["log/"+id.String()]
	for key := range bucket {
		delete(bucket, key)
	}
	w.hub = hub.New(w.self, w.judge)
	var lines []string
	for _, e := range w.disk.load(w.hub, w.now) {
		w.perform(e)
		lines = append(lines, w.effect(e))
	}
	if !slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, "entries 1 to 1 of the log") }) {
		t.Errorf("loading says %q, want an alarm", lines)
	}
	w.lines = nil
	do(t, w, "up us/unit/a")
	do(t, w, "from us/unit/a id=2: text border t2 number=2")
	if !slices.ContainsFunc(w.lines, func(l string) bool { return strings.Contains(l, "Appended border id=t2 seq=2") }) {
		t.Errorf("the next text: %q, want it under 2", w.lines)
	}
	w.restart() // and nothing is left to say
}

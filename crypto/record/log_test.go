package record

import (
	"bytes"
	"testing"
	"time"

	"crossband/proto"
)

// unchanged fails if a refusal has left a mark on a log.
func unchanged(t *testing.T, state func() []byte, why string, try func() error, f Fault) {
	t.Helper()
	before := state()
	wantFault(t, try(), f, why)
	if !bytes.Equal(before, state()) {
		t.Errorf("%s: the refusal changed the state", why)
	}
}

func TestALogRefuses(t *testing.T) {
	b := newBorder(t)
	l := NewLog(b.origin)
	put := func(when time.Time, body Body) func() error {
		return func() error { return failed(l.Append(when, b.unit.Name, b.hub.Name, body)) }
	}
	sign := func(when time.Time) func() error { return func() error { return failed(l.Checkpoint(b.hub, when)) } }
	unchanged(t, l.State, "signing nothing", sign(at(0)), Malformed)
	unchanged(t, l.State, "a first entry that opens nothing", put(at(0), &Closed{"x"}), Malformed)
	other := b.opened()
	other.Incident = proto.IncidentID{9}
	unchanged(t, l.State, "another incident", put(at(0), other), Malformed)
	ok(t, put(at(0), b.opened())())
	unchanged(t, l.State, "opening twice", put(at(1), b.opened()), Malformed)
	unchanged(t, l.State, "a body that cannot be written", put(at(1), &Closed{}), Malformed)
	ok(t, put(at(1000), &Closed{"x"})())
	if !l.Closed() {
		t.Error("not closed")
	}
	ok(t, put(at(1000).Add(-Skew), &ReArmed{})())
	if l.Closed() {
		t.Error("closed, though the ladder runs again")
	}
	unchanged(t, l.State, "a clock that went back", put(at(1000).Add(-Skew-time.Millisecond), &Closed{"x"}), TimeBack)
	unchanged(t, l.State, "a checkpoint before its entries", sign(at(1000).Add(-Skew-time.Millisecond)), TimeBack)
	ok(t, sign(at(1000).Add(-Skew))())
	ok(t, put(at(10), &ClockSet{Was: at(1000)})())
	ok(t, put(at(11), &Closed{"x"})())
	ok(t, sign(at(12))())
	unchanged(t, l.State, "a relay of another agency signs", func() error { return failed(l.Checkpoint(b.partner, at(12))) }, WrongSigner)
	unchanged(t, l.State, "a unit signs", func() error { return failed(l.Checkpoint(b.unit, at(12))) }, WrongSigner)
	if l.Size() != 5 || l.Signed() != 5 || !l.Closed() {
		t.Errorf("size %d, signed %d, closed %t", l.Size(), l.Signed(), l.Closed())
	}
	l.chain.tree.size = MaxEntries
	wantFault(t, put(at(13), &Closed{"x"})(), TooLarge, "one more entry than there may be")
}

// TestALogGoesOnAfterARestart: from its state and the lines since.
func TestALogGoesOnAfterARestart(t *testing.T) {
	b := newBorder(t)
	whole := NewLog(b.origin)
	var states, lines [][]byte
	for i := range 40 {
		states = append(states, whole.State())
		lines = append(lines, must(whole.Append(at(i), b.unit.Name, b.hub.Name, b.body(i)))(t).Line())
		if i == 20 {
			must(whole.Checkpoint(b.hub, at(i)))(t)
		}
	}
	for i, s := range states {
		l := must(RestoreLog(s))(t)
		for _, line := range lines[i:] {
			replay(t, l, line)
		}
		if got, want := must(l.Checkpoint(b.hub, at(40)))(t), must(whole.Checkpoint(b.hub, at(40)))(t); got.Root != want.Root || got.Last != want.Last || got.Size != want.Size {
			t.Fatalf("from state %d: %+v, want %+v", i, got, want)
		}
	}
	if n := len(whole.State()); n > 1000 {
		t.Errorf("a state of %d octets", n)
	}
}

// replay appends a line that another log has written.
func replay(t *testing.T, l *Log, line []byte) {
	t.Helper()
	e := must(ParseEntry(line))(t)
	ok(t, l.take(&e))
}

// TestAStorePutBackIsNoticed: a log that is restored from an old copy is not
// to go on as if nothing had been signed since.
func TestAStorePutBackIsNoticed(t *testing.T) {
	b := newBorder(t)
	h := b.write(t, 10, []int{4, 8, 10}, nil)
	old := NewLog(b.origin)
	for _, l := range h.lines[:8] {
		replay(t, old, l)
	}
	cp := func(i int) *Checkpoint { c := must(ParseCheckpoint(h.notes[i]))(t); return &c }
	ok(t, old.Settle(cp(0)))
	ok(t, old.Settle(cp(1)))
	if old.Signed() != 8 {
		t.Errorf("signed %d", old.Signed())
	}
	unchanged(t, old.State, "a checkpoint beyond its end", func() error { return old.Settle(cp(2)) }, Truncated)
	for i := range 2 {
		must(old.Append(at(8+i), b.unit.Name, b.hub.Name, &Closed{"x"}))(t)
	}
	unchanged(t, old.State, "a checkpoint of another history", func() error { return old.Settle(cp(2)) }, Forked)
	unchanged(t, old.State, "a checkpoint of another log", func() error {
		c := *cp(0)
		c.Origin.Agency = "gn.example"
		return old.Settle(&c)
	}, Mismatch)
	late := must(RestoreLog(h.log.State()))(t)
	wantFault(t, late.Settle(cp(0)), Passed, "a checkpoint before what is remembered")
}

func TestStatesThatAreRefused(t *testing.T) {
	b := newBorder(t)
	h := b.write(t, 5, []int{5}, nil)
	good := h.log.State()
	ok(t, failed(RestoreLog(good)))
	ok(t, failed(RestoreLog(NewLog(b.origin).State())))
	root := bytes.Index(good, []byte(`"signed-root":"`)) + len(`"signed-root":"`)
	other := "00"
	if string(good[root:root+2]) == other {
		other = "01"
	}
	for i := range good {
		if _, err := RestoreReplica(good[:i]); err == nil {
			t.Fatalf("cut at %d: restored", i)
		}
	}
	for what, c := range map[string][2]string{
		"a size without its nodes":  {`"size":5`, `"size":7`},
		"more signed than there is": {`"signed-size":5`, `"signed-size":6`},
		"another signed root":       {`"signed-root":"` + string(good[root:root+2]), `"signed-root":"` + other},
		"another version":           {`"v":1`, `"v":2`},
		"no origin":                 {`"origin":"usbp.example/record/`, `"origin":"usbp.example/`},
		"no time":                   {`"latest":"2026-11-02T12:00:04.000Z",`, ``},
	} {
		s := bytes.Replace(good, []byte(c[0]), []byte(c[1]), 1)
		if bytes.Equal(s, good) {
			t.Fatalf("%s: nothing was changed in %s", what, good)
		}
		wantFault(t, failed(RestoreLog(s)), Malformed, what)
	}
	wantFault(t, failed(RestoreLog(bytes.Repeat([]byte(" "), maxState+1))), TooLarge, "a state too long")
}

// FuzzState: a state that is read is written again.
func FuzzState(f *testing.F) {
	b := newBorder(f)
	f.Add(b.write(f, 5, []int{5}, nil).log.State())
	f.Add(NewLog(b.origin).State())
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := RestoreLog(data)
		if err != nil {
			return
		}
		again := must(RestoreLog(l.State()))(t)
		if !bytes.Equal(again.State(), l.State()) {
			t.Fatalf("%q is restored differently", data)
		}
	})
}

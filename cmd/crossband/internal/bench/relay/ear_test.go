package relay

import (
	"testing"
	"time"
)

func TestBucketsKeepTheirOrderAndWidth(t *testing.T) {
	last := -1
	for us := range 5_000_000 {
		if us > 100_000 && us%997 != 0 {
			continue
		}
		d := time.Duration(us) * time.Microsecond
		b := bucket(d)
		if b < last || b > last+1 && us <= 100_000 {
			t.Fatalf("%v in bucket %d after %d", d, b, last)
		}
		last = b
		if off := (middle(b) - d).Abs(); off > time.Microsecond && float64(off) > 0.04*float64(d) {
			t.Fatalf("%v is told as %v", d, middle(b))
		}
	}
	if b := bucket(time.Hour); b != octaves*perOctave-1 {
		t.Errorf("an hour in bucket %d", b)
	}
	if b := bucket(-time.Second); b != 0 {
		t.Errorf("a negative delay in bucket %d", b)
	}
}

func TestQuantilesAreOverAllEars(t *testing.T) {
	a, b := new(ear), new(ear)
	for range 98 {
		a.delay.add(10 * time.Millisecond)
	}
	b.delay.add(time.Second)
	b.delay.add(time.Second)
	ears := []*ear{a, b}
	for q, want := range map[float64]time.Duration{0.5: 10 * time.Millisecond, 0.97: 10 * time.Millisecond, 0.99: time.Second} {
		if got := quantile(ears, q); (got - want).Abs() > want/20 {
			t.Errorf("quantile %v: %v, want %v", q, got, want)
		}
	}
	if got := quantile(nil, 0.99); got != 0 {
		t.Errorf("of nothing: %v", got)
	}
}

func TestOnlyFramesOfTheSliceCount(t *testing.T) {
	c := &clock{zero: time.Now()}
	e := &ear{clock: c}
	frame := make([]byte, minFrame)
	number := c.begin()
	say := func(slice, frames uint32) { stamp{c.now(), slice, 0, frames}.put(frame) }
	say(0, 1)
	e.hear(frame) // while warming up
	if e.heard.Load() != 0 {
		t.Error("a frame of the warming up counts")
	}
	say(number, 2)
	e.hear(frame)
	if e.heard.Load() != 1 {
		t.Errorf("%d frames heard, want 1", e.heard.Load())
	}
	c.end()
	say(number, 3)
	e.hear(frame)
	say(0, 4)
	e.hear(frame)
	say(number, 5)
	c.begin()
	e.hear(frame)
	if e.heard.Load() != 1 {
		t.Error("a frame counts that came too late, or of no slice")
	}
}

// TestAFrameThatIsNotForItIsOdd: it cannot make up for one that was lost.
func TestAFrameThatIsNotForItIsOdd(t *testing.T) {
	c := &clock{zero: time.Now()}
	e := &ear{clock: c, talker: 3}
	slice := c.begin()
	for _, f := range []struct {
		why    string
		talker uint16
		number uint32
		heard  bool
	}{
		{"the first", 3, 1, true}, {"the same again", 3, 1, false}, {"two later", 3, 3, true}, {"one that was overtaken", 3, 2, true},
		{"that again", 3, 2, false}, {"another channel's", 4, 4, false}, {"the next", 3, 4, true}, {"much later", 3, 500, true},
		{"one that came before", 3, 4, false}, {"one between", 3, 64, true}, {"that again", 3, 64, false}, {"a lap later", 3, 1024 + 64, true},
		{"too old to tell", 3, 65 - 1, false}, {"the oldest that is told", 3, 65, true}, {"laps later", 3, 5000, true}, {"not long before", 3, 4500, true},
		{"again", 3, 4500, false}, {"1,024 before", 3, 5000 - 1024, false}, {"1,023 before", 3, 5000 - 1023, true},
	} {
		heard, odd := e.heard.Load(), e.odd.Load()
		frame := make([]byte, minFrame)
		stamp{c.now(), slice, f.talker, f.number}.put(frame)
		e.hear(frame)
		if got := e.heard.Load() > heard; got != f.heard || (e.odd.Load() > odd) == f.heard {
			t.Errorf("%s: heard is %v", f.why, got)
		}
	}
	odd := e.odd.Load()
	if e.hear(make([]byte, stampLen-1)); e.odd.Load() != odd+1 {
		t.Error("a frame without a stamp is not odd")
	}
}

// TestFiguresOfNothingAreRefused: a relay that forwards nothing, or forwards to
// whoever, must not look cheap.
func TestFiguresOfNothingAreRefused(t *testing.T) {
	good := func() *party {
		return &party{ends: ends{ears: []*ear{{}, {}}}, forwards: 100, heard: 90, cpu: time.Millisecond, wall: time.Second}
	}
	if err := good().check(); err != nil {
		t.Errorf("good figures: %v", err)
	}
	for why, spoil := range map[string]func(*party){
		"nothing was sent":    func(p *party) { p.forwards, p.heard = 0, 0 },
		"nothing was heard":   func(p *party) { p.heard = 0 },
		"somebody else heard": func(p *party) { p.ends.ears[1].odd.Add(1) },
		"no processor time":   func(p *party) { p.cpu = 0 },
	} {
		p := good()
		spoil(p)
		f := &field{relays: map[string]*party{PathLane: p}, plain: good(), floor: good(), size: Size{2, 1}}
		if r := f.row(PathLane); r.Error == "" || r.CPU != 0 || r.Ratio != 0 {
			t.Errorf("%s: %+v", why, r)
		}
	}
}

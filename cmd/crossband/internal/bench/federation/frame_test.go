package federation

import (
	"errors"
	"testing"
	"time"

	"crossband/cmd/crossband/internal/bench/border"
	"crossband/cmd/crossband/internal/bench/stand"
	"crossband/proto"
)

func TestAFrameIsOneThatRelaysTakeForVoice(t *testing.T) {
	b, err := sealed(7, 300, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	head, _, err := proto.ParseSFrameHeader(b)
	if err != nil || head.CTR != 300 || proto.ChannelKIDLayout().Split(head.KID).Leaf != 7 || len(b) != frameSize {
		t.Errorf("%+v in %d octets, %v", head, len(b), err)
	}
	number, at, ok := unsealed(b)
	if !ok || number != 300 || at != 5*time.Second {
		t.Errorf("number %d, sent at %v, %v", number, at, ok)
	}
	for n := range len(b) - 1 {
		if _, _, ok := unsealed(b[:n]); ok && n < 20 {
			t.Errorf("%d octets of it are taken for all", n)
		}
	}
}

// TestARowTakesOffWhatSilenceCosts and counts for each border that is crossed.
func TestARowTakesOffWhatSilenceCosts(t *testing.T) {
	near, far := &stand.Border{}, &stand.Border{}
	r := &run{idleCPU: 10 * time.Millisecond, idle: time.Second, proxy: 50 * time.Microsecond, idleCrossed: map[*stand.Border]border.Counts{
		near: {Packets: 10, Octets: 1000}, far: {Packets: 20, Octets: 2000},
	}}
	x := &route{hops: 0, listeners: 4, said: 100, bursts: 2, cpu: 60 * time.Millisecond, talked: 2 * time.Second}
	for range 390 {
		x.heard = append(x.heard, 2*time.Millisecond)
	}
	got := r.row(x)
	if got.CPU != 100 || got.P50 != 2 || got.P99 != 2 || got.Proxy != 0 || got.Frames != 50 || got.Loss < 0.0249 || got.Loss > 0.0251 || got.Octets != 0 {
		t.Errorf("%+v", got)
	}
	x.hops, x.borders, x.pressed, x.crossed = 2, []*stand.Border{near, far}, 2*time.Second, border.Counts{Packets: 460, Octets: 46_000}
	x.cpu = 80 * time.Millisecond // of 100 frames to four listeners and two relays
	if got = r.row(x); got.CPU != 100 || got.Octets != 10_000 || got.Packets != 100 || got.Proxy != 0.1 {
		t.Errorf("%+v", got)
	}
}

func TestOptionsThatCannotBeAreRefused(t *testing.T) {
	good := Options{Listeners: []int{1, 4}, Bursts: 1, Speech: time.Second}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for _, change := range []func(*Options){
		func(o *Options) { o.Listeners = nil },
		func(o *Options) { o.Listeners = []int{4, 4} },
		func(o *Options) { o.Listeners = []int{0} },
		func(o *Options) { o.Listeners = []int{MaxListeners + 1} },
		func(o *Options) { o.Listeners = []int{1, 2, 3, 4, 5, 6, 7, 8, 9} },
		func(o *Options) { o.Bursts = 0 },
		func(o *Options) { o.Speech = MinSpeech - 1 },
	} {
		o := good
		change(&o)
		if err := o.Check(); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
}

// TestABurstIsWhatWasSaidOnItsChannel, once.
func TestABurstIsWhatWasSaidOnItsChannel(t *testing.T) {
	l := &listener{heard: make(map[proto.Alias]map[uint64]time.Duration)}
	heard := func(a proto.Alias, numbers ...uint64) {
		for _, n := range numbers {
			l.take(a, n, time.Millisecond, true)
		}
	}
	heard(1, 9, 10, 12) // 9 is of the burst before, and too late
	if list, err := l.burst(1, 10, 12); len(list) != 2 || err != nil {
		t.Errorf("%d frames, %v", len(list), err)
	}
	for why, come := range map[string]func(){
		"one came twice":        func() { heard(1, 13, 13) },
		"another channel's":     func() { heard(2, 13) },
		"one that is not there": func() { heard(1, 16) },
		"not a frame":           func() { l.take(1, 13, 0, false) },
	} {
		come()
		if list, err := l.burst(1, 13, 15); !errors.Is(err, errOdd) {
			t.Errorf("%s: %d frames, %v", why, len(list), err)
		}
		if list, err := l.burst(1, 13, 15); len(list) != 0 || err != nil {
			t.Errorf("%s is left: %d frames, %v", why, len(list), err)
		}
	}
}

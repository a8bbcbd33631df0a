package hub_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/hub"
)

// crowded is a hub whose channel has n subscribers; the first two are members.
func crowded(b *testing.B, n int) *world {
	w := newWorld(b)
	w.deep, w.mute = false, true
	do(b, w, "charter border party=us:send=unit")
	for i := range n {
		do(b, w, "up us/unit/u%d", i)
	}
	do(b, w, "channel border us/unit/u0 us/unit/u1")
	for i := range n {
		w.hub.Apply(w.now, hub.FrameIn{Link: w.links[fmt.Sprintf("us/unit/u%d", i)], Frame: frameOf(b, w, "subscribe border alias=1")})
	}
	if got := len(w.hub.View()[0].Subs); got != n {
		b.Fatalf("%d subscribers, want %d", got, n)
	}
	return w
}

func do(tb testing.TB, w *world, format string, args ...any) {
	tb.Helper()
	s := script{w: w}
	if err := s.command(fmt.Sprintf(format, args...)); err != nil {
		tb.Fatal(err)
	}
}

func frameOf(tb testing.TB, w *world, s string) *wire.Frame {
	tb.Helper()
	f, err := w.parseFrame(strings.Fields(s))
	if err != nil {
		tb.Fatal(err)
	}
	return f
}

func BenchmarkFloorRequestAndRelease500(b *testing.B) {
	w := crowded(b, 500)
	link := w.links["us/unit/u0"]
	ask := hub.FrameIn{Link: link, Frame: frameOf(b, w, "floor-request border burst=1 priority=routine")}
	free := hub.FrameIn{Link: link, Frame: frameOf(b, w, "floor-release border burst=1")}
	b.ReportAllocs()
	for b.Loop() {
		w.now = w.now.Add(time.Second) // within the quota
		if len(w.hub.Apply(w.now, ask)) < 1000 || len(w.hub.Apply(w.now, free)) < 1000 {
			b.Fatal("not everybody was told")
		}
	}
}

func BenchmarkText500(b *testing.B) { benchmarkText(b, 500) }

func BenchmarkText2(b *testing.B) { benchmarkText(b, 2) }

func benchmarkText(b *testing.B, n int) {
	w := crowded(b, n)
	text := frameOf(b, w, "text border t1")
	text.GetText().Sealed = make([]byte, 300)
	in := hub.FrameIn{Link: w.links["us/unit/u0"], Frame: text}
	count := 0
	b.ReportAllocs()
	for b.Loop() {
		if count++; count >= proto.MaxLog-10 { // the log is full: begin another
			b.StopTimer()
			w, count = crowded(b, n), 1
			in.Link = w.links["us/unit/u0"]
			b.StartTimer()
		}
		w.now = w.now.Add(time.Second) // within the quota
		text.GetText().Id = id(fmt.Sprint(count), 16)
		if len(w.hub.Apply(w.now, in)) != n+1 {
			b.Fatal("not written and fed to everybody")
		}
	}
}

// BenchmarkTick1000 is a tick with 1,000 channels, 64 of them with a talker.
func BenchmarkTick1000(b *testing.B) {
	w := newWorld(b)
	w.deep, w.mute = false, true
	do(b, w, "up us/unit/a")
	do(b, w, "up mx/relay")
	for i := range proto.MaxChannels {
		do(b, w, "charter c%d owner=mx party=us:send=unit party=mx:send=desk", i)
		w.hub.Apply(w.now, hub.FrameIn{Link: w.links["mx/relay"], Frame: frameOf(b, w, fmt.Sprintf("channel-offer c%d created=true", i))})
	}
	do(b, w, "down mx/relay") // so that floors are decided here
	for i := range proto.MaxSubscribed {
		do(b, w, "from us/unit/a: subscribe c%d alias=%d", i, i+1)
		do(b, w, "from us/unit/a: floor-request c%d burst=%d priority=routine", i, i)
	}
	if got := len(w.hub.View()); got != proto.MaxChannels {
		b.Fatalf("%d channels", got)
	}
	b.ReportAllocs()
	for b.Loop() {
		if len(w.hub.Apply(w.now, hub.Tick{})) != 0 {
			b.Fatal("time stands still, and something happened")
		}
	}
}

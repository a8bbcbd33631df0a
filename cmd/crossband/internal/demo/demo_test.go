package demo

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"crossband/cmd/crossband/internal/rig"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestPercentile(t *testing.T) {
	list := func(n int) (l []time.Duration) {
		for i := n; i > 0; i-- {
			l = append(l, time.Duration(i))
		}
		return l
	}
	for _, c := range []struct {
		n, p int
		want time.Duration
	}{{0, 95, 0}, {1, 95, 1}, {2, 95, 2}, {100, 95, 95}, {20, 95, 19}, {21, 95, 20}, {100, 0, 1}, {100, 100, 100}} {
		l := list(c.n)
		before := slices.Clone(l)
		if got := percentile(l, c.p); got != c.want {
			t.Errorf("percentile %d of %d: %d, want %d", c.p, c.n, got, c.want)
		}
		if !slices.Equal(l, before) {
			t.Error("the list was changed")
		}
	}
}

// TestEveryPromiseCanBreak: a report with one thing wrong is not OK, and says
// which.
func TestEveryPromiseCanBreak(t *testing.T) {
	good := func() *Report {
		r := &Report{Agencies: 3, Record: RecordReport{Entries: 20, CosignedBy: 3, Verified: true, Bursts: 2, TamperFound: true}}
		r.Hail.Reply = "Committed"
		r.Ladder = LadderReport{AcceptedBy: "desk", neighbour: "desk", Incident: true}
		r.Ladder.step(1900 * time.Millisecond)
		r.Ladder.step(-100 * time.Millisecond)
		r.Notice = NoticeReport{Seen: 3, Acknowledged: 2}
		r.Observer.Shown, r.Observer.Heard, r.Observer.Silent = 4, true, true
		r.Voice.Bursts, r.Voice.FramesSent, r.Voice.FramesPlayed, r.Voice.similarities = 2, 100, 95, []float64{0.9, 0.8}
		r.Text.Sent, r.Text.Delivered = 3, 3
		r.Floor.Granted, r.Floor.Denied, r.Floor.Preempted = 1, 1, 1
		r.Blind.Memory, r.Blind.ControlHits, r.Blind.DiskControl = "searched", 1, 1
		return r
	}
	r := good()
	if r.judge(); !r.OK || len(r.Broken) > 0 || r.Voice.Similarity != 0.8 {
		t.Fatalf("a good one: %+v", r)
	}
	for name, spoil := range map[string]func(*Report){
		"no reply":           func(r *Report) { r.Hail.Reply = "Received" },
		"no burst":           func(r *Report) { r.Voice.Bursts, r.Record.Bursts = 0, 0 },
		"a burst unrecorded": func(r *Report) { r.Record.Bursts-- },
		"a step unmade":      func(r *Report) { r.Ladder.Steps-- },
		"a step too many":    func(r *Report) { r.Ladder.After++ },
		"a step too late": func(r *Report) {
			r.Ladder = LadderReport{Steps: 1, AcceptedBy: "desk", neighbour: "desk", Incident: true}
			r.Ladder.step(2100 * time.Millisecond)
		},
		"a step too early": func(r *Report) {
			r.Ladder = LadderReport{Steps: 1, AcceptedBy: "desk", neighbour: "desk", Incident: true}
			r.Ladder.step(-300 * time.Millisecond)
		},
		"another accepts":    func(r *Report) { r.Ladder.AcceptedBy = "supervisor" },
		"nobody accepts":     func(r *Report) { r.Ladder.AcceptedBy, r.Ladder.neighbour = "", "" },
		"no help":            func(r *Report) { r.Ladder.Incident = false },
		"not told":           func(r *Report) { r.Notice.Seen-- },
		"not answered":       func(r *Report) { r.Notice.Acknowledged-- },
		"unseen":             func(r *Report) { r.Observer.Shown = 0 },
		"deaf":               func(r *Report) { r.Observer.Heard = false },
		"talkative":          func(r *Report) { r.Observer.Silent = false },
		"no record":          func(r *Report) { r.Record.Entries = 0 },
		"a bad record":       func(r *Report) { r.Record.Verified = false },
		"one did not sign":   func(r *Report) { r.Record.CosignedBy-- },
		"a forgery unfound":  func(r *Report) { r.Record.TamperFound = false },
		"frames lost":        func(r *Report) { r.Voice.FramesPlayed = 94 },
		"frames rejected":    func(r *Report) { r.Voice.FramesRejected = 1 },
		"another sound":      func(r *Report) { r.Voice.similarities[1] = 0.79 },
		"a text lost":        func(r *Report) { r.Text.Delivered-- },
		"no text":            func(r *Report) { r.Text.Sent, r.Text.Delivered = 0, 0 },
		"a text twice":       func(r *Report) { r.Text.Duplicates = 1 },
		"nobody denied":      func(r *Report) { r.Floor.Denied = 0 },
		"a canary":           func(r *Report) { r.Blind.CanaryHits = 1 },
		"a blind search":     func(r *Report) { r.Blind.ControlHits = 0 },
		"a blind eye":        func(r *Report) { r.Blind.DiskControl = 0 },
		"nobody pre-empted":  func(r *Report) { r.Floor.Preempted = 0 },
		"nobody was granted": func(r *Report) { r.Floor.Granted = 0 },
	} {
		r := good()
		spoil(r)
		if r.judge(); r.OK || len(r.Broken) != 1 {
			t.Errorf("%s: ok is %t, broken %q", name, r.OK, r.Broken)
		}
	}
}

// TestCanariesAreFoundWhereTheyArePlanted: a search that could not fail would
// prove nothing. The canary is put into a child's memory, on its disk and through
// a tap, and the same search that must find nothing in a relay finds it.
func TestCanariesAreFoundWhereTheyArePlanted(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("no other process's memory can be read here")
	}
	s := &scene{timeline: &timeline{out: io.Discard, start: time.Now()}, report: &Report{}, canary: canaries{typed: "CANARY 3f9a1c"}}
	nowhere := &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9}
	child := func(holds string) *agency {
		t.Helper()
		tap, err := rig.NewTap(nowhere, true)
		check(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		t.Cleanup(cancel)
		go tap.Run(ctx) // ends with ctx
		path := t.TempDir()
		a, err := rig.Found(filepath.Join(path, "agency"), "usbp.example", nowhere, nowhere, time.Now())
		check(t, err)
		a.Log = filepath.Join(path, "relay.log")
		return &agency{Agency: a, tap: tap, relay: holder(t, holds)}
	}
	plant := func(path, text string) {
		t.Helper()
		check(t, os.WriteFile(path, []byte("before it "+text+" and after"), 0o600))
	}
	s.world = &world{title: "Eagle Pass - Piedras Negras", agencies: []*agency{child("a relay that knows Eagle Pass - Piedras Negras")}}
	plant(filepath.Join(filepath.Dir(s.agencies[0].Dir.RelayConfig()), "relay.db-wal"), s.title)
	plant(s.agencies[0].Log, s.title) // says nothing of the store
	check(t, s.searchRelays())
	if b := s.report.Blind; b.DiskControl != 1 || b.DiskHits != 0 || b.DiskOctets == 0 {
		t.Errorf("a store that knows the title: %+v", b)
	}
	if b := s.report.Blind; b.CanaryHits != 0 || b.ControlHits == 0 || b.Memory != "searched" || b.MemoryOctets == 0 {
		t.Errorf("nothing was planted: %+v", b)
	}

	s.report = &Report{}
	s.agencies = []*agency{child("what was typed: " + s.canary.typed)}
	check(t, s.searchRelays())
	if b := s.report.Blind; b.CanaryHits == 0 {
		t.Errorf("planted into memory: %+v", b)
	}

	for name, where := range map[string]func(*agency) string{
		"store":            func(a *agency) string { return filepath.Join(filepath.Dir(a.Dir.RelayConfig()), "relay.db") },
		"log of the store": func(a *agency) string { return filepath.Join(filepath.Dir(a.Dir.RelayConfig()), "relay.db-wal") },
		"any other file":   func(a *agency) string { return filepath.Join(filepath.Dir(a.Dir.RelayConfig()), "left-behind") },
		"log":              func(a *agency) string { return a.Log },
	} {
		s.report = &Report{}
		s.agencies = []*agency{child("nothing")}
		plant(where(s.agencies[0]), s.canary.typed)
		check(t, s.searchRelays())
		if b := s.report.Blind; b.DiskHits != 1 || b.CanaryHits != 1 {
			t.Errorf("planted into the %s: %+v", name, b)
		}
	}

	list, err := s.canary.patterns()
	check(t, err)
	if len(list) < 1+2*10 {
		t.Errorf("%d patterns: typed words, and five pieces of each of two clips as coded and as they sound, were to be searched for", len(list))
	}
	s.report = &Report{}
	s.agencies = []*agency{child("nothing")}
	send(t, s.agencies[0].tap, list)
	check(t, s.searchRelays())
	if b := s.report.Blind; b.CanaryHits != len(list) {
		t.Errorf("%d patterns went through the tap: %+v", len(list), b)
	}
	s.report.judge()
	if s.report.OK {
		t.Error("and the report is OK")
	}
}

// send sends packets to a tap, and returns when it has kept them all.
func send(t *testing.T, tap *rig.Tap, list [][]byte) {
	t.Helper()
	c, err := net.DialUDP("udp", nil, tap.Addr())
	check(t, err)
	defer c.Close()
	sent := 0
	for _, p := range list {
		_, err := c.Write(p)
		check(t, err)
		sent += len(p)
	}
	for range 1000 {
		if _, octets := tap.Find(list[0]); octets == sent {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the tap does not keep what goes through it")
}

// holder starts a process that has text in its memory and nothing else to do:
// cat keeps what it copied in its buffer.
func holder(t *testing.T, text string) *rig.Process {
	t.Helper()
	p, copied, err := rig.Start(rig.Command{Args: []string{"cat"}, Log: filepath.Join(t.TempDir(), "log"), Stdin: true})
	check(t, err)
	t.Cleanup(p.Kill)
	check(t, p.Tell(text))
	<-copied
	return p
}

// TestPatternsAcrossChunks: memory is read in pieces; what lies across their
// border counts once, wherever it begins.
func TestPatternsAcrossChunks(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("no other process's memory can be read here")
	}
	long, short := []byte("a longer pattern than the other"), []byte("short")
	for _, at := range []int{0, 1, chunk - len(long), chunk - len(long) + 1, chunk - 6, chunk - 5, chunk - 1, chunk, chunk + 1, 2*chunk - 3, 2*chunk + 100} {
		memory := make([]byte, 2*chunk+4096)
		for _, p := range [][]byte{short, long} {
			copy(memory[at:], p)
			f, err := os.Create(filepath.Join(t.TempDir(), "memory"))
			check(t, err)
			_, err = f.Write(memory)
			check(t, err)
			found := make([]int, 2)
			if octets := searchRegion(f, 0, uint64(len(memory)), [][]byte{long, short}, found); octets != len(memory) {
				t.Errorf("at %d: %d octets searched of %d", at, octets, len(memory))
			}
			want := []int{0, 1}
			if bytes.Equal(p, long) {
				want = []int{1, 0}
			}
			if !slices.Equal(found, want) {
				t.Errorf("%q at %d: found %v, want %v", p, at, found, want)
			}
			f.Close()
		}
	}
	if n := countStarts([]byte("aaaa"), []byte("aa")); n != 3 {
		t.Errorf("patterns that overlap: %d, want 3", n)
	}
}

package relay

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"crossband/cmd/crossband/internal/rig"
	"crossband/proto"
)

// sleeper is a process that does nothing.
func sleeper(t *testing.T) *rig.Process {
	t.Helper()
	p, _, err := rig.Start(rig.Command{Args: []string{"sleep", "60"}, Log: filepath.Join(t.TempDir(), "log")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p
}

// TestLossIsSeen gives a slice a contestant that drops every tenth frame, and one
// that drops none.
func TestLossIsSeen(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds; it runs without -short")
	}
	process := sleeper(t)
	for _, drop := range []int{0, 10} {
		c := &clock{zero: time.Now()}
		ears := []*ear{{clock: c}, {clock: c}}
		n := 0
		pressed, released := 0, 0
		p := &party{name: "fake", process: process, ends: ends{
			ears: ears,
			mouths: []*mouth{{listeners: len(ears), send: func(frame []byte) {
				for _, e := range ears {
					if n++; drop == 0 || n%drop != 0 {
						e.hear(frame)
					}
				}
			}}},
			press: func(context.Context) (func(), error) { pressed++; return func() { released++ }, nil },
		}}
		for range 2 {
			if err := p.slice(t.Context(), c, 400*time.Millisecond, 120); err != nil {
				t.Fatal(err)
			}
		}
		if pressed != 2 || released != 2 {
			t.Errorf("pressed %d times, released %d", pressed, released)
		}
		if p.forwards == 0 || p.forwards%2 != 0 || p.wall < 400*time.Millisecond {
			t.Errorf("%d forwards in %v", p.forwards, p.wall)
		}
		switch lost := p.loss(); {
		case drop == 0 && lost != 0:
			t.Errorf("a loss of %v where nothing is lost", lost)
		case drop > 0 && (lost < 0.05 || lost > 0.15):
			t.Errorf("a loss of %v where one in %d is lost", lost, drop)
		}
	}
}

func TestASliceOfADeadProcessIsNone(t *testing.T) {
	process := sleeper(t)
	process.Kill()
	c := &clock{zero: time.Now()}
	p := &party{name: "dead", process: process}
	if err := p.slice(t.Context(), c, time.Millisecond, 120); err == nil {
		t.Error("it was measured")
	}
}

func TestFramesAreTheTalkersAndOfOneLength(t *testing.T) {
	kid, err := kidOf(3, 7)
	if err != nil {
		t.Fatal(err)
	}
	m := &mouth{kid: kid}
	room := make([]byte, minFrame)
	want := 0
	for range 1000 {
		m.fill(room)
		h, n, err := proto.ParseSFrameHeader(room)
		if err != nil || proto.ChannelKIDLayout().Split(h.KID).Leaf != 3 || h.CTR != firstCounter+m.number {
			t.Fatalf("%+v, %v", h, err)
		}
		if want == 0 {
			want = n
		}
		if n != want || n+stampLen > minFrame {
			t.Fatalf("a header of %d octets after one of %d", n, want)
		}
	}
}

func TestWhatAProcessUsesIsRead(t *testing.T) {
	before, err := cpuOf(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	work(150 * time.Millisecond)
	after, err := cpuOf(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if after <= before {
		t.Errorf("%v after %v", after, before)
	}
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	all := time.Duration(u.Utime.Nano() + u.Stime.Nano())
	if off := (all - after).Abs(); off > all/5 {
		t.Errorf("%v of all threads, where the system accounts %v", after, all)
	}
	// Mapped for itself: the heap may give what is resident already.
	held, err := syscall.Mmap(-1, 0, 32<<20, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Munmap(held)
	small, err := residentOf(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(held); i += 1024 {
		held[i] = 1
	}
	large, err := residentOf(os.Getpid())
	if err != nil || large-small < len(held)/2 {
		t.Errorf("%d octets resident after %d and %d octets more: %v", large, small, len(held), err)
	}
	if _, err := cpuOf(-1); err == nil {
		t.Error("there is no such process")
	}
}

// work keeps several threads busy.
func work(d time.Duration) {
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() { // ends after d
			for begun := time.Now(); time.Since(begun) < d; {
			}
		})
	}
	wg.Wait()
}

func TestALoadThatIsBehindIsSeen(t *testing.T) {
	for _, c := range []struct {
		sent, due uint64
		behind    bool
	}{{100, 100, false}, {99, 100, false}, {98, 100, true}, {0, 1, true}} {
		if p := (&party{sent: c.sent, due: c.due}); p.behind() != c.behind {
			t.Errorf("%d of %d frames: behind is %v", c.sent, c.due, p.behind())
		}
	}
	s := &slice{clock: &clock{zero: time.Now()}, number: 1, octets: minFrame}
	s.measured.Store(true)
	n := 0
	m := &mouth{send: func([]byte) {
		if n++; n == 1 {
			time.Sleep(10 * proto.VoiceFrame) // kept from sending
		}
		if n == 3 {
			s.over.Store(true)
		}
	}}
	if got := m.talk(t.Context(), s, 0); got.counted != 3 || got.due < got.counted+5 || got.latest < 2*proto.VoiceFrame {
		t.Errorf("%+v", got)
	}
}

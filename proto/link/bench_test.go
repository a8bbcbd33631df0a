package link_test

import (
	"context"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quic-go/quic-go"

	"crossband/proto/link"
)

// fan is a relay with many listening endpoints on loopback.
type fan struct {
	l     *link.Listener
	d     *link.Dialer
	links []*link.Conn // the relay's ends
}

func newFan(b *testing.B, n int) *fan {
	b.Helper()
	p := newPKI(b)
	l, err := link.Listen(loopback(b), p.config(relayA()))
	if err != nil {
		b.Fatal(err)
	}
	d, err := link.NewDialer(loopback(b), p.config(unit()))
	if err != nil {
		b.Fatal(err)
	}
	f := &fan{l: l, d: d}
	for range n {
		c, err := d.Dial(context.Background(), l.Addr(), anybody)
		if err != nil {
			b.Fatal(err)
		}
		go func() { // ends with the link
			for {
				if _, err := c.ReceiveVoice(context.Background()); err != nil {
					return
				}
			}
		}()
		a, err := l.Accept(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		f.links = append(f.links, a)
	}
	return f
}

func (f *fan) close() { f.d.Close(); f.l.Close() }

func cpu() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkFanOut sends every frame to 300 links at the pace of ten talkers.
// cpu-µs/forward is the whole process: relay, endpoints and acknowledgements.
func BenchmarkFanOut(b *testing.B) {
	f := newFan(b, 300)
	defer f.close()
	frame := make([]byte, 80)
	begun := cpu()
	b.ResetTimer()
	for range b.N {
		for _, c := range f.links {
			c.SendVoice(1, frame)
		}
		time.Sleep(2 * time.Millisecond)
	}
	b.StopTimer()
	forwards := float64(b.N * len(f.links))
	b.ReportMetric(float64((cpu()-begun).Microseconds())/forwards, "cpu-µs/forward")
	var dropped uint64
	for _, c := range f.links {
		s := c.Stats()
		dropped += s.Dropped.Full + s.Dropped.Stale
	}
	b.ReportMetric(float64(dropped)/forwards*100, "%dropped")
}

// BenchmarkSendVoice is the caller's part alone.
func BenchmarkSendVoice(b *testing.B) {
	f := newFan(b, 1)
	defer f.close()
	frame := make([]byte, 80)
	b.ReportAllocs()
	for b.Loop() {
		f.links[0].SendVoice(1, frame)
	}
}

// BenchmarkIdle measures memory per link with both ends in this process.
func BenchmarkIdle(b *testing.B) {
	const links = 500
	for range b.N {
		before := resident(b)
		f := newFan(b, links)
		time.Sleep(3 * time.Second)
		b.ReportMetric(float64(resident(b)-before)/links/2/1024, "kB/end")
		f.close()
	}
}

// plainFan is the same with quic-go alone, to compare with.
func plainFan(b *testing.B, n int) (links []*quic.Conn, end func()) {
	b.Helper()
	p := newPKI(b)
	cert := p.issue(relayB())
	conf := &quic.Config{EnableDatagrams: true}
	at, from := &quic.Transport{Conn: loopback(b)}, &quic.Transport{Conn: loopback(b)}
	l, err := at.Listen(memberTLS(cert), conf)
	if err != nil {
		b.Fatal(err)
	}
	for range n {
		c, err := from.Dial(context.Background(), l.Addr(), memberTLS(cert), conf)
		if err != nil {
			b.Fatal(err)
		}
		go func() { // ends with the connection
			for {
				if _, err := c.ReceiveDatagram(context.Background()); err != nil {
					return
				}
			}
		}()
		a, err := l.Accept(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		links = append(links, a)
	}
	return links, func() { from.Close(); at.Close() }
}

// BenchmarkPlainFanOut calls quic-go from the fan-out loop, as a relay must
// not: one peer that is cut off would hold up all.
func BenchmarkPlainFanOut(b *testing.B) {
	links, end := plainFan(b, 300)
	defer end()
	frame := make([]byte, 81)
	begun := cpu()
	b.ResetTimer()
	for range b.N {
		for _, c := range links {
			c.SendDatagram(frame)
		}
		time.Sleep(2 * time.Millisecond)
	}
	b.StopTimer()
	b.ReportMetric(float64((cpu()-begun).Microseconds())/float64(b.N*len(links)), "cpu-µs/forward")
}

// BenchmarkPlainIdle is BenchmarkIdle with quic-go alone.
func BenchmarkPlainIdle(b *testing.B) {
	const links = 500
	for range b.N {
		before := resident(b)
		_, end := plainFan(b, links)
		time.Sleep(3 * time.Second)
		b.ReportMetric(float64(resident(b)-before)/links/2/1024, "kB/end")
		end()
	}
}

// resident returns the process's resident memory in octets.
func resident(b *testing.B) int {
	b.Helper()
	debug.FreeOSMemory()
	status, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		b.Skip(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(status))[1])
	if err != nil {
		b.Skip(err)
	}
	return pages * os.Getpagesize()
}

package link_test

import (
	"context"
	"testing"
	"time"

	"crossband/proto/link"
)

// laneFan is a relay with many endpoints on loopback, each on a socket of its
// own, whose lanes are open.
func laneFan(b *testing.B, n int) (l *link.Listener, links []*link.Conn) {
	b.Helper()
	p := newPKI(b)
	l, err := link.Listen(loopback(b), p.config(relayA()))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	cfg := p.config(unit())
	for range n {
		d, err := link.NewDialer(loopback(b), cfg)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { d.Close() })
		c, err := d.Dial(context.Background(), l.Addr(), anybody)
		if err != nil {
			b.Fatal(err)
		}
		a, err := l.Accept(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		for _, c := range []*link.Conn{c, a} {
			go func() { // ends with the link
				for {
					if _, err := c.ReceiveVoice(context.Background()); err != nil {
						return
					}
				}
			}()
		}
		links = append(links, a)
	}
	return l, links
}

// BenchmarkVolley is what a frame to 50 endpoints costs the goroutine that
// forwards it, all by the lane.
func BenchmarkVolley(b *testing.B) {
	l, links := laneFan(b, 50)
	frame := make([]byte, 120)
	fire := func() {
		v := l.Volley(time.Now())
		for _, c := range links {
			v.Send(c, 1, frame)
		}
		v.Fire()
	}
	for open := 0; open < len(links); {
		fire()
		time.Sleep(20 * time.Millisecond)
		open = 0
		for _, c := range links {
			if c.Stats().Lane.Open {
				open++
			}
		}
	}
	var spent time.Duration
	b.ReportAllocs()
	for b.Loop() {
		begun := time.Now()
		fire()
		spent += time.Since(begun)
		time.Sleep(2 * time.Millisecond)
	}
	b.ReportMetric(float64(spent.Nanoseconds())/float64(b.N*len(links)), "ns/forward")
}

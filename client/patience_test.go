package client

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"crossband/proto/link"
	"crossband/proto/wire"
)

// TestPatience: who gives parts of some octets, each after some time, uses up patience
// after so many of them; 0: never.
func TestPatience(t *testing.T) {
	for _, c := range []struct {
		why    string
		each   time.Duration
		octets int
		want   int
	}{
		{"nothing", time.Minute, 0, 1},
		{"a part in the last moment, again and again", 29 * time.Second, 300, 2},
		{"the longest part in the last moment", 29 * time.Second, 8 << 10, 2},
		{"little by little", 9 * time.Second, 300, 4},
		{"256 kbit/s", 2 * time.Second, 64 << 10, 0},
		{"a fourth of 64 kbit/s", 28 * time.Second, 56 << 10, 0},
		{"many small ones, a satellite away", 700 * time.Millisecond, 8 * 200, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			p, got := new(patience), 0
			for n := 1; n <= 1000 && got == 0; n++ {
				err := p.during(t.Context(), func(ctx context.Context) error {
					if !sleep(ctx, c.each) {
						return ctx.Err()
					}
					return nil
				})
				if err == nil {
					p.came(c.octets)
				}
				if p.left() <= 0 {
					got = n
				}
				if (err != nil) != (p.left() <= 0) {
					t.Errorf("%s: %v with %v left", c.why, err, p.left())
				}
				if p.left() > originWait {
					t.Fatalf("%s: %v left: who was quick may not be slow for longer", c.why, p.left())
				}
			}
			if got != c.want {
				t.Errorf("%s: it is over after %d, want %d", c.why, got, c.want)
			}
		})
	}
}

// TestPatienceEndsWithItsCaller: a caller whose time is over costs the relay no more
// than that.
func TestPatienceEndsWithItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		p := new(patience)
		err := p.during(ctx, func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
		if !errors.Is(err, context.DeadlineExceeded) || p.left() != originWait-10*time.Second {
			t.Errorf("%v with %v left", err, p.left())
		}
	})
}

// TestWhoTookLeastTimeIsAskedFirst: and who has no time left, not at all.
func TestWhoTookLeastTimeIsAskedFirst(t *testing.T) {
	o := newOrigins(portion{})
	o.of("slow.example").used = 20 * time.Second
	o.of("slower.example").used = 25 * time.Second
	missing := map[string][]*wire.Entry{"slower.example": nil, "slow.example": nil, "new.example": nil}
	if got := o.order(missing); !slices.Equal(got, []string{"new.example", "slow.example", "slower.example"}) {
		t.Errorf("asked in the order %v", got)
	}
	o.of("slow.example").used, o.away["away.example"] = originWait, true
	for agency, want := range map[string]bool{"slow.example": false, "slower.example": true, "new.example": true, "away.example": false} {
		if o.asks(agency) != want {
			t.Errorf("%s is asked: %v", agency, !want)
		}
	}
}

// TestPatienceBeginsAnew a page later, on a new link, and when the page's time is over;
// but not for a page that is asked for again, or for that behind the small one.
func TestPatienceBeginsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Session{conn: new(link.Conn)}
		ch := &Channel{s: s, origins: newOrigins(portion{})}
		for _, x := range []struct {
			why   string
			begin func()
			after uint64
			anew  bool
		}{
			{"the first page", func() {}, 10, true},
			{"again", func() {}, 10, false},
			{"behind a small one", func() {}, 40, false},
			{"the next", func() {}, 10 + originStretch, true},
			{"another link", func() { s.conn = new(link.Conn) }, 10 + originStretch, true},
			{"later", func() { time.Sleep(originMost + time.Second) }, 10 + originStretch, true},
		} {
			ch.origins.of("gn.example").used = originWait
			ch.origins.away["usbp.example"] = true
			x.begin()
			ch.turnTo(x.after)
			if got := ch.origins.asks("gn.example"); got != x.anew {
				t.Errorf("%s: anew is %v", x.why, got)
			}
			if !ch.origins.asks("usbp.example") || time.Until(ch.origins.until) != originMost {
				t.Errorf("%s: who was away in the page before is not asked, or for %v", x.why, time.Until(ch.origins.until))
			}
		}
	})
}

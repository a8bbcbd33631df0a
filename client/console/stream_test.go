package console

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crossband/client"
	"crossband/proto"
)

// names lists the events told.
func names(list []told) (names []string) {
	for _, n := range list {
		names = append(names, n.name)
	}
	return names
}

func sectionNames() (list []string) {
	for f := range reflect.TypeFor[View]().Fields() {
		list = append(list, f.Tag.Get("json"))
	}
	return list
}

// TestAStreamBeginsWithEverything, and then tells what changes and nothing else.
func TestAStreamBeginsWithEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, nil).run()
		defer s.end()
		s.board.change(func(v *View) {
			v.Me.Short, v.Messages = "desk/del-rio", []Message{{ID: "1", Text: "line\nbreak </script>"}}
		})
		e, status := s.open("")
		if status != 200 {
			t.Fatalf("status %d", status)
		}
		defer e.conn.Close()
		all := e.until(t, "alarms")
		if got, want := names(all), sectionNames(); !slices.Equal(got, want) {
			t.Fatalf("a stream begins with %v, want %v", got, want)
		}
		var messages []Message
		if err := json.Unmarshal([]byte(all[5].data), &messages); err != nil || messages[0].Text != "line\nbreak </script>" {
			t.Errorf("messages %s: %v", all[5].data, err)
		}
		if all[2].data != "[]" {
			t.Errorf("a list without entries is %s", all[2].data)
		}
		s.board.change(func(v *View) { v.Link.Up = true })
		s.events <- client.Connected{}
		changed, err := e.next()
		if err != nil || changed.name != "link" || !strings.Contains(changed.data, `"up":true`) {
			t.Errorf("told %v (%v), want the link alone", changed, err)
		}
		if n, err := e.next(); err != nil || n.name != "beat" {
			t.Errorf("told %v (%v) though nothing changed", n, err)
		}
	})
}

// TestChangesAreToldAtMostTenTimesASecond, and the last one is.
func TestChangesAreToldAtMostTenTimesASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, nil).run()
		defer s.end()
		e, _ := s.open("")
		defer e.conn.Close()
		e.until(t, "alarms")
		const changes = 1000 // in two seconds
		go func() {
			for i := 1; i <= changes; i++ {
				time.Sleep(2 * time.Millisecond)
				s.board.change(func(v *View) { v.Link.SkewS = i })
				s.events <- client.Connected{}
			}
		}()
		times := 0
		for {
			n, err := e.next()
			if err != nil {
				t.Fatal(err)
			}
			if n.name != "link" {
				continue
			}
			times++
			if strings.Contains(n.data, fmt.Sprintf(`"skew_s":%d}`, changes)) {
				break
			}
		}
		if times < 10 || times > 22 {
			t.Errorf("%d changes in two seconds were told in %d, want about 20", changes, times)
		}
		if s.board.look(func() {}); s.board.views > 40 {
			t.Errorf("the View was made %d times", s.board.views)
		}
	})
}

// TestASlowReaderIsCut: it holds up nobody, and has everything when it comes back.
func TestASlowReaderIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, nil).run()
		defer s.end()
		slow, _ := s.open("")
		defer slow.conn.Close()
		slow.until(t, "alarms")
		quick, _ := s.open("")
		defer quick.conn.Close()
		quick.until(t, "alarms")
		begun := time.Now()
		s.board.change(func(v *View) { v.Link.Why = strings.Repeat("x", 1<<20) })
		s.events <- client.Connected{}
		if n, err := quick.next(); err != nil || n.name != "link" || time.Since(begun) > time.Second {
			t.Errorf("the quick one was told %s after %v (%v)", n.name, time.Since(begun), err)
		}
		go func() { // ends with the stream
			for {
				if _, err := quick.next(); err != nil {
					return
				}
			}
		}()
		time.Sleep(streamWrite + time.Second)
		synctest.Wait()
		if got := s.server.pages.count(); got != 1 {
			t.Fatalf("%d pages are open, want the quick one", got)
		}
		s.board.change(func(v *View) { v.Link.Why = "short" })
		back, _ := s.open("")
		defer back.conn.Close()
		all := back.until(t, "alarms")
		if got, want := names(all), sectionNames(); !slices.Equal(got, want) || !strings.Contains(all[1].data, "short") {
			t.Errorf("who comes back is told %v", all)
		}
	})
}

func TestPagesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, nil).run()
		defer s.end()
		var open []*sse
		for i := range MaxPages {
			if i == maxPagesOfOne {
				if e, status := s.open(""); status != 503 {
					t.Errorf("one too many of one browser: %d", status)
				} else {
					e.conn.Close()
				}
				s.cookie = s.server.guard.made(s.server.guard.logins.begin(), 60)
			}
			e, status := s.open("")
			if status != 200 {
				t.Fatalf("status %d", status)
			}
			open = append(open, e)
			defer e.conn.Close()
		}
		s.cookie = s.server.guard.made(s.server.guard.logins.begin(), 60)
		if e, status := s.open(""); status != 503 {
			t.Errorf("one too many: %d", status)
		} else {
			e.conn.Close()
		}
		open[0].conn.Close()
		synctest.Wait()
		e, status := s.open("")
		if status != 200 {
			t.Errorf("one has left: %d", status)
		}
		e.conn.Close()
		if _, status := s.open("?page=" + strings.Repeat("x", maxPageID+1)); status != 400 {
			t.Errorf("a page of a long name: %d", status)
		}
	})
}

// TestRing: a ring is told once, after the call itself; a page that comes later is told
// what rings then.
func TestRing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, nil).run()
		defer s.end()
		e, _ := s.open("")
		defer e.conn.Close()
		e.until(t, "alarms")
		id := proto.NewMessageID()
		begun := time.Now()
		s.events <- client.HailReceived{ID: id, Rings: true, Urgency: proto.PriorityEmergency}
		got := e.until(t, "ring")
		if !slices.Equal(names(got), []string{"calls", "ring"}) {
			t.Errorf("told %v, want the call and then its ring", names(got))
		}
		if want := `{"call":"` + id.String() + `","urgency":"emergency"}`; got[len(got)-1].data != want {
			t.Errorf("ring %s, want %s", got[len(got)-1].data, want)
		}
		if waited := time.Since(begun); waited > 2*paceLeast {
			t.Errorf("it rings after %v", waited)
		}
		if n, err := e.next(); err != nil || n.name != "beat" {
			t.Errorf("told %v (%v), want nothing more", n, err)
		}
		late, _ := s.open("")
		defer late.conn.Close()
		if got := late.until(t, "ring"); len(got) != len(sectionNames())+1 {
			t.Errorf("a page that comes later is told %v", names(got))
		}
	})
}

func TestVoiceIsAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, nil).run()
		defer s.end()
		e, _ := s.open("")
		defer e.conn.Close()
		e.until(t, "alarms")
		for range 2 {
			s.sound.set(true)
			if got := e.until(t, "voice"); got[len(got)-1].data != `{"offer":true}` {
				t.Errorf("voice %v", got)
			}
			s.sound.set(false)
			time.Sleep(time.Second)
		}
	})
}

// TestWhoLosesTheVoiceIsTold: the page that had it, once, and not the one that has it.
func TestWhoLosesTheVoiceIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, nil).run()
		defer s.end()
		first, _ := s.open("?page=first")
		defer first.conn.Close()
		first.until(t, "alarms")
		second, _ := s.open("?page=second")
		defer second.conn.Close()
		second.until(t, "alarms")
		offer := func(page string) {
			t.Helper()
			r := s.request("POST", "/api/voice?page="+page, "offer")
			r.Header.Set("Content-Type", "application/sdp")
			if w := s.ask(r); w.Code != 200 {
				t.Fatalf("an offer: %d", w.Code)
			}
		}
		offer("first")
		if got := second.until(t, "voice"); got[len(got)-1].data != `{"taken":true}` {
			t.Errorf("the second is told %v", got)
		}
		for page, want := range map[string]error{"first": nil, "": nil, "second": ErrVoiceTaken} {
			if err := s.server.mayPress(page); !errors.Is(err, want) { // with the first's microphone
				t.Errorf("a press of the page %q: %v, want %v", page, err, want)
			}
		}
		offer("second")
		if got := first.until(t, "voice"); len(got) != 1 || got[0].data != `{"taken":true}` {
			t.Errorf("the first is told %v", got)
		}
		offer("second") // again: nothing is new
		for _, why := range []string{"x", "y", "z"} {
			s.board.change(func(v *View) { v.Link.Why = why })
			s.events <- client.Connected{}
			for name, e := range map[string]*sse{"first": first, "second": second} {
				if got := names(e.until(t, "link")); slices.Contains(got, "voice") {
					t.Errorf("the %s is told %v", name, got)
				}
			}
		}
		offer("first")
		if got := second.until(t, "voice"); got[len(got)-1].data != `{"taken":true}` {
			t.Errorf("the second is told %v", got)
		}
	})
}

// TestAStreamEndsWithItsLogin.
func TestAStreamEndsWithItsLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, nil).run()
		defer s.end()
		e, _ := s.open("")
		defer e.conn.Close()
		e.until(t, "alarms")
		s.server.guard.logins.end(s.cookie.Value)
		for range 5 {
			if _, err := e.next(); err != nil {
				break
			}
		}
		synctest.Wait()
		if s.server.pages.count() != 0 {
			t.Error("the stream goes on")
		}
	})
}

// TestVoiceEndsWithItsLogin: who is logged out, or has been away for a shift, does not go
// on hearing.
func TestVoiceEndsWithItsLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, nil).run()
		defer s.end()
		hung := func(why string, after time.Duration, want int) {
			t.Helper()
			time.Sleep(after)
			synctest.Wait()
			s.sound.mu.Lock()
			defer s.sound.mu.Unlock()
			if s.sound.hungUp != want {
				t.Errorf("%s: hung up %d times, want %d", why, s.sound.hungUp, want)
			}
		}
		offer := func() {
			t.Helper()
			r := s.request("POST", "/api/voice?page=p", "offer")
			r.Header.Set("Content-Type", "application/sdp")
			if w := s.ask(r); w.Code != 200 {
				t.Fatalf("an offer: %d", w.Code)
			}
		}
		offer()
		hung("logged in", time.Hour, 0)
		other := s.server.guard.logins.begin()
		s.server.guard.logins.end(other)
		hung("another is logged out", 2*paceMost, 0)
		s.server.guard.logins.end(s.cookie.Value)
		hung("logged out", 2*paceMost, 1)
		s.cookie = s.server.guard.made(s.server.guard.logins.begin(), 60)
		offer()
		hung("logged in again", loginLife/2, 1)
		hung("unused for a shift", loginLife, 2)
	})
}

// TestNobodyLooksNothingIsMade: a View is made for pages only.
func TestNobodyLooksNothingIsMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, nil).run()
		defer s.end()
		for range 5 {
			s.events <- client.Connected{}
			time.Sleep(time.Second)
		}
		s.board.look(func() {
			if s.board.views != 0 || len(s.board.folded) != 5 {
				t.Errorf("%d Views, %d events folded", s.board.views, len(s.board.folded))
			}
		})
	})
}

// TestAStreamLasts: no timeout for requests ends it, and its login lasts with it.
func TestAStreamLasts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, nil).run()
		defer s.end()
		e, _ := s.open("")
		defer e.conn.Close()
		e.until(t, "alarms")
		begun := time.Now()
		for time.Since(begun) < loginLife+time.Hour {
			if _, err := e.next(); err != nil {
				t.Fatalf("it ended after %v: %v", time.Since(begun), err)
			}
		}
		if w := s.ask(s.request("HEAD", "/api/events", "")); w.Code != 200 {
			t.Errorf("its login has ended: %d", w.Code)
		}
	})
}

package console

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crossband/client"
	"crossband/client/voice"
	"crossband/proto"
)

// heldChannel is a channel whose floor the test gives. It keeps Talk's promises: it reads
// its source while it is not queued, ends with it once granted, and ends with ctx.
type heldChannel struct {
	mu      sync.Mutex // guards frames
	frames  int        // read
	grant   chan struct{}
	queue   chan int
	deny    chan error
	talking chan struct{}
}

func newHeldChannel() *heldChannel {
	return &heldChannel{grant: make(chan struct{}), queue: make(chan int), deny: make(chan error), talking: make(chan struct{}, 8)}
}

func (c *heldChannel) Talk(ctx context.Context, src voice.Source, o client.TalkOptions) (client.TalkReport, error) {
	c.talking <- struct{}{}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	queued, granted, ended := false, false, false
	for !ended || !granted {
		select {
		case <-ctx.Done():
			return client.TalkReport{}, ctx.Err()
		case <-c.grant:
			queued, granted = false, true
			o.OnGrant(time.Minute)
		case at := <-c.queue:
			queued = true
			o.OnQueue(at, proto.Name{})
		case err := <-c.deny:
			return client.TalkReport{}, err
		case <-tick.C:
			if queued || ended {
				continue
			}
			if _, err := src.Next(); errors.Is(err, io.EOF) {
				ended = true
			}
			c.mu.Lock()
			c.frames++
			c.mu.Unlock()
		}
	}
	return client.TalkReport{}, nil
}

// booth is a presser under test.
type booth struct {
	*presser
	sound *silentSound
	stop  context.CancelFunc
	mu    sync.Mutex // guards told
	told  map[proto.ChannelID][]string
}

func newBooth() *booth {
	b := &booth{sound: newSilentSound(), told: make(map[proto.ChannelID][]string)}
	ctx, cancel := context.WithCancel(context.Background())
	b.stop = cancel
	b.presser = newPresser(ctx, b.sound, func(ch proto.ChannelID, p PressState) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.told[ch] = append(b.told[ch], p.State)
	})
	return b
}

func (b *booth) end() {
	b.stop()
	b.wait()
}

// stands checks all that was reported of a channel.
func (b *booth) stands(t *testing.T, ch proto.ChannelID, want ...string) {
	t.Helper()
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	if !slices.Equal(b.told[ch], want) {
		t.Errorf("reported %v, want %v", b.told[ch], want)
	}
}

func alone(ch *heldChannel) map[proto.ChannelID]talker {
	return map[proto.ChannelID]talker{{1}: ch}
}

// begin presses on one channel and waits until it talks.
func (b *booth) begin(t *testing.T, page string, on map[proto.ChannelID]talker) {
	t.Helper()
	if err := b.start(page, "", on, proto.PriorityRoutine); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
}

func bubble(t *testing.T, f func(*testing.T, *booth)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := newBooth()
		defer b.end()
		f(t, b)
	})
}

// TestTheStateNamesItsPress: who has pressed again at once must be able to tell the end of
// the press before from the end of this one.
func TestTheStateNamesItsPress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var told []string
		ctx, stop := context.WithCancel(t.Context())
		p := newPresser(ctx, newSilentSound(), func(_ proto.ChannelID, s PressState) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, s.Press+" "+s.State)
		})
		for _, number := range []string{"one", "two"} {
			ch := newHeldChannel()
			if err := p.start("", number, alone(ch), proto.PriorityRoutine); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			ch.grant <- struct{}{}
			p.release("", number)
			time.Sleep(pressFinish)
			synctest.Wait()
		}
		stop()
		p.wait()
		want := []string{"one asked", "one granted", "one idle", "two asked", "two granted", "two idle"}
		if !slices.Equal(told, want) {
			t.Errorf("told %v, want %v", told, want)
		}
	})
}

func TestPressOnSeveralChannels(t *testing.T) {
	bubble(t, func(t *testing.T, b *booth) {
		first, second, third := newHeldChannel(), newHeldChannel(), newHeldChannel()
		b.begin(t, "", map[proto.ChannelID]talker{{1}: first, {2}: second, {3}: third})
		first.grant <- struct{}{}
		second.queue <- 2
		third.deny <- proto.Refuse(proto.ReasonFloorTaken, "")
		time.Sleep(time.Second)
		b.stands(t, proto.ChannelID{1}, "asked", "granted")
		b.stands(t, proto.ChannelID{2}, "asked", "queued")
		b.stands(t, proto.ChannelID{3}, "asked", "denied")
		second.grant <- struct{}{}
		time.Sleep(time.Second)
		b.release("", "")
		time.Sleep(time.Second)
		b.stands(t, proto.ChannelID{1}, "asked", "granted", "idle")
		b.stands(t, proto.ChannelID{2}, "asked", "queued", "granted", "idle")
		b.stands(t, proto.ChannelID{3}, "asked", "denied")
		time.Sleep(deniedShown)
		b.stands(t, proto.ChannelID{3}, "asked", "denied", "idle")
		if len(b.latest) != 0 || b.now != nil {
			t.Error("something of the press is left")
		}
		if first.frames < 90 { // two seconds
			t.Errorf("%d frames were taken on the first channel", first.frames)
		}
	})
}

func TestOnePressAtATime(t *testing.T) {
	bubble(t, func(t *testing.T, b *booth) {
		b.begin(t, "", alone(newHeldChannel()))
		if err := b.start("", "", alone(newHeldChannel()), 0); !errors.Is(err, client.ErrBusy) {
			t.Errorf("a second press: %v", err)
		}
		if len(b.sound.speeches) != 1 {
			t.Errorf("%d presses of the microphone", len(b.sound.speeches))
		}
	})
}

// TestWhoLetsGoDoesNotWait: a place in the queue is given up with the button; a grant
// later would open a floor on which nobody speaks.
func TestWhoLetsGoDoesNotWait(t *testing.T) {
	bubble(t, func(t *testing.T, b *booth) {
		ch := newHeldChannel()
		b.begin(t, "", alone(ch))
		ch.queue <- 1
		synctest.Wait()
		b.release("", "")
		b.stands(t, proto.ChannelID{1}, "asked", "queued", "idle")
	})
	bubble(t, func(t *testing.T, b *booth) { // the queue comes after the release
		ch := newHeldChannel()
		b.begin(t, "", alone(ch))
		b.release("", "")
		ch.queue <- 1
		b.stands(t, proto.ChannelID{1}, "asked", "queued", "idle")
	})
}

// TestAShortPressWaitsForItsGrant, and not for ever.
func TestAShortPressWaitsForItsGrant(t *testing.T) {
	bubble(t, func(t *testing.T, b *booth) {
		ch := newHeldChannel()
		b.begin(t, "", alone(ch))
		b.release("", "")
		time.Sleep(time.Second)
		ch.grant <- struct{}{}
		b.stands(t, proto.ChannelID{1}, "asked", "granted", "idle")
	})
	bubble(t, func(t *testing.T, b *booth) {
		b.begin(t, "", alone(newHeldChannel()))
		b.release("", "")
		time.Sleep(pressFinish + time.Second)
		b.stands(t, proto.ChannelID{1}, "asked", "idle")
	})
}

// TestPressAgainAtOnce: the second press waits for the first to finish, and its end is
// not shown as the second's.
func TestPressAgainAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T, b *booth) {
		first, second := newHeldChannel(), newHeldChannel()
		b.begin(t, "", alone(first))
		b.release("", "")
		b.begin(t, "", alone(second))
		if len(second.talking) != 0 {
			t.Fatal("two bursts on one channel")
		}
		first.grant <- struct{}{}
		time.Sleep(100 * time.Millisecond)
		if len(second.talking) != 1 {
			t.Fatal("the second press never talks")
		}
		second.grant <- struct{}{}
		b.stands(t, proto.ChannelID{1}, "asked", "asked", "granted")
		b.release("", "")
		time.Sleep(time.Second)
		b.stands(t, proto.ChannelID{1}, "asked", "asked", "granted", "idle")
	})
	bubble(t, func(t *testing.T, b *booth) { // the first never ends by itself
		first, second := newHeldChannel(), newHeldChannel()
		b.begin(t, "", alone(first))
		b.release("", "")
		b.begin(t, "", alone(second))
		time.Sleep(pressBefore + 100*time.Millisecond)
		if len(second.talking) != 1 {
			t.Error("the second press never talks")
		}
	})
}

// TestADenialIsShownUntilTheNextPress.
func TestADenialIsShownUntilTheNextPress(t *testing.T) {
	bubble(t, func(t *testing.T, b *booth) {
		first, second := newHeldChannel(), newHeldChannel()
		b.begin(t, "", alone(first))
		first.deny <- proto.Refuse(proto.ReasonFloorTaken, "")
		time.Sleep(time.Minute) // held down
		b.stands(t, proto.ChannelID{1}, "asked", "denied")
		if !b.sound.speeches[0].over() {
			t.Error("the microphone stays open though nobody listens")
		}
		b.release("", "")
		b.begin(t, "", alone(second))
		second.grant <- struct{}{}
		time.Sleep(2 * deniedShown)
		b.stands(t, proto.ChannelID{1}, "asked", "denied", "asked", "granted")
	})
}

// TestReleaseIsForThePressThatItMeans.
func TestReleaseIsForThePressThatItMeans(t *testing.T) {
	bubble(t, func(t *testing.T, b *booth) {
		b.begin(t, "left", alone(newHeldChannel()))
		b.release("right", "")
		b.pageGone("right")
		b.pageGone("")
		if b.sound.speeches[0].over() {
			t.Fatal("another page released")
		}
		b.pageGone("left")
		if !b.sound.speeches[0].over() {
			t.Fatal("the page is gone and the microphone open")
		}
		b.begin(t, "left", alone(newHeldChannel()))
		b.release("", "")
		if !b.sound.speeches[1].over() {
			t.Error("a release without a page does not count")
		}
		b.letGo() // of nothing
	})
}

// TestAReleaseThatOvertakesItsPress keeps it from beginning: else the microphone would
// stay open with nobody's finger on the button.
func TestAReleaseThatOvertakesItsPress(t *testing.T) {
	bubble(t, func(t *testing.T, b *booth) {
		b.release("", "7")
		if err := b.start("", "7", alone(newHeldChannel()), 0); err != nil || len(b.sound.speeches) != 0 {
			t.Errorf("press 7 began: %v", err)
		}
		if err := b.start("", "8", alone(newHeldChannel()), 0); err != nil || len(b.sound.speeches) != 1 {
			t.Errorf("press 8 did not: %v", err)
		}
		b.release("", "9") // of a press to come
		if b.sound.speeches[0].over() {
			t.Error("the release of 9 ended 8")
		}
		b.release("", "8")
		if !b.sound.speeches[0].over() {
			t.Error("the release of 8 did nothing")
		}
		for range 3 * maxEarly {
			b.release("", newSecret())
		}
		if len(b.early) != maxEarly {
			t.Errorf("%d early releases are kept", len(b.early))
		}
	})
}

// TestEachPageNumbersItsOwnPresses: what one page has released says nothing of another's
// press, nor of that page's after it was loaded anew.
func TestEachPageNumbersItsOwnPresses(t *testing.T) {
	bubble(t, func(t *testing.T, b *booth) {
		b.release("left", "1") // of a press that was refused, say
		if err := b.start("right", "1", alone(newHeldChannel()), 0); err != nil || len(b.sound.speeches) != 1 {
			t.Fatalf("the press of another page never began: %v", err)
		}
		b.release("left", "1") // overtakes its press, while another page's is on
		if b.sound.speeches[0].over() {
			t.Error("another page released")
		}
		b.release("right", "1")
		if err := b.start("left", "1", alone(newHeldChannel()), 0); err != nil || len(b.sound.speeches) != 1 {
			t.Errorf("a press began that is over: %v", err)
		}
	})
}

// TestALostReleaseKeepsNobodyFromSpeaking: the page's next press ends the one before, and
// one of which nothing is said any more is nobody's hindrance.
func TestALostReleaseKeepsNobodyFromSpeaking(t *testing.T) {
	bubble(t, func(t *testing.T, b *booth) {
		first, second := newHeldChannel(), newHeldChannel()
		if err := b.start("left", "1", alone(first), 0); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		first.grant <- struct{}{}
		if err := b.start("right", "1", alone(newHeldChannel()), 0); !errors.Is(err, client.ErrBusy) {
			t.Errorf("another page presses: %v", err)
		}
		if err := b.start("left", "2", alone(second), 0); err != nil {
			t.Fatalf("the page presses again: %v", err)
		}
		synctest.Wait()
		if !b.sound.speeches[0].over() || b.sound.speeches[1].over() {
			t.Error("the first press goes on, or the second does not")
		}
		time.Sleep(time.Second)
		second.deny <- proto.Refuse(proto.ReasonTalkLimit, "")
		synctest.Wait()
		if err := b.start("right", "2", alone(newHeldChannel()), 0); err != nil {
			t.Errorf("another page presses when nothing is said any more: %v", err)
		}
	})
}

func TestThePressEndsWithTheServer(t *testing.T) {
	bubble(t, func(t *testing.T, b *booth) {
		b.begin(t, "", alone(newHeldChannel()))
		b.end()
		if !b.sound.speeches[0].over() {
			t.Error("the microphone is open")
		}
		if err := b.start("", "", alone(newHeldChannel()), 0); err == nil {
			t.Error("a press after the end")
		}
	})
}

// TestAPageThatGoesLetsGo: of what it pressed, two seconds after its stream is lost; and
// the last page of whatever is pressed.
func TestAPageThatGoesLetsGo(t *testing.T) {
	for _, c := range []struct {
		name        string
		query, page string
		other       bool // another page is open
		back        bool // the page comes back within the grace
		held        bool // after all that
	}{
		{"the only page", "", "", false, false, false},
		{"the only page has a name that its press lacks", "?page=a", "", false, false, false},
		{"the only page comes back", "", "", false, true, true},
		{"a page that named itself", "?page=a", "a", true, false, false},
		{"a page that named itself comes back", "?page=a", "a", true, true, true},
		{"one of two without names", "", "", true, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, nil).run()
				defer s.end()
				if c.other {
					e, _ := s.open("")
					defer e.conn.Close()
					go func() {
						for {
							if _, err := e.next(); err != nil {
								return
							}
						}
					}()
				}
				e, _ := s.open(c.query)
				e.until(t, "alarms")
				if err := s.server.press.start(c.page, "", alone(newHeldChannel()), 0); err != nil {
					t.Fatal(err)
				}
				e.conn.Close()
				time.Sleep(pageGrace / 2)
				if s.sound.speeches[0].over() {
					t.Fatal("released at once: a stream that is made anew would cut off who speaks")
				}
				if c.back {
					again, _ := s.open(c.query)
					again.until(t, "alarms")
					defer again.conn.Close()
				}
				time.Sleep(pageGrace)
				synctest.Wait()
				if held := !s.sound.speeches[0].over(); held != c.held {
					t.Errorf("held: %v, want %v", held, c.held)
				}
				s.server.press.letGo()
				time.Sleep(pressFinish + time.Second)
			})
		})
	}
}

package console

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crossband/client"
	"crossband/client/patch"
	"crossband/client/phrase"
	"crossband/client/voice"
	"crossband/proto"
)

// leg is a channel that keeps what is said there.
type leg struct {
	rules proto.Charter
	mu    sync.Mutex // guards what follows
	texts []string
	talks []client.TalkOptions
	over  int           // talks
	slow  time.Duration // a text takes
	waits bool          // so does every text, in the outbox
}

func newLeg(n byte, title string, parties ...proto.Agency) *leg {
	l := &leg{rules: proto.Charter{Channel: proto.ChannelID{n}, Title: title}}
	for _, a := range parties {
		l.rules.Parties = append(l.rules.Parties, proto.Party{Agency: a, Send: []proto.Role{proto.RoleDesk}, MaxPriority: proto.PriorityEmergency})
	}
	return l
}

func (l *leg) ID() proto.ChannelID    { return l.rules.Channel }
func (l *leg) HubThere() bool         { return true }
func (l *leg) Charter() proto.Charter { return l.rules }

func (l *leg) Members() ([]proto.Name, error) { return nil, nil }

func (l *leg) Talk(_ context.Context, src voice.Source, o client.TalkOptions) (client.TalkReport, error) {
	l.mu.Lock()
	l.talks = append(l.talks, o)
	l.mu.Unlock()
	for {
		if _, err := src.Next(); err != nil {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.over++
			return client.TalkReport{}, nil
		}
	}
}

func (l *leg) Text(_ context.Context, text string) (proto.MessageID, error) {
	time.Sleep(l.slow)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.texts = append(l.texts, text)
	if l.waits {
		return proto.NewMessageID(), client.ErrWaiting
	}
	return proto.NewMessageID(), nil
}

func (l *leg) said() (texts []string, talks []client.TalkOptions) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.texts), slices.Clone(l.talks)
}

func testPatches() *patches {
	p := newPatches(Config{Log: slog.New(slog.DiscardHandler)})
	p.self = proto.Name{Agency: "us.example", Role: proto.RoleDesk, Label: "d"}
	return p
}

func TestAPatchIsShownWithWhatItWithholds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, now := testPatches(), time.Now()
		a, b := newLeg(1, "A", "us.example", "mx.example"), newLeg(2, "B", "us.example", "ca.example")
		if _, err := p.open(t.Context(), []patch.Leg{a, b}, 30*time.Minute, now); err != nil {
			t.Fatal(err)
		}
		for _, l := range []phrase.Language{phrase.English, phrase.Spanish, phrase.French} {
			v := p.view(l, now)
			if len(v) != 1 || !slices.Equal(v[0].Channels, []string{a.ID().String(), b.ID().String()}) || v[0].Until != stamp(now.Add(30*time.Minute)) || len(v[0].Withheld) != 4 {
				t.Fatalf("shown %+v", v)
			}
			if says := strings.Join(v[0].Withheld[:2], " "); !strings.Contains(says, "mx.example") || !strings.Contains(says, "us.example") || !strings.Contains(says, "A") || strings.Contains(says, "%!") {
				t.Errorf("withheld: %s", says)
			}
		}
		if _, err := p.open(t.Context(), []patch.Leg{newLeg(3, "C", "us.example"), b}, time.Minute, now); !errors.Is(err, ErrPatched) {
			t.Errorf("a channel in two patches: %v", err)
		}
		p.end(t.Context(), p.now()[0].id)
		if err := p.end(t.Context(), "0123"); err != nil || len(p.view(phrase.English, now)) != 0 {
			t.Errorf("after its end: %v, %+v", err, p.view(phrase.English, now))
		}
		if texts, _ := a.said(); len(texts) != 2 || !strings.Contains(texts[1], "has ended") {
			t.Errorf("said on A: %q", texts)
		}
	})
}

// TestAPatchBeginsWhenAllHaveBeenTold: where the text waits nobody has been, and where it
// has come they are told that nothing came of it.
func TestAPatchBeginsWhenAllHaveBeenTold(t *testing.T) {
	p := testPatches()
	a, b, c := newLeg(1, "A", "us.example"), newLeg(2, "B", "us.example"), newLeg(3, "C", "us.example")
	b.waits = true
	if _, err := p.open(t.Context(), []patch.Leg{a, b, c}, time.Minute, time.Now()); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, client.ErrWaiting) || len(p.now()) != 0 {
		t.Errorf("open: %v, %d patches", err, len(p.now())) // what waits would be shown as yet to come
	}
	for l, want := range map[*leg]int{a: 2, b: 2, c: 0} {
		if texts, _ := l.said(); len(texts) != want || want > 0 && !strings.Contains(texts[1], "has ended") {
			t.Errorf("said on %s: %q", l.rules.Title, texts)
		}
	}
}

// TestAPatchAskedForTwiceAtOnceIsOne: by two pages, or by a hand that is quick.
func TestAPatchAskedForTwiceAtOnceIsOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := testPatches()
		a, b := newLeg(1, "A", "us.example", "mx.example"), newLeg(2, "B", "us.example", "mx.example")
		b.slow = time.Second
		errs := make(chan error, 2)
		for range cap(errs) {
			go func() { // ends with the patch
				_, err := p.open(t.Context(), []patch.Leg{a, b}, time.Minute, time.Now())
				errs <- err
			}()
		}
		for i := range cap(errs) {
			if got := <-errs; (got == nil) != (i == 0) || got != nil && !errors.Is(got, ErrPatched) {
				t.Errorf("open: %v", got)
			}
		}
		if n := len(p.now()); n != 1 {
			t.Errorf("%d patches of the same channels", n)
		}
		p.closeAll(t.Context())
	})
}

func TestAPatchIsFedAndEndsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := testPatches()
		a, b := newLeg(1, "A", "us.example", "mx.example"), newLeg(2, "B", "us.example", "mx.example")
		if _, err := p.open(t.Context(), []patch.Leg{a, b}, time.Minute, time.Now()); err != nil {
			t.Fatal(err)
		}
		speaker := proto.Name{Agency: "mx.example", Role: proto.RoleUnit, Label: "u"}
		burst := proto.NewBurstID()
		p.floorChanged(client.FloorChanged{Channel: a.ID(), Holder: speaker, Burst: burst, Priority: proto.PriorityEmergency})
		p.Play(client.Played{Channel: a.ID(), From: speaker, Burst: burst, Codec: voice.CodecPCMU, Payload: make([]byte, 160)})
		synctest.Wait()
		if _, talks := b.said(); len(talks) != 1 || talks[0].Burst != burst || talks[0].Priority != proto.PriorityEmergency {
			t.Fatalf("pressed on B: %+v", talks)
		}
		p.yield(t.Context(), b.ID())
		b.mu.Lock()
		if b.over != 1 {
			t.Error("the desk's own press finds the patch talking")
		}
		b.mu.Unlock()
		time.Sleep(time.Minute)
		synctest.Wait()
		select {
		case <-p.over:
		default:
			t.Fatal("its end is not told")
		}
		p.ended(t.Context(), func(proto.ChannelID) bool { return false })
		if texts, _ := b.said(); len(p.now()) != 0 || len(texts) != 2 {
			t.Errorf("%d patches, said on B: %q", len(p.now()), texts)
		}
	})
}

func TestAPatchEndsWithAChannel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := testPatches()
		var legs []*leg
		for i := range byte(2 * maxPatches) {
			legs = append(legs, newLeg(i, "X", "us.example"))
		}
		for i := 0; i < len(legs); i += 2 {
			if _, err := p.open(t.Context(), []patch.Leg{legs[i], legs[i+1]}, time.Minute, time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := p.open(t.Context(), []patch.Leg{newLeg(100, "Y", "us.example"), newLeg(101, "Z", "us.example")}, time.Minute, time.Now()); proto.ReasonOf(err) != proto.ReasonQuota {
			t.Errorf("one more than %d: %v", maxPatches, err)
		}
		p.ended(t.Context(), func(id proto.ChannelID) bool { return id == legs[3].ID() })
		if _, still := p.of(legs[2].ID()); still || len(p.now()) != maxPatches-1 {
			t.Errorf("%d patches; the one of the channel that went goes on: %v", len(p.now()), still)
		}
		p.closeAll(t.Context())
		if len(p.now()) != 0 {
			t.Errorf("%d patches after the end", len(p.now()))
		}
	})
}

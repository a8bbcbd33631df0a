package relaytest_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"crossband/client"
	"crossband/client/patch"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
)

// patching is a border with channels A, B and C of both agencies, one of US alone, one
// of US and CA, an exercise, and a unit of each agency on A, B and C.
type patching struct {
	*border
	a, b, c, own, north, drill proto.ChannelID
}

func withPatches(t *testing.T, fn func(*testing.T, *patching)) {
	p := &patching{}
	runWith(t, 1, func(b *border) {
		directly(b)
		p.border = b
		channel := func(title string, drill bool, parties ...*relaytest.Agency) proto.ChannelID {
			w := &wire.Charter{Kind: wire.Charter_KIND_STANDING, Title: title, Exercise: drill}
			for _, a := range parties {
				w.Parties = append(w.Parties, relaytest.Party(a))
			}
			return b.us.Charter(w)
		}
		p.a, p.b, p.c = channel("A", false, b.us, b.mx), channel("B", false, b.us, b.mx), channel("C", false, b.us, b.mx)
		p.own, p.north, p.drill = channel("Own", false, b.us), channel("North", false, b.us, b.ca), channel("Drill", true, b.us, b.mx)
	}, func(t *testing.T, b *border) {
		first := b.us.Endpoint("desk/first") // who makes the groups
		for _, id := range []proto.ChannelID{p.a, p.b, p.c, p.own, p.north, p.drill, b.group} {
			first.MustJoin(id)
		}
		fn(t, p)
	})
}

// at makes a desk of US a member of some channels and joins them.
func (p *patching) at(t *testing.T, desk *relaytest.Endpoint, ids ...proto.ChannelID) *patch.Patch {
	t.Helper()
	cfg := p.config(desk, ids...)
	j, err := patch.Open(minute(t), cfg, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	desk.Ear.Pass(j)
	return j
}

func (p *patching) config(desk *relaytest.Endpoint, ids ...proto.ChannelID) patch.Config {
	cfg := patch.Config{Self: desk.Name(), Until: time.Now().Add(time.Hour), Log: slog.New(slog.DiscardHandler)}
	for _, id := range ids {
		cfg.Legs = append(cfg.Legs, desk.MustJoin(id))
	}
	return cfg
}

// carried waits until e has heard a burst of the desk's, whole, and returns it.
func carried(t *testing.T, e *relaytest.Endpoint, ch proto.ChannelID, by *relaytest.Endpoint, burst proto.BurstID) client.BurstHeard {
	t.Helper()
	return relaytest.Wait(t, e.Watch, "the burst is carried", func(h client.BurstHeard) bool {
		return h.Channel == ch && h.Burst == burst && h.From == by.Name()
	})
}

func TestAPatchCarriesBothWaysAndSaysSo(t *testing.T) {
	withPatches(t, func(t *testing.T, p *patching) {
		desk, unit, guard := p.us.Endpoint("desk/del-rio"), p.us.Endpoint("unit/del-rio-214"), p.mx.Endpoint("unit/gn-7")
		here, there := unit.MustJoin(p.a), guard.MustJoin(p.b)
		j := p.at(t, desk, p.a, p.b)
		for e, other := range map[*relaytest.Endpoint]string{unit: "“B”", guard: "“A”"} {
			relaytest.Wait(t, e.Watch, "they are told before", func(x client.TextReceived) bool {
				return x.From == desk.Name() && strings.HasPrefix(x.Text, "PATCH to "+other+" by desk/del-rio, until") && strings.Count(x.Text, desk.Name().Short()) == 3
			})
		}
		for _, way := range []struct {
			from *client.Channel
			to   *relaytest.Endpoint
			on   proto.ChannelID
		}{{here, guard, p.b}, {there, unit, p.a}} {
			r := push(t, way.from, 60, client.TalkOptions{}).well()
			if h := carried(t, way.to, way.on, desk, r.Burst); h.Frames != r.Sent || !h.Genuine {
				t.Errorf("carried %+v, said were %d frames", h, r.Sent)
			}
			for _, x := range way.to.Ear.Played(r.Burst)[:50] {
				if !x.Conceal && !loud(x.PCM) {
					t.Errorf("frame %d is silent", x.Index)
				}
			}
		}
		j.Close(minute(t))
		relaytest.Wait(t, guard.Watch, "they are told of the end", func(x client.TextReceived) bool { return strings.Contains(x.Text, "has ended") })
		r := push(t, here, 30, client.TalkOptions{}).well()
		time.Sleep(5 * time.Second)
		if n := len(guard.Ear.Played(r.Burst)); n > 0 {
			t.Errorf("%d frames carried after the end", n)
		}
		if c := j.Counts(); c.Carried != 2 || c.Refused != 0 || c.Dropped != 0 {
			t.Errorf("counts %+v", c)
		}
	})
}

// TestPatchesInARingDoNotGoRound: three desks join A to B, B to C and C to A. A word
// that is shorter than the way round comes once to each channel, and then it is quiet.
func TestPatchesInARingDoNotGoRound(t *testing.T) {
	withPatches(t, func(t *testing.T, p *patching) {
		unit, listener := p.us.Endpoint("unit/del-rio-214"), p.mx.Endpoint("unit/gn-7")
		here := unit.MustJoin(p.a)
		for _, id := range []proto.ChannelID{p.a, p.b, p.c} {
			listener.MustJoin(id)
		}
		ring := [][2]proto.ChannelID{{p.a, p.b}, {p.b, p.c}, {p.c, p.a}}
		for i, legs := range ring {
			p.at(t, p.us.Endpoint("desk/"+string(rune('1'+i))), legs[0], legs[1])
		}
		r := push(t, here, 4, client.TalkOptions{}).well()
		time.Sleep(20 * time.Second)
		times := make(map[proto.ChannelID]int)
		for _, h := range relaytest.Find[client.BurstHeard](listener.Watch) {
			if h.Burst != r.Burst {
				t.Errorf("a burst that nobody said: %+v", h)
			}
			times[h.Channel]++
		}
		for _, id := range []proto.ChannelID{p.a, p.b, p.c} {
			if times[id] != 1 {
				t.Errorf("heard %d times on %s", times[id], id.Short())
			}
		}
	})
}

// TestAPatchKeepsVoiceAmongItsParties: what MX says to US is not brought to CA; what US
// says is.
func TestAPatchKeepsVoiceAmongItsParties(t *testing.T) {
	withPatches(t, func(t *testing.T, p *patching) {
		desk, unit, guard := p.us.Endpoint("desk/del-rio"), p.us.Endpoint("unit/del-rio-214"), p.mx.Endpoint("unit/gn-7")
		mountie := p.ca.Endpoint("unit/rcmp-3")
		here, there := unit.MustJoin(p.a), guard.MustJoin(p.a)
		mountie.MustJoin(p.north)
		j := p.at(t, desk, p.a, p.north)
		if list := j.Withheld(time.Now()); len(list) != 4 { // MX's voice to CA, CA's to MX, both ways what other desks of US say
			t.Errorf("withheld: %+v", list)
		}
		r := push(t, there, 30, client.TalkOptions{}).well()
		heard(t, unit, r, "MX is heard where it spoke")
		ours := push(t, here, 30, client.TalkOptions{}).well()
		carried(t, mountie, p.north, desk, ours.Burst)
		if n := len(mountie.Ear.Played(r.Burst)); n > 0 {
			t.Errorf("CA heard %d frames of MX", n)
		}
		if c := j.Counts(); c.Carried != 1 || c.Refused != 1 {
			t.Errorf("counts %+v", c)
		}
	})
}

// TestADeskTalksOverItsOwnPatch: the desk gives the floor back to itself.
func TestADeskTalksOverItsOwnPatch(t *testing.T) {
	withPatches(t, func(t *testing.T, p *patching) {
		desk, unit, guard := p.us.Endpoint("desk/del-rio"), p.us.Endpoint("unit/del-rio-214"), p.mx.Endpoint("unit/gn-7")
		here := unit.MustJoin(p.a)
		guard.MustJoin(p.b)
		j := p.at(t, desk, p.a, p.b)
		talk := push(t, here, endless, client.TalkOptions{}).held()
		time.Sleep(time.Second)
		b := desk.Channel(p.b)
		if _, err := b.Talk(minute(t), &beeps{}, client.TalkOptions{}); err != client.ErrBusy {
			t.Fatalf("the patch does not hold the floor: %v", err)
		}
		j.Yield(minute(t), p.b)
		r := push(t, b, 30, client.TalkOptions{}).well()
		heard(t, guard, r, "the desk is heard")
		talk.release()
	})
}

// TestAPatchAsksWithTheTalkersPriority: an emergency goes before what is said there.
func TestAPatchAsksWithTheTalkersPriority(t *testing.T) {
	withPatches(t, func(t *testing.T, p *patching) {
		desk, unit, guard := p.us.Endpoint("desk/del-rio"), p.us.Endpoint("unit/del-rio-214"), p.mx.Endpoint("unit/gn-7")
		here, there := unit.MustJoin(p.a), guard.MustJoin(p.b)
		j := p.at(t, desk, p.a, p.b)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go floors(ctx, desk, j) // ends with ctx
		routine := push(t, there, endless, client.TalkOptions{}).held()
		push(t, here, 30, client.TalkOptions{Priority: proto.PriorityEmergency}).well()
		if r := routine.end(); r == nil || r.Reason != proto.ReasonPreempted {
			t.Errorf("the routine burst on the other channel ended with %v", r)
		}
	})
}

// floors tells a patch of the floors that its desk sees.
func floors(ctx context.Context, desk *relaytest.Endpoint, j *patch.Patch) {
	for n := 0; ctx.Err() == nil; time.Sleep(10 * time.Millisecond) {
		list := relaytest.Find[client.FloorChanged](desk.Watch)
		for _, f := range list[n:] {
			j.FloorChanged(f)
		}
		n = len(list)
	}
}

func TestPatchesThatAreRefused(t *testing.T) {
	withPatches(t, func(t *testing.T, p *patching) {
		desk := p.us.Endpoint("desk/del-rio")
		for why, c := range map[string]struct {
			ids  []proto.ChannelID
			till time.Duration
			want proto.Reason
		}{
			"one channel":          {[]proto.ChannelID{p.a}, time.Hour, proto.ReasonMalformed},
			"twice the same":       {[]proto.ChannelID{p.a, p.a}, time.Hour, proto.ReasonExists},
			"five":                 {[]proto.ChannelID{p.a, p.b, p.c, p.own, p.north}, time.Hour, proto.ReasonMalformed},
			"exercise and earnest": {[]proto.ChannelID{p.a, p.drill}, time.Hour, proto.ReasonExercise},
			"for too long":         {[]proto.ChannelID{p.a, p.b}, patch.MaxLife + time.Second, proto.ReasonMalformed},
			"until yesterday":      {[]proto.ChannelID{p.a, p.b}, -time.Hour, proto.ReasonMalformed},
		} {
			cfg := p.config(desk, c.ids...)
			cfg.Until = time.Now().Add(c.till)
			if _, err := patch.Open(minute(t), cfg, time.Now()); proto.ReasonOf(err) != c.want {
				t.Errorf("%s: %v", why, err)
			}
		}
		observer := p.ca.Endpoint("desk/ottawa")
		if _, err := patch.Open(minute(t), p.config(observer, p.north, p.group), time.Now()); proto.ReasonOf(err) != proto.ReasonListenOnly {
			t.Errorf("an observer patches: %v", err)
		}
		if _, err := patch.Open(minute(t), p.config(p.us.Endpoint("unit/del-rio-214"), p.a, p.b), time.Now()); proto.ReasonOf(err) != proto.ReasonForbidden {
			t.Errorf("a unit patches: %v", err)
		}
		if n := len(relaytest.Find[client.TextReceived](desk.Watch)); n > 0 {
			t.Errorf("%d texts of patches that are none", n)
		}
	})
}

func TestAPatchEndsInTime(t *testing.T) {
	withPatches(t, func(t *testing.T, p *patching) {
		desk, unit, guard := p.us.Endpoint("desk/del-rio"), p.us.Endpoint("unit/del-rio-214"), p.mx.Endpoint("unit/gn-7")
		here := unit.MustJoin(p.a)
		guard.MustJoin(p.b)
		cfg := p.config(desk, p.a, p.b)
		cfg.Until = time.Now().Add(time.Minute)
		j, err := patch.Open(minute(t), cfg, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		desk.Ear.Pass(j)
		time.Sleep(58 * time.Second)
		talk := push(t, here, endless, client.TalkOptions{}).held() // over its end
		time.Sleep(5 * time.Second)
		select {
		case <-j.Context().Done():
		default:
			t.Fatal("it goes on")
		}
		r := talk.release()
		if n := len(guard.Ear.Played(r.Burst)); n == 0 || n > 150 {
			t.Errorf("%d frames carried, of two seconds", n)
		}
		j.Close(minute(t))
	})
}

// TestPatchesInARowKeepVoiceAmongItsParties: what MX says to US is said again by a desk of
// US. To a second desk it sounds like its own agency's voice, and yet it is not to come to
// CA; what US says there itself is.
func TestPatchesInARowKeepVoiceAmongItsParties(t *testing.T) {
	withPatches(t, func(t *testing.T, p *patching) {
		first, second := p.us.Endpoint("desk/del-rio"), p.us.Endpoint("desk/eagle-pass")
		unit, guard, mountie := p.us.Endpoint("unit/del-rio-214"), p.mx.Endpoint("unit/gn-7"), p.ca.Endpoint("unit/rcmp-3")
		there, between := guard.MustJoin(p.a), unit.MustJoin(p.b)
		mountie.MustJoin(p.north)
		p.at(t, first, p.a, p.b)
		j := p.at(t, second, p.b, p.north)
		r := push(t, there, 60, client.TalkOptions{}).well()
		carried(t, unit, p.b, first, r.Burst)
		ours := push(t, between, 60, client.TalkOptions{}).well()
		carried(t, mountie, p.north, second, ours.Burst)
		if n := len(mountie.Ear.Played(r.Burst)); n > 0 {
			t.Errorf("CA heard %d frames of what MX said to US", n)
		}
		if c := j.Counts(); c.Carried != 1 || c.Refused != 1 {
			t.Errorf("counts %+v", c)
		}
	})
}

// TestAPatchDoesNotBeginUnheardOf: with the border cut those on this side hear each other
// still, but no text that tells them of a patch.
func TestAPatchDoesNotBeginUnheardOf(t *testing.T) {
	withPatches(t, func(t *testing.T, p *patching) {
		desk, unit, guard := p.mx.Endpoint("desk/piedras-negras"), p.mx.Endpoint("unit/gn-7"), p.mx.Endpoint("unit/gn-8")
		here := unit.MustJoin(p.a)
		guard.MustJoin(p.b)
		cfg := p.config(desk, p.a, p.b)
		p.Net.Cut(p.us.Addr, p.mx.Addr)
		relaytest.Wait(t, desk.Watch, "the hub is away", func(e client.HubAway) bool { return e.Away && e.Channel == p.b })
		relaytest.Wait(t, desk.Watch, "the hub is away", func(e client.HubAway) bool { return e.Away && e.Channel == p.a })
		j, err := patch.Open(minute(t), cfg, time.Now())
		if proto.ReasonOf(err) != proto.ReasonHubAway {
			t.Errorf("a patch of which nobody is told: %v", err)
		}
		if j != nil {
			desk.Ear.Pass(j)
			defer j.Close(minute(t))
		}
		r := push(t, here, 60, client.TalkOptions{}).well()
		time.Sleep(5 * time.Second)
		if n := len(guard.Ear.Played(r.Burst)); n > 0 && len(relaytest.Find[client.TextReceived](guard.Watch)) == 0 {
			t.Errorf("%d frames were carried to one who was told nothing", n)
		}
	})
}

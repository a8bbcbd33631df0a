package relaytest_test

import (
	"bytes"
	"context"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"crossband/client"
	"crossband/client/phrase"
	"crossband/client/voice"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
)

// border is two agencies with a calling channel, or three.
type border struct {
	*relaytest.World
	us, mx, ca *relaytest.Agency
	calling    proto.ChannelID // US and MX; the template has CA listen
	group      proto.ChannelID // US, MX up to imminent peril, CA listening; 10 s of talk at a time
	agencies   []*relaytest.Agency
}

// newBorder founds three agencies. The US relay is linked with both others; MX
// and CA are not linked. link is how the US and MX relays are joined.
func newBorder(t *testing.T, seed uint64, link func(b *border)) *border {
	w := relaytest.New(t, seed)
	b := &border{World: w, us: w.Agency("usbp.example"), mx: w.Agency("gn.example"), ca: w.Agency("rcmp.example")}
	b.agencies = []*relaytest.Agency{b.us, b.mx, b.ca}
	w.Trust(b.us, b.mx)
	w.Trust(b.us, b.ca)
	w.Trust(b.mx, b.ca) // members judge each other's certificates; no link follows from it
	w.Link(b.us, b.ca)
	both := []*wire.Charter_Party{relaytest.Party(b.us), relaytest.Party(b.mx)}
	b.calling = b.us.Calling("Eagle Pass - Piedras Negras", both, append(both[:2:2], relaytest.Observer(b.ca)))
	b.group = b.us.Charter(&wire.Charter{
		Kind: wire.Charter_KIND_STANDING, Title: "Joint patrol", TalkLimitMs: 10_000,
		Parties: []*wire.Charter_Party{relaytest.Party(b.us), relaytest.PartyUpTo(b.mx, proto.PriorityImminentPeril), relaytest.Observer(b.ca)},
	})
	w.Net.Everywhere(relaytest.Path{Delay: 5 * time.Millisecond})
	b.slow(relaytest.Path{Delay: 50 * time.Millisecond})
	link(b)
	return b
}

// slow sets the path between the US and MX relays.
func (b *border) slow(p relaytest.Path) { b.Net.Between(b.us.Addr, b.mx.Addr, p) }

func directly(b *border) { b.Link(b.us, b.mx) }

// run runs fn in a bubble with the three relays running, and ends them. That
// the bubble ends proves that nothing is left running.
func run(t *testing.T, fn func(*testing.T, *border)) { runWith(t, 1, directly, fn) }

func runWith(t *testing.T, seed uint64, link func(*border), fn func(*testing.T, *border)) {
	t.Parallel()
	inBubble(t, seed, link, fn)
}

// inBubble is runWith for a test that compares runs.
func inBubble(t *testing.T, seed uint64, link func(*border), fn func(*testing.T, *border)) {
	synctest.Test(t, func(t *testing.T) {
		b := newBorder(t, seed, link)
		b.Start(b.agencies...)
		defer b.Close(b.agencies...)
		fn(t, b)
	})
}

// long marks a test that takes seconds of processor time. Under the race detector,
// which takes several times as much, the shorter ones run the same code.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("long; it runs without -short")
	}
}

func minute(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestTextCrossesTheBorderBothWays(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		desk, agent := b.us.Endpoint("desk/del-rio"), b.us.Endpoint("unit/del-rio-214")
		guard := b.mx.Endpoint("desk/piedras-negras")
		here := desk.MustJoin(b.calling)
		there := guard.MustJoin(b.calling)
		field := agent.MustJoin(b.calling)

		if _, err := field.Text(minute(t), "two persons in the river"); err != nil {
			t.Fatal(err)
		}
		got := relaytest.Wait(t, guard.Watch, "the text crosses", func(e client.TextReceived) bool { return true })
		if got.Text != "two persons in the river" || got.From != agent.Name() {
			t.Fatalf("got %+v", got)
		}
		if _, err := there.Text(minute(t), "unidades en camino"); err != nil {
			t.Fatal(err)
		}
		relaytest.Wait(t, desk.Watch, "the answer crosses", func(e client.TextReceived) bool { return e.From == guard.Name() })
		e1, a1 := here.Epoch()
		e2, a2 := there.Epoch()
		if e1 != e2 || string(a1) != string(a2) {
			t.Fatalf("the two sides see different groups: epochs %d and %d", e1, e2)
		}
	})
}

// hailed brings both sides to an open incident channel.
func hailed(t *testing.T, b *border, agent, guard *relaytest.Endpoint) (caller, called *client.Channel) {
	t.Helper()
	calling := agent.MustJoin(b.calling)
	guard.MustJoin(b.calling)
	start := time.Now()
	h, err := calling.Hail(minute(t), guard.Name(), phraseOf(t, "shots-fired"), client.HailOptions{Urgency: proto.PriorityEmergency})
	if err != nil {
		t.Fatal(err)
	}
	rung := relaytest.Wait(t, guard.Watch, "the hail rings", func(e client.HailReceived) bool { return e.ID == h.ID() })
	if ring := rung.At.Sub(start); ring > time.Second {
		t.Fatalf("rang after %v", ring)
	}
	if s, err := h.WaitState(minute(t), proto.HailReceived); err != nil || s != proto.HailReceived {
		t.Fatalf("state %v, %v", s, err)
	}
	there := guard.FindHail(rung.ID)
	if err := there.Reply(minute(t), proto.HailAccepted, 0, nil); err != nil {
		t.Fatal(err)
	}
	if err := there.Reply(minute(t), proto.HailCommitted, 0, nil); err != nil {
		t.Fatal(err)
	}
	if s, err := h.WaitState(minute(t), proto.HailCommitted); err != nil || s != proto.HailCommitted {
		t.Fatalf("state %v, %v", s, err)
	}
	id, err := h.WaitIncident(minute(t))
	if err != nil {
		t.Fatal(err)
	}
	relaytest.Wait(t, guard.Watch, "the accepting desk is in the incident", func(e client.Joined) bool { return e.Channel == id })
	return agent.Channel(id), guard.Channel(id)
}

func TestHailOpensAnIncidentAndVoiceCrossesBothWays(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		b.us.Endpoint("desk/del-rio").MustJoin(b.calling)
		agent, guard := b.us.Endpoint("unit/del-rio-214"), b.mx.Endpoint("desk/piedras-negras")
		caller, called := hailed(t, b, agent, guard)
		for _, way := range []struct {
			from *client.Channel
			to   *relaytest.Endpoint
			who  *relaytest.Endpoint
		}{{caller, guard, agent}, {called, agent, guard}} {
			pcm := tone(100)
			report, err := way.from.Talk(minute(t), pcmSource(t, pcm), client.TalkOptions{})
			if err != nil {
				t.Fatal(err)
			}
			heard := relaytest.Wait(t, way.to.Watch, "the burst is heard", func(e client.BurstHeard) bool { return e.Burst == report.Burst })
			if !heard.Genuine || heard.From != way.who.Name() {
				t.Errorf("heard %+v", heard)
			}
			if heard.Frames < report.Sent {
				t.Errorf("played %d frames of %d: a syllable is lost", heard.Frames, report.Sent)
			}
			if access := report.Granted.Sub(report.Pressed); access > 300*time.Millisecond {
				t.Errorf("press to grant took %v", access)
			}
			checkMouthToEar(t, report, way.to.Ear.Played(report.Burst), 300*time.Millisecond)
			checkFramesAsTheyCame(t, pcm, way.to.Ear.Played(report.Burst), heard.Frames)
			time.Sleep(time.Second)
		}
	})
}

// checkMouthToEar checks that nineteen in twenty frames were played within
// limit of having been captured.
func checkMouthToEar(t *testing.T, r client.TalkReport, played []client.Played, limit time.Duration) {
	t.Helper()
	var delays []time.Duration
	for _, p := range played {
		if !p.Conceal && int(p.Index) < len(r.Captured) {
			delays = append(delays, p.At.Sub(r.Captured[p.Index]))
		}
	}
	slices.Sort(delays)
	if len(delays) == 0 {
		t.Fatal("nothing was played")
	}
	if p95 := delays[len(delays)*95/100]; p95 > limit {
		t.Errorf("mouth to ear, 95 %%: %v", p95)
	}
}

// checkFramesAsTheyCame checks that a sink got each frame as the talker coded it, and
// nothing in place of lost ones.
func checkFramesAsTheyCame(t *testing.T, said []int16, played []client.Played, want int) {
	t.Helper()
	src := pcmSource(t, said)
	var sent, got [][]byte
	for b, err := src.Next(); err == nil; b, err = src.Next() {
		sent = append(sent, b)
	}
	for _, p := range played {
		switch {
		case p.Conceal && (p.Payload != nil || p.Before != nil):
			t.Error("a frame in place of a lost one")
		case p.Before != nil:
			got = append(got, p.Before, p.Payload)
		case p.Payload != nil:
			got = append(got, p.Payload)
		}
		if p.Payload != nil && p.Codec != src.Codec() {
			t.Errorf("frame %d in %v", p.Index, p.Codec)
		}
	}
	if len(got) != want {
		t.Errorf("%d frames as they came, %d played", len(got), want)
	}
	for i, b := range got {
		if len(got) == len(sent) && !bytes.Equal(b, sent[i]) {
			t.Fatalf("frame %d is another", i)
		}
	}
}

func phraseOf(t *testing.T, slug string, slots ...string) phrase.Content {
	t.Helper()
	code, ok := phrase.Lookup(slug)
	if !ok {
		t.Fatalf("no phrase %s", slug)
	}
	parsed, err := phrase.ParseSlots(code, slots)
	if err != nil {
		t.Fatal(err)
	}
	return phrase.Content{Code: code, Slots: parsed}
}

// tone is frames × 20 ms of a steady tone.
func tone(frames int) []int16 {
	pcm := make([]int16, frames*voice.FrameSamples)
	for i := range pcm {
		pcm[i] = int16(8000 * math.Sin(2*math.Pi*440*float64(i)/voice.SampleRate))
	}
	return pcm
}

func pcmSource(t *testing.T, pcm []int16) voice.Source {
	t.Helper()
	enc, err := voice.NewEncoder()
	if err != nil {
		t.Fatal(err)
	}
	return voice.NewPCMSource(pcm, enc)
}

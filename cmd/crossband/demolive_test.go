package main

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crossband/client"
	"crossband/client/voice"
	"crossband/cmd/crossband/internal/clip"
	"crossband/cmd/crossband/internal/demo"
	"crossband/cmd/crossband/internal/rig"
	"crossband/proto"
)

// TestLiveUnitsAnswerAPerson: beside a dispatcher's device the units of the demo do what
// it promises a newcomer: one says back what it hears, one talks and writes, one calls,
// and a desk beyond the border comes to a call.
func TestLiveUnitsAnswerAPerson(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	var out lockedBuffer
	program := filepath.Join(delivered(t), "crossband")
	err := demo.RunLive(ctx, demo.Options{
		Dir: t.TempDir(), Out: &out,
		Relay: func(config string) []string { return []string{program, "relay", "run", "--config", config} },
		Console: func(ctx context.Context, home string, tell func(string)) error {
			tell("http://127.0.0.1:1/")
			return dispatch(ctx, t, home)
		},
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	for _, line := range []string{"http://127.0.0.1:1/", "unit/acuna-7 calls desk/del-rio", "somebody has taken it"} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("no %q in\n%s", line, out.String())
		}
	}
}

// dispatch is what a person at the desk would do.
func dispatch(ctx context.Context, t *testing.T, home string) error {
	d, err := rig.Open(ctx, home, "test")
	check(t, err)
	defer d.Close()
	at := make(map[proto.CharterKind]proto.ChannelID)
	for _, ch := range d.Session.Channels() { // joined before its console was opened
		if _, authenticator := ch.Epoch(); authenticator != nil {
			at[ch.Charter().Kind] = ch.ID()
		}
	}
	sayAndBeSaidBack(ctx, t, d, at[proto.KindStanding])
	written, _, err := rig.Await(ctx, d, func(e client.TextReceived) bool { return e.From.Label == "del-rio-214" })
	check(t, err)
	if written.Channel != at[proto.KindStanding] {
		t.Errorf("the talker writes on another channel: %+v", written)
	}
	ring, _, err := rig.Await(ctx, d, func(e client.HailReceived) bool { return e.Rings })
	check(t, err)
	if ring.From.Label != "acuna-7" || ring.Urgency != proto.PriorityEmergency {
		t.Errorf("another call than was to come: %+v", ring)
	}
	h := d.Session.FindHail(ring.ID)
	check(t, h.Reply(ctx, proto.HailAccepted, proto.ReasonNone, nil))
	incident, err := h.WaitIncident(ctx)
	check(t, err)
	_, _, err = rig.Await(ctx, d, func(e client.BurstHeard) bool { return e.Channel == incident && e.From.Label == "acuna-7" && e.Genuine })
	check(t, err)
	return hailTheNeighbour(ctx, d, at[proto.KindCalling])
}

// sayAndBeSaidBack presses, and compares what comes back.
func sayAndBeSaidBack(ctx context.Context, t *testing.T, d *rig.Device, id proto.ChannelID) {
	t.Helper()
	c, err := clip.Get(clip.AnswerFrench)
	check(t, err)
	src, err := voice.NewOggSource(c.Ogg)
	check(t, err)
	_, err = d.Session.Channel(id).Talk(ctx, src, client.TalkOptions{Queue: true})
	check(t, err)
	back, _, err := rig.Await(ctx, d, func(e client.BurstHeard) bool { return e.From.Label == "del-rio-219" })
	check(t, err)
	said, err := demo.Decode(c.Ogg)
	check(t, err)
	// Other words are below 0.3; on a machine with other work some frames are lost.
	if like := voice.Compare(said, d.Ear.PCM(back.Burst)); like.Score < 0.5 || back.Channel != id || !back.Genuine {
		t.Errorf("what comes back is like what was said by %.3f: %+v", like.Score, back)
	}
}

// hailTheNeighbour calls the Mexican desk, where nobody sits.
func hailTheNeighbour(ctx context.Context, d *rig.Device, calling proto.ChannelID) error {
	what, err := compose("request-backup", nil)
	if err != nil {
		return err
	}
	to, err := parseName("desk/piedras-negras@gn.example")
	if err != nil {
		return err
	}
	h, err := d.Session.Channel(calling).Hail(ctx, to, what, client.HailOptions{})
	if err != nil {
		return err
	}
	if _, err = h.WaitState(ctx, proto.HailCommitted); err != nil {
		return err
	}
	if _, _, err = rig.Await(ctx, d, func(e client.BurstHeard) bool { return e.From == to && e.Genuine }); err != nil {
		return err
	}
	_, _, err = rig.Await(ctx, d, func(e client.ObserverThere) bool { return e.Name.Agency == "rcmp.example" })
	return err
}

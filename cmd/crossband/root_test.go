package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"crossband/client"
	"crossband/client/phrase"
	"crossband/proto"
	"crossband/proto/link"
)

// TestExitCodes: the one switch that turns an error into a code; scripts rely
// on it.
func TestExitCodes(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{errors.New("disk full"), exitFailed},
		{usageError{errors.New("no such flag")}, exitUsage},
		{fmt.Errorf("talk: %w", proto.Refuse(proto.ReasonFloorTaken, "x")), exitRefused},
		{&link.RefusedByPeer{Refusal: proto.Refuse(proto.ReasonRevoked, "")}, exitRefused},
		{fmt.Errorf("x: %w", context.DeadlineExceeded), exitNoLink},
		{fmt.Errorf("x: %w", client.ErrNoLink), exitNoLink},
		{&link.Lost{Cause: errors.New("silence")}, exitNoLink},
		{errFound, exitFound},
		// Not reached in time, whatever the last try was told.
		{fmt.Errorf("%w: %w", context.DeadlineExceeded, proto.Refuse(proto.ReasonClosing, "")), exitNoLink},
	} {
		if got := exitCode(c.err); got != c.want {
			t.Errorf("%v: exit code %d, want %d", c.err, got, c.want)
		}
	}
}

// TestWhatPeopleMeetHasAHint: a refusal that somebody can do something about
// says what.
func TestWhatPeopleMeetHasAHint(t *testing.T) {
	for _, r := range []proto.Reason{
		proto.ReasonExpired, proto.ReasonNotYetValid, proto.ReasonUnknownAuthority, proto.ReasonWrongAgency, proto.ReasonWrongUsage,
		proto.ReasonRevoked, proto.ReasonUnknownPeer, proto.ReasonPinChanged, proto.ReasonTokenUsed, proto.ReasonTokenExpired,
		proto.ReasonBadProof, proto.ReasonNoAuthority, proto.ReasonVersion, proto.ReasonNoChannel, proto.ReasonNotMember,
		proto.ReasonClosed, proto.ReasonNoPackage, proto.ReasonFloorTaken, proto.ReasonHailTo,
	} {
		list := hints(proto.Refuse(r, ""), nil)
		if len(list) == 0 {
			t.Errorf("%v (%d) has no hint", r.Sentence(proto.English), r)
		}
		for _, h := range list {
			if strings.HasSuffix(h, ".") || strings.Contains(h, "\n") {
				t.Errorf("hint %q: one line, no full stop", h)
			}
		}
	}
}

func TestNamesAsPeopleTypeThem(t *testing.T) {
	want := proto.Name{Agency: "gn.example", Role: proto.RoleDesk, Label: "piedras-negras"}
	for _, s := range []string{"desk/piedras-negras@gn.example", "spiffe://gn.example/desk/piedras-negras"} {
		if got, err := parseName(s); err != nil || got != want {
			t.Errorf("%s: %v, %v", s, got, err)
		}
	}
	for _, s := range []string{
		"", "@", "desk/piedras-negras", "desk@gn.example", "desk/x@", "@gn.example", "boss/x@gn.example", "Desk/x@gn.example",
		"desk/x@gn.example@usbp.example", "spiffe://x@gn.example/desk/y", "desk/x@gn.example/unit/y", "desk/x/y@gn.example", "desk/ü@gn.example",
	} {
		_, err := parseName(s)
		var usage usageError
		if !errors.As(err, &usage) {
			t.Errorf("%q: %v, want wrong usage", s, err)
		}
	}
}

func TestPhrasesOffTheCommandLine(t *testing.T) {
	c, err := compose("shots-fired", []string{"place=28.7091,-100.4995", "count=2"})
	if err != nil {
		t.Fatal(err)
	}
	if s := c.Sentence(phrase.English); !strings.Contains(s, "28.70910") || !strings.Contains(s, "2") {
		t.Errorf("sentence %q", s)
	}
	for _, bad := range []struct {
		slug  string
		slots []string
	}{
		{"", nil}, {"dance", nil}, {"shots-fired", []string{"place"}}, {"shots-fired", []string{"place=everywhere"}},
		{"shots-fired", []string{"colour=red"}}, {"shots-fired", []string{"place=1,1", "place=2,2"}},
	} {
		_, err := compose(bad.slug, bad.slots)
		var usage usageError
		if !errors.As(err, &usage) {
			t.Errorf("%s %v: %v, want wrong usage", bad.slug, bad.slots, err)
		}
	}
}

func TestWhatAListenerIsToldOfABurst(t *testing.T) {
	for _, c := range []struct {
		burst client.BurstHeard
		want  string
	}{
		{client.BurstHeard{Frames: 3, Verified: 3, Genuine: true}, "signed by this device"},
		{client.BurstHeard{Frames: 3, Verified: 2}, "2 frames verified"},
		{client.BurstHeard{Frames: 3, Verified: 2, Forged: 1, Genuine: true}, "WARNING: 1 frames were not signed by this device"},
	} {
		if got := authenticity(c.burst); got != c.want {
			t.Errorf("%+v: %q, want %q", c.burst, got, c.want)
		}
	}
}

// TestWhoeverHoldsKeysKeepsItsMemory: only relays, which hold none, the demo,
// which searches them, and the soak run, which steps clocks, leave theirs to others.
func TestWhoeverHoldsKeysKeepsItsMemory(t *testing.T) {
	for args, want := range map[string]int{
		"": 2, "talk x": 2, "listen": 2, "enroll --token -": 2, "agency serve": 2, "hail": 2, "relay run": 1, "demo --headless": 1, "soak": 1, "soak-endpoint": 1,
	} {
		if n := len(protections(strings.Fields(args))); n != want {
			t.Errorf("crossband %s: %d protections, want %d", args, n, want)
		}
	}
}

package terms_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"crossband/client/phrase"
	"crossband/client/terms"
	"crossband/proto"
)

func name(s string) proto.Name {
	n, err := proto.ParseName("spiffe://" + s)
	if err != nil {
		panic(err)
	}
	return n
}

// example has everything that an agreement can say.
func example() *proto.Agreement {
	day := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	desks, all := []proto.Role{proto.RoleDesk}, []proto.Role{proto.RoleUnit, proto.RoleDesk, proto.RoleHook, proto.RoleGateway, proto.RoleRecorder}
	party := func(a proto.Agency) proto.Party {
		return proto.Party{Agency: a, Send: all, Hail: desks, Listen: desks, MaxPriority: proto.PriorityEmergency}
	}
	only := party("mx.example")
	only.Only = []proto.Name{name("mx.example/desk/norte")}
	return &proto.Agreement{
		Title: "River\u202e watch", Revision: 3, Parties: []proto.Agency{"us.example", "mx.example"}, Exercise: true,
		Begins: day, Ends: day.AddDate(1, 0, 0), Countdown: time.Minute, Rearm: 5 * time.Minute,
		Channels: []proto.AgreedChannel{
			{Name: "call", Title: "Calling", Kind: proto.KindCalling, Owners: []proto.Agency{"us.example"}, Suite: proto.SuiteP384, Storage: proto.StorageNone, TalkLimit: time.Minute, Parties: []proto.Party{party("us.example"), only}},
			{Name: "talk", Title: "Standing", Kind: proto.KindStanding, Owners: []proto.Agency{"mx.example"}, Suite: proto.SuiteP256, Storage: proto.StorageSealed, TalkLimit: time.Minute},
			{Name: "inc", Title: "Incidents", Kind: proto.KindIncident, Owners: []proto.Agency{"us.example", "mx.example"}, Suite: proto.SuiteP384, Storage: proto.StorageSealed, TalkLimit: time.Minute},
			{Name: "pat", Title: "Patrols", Kind: proto.KindPatrol, Owners: []proto.Agency{"us.example"}, Suite: proto.SuiteP384, Storage: proto.StorageSealed, TalkLimit: time.Minute},
		},
		Observers: []proto.AgreedObserver{{Agency: "ca.example", Roles: desks, Channels: []string{"call"}, Until: day.AddDate(0, 6, 0)}},
		Ladder:    []proto.LadderStep{{After: 30 * time.Second, Page: []proto.Name{name("mx.example/desk/norte"), name("us.example/hook/pager")}}},
	}
}

func text(l phrase.Language) string {
	var b strings.Builder
	for _, line := range terms.Lines(example(), l) {
		fmt.Fprintf(&b, "%-10s %s\n", line.Label, line.Text)
	}
	for _, s := range terms.Of(example(), name("us.example/desk/sur"), example().Begins, l) {
		fmt.Fprintln(&b, s)
	}
	return b.String()
}

var rewrite = flag.Bool("rewrite", false, "write testdata anew")

// TestLines holds what is said against what was read and found right, in each language.
func TestLines(t *testing.T) {
	for _, l := range phrase.Languages() {
		file, got := "testdata/"+l.String()+".txt", text(l)
		if *rewrite {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s reads\n%s\nwant\n%s", l, got, want)
		}
	}
}

// TestNothingIsLeftInEnglish: each line but names and figures is another one in each
// language.
func TestNothingIsLeftInEnglish(t *testing.T) {
	english := terms.Lines(example(), phrase.English)
	for _, l := range []phrase.Language{phrase.Spanish, phrase.French} {
		other := terms.Lines(example(), l)
		if len(other) != len(english) {
			t.Fatalf("%s has %d lines, English %d", l, len(other), len(english))
		}
		for i := range other {
			same := other[i].Text == english[i].Text
			if names := i == 0 || i == 2; same && !names { // the title; the parties
				t.Errorf("%s: %q reads as in English", l, other[i].Text)
			}
		}
	}
	if strings.Contains(text(phrase.English), "\u202e") {
		t.Error("the title of an agreement turns the line around")
	}
}

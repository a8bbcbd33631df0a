package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crossband/client"
	"crossband/formats/webhook"
	"crossband/proto"
	"crossband/relay/hook/deliver"
	"crossband/relay/store"
)

const hookSecretText = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func writeHookOut(t *testing.T, lines ...string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"deliver.toml": strings.Join(lines, "\n"), "s": hookSecretText + "\n\n" + hookSecretText + "\n", "bad": hookSecretText + "\nx\n", "empty": "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "deliver.toml")
}

func TestHookOutConfig(t *testing.T) {
	path := writeHookOut(t, `store = "x.db"`, `[[target]]`, `name = "a"`, `url = "https://a.example/x"`, `secrets = "s"`, `kinds = ["hail", "closed"]`, `timeout = "5s"`, `[[target]]`, `name = "b"`, `url = "https://10.1.2.3/"`, `secrets = "s"`, `allow = ["10.1.2.3/32"]`, `exercises = true`)
	f, targets, err := loadHookOut(path)
	if err != nil {
		t.Fatal(err)
	}
	if f.Store != filepath.Join(filepath.Dir(path), "x.db") || f.StoreLimit != defaultHookStore || len(targets) != 2 {
		t.Errorf("%+v, %d targets", f, len(targets))
	}
	if a := targets[0]; len(a.Secrets) != 2 || a.Timeout != 5*time.Second || len(a.Kinds) != 2 || a.Exercises {
		t.Errorf("%+v", a)
	}
	if _, err := targets[1].Policy.ParseURL(targets[1].URL); err != nil || !targets[1].Exercises {
		t.Errorf("%+v, %v", targets[1], err)
	}
}

func TestHookOutConfigRefusals(t *testing.T) {
	good := []string{`[[target]]`, `name = "a"`, `url = "https://a.example/x"`, `secrets = "s"`}
	for want, extra := range map[string]string{
		"unknown key": `tokens = "x"`, `kind "x"`: `kinds = ["x"]`, `timeout "soon"`: `timeout = "soon"`, `timeout "0s"`: `timeout = "0s"`,
		"too wide": `allow = ["10.0.0.0/8"]`, "no such file": `roots = "none.pem"`, "holds no certificate": `roots = "s"`,
	} {
		_, _, err := loadHookOut(writeHookOut(t, append(good, extra)...))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", extra, err, want)
		}
	}
	for want, lines := range map[string][]string{
		"no [[target]]": nil, "secrets names no file": good[:3], "bad: line 2": append(good[:3:3], `secrets = "bad"`), "store_limit": append([]string{`store_limit = -1`}, good...),
	} {
		_, _, err := loadHookOut(writeHookOut(t, lines...))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", lines, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "MfKQ") {
			t.Errorf("the secret is in %v", err)
		}
	}
}

// TestWhatHooksAreTold of hails: what was said is in no event.
func TestWhatHooksAreTold(t *testing.T) {
	desk := proto.Name{Agency: "gn.example", Role: proto.RoleDesk, Label: "piedras-negras"}
	unit := proto.Name{Agency: "usbp.example", Role: proto.RoleUnit, Label: "del-rio-214"}
	at := time.Date(2026, 8, 14, 23, 44, 0, 0, time.UTC)
	ring := client.HailReceived{ID: proto.MessageID{1}, Incident: proto.IncidentID{2}, From: unit, To: desk, Urgency: proto.PriorityEmergency, Note: "secret words", At: at, Expires: at.Add(time.Minute)}
	seen := hookHail(ring)
	if seen.Kind != deliver.Hail || seen.Page || seen.Text != "" || seen.From != unit || seen.To != desk || seen.Class != proto.PriorityEmergency || !seen.At.Equal(at) {
		t.Errorf("%+v", seen)
	}
	ring.Exercise = true
	if e := hookHail(ring); e.Page || !e.Exercise || e.ID != seen.ID {
		t.Errorf("exercise: %+v", e)
	}
	ids := map[string]bool{seen.ID: true}
	for state := proto.HailReceived; state <= proto.HailExpired; state++ {
		e := hookMoved(ring, client.HailMoved{State: state, By: desk, At: at, Reason: proto.ReasonNoMeans})
		if (e.Kind == deliver.Closed) != state.Over() || e.State != state || e.By != desk || !e.Exercise || ids[e.ID] {
			t.Errorf("%s: %+v", state, e)
		}
		ids[e.ID] = true
	}
	n := hookNotice(at, proto.ChannelID{3}, strings.Repeat("é", deliver.MaxText), "x")
	if len(n.Text) > deliver.MaxText || n.Text == "" || strings.ContainsRune(n.Text, '\uFFFD') {
		t.Errorf("a notice of %d octets", len(n.Text))
	}
}

// TestMovesOfAHailAreToldApart: what is another move has another ID, and a restart that
// looks at where a hail stands gives the ID of what was told.
func TestMovesOfAHailAreToldApart(t *testing.T) {
	at := time.Date(2026, 8, 14, 23, 44, 0, 0, time.UTC)
	a, b := proto.Name{Agency: "gn.example", Role: proto.RoleDesk, Label: "a"}, proto.Name{Agency: "gn.example", Role: proto.RoleDesk, Label: "b"}
	ring := client.HailReceived{ID: proto.MessageID{1}, From: a, To: b, Urgency: proto.PriorityUrgent, At: at}
	move := func(state, said proto.HailState, by proto.Name, round int, later time.Duration) client.HailMoved {
		return client.HailMoved{Hail: ring.ID, State: state, Said: said, By: by, Round: round, At: at.Add(later)}
	}
	received, accepted := proto.HailReceived, proto.HailAccepted
	ids := make(map[string]string)
	for name, m := range map[string]client.HailMoved{
		"received":               move(received, received, a, 1, 0),
		"a declines":             move(received, proto.HailDeclined, a, 1, 1),
		"b declines":             move(received, proto.HailDeclined, b, 1, 1),
		"b declines again":       move(received, proto.HailDeclined, b, 2, time.Second),
		"a accepts":              move(accepted, accepted, a, 1, 2),
		"b accepts after a":      move(accepted, accepted, b, 1, 3),
		"a accepts in round 2":   move(accepted, accepted, a, 2, 4),
		"a commits":              move(proto.HailCommitted, proto.HailCommitted, a, 1, 5),
		"closed":                 move(proto.HailClosed, proto.HailClosed, b, 1, 6),
		"everybody has declined": move(proto.HailDeclined, proto.HailDeclined, b, 1, 7),
	} {
		e := hookMoved(ring, m)
		if other, twice := ids[e.ID]; twice {
			t.Errorf("%s and %s are one", name, other)
		}
		ids[e.ID] = name
		if (e.Said != 0) != (m.Said != m.State) || e.Said != 0 && e.Said != m.Said {
			t.Errorf("%s: said %v", name, e.Said)
		}
	}
	for name, m := range map[string]client.HailMoved{ // as known.missed makes them
		"received": move(received, 0, proto.Name{}, 1, time.Hour), "a accepts": move(accepted, 0, a, 1, time.Hour), "closed": move(proto.HailClosed, 0, proto.Name{}, 3, time.Hour),
	} {
		if got := ids[hookMoved(ring, m).ID]; got != name {
			t.Errorf("after a restart, %s is told as %q", name, got)
		}
	}
}

// TestWhatHooksAreToldOfIncidents: each act, without its note; what is done once has
// the ID that a restart gives it.
func TestWhatHooksAreToldOfIncidents(t *testing.T) {
	at := time.Date(2026, 8, 14, 23, 44, 0, 0, time.UTC)
	desk := proto.Name{Agency: "gn.example", Role: proto.RoleDesk, Label: "piedras-negras"}
	one, two := proto.IncidentID{1}, proto.IncidentID{2}
	move := func(act proto.Act) client.IncidentMoved {
		return client.IncidentMoved{Incident: one, Act: act, By: desk, Note: "secret words", Exercise: true, At: at}
	}
	over, merged, closed := move(proto.ActHandOver), move(proto.ActMerge), move(proto.ActClose)
	over.To, merged.Into, closed.Disposition = desk, two, proto.DispositionResolved
	d, err := deliver.Open(t.Context(), deliver.Config{
		Source: "spiffe://usbp.example/hook/out", Store: store.NewMemory(), Random: func() float64 { return 0 },
		Targets: []deliver.Target{{Name: "a", URL: "https://a.example.com/", Secrets: secretsOf(t), Exercises: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for kind, c := range map[deliver.Kind]struct {
		act  client.IncidentMoved
		want string
	}{
		deliver.HandedOver: {over, `"to":"spiffe://gn.example/desk/piedras-negras","by":"spiffe://gn.example/desk/piedras-negras"`},
		deliver.Rearmed:    {move(proto.ActRearm), `"kind":"re-armed","incident":"01`},
		deliver.Merged:     {merged, `"into":"02000000000000000000000000000000"`},
		deliver.Ended:      {closed, `"disposition":"resolved"`},
	} {
		e := hookAct(c.act)
		list, err := d.DryRun(e)
		if err != nil || e.Kind != kind || !e.Exercise {
			t.Errorf("%s: %+v, %v", kind, e, err)
			continue
		}
		if body := string(list[0].Body); !strings.Contains(body, c.want) || strings.Contains(body, "secret") {
			t.Errorf("%s: %s", kind, body)
		}
		c.act.At = at.Add(time.Second)
		if once := hookAct(c.act).ID == e.ID; once != (kind == deliver.Merged || kind == deliver.Ended) {
			t.Errorf("%s, told again a second later, is the same: %v", kind, once)
		}
	}
	k := known{incidents: []client.Incident{
		{ID: one, State: client.IncidentClosed, Disposition: proto.DispositionResolved, By: desk, Changed: at}, {ID: two, State: client.IncidentOpen},
		{ID: proto.IncidentID{3}, State: client.IncidentClosed, Into: one, Changed: at},
	}}
	list := k.missed(at)
	if len(list) != 2 || list[0].ID != hookAct(closed).ID || list[0].As != proto.DispositionResolved || list[1].Kind != deliver.Merged || list[1].Into != one {
		t.Errorf("after a restart: %+v", list)
	}
}

func secretsOf(t *testing.T) []webhook.Secret {
	t.Helper()
	s, err := webhook.ParseSecret(hookSecretText)
	if err != nil {
		t.Fatal(err)
	}
	return []webhook.Secret{s}
}

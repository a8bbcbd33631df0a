package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crossband/client"
	"crossband/proto"
	"crossband/relay/hook/deliver"
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

// TestWhatHooksAreTold: a hail to this hook is a page, unless it is an
// exercise; what was said is in no event.
func TestWhatHooksAreTold(t *testing.T) {
	self := proto.Name{Agency: "usbp.example", Role: proto.RoleHook, Label: "out"}
	desk := proto.Name{Agency: "gn.example", Role: proto.RoleDesk, Label: "piedras-negras"}
	at := time.Date(2026, 8, 14, 23, 44, 0, 0, time.UTC)
	ring := client.HailReceived{ID: proto.MessageID{1}, Incident: proto.IncidentID{2}, From: desk, To: desk, Urgency: proto.PriorityEmergency, Note: "secret words", At: at, Expires: at.Add(time.Minute)}
	seen := hookHail(ring, self)
	if seen.Kind != deliver.Hail || seen.Page || seen.Text != "" || seen.From != desk || seen.Class != proto.PriorityEmergency || !seen.At.Equal(at) {
		t.Errorf("%+v", seen)
	}
	ring.To = self
	if e := hookHail(ring, self); e.Kind != deliver.LadderStep || !e.Page || e.ID != seen.ID {
		t.Errorf("to us: %+v", e)
	}
	ring.Exercise = true
	if e := hookHail(ring, self); e.Page || !e.Exercise {
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

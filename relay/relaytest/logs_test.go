package relaytest_test

import (
	"bytes"
	"context"
	"crypto/elliptic"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crossband/client"
	"crossband/client/registrar"
	"crossband/crypto/identity"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
)

// logged keeps what was logged, as both handlers that people use write it.
type logged struct {
	mu  sync.Mutex // held for the whole of every method
	all bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

func newLogged(json bool) (*logged, *slog.Logger) {
	l := new(logged)
	all := &slog.HandlerOptions{Level: slog.LevelDebug}
	if json {
		return l, slog.New(slog.NewJSONHandler(l, all))
	}
	return l, slog.New(slog.NewTextHandler(l, all))
}

// needles are the forms in which a program might print a secret.
func needles(secret []byte) []string {
	list := []string{
		hex.EncodeToString(secret), base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret),
		strings.Trim(fmt.Sprint(secret), "[]"), strings.Trim(fmt.Sprintf("%q", secret), `"`), strings.Trim(fmt.Sprintf("%#v", secret), "[]byte{}"),
	}
	for skip := range 3 { // base64 depends on where it begins
		list = append(list, base64.RawStdEncoding.EncodeToString(secret[skip:])[:20], base64.RawURLEncoding.EncodeToString(secret[skip:])[:20])
	}
	return list
}

// encodedPartOf returns a run in the log that decodes to 16 octets of blob.
func encodedPartOf(log string, blob []byte) string {
	for _, run := range regexp.MustCompile(`[A-Za-z0-9+/_-]{22,}`).FindAllString(log, -1) {
		for skip := range min(4, len(run)-21) {
			part := run[skip:]
			for _, decode := range []func(string) ([]byte, error){
				func(s string) ([]byte, error) { return hex.DecodeString(s[:len(s)/2*2]) },
				base64.RawStdEncoding.DecodeString, base64.RawURLEncoding.DecodeString,
			} {
				if b, err := decode(part[:len(part)/4*4]); err == nil && len(b) >= 16 && bytes.Contains(blob, b[:16]) {
					return run
				}
			}
		}
	}
	return ""
}

// enrolled runs the US registrar and enrols a device by invitation, which is
// how tokens and requests come near a log.
func enrolled(t *testing.T, b *border, log *slog.Logger) (*identity.Identity, identity.Token, func()) {
	t.Helper()
	mailbox := b.us.Identity("authority/registrar")
	socket, _, err := b.Net.Host()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { // ends with stop
		defer close(ended)
		registrar.Run(ctx, registrar.Config{
			Open: func() (*identity.Authority, error) { return b.us.Authority, nil }, Mailbox: mailbox, Relay: b.us.Addr, Socket: socket, Log: log,
		})
	}()
	time.Sleep(2 * time.Second)
	name := proto.Name{Agency: b.us.Name, Role: proto.RoleDesk, Label: "eagle-pass"}
	token, err := b.us.Authority.Invite(name, []string{b.us.Addr.String()}, time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	key, err := identity.GenerateKey(elliptic.P256())
	if err != nil {
		t.Fatal(err)
	}
	device, _, err := b.Net.Host()
	if err != nil {
		t.Fatal(err)
	}
	id, err := client.Enroll(minute(t), token, key, device)
	if err != nil {
		t.Fatal(err)
	}
	again, _, err := b.Net.Host()
	if err != nil {
		t.Fatal(err)
	}
	other, err := identity.GenerateKey(elliptic.P256())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Enroll(minute(t), token, other, again); err == nil {
		t.Fatal("an invitation was good for two devices")
	}
	return id, token, func() { cancel(); <-ended }
}

// TestNothingSecretIsLogged: a federation does its work, and what goes wrong,
// under a handler that takes every line of relays, registrar and endpoints.
// No typed word, key, token or saved secret is in any of them.
func TestNothingSecretIsLogged(t *testing.T) {
	for _, json := range []bool{false, true} {
		t.Run(fmt.Sprintf("json=%t", json), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBorder(t, 1, directly)
				log, logger := newLogged(json)
				b.Log = logger
				b.Start(b.agencies...)
				defer b.Close(b.agencies...)
				nothingSecretIsLogged(t, b, log)
			})
		})
	}
}

func nothingSecretIsLogged(t *testing.T, b *border, log *logged) {
	id, token, stop := enrolled(t, b, b.Log)
	defer stop()
	states := map[string]*client.MemoryState{"desk": client.NewMemoryState(), "agent": client.NewMemoryState(), "guard": client.NewMemoryState()}
	ids := map[string]*identity.Identity{"desk": id, "agent": b.us.Identity("unit/del-rio-214"), "guard": b.mx.Identity("desk/piedras-negras")}
	desk, agent := b.us.EndpointWith(ids["desk"], states["desk"]), b.us.EndpointWith(ids["agent"], states["agent"])
	guard := b.mx.EndpointWith(ids["guard"], states["guard"])
	desk.MustJoin(b.calling)
	guard.MustJoin(b.calling)
	field := agent.MustJoin(b.calling)

	typed := []string{"canary-text-7f3a", "canary-note-91bc", "canary-answer-5d20"}
	if _, err := field.Text(minute(t), typed[0]); err != nil {
		t.Fatal(err)
	}
	h, err := field.Hail(minute(t), guard.Name(), phraseOf(t, "shots-fired"), client.HailOptions{Urgency: proto.PriorityUrgent, Note: typed[1]})
	if err != nil {
		t.Fatal(err)
	}
	rung := relaytest.Wait(t, guard.Watch, "the hail rings", func(e client.HailReceived) bool { return e.ID == h.ID() })
	reply(t, guard.FindHail(rung.ID), proto.HailAccepted, 0)
	if _, err := guard.Channel(b.calling).Text(minute(t), typed[2]); err != nil {
		t.Fatal(err)
	}
	heard(t, guard, push(t, field, 50, client.TalkOptions{}).well(), "a burst")
	if err := desk.Channel(b.calling).Remove(minute(t), agent.Name()); err != nil {
		t.Fatal(err)
	}
	dialRefused(t, b, b.ca.Identity("relay/r1"), b.mx)
	b.Net.Cut(b.us.Addr, b.mx.Addr)
	time.Sleep(20 * time.Second)
	b.Net.Mend(b.us.Addr, b.mx.Addr)
	time.Sleep(40 * time.Second)

	text := log.String()
	if !strings.Contains(text, "del-rio-214") || !strings.Contains(text, "109") || strings.Count(text, "\n") < 10 {
		t.Fatalf("what is known to be logged is not there: the search looks at the wrong thing:\n%s", text)
	}
	for _, word := range append(typed, token.Text(), token.Text()[20:40]) {
		if strings.Contains(text, word) {
			t.Errorf("%q is in the log", word)
		}
	}
	for who, id := range ids {
		for _, needle := range needles(scalar(t, id)) {
			if strings.Contains(text, needle) {
				t.Errorf("the key of %s is in the log as %s", who, needle)
			}
		}
	}
	for who, s := range states {
		noStateIn(t, text, who, s)
	}
}

// scalar returns an identity's private key.
func scalar(t *testing.T, id *identity.Identity) []byte {
	t.Helper()
	b, err := id.Key.(interface{ Bytes() ([]byte, error) }).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// noStateIn looks for the secrets that an endpoint has saved.
func noStateIn(t *testing.T, text, who string, s *client.MemoryState) {
	t.Helper()
	keys, err := s.Keys()
	if err != nil || len(keys) == 0 {
		t.Fatalf("%s has saved nothing, %v", who, err)
	}
	secrets := 0
	for _, k := range keys {
		v, err := s.Load(k)
		if err != nil {
			t.Fatal(err)
		}
		for _, field := range regexp.MustCompile(`[A-Za-z0-9+/]{40,}=*`).FindAllString(string(v), -1) {
			blob, err := base64.StdEncoding.DecodeString(field)
			if err != nil {
				continue
			}
			secrets++
			if run := encodedPartOf(text, blob); run != "" {
				t.Errorf("%s: part of what is saved as %s is in the log: %s", who, k, run)
			}
		}
	}
	if secrets == 0 {
		t.Fatalf("%s: no secret found to look for in %q", who, keys)
	}
}

// TestTheSearchFinds checks the search itself: every form is found.
func TestTheSearchFinds(t *testing.T) {
	secret := []byte("0123456789abcdef\x00\xff\x80\x10 and so on, 32+")
	for _, form := range []string{
		hex.EncodeToString(secret), base64.StdEncoding.EncodeToString(secret), base64.RawURLEncoding.EncodeToString(secret[1:]),
		fmt.Sprint(secret), fmt.Sprintf("%q", secret), fmt.Sprintf("%x", secret),
	} {
		found := false
		for _, n := range needles(secret) {
			found = found || strings.Contains(`msg=x key="`+form+`"`, n)
		}
		if !found {
			t.Errorf("%s is not found", form)
		}
	}
	blob := append([]byte("before"), secret...)
	for _, form := range []string{hex.EncodeToString(secret), base64.StdEncoding.EncodeToString(secret), "id=" + hex.EncodeToString(secret[3:])} {
		if encodedPartOf("msg=x key="+form+" end", blob) == "" {
			t.Errorf("%s is not found as part", form)
		}
	}
}

// TestLogLinesCannotBeForged: what another side says is one field of one line,
// and steers no terminal, however it is written.
func TestLogLinesCannotBeForged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBorder(t, 1, directly)
		log, logger := newLogged(false)
		b.Log = logger
		b.Start(b.us, b.mx)
		defer b.Close(b.us, b.mx)
		evil := "evil\ntime=2026-01-01 level=ERROR msg=\"all keys are lost\"\r\x1b[2J\u202egnissim\u0000\u0085"
		peer := b.Rogue(b.ca.Identity("relay/r1"), b.us)
		device := b.Rogue(b.us.Identity("desk/evil"), b.us)
		authority := b.Rogue(b.us.Identity("authority/main"), b.us)
		for _, f := range []*wire.Frame{
			{Id: 1, Endpoint: evil, Hops: 1, Body: &wire.Frame_FetchLog{FetchLog: &wire.FetchLog{Channel: b.group[:]}}},
			{Body: &wire.Frame_Welcome{Welcome: &wire.Welcome{To: evil}}},
			{Body: &wire.Frame_WelcomeAck{WelcomeAck: &wire.WelcomeAck{To: evil}}},
			{Re: 77, Body: &wire.Frame_Refused{Refused: &wire.Refused{Code: 300, Detail: evil}}},
		} {
			peer.Send(f)
		}
		device.Send(&wire.Frame{Id: 2, Body: &wire.Frame_FetchKeyPackage{FetchKeyPackage: &wire.FetchKeyPackage{Name: evil, Suite: 2}}})
		authority.Send(&wire.Frame{Id: 3, Body: &wire.Frame_TrustList{TrustList: &wire.TrustList{Signed: []byte(evil)}}})
		authority.Send(&wire.Frame{Id: 4, Body: &wire.Frame_PutCharter{PutCharter: &wire.PutCharter{Charter: []byte(evil)}}})
		time.Sleep(5 * time.Second)
		peer.Conn.Close(proto.Refuse(proto.ReasonMalformed, evil))
		time.Sleep(5 * time.Second)
		text := log.String()
		if strings.Count(text, "all keys are lost") < 2 {
			t.Fatalf("what the other side says is not logged, so nothing is shown:\n%s", text)
		}
		for line := range strings.Lines(text) {
			line = strings.TrimSuffix(line, "\n")
			if !strings.HasPrefix(line, "time=2000-") {
				t.Errorf("a line of somebody else's making: %q", line)
			}
			if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0x85 || r == 0x202e }) {
				t.Errorf("a line that steers a terminal: %q", line)
			}
		}
	})
}

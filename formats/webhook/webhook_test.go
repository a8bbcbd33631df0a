package webhook_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"crossband/formats/webhook"
)

// The vector that the specification's own libraries are tested with.
const (
	knownSecret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	knownID        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	knownTime      = 1614265330
	knownBody      = `{"test": 2432232314}`
	knownSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

func secret(t testing.TB, text string) webhook.Secret {
	t.Helper()
	s, err := webhook.ParseSecret(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func other(t testing.TB) webhook.Secret {
	t.Helper()
	s, err := webhook.NewSecret(bytes.NewReader(bytes.Repeat([]byte{7}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPublishedVector(t *testing.T) {
	at := time.Unix(knownTime, 0)
	h, err := webhook.Sign(knownID, at, []byte(knownBody), secret(t, knownSecret))
	if err != nil {
		t.Fatal(err)
	}
	if want := (webhook.Header{ID: knownID, Timestamp: "1614265330", Signature: knownSignature}); h != want {
		t.Errorf("signed %+v, want %+v", h, want)
	}
	if err := webhook.Verify(h, []byte(knownBody), at, secret(t, knownSecret)); err != nil {
		t.Error(err)
	}
}

// TestRotation: with two secrets a message has two signatures, and a receiver
// that knows either takes it; so does one with two secrets one signature.
func TestRotation(t *testing.T) {
	at, body := time.Unix(knownTime, 0), []byte("x")
	oldOne, newOne := secret(t, knownSecret), other(t)
	h, err := webhook.Sign("a", at, body, oldOne, newOne)
	if err != nil {
		t.Fatal(err)
	}
	for _, receiver := range [][]webhook.Secret{{oldOne}, {newOne}, {newOne, oldOne}} {
		if err := webhook.Verify(h, body, at, receiver...); err != nil {
			t.Errorf("two signatures: %v", err)
		}
	}
	h, err = webhook.Sign("a", at, body, newOne)
	if err != nil {
		t.Fatal(err)
	}
	if err := webhook.Verify(h, body, at, oldOne, newOne); err != nil {
		t.Errorf("two secrets: %v", err)
	}
	if err := webhook.Verify(h, body, at, oldOne); !errors.Is(err, webhook.ErrSignature) {
		t.Errorf("another's secret: %v", err)
	}
}

func TestToleranceEndsAt300s(t *testing.T) {
	at := time.Unix(knownTime, 0)
	h := webhook.Header{ID: knownID, Timestamp: "1614265330", Signature: knownSignature}
	for _, c := range []struct {
		now  time.Duration
		want error
	}{
		{300 * time.Second, nil}, {-300 * time.Second, nil},
		{300*time.Second + 1, webhook.ErrOld}, {-300*time.Second - 1, webhook.ErrFuture},
		{1e6 * time.Hour, webhook.ErrOld}, {-1e5 * time.Hour, webhook.ErrFuture},
	} {
		if err := webhook.Verify(h, []byte(knownBody), at.Add(c.now), secret(t, knownSecret)); !errors.Is(err, c.want) {
			t.Errorf("%v later: %v, want %v", c.now, err, c.want)
		}
	}
}

func TestWhatIsNotAMessage(t *testing.T) {
	good := webhook.Header{ID: knownID, Timestamp: "1614265330", Signature: knownSignature}
	for _, c := range []struct {
		what   string
		change func(h *webhook.Header)
		want   error
	}{
		{"no id", func(h *webhook.Header) { h.ID = "" }, webhook.ErrMissing},
		{"no time", func(h *webhook.Header) { h.Timestamp = "" }, webhook.ErrMissing},
		{"no signature", func(h *webhook.Header) { h.Signature = "" }, webhook.ErrMissing},
		{"full stop in the id", func(h *webhook.Header) { h.ID = "a.b" }, webhook.ErrMalformed},
		{"space in the id", func(h *webhook.Header) { h.ID = "a b" }, webhook.ErrMalformed},
		{"line end in the id", func(h *webhook.Header) { h.ID = "a\r\nb" }, webhook.ErrMalformed},
		{"another alphabet in the id", func(h *webhook.Header) { h.ID = "é" }, webhook.ErrMalformed},
		{"long id", func(h *webhook.Header) { h.ID = strings.Repeat("a", 257) }, webhook.ErrMalformed},
		{"time with a fraction", func(h *webhook.Header) { h.Timestamp = "1614265330.5" }, webhook.ErrMalformed},
		{"time with a sign", func(h *webhook.Header) { h.Timestamp = "+1614265330" }, webhook.ErrMalformed},
		{"time with a zero before it", func(h *webhook.Header) { h.Timestamp = "01614265330" }, webhook.ErrMalformed},
		{"time before 1970", func(h *webhook.Header) { h.Timestamp = "-1" }, webhook.ErrMalformed},
		{"time beyond every calendar", func(h *webhook.Header) { h.Timestamp = strings.Repeat("9", 12) }, webhook.ErrMalformed},
		{"date", func(h *webhook.Header) { h.Timestamp = "2021-02-25T15:02:10Z" }, webhook.ErrMalformed},
		{"nine signatures", func(h *webhook.Header) { h.Signature += strings.Repeat(" "+h.Signature, 8) }, webhook.ErrMalformed},
		{"huge signature", func(h *webhook.Header) { h.Signature += " v1," + strings.Repeat("A", 4096) }, webhook.ErrMalformed},
		{"another scheme", func(h *webhook.Header) { h.Signature = "v1a" + strings.TrimPrefix(h.Signature, "v1") }, webhook.ErrSignature},
		{"no scheme", func(h *webhook.Header) { h.Signature = strings.TrimPrefix(h.Signature, "v1,") }, webhook.ErrSignature},
		{"no padding", func(h *webhook.Header) { h.Signature = strings.TrimSuffix(h.Signature, "=") }, webhook.ErrSignature},
		{"bits behind the end", func(h *webhook.Header) { h.Signature = strings.TrimSuffix(h.Signature, "E=") + "F=" }, webhook.ErrSignature},
		{"a signature of nothing", func(h *webhook.Header) { h.Signature = "v1," }, webhook.ErrSignature},
		{"another id", func(h *webhook.Header) { h.ID = "b" }, webhook.ErrSignature},
		{"another time", func(h *webhook.Header) { h.Timestamp = "1614265331" }, webhook.ErrSignature},
	} {
		h := good
		c.change(&h)
		if err := webhook.Verify(h, []byte(knownBody), time.Unix(knownTime, 0), secret(t, knownSecret)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.what, err, c.want)
		}
	}
}

func TestVerifyWithoutASecretRefuses(t *testing.T) {
	h := webhook.Header{ID: knownID, Timestamp: "1614265330", Signature: knownSignature}
	for _, secrets := range [][]webhook.Secret{nil, {{}}, {secret(t, knownSecret), {}}} {
		if err := webhook.Verify(h, []byte(knownBody), time.Unix(knownTime, 0), secrets...); !errors.Is(err, webhook.ErrNoSecret) {
			t.Errorf("%d secrets: %v", len(secrets), err)
		}
	}
}

func TestSignRefuses(t *testing.T) {
	s := secret(t, knownSecret)
	for _, c := range []struct {
		what    string
		id      string
		at      time.Time
		secrets []webhook.Secret
		want    error
	}{
		{"full stop", "a.1", time.Unix(1, 0), []webhook.Secret{s}, webhook.ErrMalformed},
		{"before 1970", "a", time.Unix(-1, 0), []webhook.Secret{s}, webhook.ErrMalformed},
		{"no secret", "a", time.Unix(1, 0), nil, webhook.ErrNoSecret},
		{"empty secret", "a", time.Unix(1, 0), []webhook.Secret{s, {}}, webhook.ErrNoSecret},
		{"nine secrets", "a", time.Unix(1, 0), []webhook.Secret{s, s, s, s, s, s, s, s, s}, webhook.ErrNoSecret},
	} {
		if h, err := webhook.Sign(c.id, c.at, nil, c.secrets...); !errors.Is(err, c.want) || h != (webhook.Header{}) {
			t.Errorf("%s: %+v, %v", c.what, h, err)
		}
	}
}

func TestSecrets(t *testing.T) {
	for _, text := range []string{
		"", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
		"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa==", "whsec_!fKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
		"whsec_MfKQ9r8GKYqr\nTwjUPD8ILPZIo2LaLaSw",
		"whsec_" + strings.Repeat("A", 88), "whpk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
	} {
		if _, err := webhook.ParseSecret(text); !errors.Is(err, webhook.ErrSecret) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if s := secret(t, " "+knownSecret+"\n"); s.Reveal() != knownSecret {
		t.Errorf("read %s back", s.Reveal())
	}
	if _, err := webhook.NewSecret(strings.NewReader("short")); err == nil {
		t.Error("a secret of five octets")
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	s := secret(t, knownSecret)
	type holder struct{ S webhook.Secret }
	encoded, err := json.Marshal(holder{s})
	if err != nil {
		t.Fatal(err)
	}
	type hidden struct{ s webhook.Secret }
	for _, text := range []string{
		fmt.Sprint(s), fmt.Sprintf("%v %+v %#v %s %q %x %d", s, s, s, s, s, s, s), fmt.Sprintf("%v %+v %#v", holder{s}, &holder{s}, hidden{s}), string(encoded),
	} {
		if strings.Contains(text, "MfKQ") || strings.Contains(text, "31f290f6") || strings.Contains(text, "49 242 144") {
			t.Errorf("printed: %s", text)
		}
	}
}

// FuzzVerify: what verifies is what was signed, whatever the headers hold.
func FuzzVerify(f *testing.F) {
	f.Add(knownID, "1614265330", knownSignature, []byte(knownBody))
	f.Add("a", "1", "v1,AAAA v1,"+strings.Repeat("A", 43)+"= v1a,x", []byte{})
	s := secret(f, knownSecret)
	f.Fuzz(func(t *testing.T, id, at, signature string, body []byte) {
		h := webhook.Header{ID: id, Timestamp: at, Signature: signature}
		err := webhook.Verify(h, body, time.Unix(knownTime, 0), s)
		if err != nil {
			return
		}
		var n int64
		if _, err := fmt.Sscan(at, &n); err != nil {
			t.Fatal(err)
		}
		again, err := webhook.Sign(id, time.Unix(n, 0), body, s)
		if err != nil || !strings.Contains(" "+signature+" ", " "+again.Signature+" ") {
			t.Errorf("%+v verifies; signed anew it is %+v, %v", h, again, err)
		}
	})
}

package console

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"crossband/client/phrase"
)

// clock is a time of day that the test sets.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func newClock() *clock { return &clock{time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)} }

func TestThePrintedAddressLetsIn(t *testing.T) {
	s := newStage(t, nil)
	u, err := url.Parse(s.server.URL())
	if err != nil {
		t.Fatal(err)
	}
	key := u.Query().Get("key")
	if u.Scheme != "http" || u.Host != stageHost || len(key) != 43 { // 256 bits in base64
		t.Fatalf("address %s", u)
	}
	r := s.request("GET", "/?key="+key, "")
	r.Header = http.Header{} // as from a terminal
	w := s.ask(r)
	cookies := w.Result().Cookies()
	if w.Code != 303 || w.Header().Get("Location") != "/" || len(cookies) != 1 {
		t.Fatalf("%d to %s with %v", w.Code, w.Header().Get("Location"), cookies)
	}
	if cookies[0].Value == key {
		t.Error("the cookie is the key: who reads the address has the login, and the other way round")
	}
	in := s.request("GET", "/", "")
	in.Header.Set("Cookie", cookies[0].Name+"="+cookies[0].Value)
	if w := s.ask(in); w.Code != 200 || !strings.Contains(w.Body.String(), "front") {
		t.Errorf("the front page: %d", w.Code)
	}
	for _, wrong := range []string{key[:42], key + "A", newSecret(), "x"} {
		r := s.request("GET", "/?key="+wrong, "")
		r.Header = http.Header{}
		if w := s.ask(r); w.Code != 403 || len(w.Result().Cookies()) != 0 {
			t.Errorf("key %q: %d %v", wrong, w.Code, w.Result().Cookies())
		}
	}
}

func TestLoginsEnd(t *testing.T) {
	c := newClock()
	l := newLogins(c.now)
	first := l.begin()
	c.at = c.at.Add(loginLife)
	if !l.has(first) {
		t.Fatal("a login ends early")
	}
	c.at = c.at.Add(loginLife)
	if !l.has(first) {
		t.Error("a login that is used ends")
	}
	c.at = c.at.Add(loginLife + time.Second)
	if l.has(first) {
		t.Error("a login that nobody used goes on")
	}
	oldest := l.begin()
	for range maxLogins {
		c.at = c.at.Add(time.Second)
		l.begin()
	}
	if len(l.used) != maxLogins || l.has(oldest) {
		t.Errorf("%d logins, the oldest is there: %v", len(l.used), l.has(oldest))
	}
	out := l.begin()
	if l.end(out); l.has(out) {
		t.Error("a login that was ended goes on")
	}
}

func TestLogout(t *testing.T) {
	s := newStage(t, nil)
	if w := s.ask(s.request("POST", "/logout", "")); w.Code != 204 {
		t.Fatalf("logout: %d", w.Code)
	}
	if w := s.ask(s.request("HEAD", "/api/events", "")); w.Code != 401 {
		t.Errorf("after logout: %d", w.Code)
	}
}

func TestAttemptsAreLimited(t *testing.T) {
	c := newClock()
	a := &attempts{now: c.now}
	one := netip.MustParseAddr("192.0.2.1")
	for i := range attemptsOne {
		if !a.allowed(one) {
			t.Fatalf("try %d is refused", i)
		}
	}
	if a.allowed(one) || a.allowed(netip.MustParseAddr("::ffff:192.0.2.1")) {
		t.Error("no bound for one address")
	}
	if !a.allowed(netip.MustParseAddr("192.0.2.2")) {
		t.Error("one address locks out another")
	}
	c.at = c.at.Add(attemptSpan)
	if !a.allowed(one) {
		t.Error("the bound is for ever")
	}
	a.forgive(one)
	if len(a.recent) != 0 {
		t.Errorf("%d are left", len(a.recent))
	}
	in64 := netip.MustParseAddr("2001:db8::").As16()
	for i := range attemptsOne {
		in64[15] = byte(i)
		a.allowed(netip.AddrFrom16(in64))
	}
	in64[15] = 200
	if a.allowed(netip.AddrFrom16(in64)) {
		t.Error("a new IPv6 address for each try goes round the bound")
	}
	for i := range 3 * attemptsAll {
		a.allowed(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}))
	}
	if len(a.recent) != attemptsAll || a.allowed(netip.MustParseAddr("203.0.113.9")) {
		t.Errorf("%d tries are kept, and nobody is refused", len(a.recent))
	}
}

const words = "correct horse battery staple"

func TestPassphrase(t *testing.T) {
	p, err := NewPassphrase(words)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParsePassphrase(p.String() + "\n")
	if err != nil {
		t.Fatal(err)
	}
	if !again.opens(words) || again.opens(words+" ") || again.opens(strings.Repeat("x", 1<<20)) {
		t.Error("the words are not told apart")
	}
	if strings.Contains(p.String(), "horse") {
		t.Error("the line holds the words")
	}
	if len(p.salt) != 16 || bytes.Equal(p.salt, make([]byte, 16)) {
		t.Errorf("salt %x", p.salt)
	}
	for _, short := range []string{"", "elevenchars", strings.Repeat("é", 11), strings.Repeat("x", maxPassphrase+1)} {
		if _, err := NewPassphrase(short); !errors.Is(err, ErrPassphrase) {
			t.Errorf("%q: %v", short, err)
		}
	}
	good := strings.Split(p.String(), "$")
	for i, bad := range []string{"scrypt", "1000", "AAAA", "AAAA"} {
		f := append([]string{}, good...)
		f[i] = bad
		if _, err := ParsePassphrase(strings.Join(f, "$")); !errors.Is(err, ErrPassphrase) {
			t.Errorf("field %d as %s: %v", i, bad, err)
		}
	}
	for _, line := range []string{"", "$$$", p.String() + "$", strings.Replace(p.String(), "$600000$", "$100000000$", 1)} {
		if _, err := ParsePassphrase(line); !errors.Is(err, ErrPassphrase) {
			t.Errorf("%q: %v", line, err)
		}
	}
}

// quick is a passphrase of few rounds, for tests of what is around it.
func quick(t *testing.T, words string) *Passphrase {
	t.Helper()
	p := &Passphrase{rounds: 1000, salt: make([]byte, 16)}
	var err error
	if p.key, err = p.derive(words); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPassphraseLogin(t *testing.T) {
	p := quick(t, words)
	s := newStage(t, func(c *Config) { c.Passphrase = p })
	post := func(from, typed string) int {
		r := s.request("POST", "/login", url.Values{"passphrase": {typed}}.Encode())
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.RemoteAddr = from + ":4000"
		w := s.ask(r)
		if got := len(w.Result().Cookies()); got == 1 != (w.Code == 303) {
			t.Errorf("%d with %d cookies", w.Code, got)
		}
		return w.Code
	}
	if got := post("192.0.2.1", words); got != 303 {
		t.Errorf("the words: %d", got)
	}
	for range attemptsOne {
		if got := post("192.0.2.2", "something else"); got != 403 {
			t.Errorf("other words: %d", got)
		}
	}
	if got := post("192.0.2.2", words); got != 429 {
		t.Errorf("too many tries: %d", got)
	}
	large := s.request("POST", "/login", "passphrase="+strings.Repeat("a", 2*maxForm))
	large.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if w := s.ask(large); w.Code != 400 {
		t.Errorf("a huge form: %d", w.Code)
	}
	without := newStage(t, nil)
	if w := without.ask(without.request("POST", "/login", "")); w.Code != 404 {
		t.Errorf("no passphrase is set: %d", w.Code)
	}
}

// TestLoginPage: it is in the page's language, and its own policy lets it send its form.
func TestLoginPage(t *testing.T) {
	p, err := ParsePassphrase(passphraseKind + "$100000$" + strings.Repeat("A", 22) + "$" + strings.Repeat("A", 43))
	if err != nil {
		t.Fatal(err)
	}
	for l, want := range map[phrase.Language]string{phrase.English: "Passphrase", phrase.Spanish: "Frase de contraseña", phrase.French: "Phrase de passe"} {
		s := newStage(t, func(c *Config) { c.Language, c.Passphrase = l, p })
		r := s.request("GET", "/", "")
		r.Header.Del("Cookie")
		w := s.ask(r)
		if w.Code != 401 || !strings.Contains(w.Body.String(), ">"+want+"</label>") || !strings.Contains(w.Body.String(), `lang="`+l.String()[:2]+`"`) {
			t.Errorf("%v: %d %s", l, w.Code, w.Body)
		}
		if policy := w.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "form-action 'self'") || strings.Contains(policy, "script") {
			t.Errorf("policy %q", policy)
		}
		if w.Header().Get("Referrer-Policy") != "same-origin" {
			t.Error("the form would come with an Origin of null")
		}
	}
}

// TestExposure: what a network can reach is never open.
func TestExposure(t *testing.T) {
	cert := selfSigned(t, "console.usbp.example")
	pool := x509.NewCertPool()
	p := quick(t, words)
	withCert := &tls.Config{Certificates: []tls.Certificate{cert}}
	asks := &tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}
	begs := &tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequestClientCert, ClientCAs: pool}
	anybody := &tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequireAndVerifyClientCert}
	for _, c := range []struct {
		name   string
		listen string
		tls    *tls.Config
		pass   *Passphrase
		open   bool
	}{
		{"default", "", nil, nil, true},
		{"loopback", "127.0.0.1:0", nil, nil, true},
		{"all addresses, clear", "0.0.0.0:0", nil, nil, false},
		{"all addresses by no name, clear", ":0", nil, nil, false},
		{"clear with a passphrase", "0.0.0.0:0", nil, p, false},
		{"TLS for everybody", "0.0.0.0:0", withCert, nil, false},
		{"TLS with a passphrase", "0.0.0.0:0", withCert, p, true},
		{"TLS with client certificates", "0.0.0.0:0", asks, nil, true},
		{"TLS that only asks for them", "0.0.0.0:0", begs, nil, false},
		{"TLS that takes the machine's authorities", "0.0.0.0:0", anybody, nil, false},
		{"TLS without a certificate", "0.0.0.0:0", &tls.Config{}, p, false},
	} {
		server, err := newServer(Config{Board: &shownBoard{}, Sound: newSilentSound(), Page: pageFiles(), Listen: c.listen, TLS: c.tls, Passphrase: c.pass}, feed{})
		if (err == nil) != c.open || err != nil && !errors.Is(err, ErrExposed) {
			t.Errorf("%s: %v", c.name, err)
		}
		if err == nil {
			if loopback := c.listen != "0.0.0.0:0"; strings.Contains(server.URL(), "key=") != loopback {
				t.Errorf("%s: %s", c.name, server.URL())
			}
			server.Close()
		}
	}
	l, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newServer(Config{Board: &shownBoard{}, Sound: newSilentSound(), Page: pageFiles(), Listener: l}, feed{}); !errors.Is(err, ErrExposed) {
		t.Errorf("an open socket: %v", err)
	}
}

// TestOnANetwork: Host is one of the certificate's names, and a verified client
// certificate stands for a login.
func TestOnANetwork(t *testing.T) {
	cert := selfSigned(t, "console.usbp.example")
	g := newGuard(&net.TCPAddr{IP: net.IPv4zero, Port: 443}, &tls.Config{Certificates: []tls.Certificate{cert}}, newLogins(time.Now))
	for host, want := range map[string]bool{
		"console.usbp.example": true, "console.usbp.example:443": true, "Console.USBP.example": true, "console.usbp.example:8443": false,
		"evil.example": false, "evil.example:443": false, "localhost": true, "192.0.2.7": false, "": false, ":443": false,
	} {
		if g.here(host) != want {
			t.Errorf("%q is here: %v", host, !want)
		}
	}
	r, err := http.NewRequest("GET", "https://console.usbp.example/", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{cert.Leaf}}
	if g.known(r) {
		t.Error("a certificate that nobody verified is a login")
	}
	r.TLS.VerifiedChains = [][]*x509.Certificate{{cert.Leaf}}
	if !g.known(r) {
		t.Error("a verified certificate is none")
	}
}

func selfSigned(t *testing.T, name string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	x := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, x, x, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

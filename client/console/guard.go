package console

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// guard decides which requests are answered. A request must name this server as its
// host, so that a name which another site points here (DNS rebinding) is of no use; it
// must come from our own page where it could change or tell something; and it must
// bring a login.
type guard struct {
	tls    bool
	port   string
	hosts  []string           // without port, as a URL writes them
	named  func(string) error // by our certificate; nil: there is none
	cookie string
	logins *logins
}

// maxCookie bounds a token as a browser brings it.
const maxCookie = 128

// newGuard guards what listens at addr.
func newGuard(addr net.Addr, t *tls.Config, l *logins) *guard {
	g := &guard{tls: t != nil, logins: l}
	at, err := netip.ParseAddrPort(addr.String())
	if err == nil {
		g.port = strconv.Itoa(int(at.Port()))
		ip := at.Addr().Unmap().WithZone("")
		if ip.IsLoopback() || ip.IsUnspecified() {
			g.hosts = []string{"localhost", "127.0.0.1", "::1"}
		}
		if !ip.IsUnspecified() && !slices.Contains(g.hosts, ip.String()) {
			g.hosts = append(g.hosts, ip.String())
		}
	}
	g.cookie = "crossband-" + g.port // a host's cookies are shared by all its ports
	if g.tls {
		g.cookie = "__Host-" + g.cookie // RFC 6265bis 4.1.3.2: this very host, over TLS
		g.named = func(host string) error { return certified(t, host) }
	}
	return g
}

// certified reports whether the certificate in use names a host.
func certified(t *tls.Config, host string) error {
	var c *tls.Certificate
	switch {
	case t.GetCertificate != nil:
		var err error
		if c, err = t.GetCertificate(&tls.ClientHelloInfo{ServerName: host}); err != nil {
			return err
		}
	case len(t.Certificates) > 0:
		c = &t.Certificates[0]
	}
	if c == nil || len(c.Certificate) == 0 {
		return errNoCertificate
	}
	leaf := c.Leaf
	if leaf == nil {
		var err error
		if leaf, err = x509.ParseCertificate(c.Certificate[0]); err != nil {
			return err
		}
	}
	return leaf.VerifyHostname(host)
}

var errNoCertificate = errors.New("console: no certificate")

// here reports whether a Host header names this server.
func (g *guard) here(host string) bool {
	name, port, err := net.SplitHostPort(host)
	if err != nil { // RFC 9110 4.2: without a port it is the scheme's
		name, port = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"), "80"
		if g.tls {
			port = "443"
		}
	}
	if name == "" || port != g.port {
		return false
	}
	name = strings.ToLower(name)
	return slices.Contains(g.hosts, name) || g.named != nil && g.named(name) == nil
}

// ours reports whether a request comes from our own page: browsers say from where, and
// a page cannot make them lie (Fetch, "Origin header" and "Sec-Fetch-Site"). A request
// that says nothing is refused, and one that could not be ours by either.
func (g *guard) ours(r *http.Request) bool {
	origin, hasOrigin := one(r.Header, "Origin")
	site, hasSite := one(r.Header, "Sec-Fetch-Site")
	if !hasOrigin && !hasSite {
		return false
	}
	return (!hasOrigin || g.origin(origin, r.Host)) && (!hasSite || site == "same-origin")
}

func (g *guard) origin(origin, host string) bool {
	scheme := "http://"
	if g.tls {
		scheme = "https://"
	}
	rest, ok := strings.CutPrefix(origin, scheme)
	return ok && g.here(rest) && strings.EqualFold(rest, host)
}

// one returns a header's value; two values are as bad as a wrong one.
func one(h http.Header, name string) (string, bool) {
	v := h.Values(name)
	if len(v) > 1 {
		return "", true
	}
	return h.Get(name), len(v) == 1
}

// known reports whether a request brings a login, or a certificate that was verified
// when the connection was made.
func (g *guard) known(r *http.Request) bool {
	if r.TLS != nil && len(r.TLS.VerifiedChains) > 0 {
		return true
	}
	token := g.token(r)
	return token != "" && g.logins.has(token)
}

func (g *guard) token(r *http.Request) string {
	c, err := r.Cookie(g.cookie)
	if err != nil || len(c.Value) > maxCookie {
		return ""
	}
	return c.Value
}

// login is a request's, as far as it has one that can end: of a certificate it is zero.
func (g *guard) login(r *http.Request) digest {
	token := g.token(r)
	if token == "" {
		return digest{}
	}
	return digestOf(token)
}

// let begins a login and gives the browser its token.
func (g *guard) let(w http.ResponseWriter) {
	http.SetCookie(w, g.made(g.logins.begin(), int(loginLife.Seconds())))
}

// out ends a login.
func (g *guard) out(w http.ResponseWriter, r *http.Request) {
	if token := g.token(r); token != "" {
		g.logins.end(token)
	}
	http.SetCookie(w, g.made("", -1))
}

func (g *guard) made(value string, age int) *http.Cookie {
	return &http.Cookie{
		Name: g.cookie, Value: value, Path: "/", MaxAge: age,
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: g.tls,
	}
}

// wrap guards a handler.
func (g *guard) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		secureHeaders(w.Header())
		http.NewResponseController(w).SetWriteDeadline(time.Now().Add(answerTimeout)) // where it can be set
		api := strings.HasPrefix(r.URL.Path, "/api/")
		switch {
		case !g.here(r.Host):
			http.Error(w, "this is not the host that was asked for", http.StatusMisdirectedRequest)
		case (api || !safe(r.Method)) && !g.ours(r):
			http.Error(w, "asked for by another page than ours", http.StatusForbidden)
		case api && !g.known(r):
			http.Error(w, "not logged in", http.StatusUnauthorized)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func safe(method string) bool { return method == http.MethodGet || method == http.MethodHead }

// secureHeaders sets what every answer says to the browser. Nothing is run, shown or
// asked but what this server itself serves.
func secureHeaders(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "+
		"media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; worker-src 'self'; "+
		"frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "microphone=(self), geolocation=(self), camera=(), usb=(), payment=()")
	h.Set("Cache-Control", "no-store")
}

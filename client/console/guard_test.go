package console

import (
	"crypto/tls"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestGuard: every way in which a request is not one of our own page's.
func TestGuard(t *testing.T) {
	s := newStage(t, nil)
	for _, c := range []struct {
		name   string
		change func(*http.Request)
		want   int
	}{
		{"as it should be", func(*http.Request) {}, 200},
		{"localhost", func(r *http.Request) {
			r.Host = "localhost:8443"
			r.Header.Set("Origin", "http://localhost:8443")
		}, 200},
		{"the address as IPv6", func(r *http.Request) {
			r.Host = "[::1]:8443"
			r.Header.Set("Origin", "http://[::1]:8443")
		}, 200},
		{"without Origin", func(r *http.Request) { r.Header.Del("Origin") }, 200},
		{"without Sec-Fetch-Site", func(r *http.Request) { r.Header.Del("Sec-Fetch-Site") }, 200},
		{"a name that was made to point here", func(r *http.Request) {
			r.Host = "evil.example:8443"
			r.Header.Set("Origin", "http://evil.example:8443")
		}, 421},
		{"another port in Host", func(r *http.Request) { r.Host = "127.0.0.1:80" }, 421},
		{"Host without a port", func(r *http.Request) { r.Host = "127.0.0.1" }, 421},
		{"no Host", func(r *http.Request) { r.Host = "" }, 421},
		{"Host with a user", func(r *http.Request) { r.Host = "x@127.0.0.1:8443" }, 421},
		{"another origin", func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") }, 403},
		{"another port of this machine", func(r *http.Request) { r.Header.Set("Origin", "http://127.0.0.1:9999") }, 403},
		{"the right name but another than Host", func(r *http.Request) { r.Header.Set("Origin", "http://localhost:8443") }, 403},
		{"https origin", func(r *http.Request) { r.Header.Set("Origin", "https://127.0.0.1:8443") }, 403},
		{"origin null", func(r *http.Request) { r.Header.Set("Origin", "null") }, 403},
		{"origin with a path", func(r *http.Request) { r.Header.Set("Origin", "http://127.0.0.1:8443/x") }, 403},
		{"two origins", func(r *http.Request) { r.Header.Add("Origin", "http://127.0.0.1:8443") }, 403},
		{"empty origin", func(r *http.Request) { r.Header.Set("Origin", "") }, 403},
		{"another site", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, 403},
		{"same site, another port", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") }, 403},
		{"typed into the address bar", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "none") }, 403},
		{"another site without Origin", func(r *http.Request) {
			r.Header.Del("Origin")
			r.Header.Set("Sec-Fetch-Site", "cross-site")
		}, 403},
		{"says nothing of where it is from", func(r *http.Request) {
			r.Header.Del("Origin")
			r.Header.Del("Sec-Fetch-Site")
		}, 403},
		{"no cookie", func(r *http.Request) { r.Header.Del("Cookie") }, 401},
		{"another console's cookie", func(r *http.Request) { r.Header.Set("Cookie", "crossband-9999="+s.cookie.Value) }, 401},
		{"a wrong token", func(r *http.Request) { r.Header.Set("Cookie", s.cookie.Name+"="+newSecret()) }, 401},
		{"the printed key as a token", func(r *http.Request) { r.Header.Set("Cookie", s.cookie.Name+"="+s.server.secret) }, 401},
		{"an empty token", func(r *http.Request) { r.Header.Set("Cookie", s.cookie.Name+"=") }, 401},
		{"a huge token", func(r *http.Request) { r.Header.Set("Cookie", s.cookie.Name+"="+strings.Repeat("a", 8000)) }, 401},
	} {
		for _, way := range []struct{ method, path, body string }{
			{"POST", "/api/do", `{"do":"alarm-seen"}`}, {"HEAD", "/api/events", ""},
		} {
			r := s.request(way.method, way.path, way.body)
			if way.method == "POST" { // nothing runs that could fold
				r.Body = http.NoBody
			}
			c.change(r)
			w := s.ask(r)
			if c.want != 200 && w.Code != c.want || c.want == 200 && w.Code != 200 {
				t.Errorf("%s, %s: %d %s, want %d", c.name, way.path, w.Code, w.Body, c.want)
			}
		}
	}
}

// TestEveryPathOfTheAPIIsGuarded: what is routed below /api/ and all that changes
// something asks where it comes from, and what is below /api/ for a login.
func TestEveryPathOfTheAPIIsGuarded(t *testing.T) {
	s := newStage(t, nil)
	for _, way := range []struct {
		method, path string
		api          bool
	}{
		{"GET", "/api/events", true}, {"POST", "/api/do", true}, {"POST", "/api/voice", true}, {"GET", "/api/recall/00", true},
		{"GET", "/api/record/00", true}, {"GET", "/api/", true}, {"POST", "/login", false}, {"POST", "/logout", false}, {"PUT", "/", false}, {"OPTIONS", "/api/do", true},
	} {
		foreign := s.request(way.method, way.path, "")
		foreign.Header.Set("Origin", "http://evil.example")
		if w := s.ask(foreign); w.Code != 403 {
			t.Errorf("%s %s of another origin: %d", way.method, way.path, w.Code)
		}
		unknown := s.request(way.method, way.path, "")
		unknown.Header.Del("Cookie")
		if w := s.ask(unknown); way.api && w.Code != 401 {
			t.Errorf("%s %s without login: %d", way.method, way.path, w.Code)
		}
	}
}

func TestEveryAnswerIsFenced(t *testing.T) {
	s := newStage(t, nil)
	for _, path := range []string{"/", "/app.js", "/nothing", "/api/nothing"} {
		for _, host := range []string{stageHost, "evil.example"} {
			r := s.request("GET", path, "")
			r.Host = host
			h := s.ask(r).Header()
			policy := h.Get("Content-Security-Policy")
			for _, want := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'", "connect-src 'self'"} {
				if !strings.Contains(policy, want) {
					t.Errorf("%s at %s: policy %q lacks %s", path, host, policy, want)
				}
			}
			if strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") {
				t.Errorf("policy %q", policy)
			}
			for name, want := range map[string]string{
				"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
				"Cross-Origin-Resource-Policy": "same-origin", "X-Frame-Options": "DENY",
			} {
				if h.Get(name) != want {
					t.Errorf("%s at %s: %s is %q", path, host, name, h.Get(name))
				}
			}
			if p := h.Get("Permissions-Policy"); !strings.Contains(p, "microphone=(self)") || !strings.Contains(p, "geolocation=(self)") {
				t.Errorf("permissions %q", p)
			}
			if h.Get("Access-Control-Allow-Origin") != "" {
				t.Error("another origin may read")
			}
		}
	}
}

func TestPageFiles(t *testing.T) {
	s := newStage(t, nil)
	for path, want := range map[string]string{
		"/app.js": "text/javascript; charset=utf-8", "/site.webmanifest": "application/manifest+json", "/icons/logo.svg": "image/svg+xml",
		"/map/base.json": "application/json", "/odd/thing.unknown": "application/octet-stream", "/": "text/html; charset=utf-8",
	} {
		w := s.ask(s.request("GET", path, ""))
		if w.Code != 200 || w.Header().Get("Content-Type") != want {
			t.Errorf("%s: %d %s, want %s", path, w.Code, w.Header().Get("Content-Type"), want)
		}
		again := s.request("GET", path, "")
		again.Header.Set("If-None-Match", w.Header().Get("ETag"))
		if w := s.ask(again); w.Code != 304 {
			t.Errorf("%s again: %d", path, w.Code)
		}
	}
	for _, path := range []string{"/icons", "/icons/", "/app.jsx", "/../guard.go", "/%2e%2e/guard.go", "//app.js", "/app.js/"} {
		if w := s.ask(s.request("GET", path, "")); w.Code == 200 {
			t.Errorf("%s: %s", path, w.Body)
		}
	}
	if w := s.ask(s.request("GET", "/index.html", "")); w.Code != 303 {
		t.Errorf("index.html: %d", w.Code)
	}
	stranger := s.request("GET", "/", "")
	stranger.Header.Del("Cookie")
	if w := s.ask(stranger); w.Code != 401 || strings.Contains(w.Body.String(), "front") {
		t.Errorf("the front page without login: %d %s", w.Code, w.Body)
	}
}

func TestCookieOverTLS(t *testing.T) {
	g := newGuard(newPipes().Addr(), &tls.Config{}, nil)
	c := g.made("x", 1)
	if c.Name != "__Host-crossband-8443" || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" {
		t.Errorf("cookie %v", c)
	}
	g = newGuard(newPipes().Addr(), nil, nil)
	if c := g.made("x", 1); c.Name != "crossband-8443" || c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode {
		t.Errorf("cookie %v", c)
	}
	if !slices.Contains(g.hosts, "localhost") {
		t.Error("localhost is not this host")
	}
}

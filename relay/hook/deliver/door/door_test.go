package door_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"crossband/relay/hook/deliver/door"
)

// names answers each look-up of a name with the next of its answers; the last
// one stays.
type names struct {
	mu      sync.Mutex // guards answers
	answers [][]string
}

func (n *names) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.answers) == 0 {
		return nil, errors.New("no such host")
	}
	var list []netip.Addr
	for _, text := range n.answers[0] {
		list = append(list, netip.MustParseAddr(text))
	}
	if len(n.answers) > 1 {
		n.answers = n.answers[1:]
	}
	return list, nil
}

// dialled notes where connections were asked for, and makes none.
type dialled struct {
	mu   sync.Mutex // guards list
	list []string
}

func (d *dialled) dial(_ context.Context, _, address string) (net.Conn, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.list = append(d.list, address)
	return nil, errors.New("nobody there")
}

func target(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// TestNamesThatLeadInside: a name is judged by its addresses, each time anew,
// and what is dialled is what was judged.
func TestNamesThatLeadInside(t *testing.T) {
	for _, c := range []struct {
		what    string
		answers [][]string
		dialled []string // at three attempts
	}{
		{"inside from the start", [][]string{{"10.0.0.1"}}, nil},
		{"metadata", [][]string{{"169.254.169.254", "fd00:ec2::254"}}, nil},
		{"mapped", [][]string{{"::ffff:127.0.0.1"}}, nil},
		{"rebinding at the second look-up", [][]string{{"8.8.8.8"}, {"127.0.0.1"}}, []string{"8.8.8.8:443"}},
		{"rebinding and back", [][]string{{"8.8.8.8"}, {"::1"}, {"8.8.4.4"}}, []string{"8.8.8.8:443", "8.8.4.4:443"}},
		{"mixed", [][]string{{"127.0.0.1", "8.8.8.8"}, {"10.0.0.1"}}, []string{"8.8.8.8:443"}},
		{"mapped and global", [][]string{{"::ffff:8.8.8.8"}, {"::1"}}, []string{"8.8.8.8:443"}},
		{"many", [][]string{{"8.8.8.1", "8.8.8.2", "8.8.8.3", "8.8.8.4", "8.8.8.5"}, {"::1"}}, []string{"8.8.8.1:443", "8.8.8.2:443", "8.8.8.3:443", "8.8.8.4:443"}},
		{"unknown", nil, nil},
	} {
		var seen dialled
		d := door.New(door.Config{Resolver: &names{answers: c.answers}, Dial: seen.dial})
		for range 3 {
			if a := d.Post(t.Context(), target(t, "https://hooks.agency.example/"), nil, nil); a.Err == nil {
				t.Errorf("%s: answered %d", c.what, a.Status)
			}
		}
		if fmt.Sprint(seen.list) != fmt.Sprint(c.dialled) {
			t.Errorf("%s: dialled %v, want %v", c.what, seen.list, c.dialled)
		}
	}
	d := door.New(door.Config{Resolver: &names{answers: [][]string{{"127.0.0.1"}}}})
	if a := d.Post(t.Context(), target(t, "https://hooks.agency.example/"), nil, nil); !errors.Is(a.Err, door.ErrAddress) {
		t.Errorf("the reason is %v", a.Err)
	}
}

// TestAddressesAreJudgedWhenDialled: a URL that was not judged does not get
// through, and neither does an address behind the resolver's back.
func TestAddressesAreJudgedWhenDialled(t *testing.T) {
	var seen dialled
	for _, text := range []string{"https://127.0.0.1/", "https://[::ffff:10.0.0.1]/", "https://[::1]/"} {
		a := door.New(door.Config{Dial: seen.dial}).Post(t.Context(), target(t, text), nil, nil)
		if !errors.Is(a.Err, door.ErrAddress) || seen.list != nil {
			t.Errorf("%s: %+v, dialled %v", text, a, seen.list)
		}
	}
	s := receiver(t, http.StatusOK)
	d := door.New(door.Config{Roots: roots(s)})
	if a := d.Post(t.Context(), target(t, s.URL), nil, nil); !errors.Is(a.Err, door.ErrAddress) {
		t.Errorf("loopback: %+v", a)
	}
	d = door.New(door.Config{Roots: roots(s), Policy: policy(t, "127.0.0.1/32")})
	if a := d.Post(t.Context(), target(t, s.URL), nil, []byte("x")); a.Err != nil || a.Status != http.StatusOK {
		t.Errorf("loopback, listed: %+v", a)
	}
}

func receiver(t *testing.T, status int) *httptest.Server {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	t.Cleanup(s.Close)
	return s
}

func roots(s *httptest.Server) *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return pool
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	var reached atomic.Bool
	inside := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Store(true) }))
	defer inside.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		s := httptest.NewTLSServer(http.RedirectHandler(inside.URL, status))
		d := door.New(door.Config{Roots: roots(s), Policy: policy(t, "127.0.0.1/32")})
		if a := d.Post(t.Context(), target(t, s.URL), nil, []byte("x")); a.Status != status || a.Err != nil {
			t.Errorf("%d: %+v", status, a)
		}
		s.Close()
	}
	if reached.Load() {
		t.Error("a redirect was followed")
	}
}

// TestProxyOfTheEnvironmentIsIgnored runs itself as a process that begins with
// such an environment: it is read once.
func TestProxyOfTheEnvironmentIsIgnored(t *testing.T) {
	const began = "CROSSBAND_TEST_PROXY"
	if os.Getenv(began) == "" {
		var reached atomic.Bool
		proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Store(true) }))
		defer proxy.Close()
		c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		c.Env = append(os.Environ(), began+"=1")
		for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "ALL_PROXY"} {
			c.Env = append(c.Env, name+"="+proxy.URL)
		}
		if out, err := c.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) || reached.Load() {
			t.Errorf("%v, proxy reached: %t\n%s", err, reached.Load(), out)
		}
		return
	}
	var seen dialled
	d := door.New(door.Config{Resolver: &names{answers: [][]string{{"8.8.8.8"}}}, Dial: seen.dial})
	d.Post(t.Context(), target(t, "https://hooks.agency.example/"), nil, nil)
	if fmt.Sprint(seen.list) != "[8.8.8.8:443]" {
		t.Errorf("dialled %v", seen.list)
	}
}

func TestUntrustedCertificateIsRefused(t *testing.T) {
	s := receiver(t, http.StatusOK)
	d := door.New(door.Config{Roots: x509.NewCertPool(), Policy: policy(t, "127.0.0.1/32")})
	var unknown x509.UnknownAuthorityError
	if a := d.Post(t.Context(), target(t, s.URL), nil, nil); !errors.As(a.Err, &unknown) {
		t.Errorf("%+v", a)
	}
}

// TestHugeAnswersAreCutOff: an answer without end is an answer, and is read no
// further than the bound and what lies in buffers.
func TestHugeAnswersAreCutOff(t *testing.T) {
	var sent atomic.Int64
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for part := make([]byte, 32<<10); ; {
			n, err := w.Write(part)
			if sent.Add(int64(n)); err != nil {
				return
			}
		}
	}))
	d := door.New(door.Config{Roots: roots(s), Policy: policy(t, "127.0.0.1/32")})
	if a := d.Post(t.Context(), target(t, s.URL), nil, nil); a.Status != http.StatusOK || a.Err != nil {
		t.Errorf("%+v", a)
	}
	s.Close() // waits for the handler
	if n := sent.Load(); n > 32<<20 {
		t.Errorf("%d octets were taken", n)
	}
	s = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X", strings.Repeat("a", 1<<20))
	}))
	defer s.Close()
	d = door.New(door.Config{Roots: roots(s), Policy: policy(t, "127.0.0.1/32")})
	if a := d.Post(t.Context(), target(t, s.URL), nil, nil); a.Err == nil {
		t.Errorf("a megabyte of headers: %+v", a)
	}
}

// drip is a body that gives an octet each second, for ever.
type drip struct{ ctx context.Context }

func (d drip) Read(b []byte) (int, error) {
	select {
	case <-time.After(time.Second):
		return copy(b, "x"), nil
	case <-d.ctx.Done():
		return 0, d.ctx.Err()
	}
}

func (drip) Close() error { return nil }

// transport is a receiver in memory.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestTimeIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent := transport(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		slow := transport(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: drip{r.Context()}}, nil
		})
		for _, c := range []struct {
			what     string
			receiver transport
			given    time.Duration
			takes    time.Duration
			status   int
		}{
			{"silent", silent, 0, 10 * time.Second, 0},
			{"silent, 3 s", silent, 3 * time.Second, 3 * time.Second, 0},
			{"silent, an hour", silent, time.Hour, 30 * time.Second, 0},
			{"an octet a second", slow, 0, 10 * time.Second, 200},
		} {
			begun := time.Now()
			a := door.Through(c.receiver, c.given).Post(t.Context(), target(t, "https://a.example/"), nil, nil)
			if took := time.Since(begun); took != c.takes || a.Status != c.status || (a.Err == nil) != (c.status != 0) {
				t.Errorf("%s: %+v after %v", c.what, a, took)
			}
			if a.Err != nil && !errors.Is(a.Err, context.DeadlineExceeded) {
				t.Errorf("%s: %v", c.what, a.Err)
			}
		}
	})
}

func TestWhatIsSent(t *testing.T) {
	var method, body, custom string
	receiver := transport(func(r *http.Request) (*http.Response, error) {
		b, err := io.ReadAll(r.Body)
		method, body, custom = r.Method, string(b), r.Header.Get("webhook-id")
		return &http.Response{StatusCode: 204, Header: http.Header{"Retry-After": {"7"}}, Body: http.NoBody}, err
	})
	a := door.Through(receiver, 0).Post(t.Context(), target(t, "https://a.example/"), http.Header{"Webhook-Id": {"1"}}, []byte("content"))
	if method != "POST" || body != "content" || custom != "1" || a.RetryAfter != "7" {
		t.Errorf("%s %q %q, answered %+v", method, body, custom, a)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 8, 14, 23, 44, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "0": 0, "120": 2 * time.Minute, "-1": 0, "soon": 0, "1.5": 0, "99999999999999999999": 0, "2147483648": 0,
		"Fri, 14 Aug 2026 23:45:00 GMT": time.Minute, "Fri, 14 Aug 2026 23:43:00 GMT": 0,
	} {
		if got := door.RetryAfter(value, now); got != want {
			t.Errorf("%q: %v, want %v", value, got, want)
		}
	}
}

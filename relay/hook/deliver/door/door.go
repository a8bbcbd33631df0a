package door

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Limits of one request.
const (
	DefaultTimeout = 10 * time.Second // from the look-up of the name to the answer's end
	MaxTimeout     = 30 * time.Second
	maxAnswer      = 64 << 10 // octets read of the answer's body; none is kept
	maxHeaders     = 16 << 10 // octets of the answer's headers
)

// Config says how one target is reached. The zero value reaches global
// addresses.
type Config struct {
	Policy   Policy
	Timeout  time.Duration  // 0: DefaultTimeout; more than MaxTimeout counts as that
	Roots    *x509.CertPool // whom TLS trusts; nil: the system's
	Resolver Resolver       // nil: the system's
	Dial     Dial           // nil: TCP
}

// Door sends requests to one target. Its methods may be called from several
// goroutines.
type Door struct {
	transport http.RoundTripper
	timeout   time.Duration
}

// New makes a door. Every request has a connection of its own: each is judged.
func New(c Config) *Door {
	d := newDialer(c.Policy, c.Resolver, c.Dial)
	return &Door{timeout: within(c.Timeout), transport: &http.Transport{
		Proxy:                  nil, // a proxy of the environment would dial for us, unjudged
		DialContext:            d.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.Roots},
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxHeaders,
	}}
}

// Through makes a door over another transport, which then is to judge where
// requests go.
func Through(t http.RoundTripper, timeout time.Duration) *Door {
	return &Door{transport: t, timeout: within(timeout)}
}

func within(d time.Duration) time.Duration {
	if d <= 0 {
		return DefaultTimeout
	}
	return min(d, MaxTimeout)
}

// Answer is what came of a request. Without an error there was an answer,
// whatever its status.
type Answer struct {
	Status     int    // HTTP status; 0: none came
	RetryAfter string // the header's value
	Err        error
}

// Post sends a body and reads the answer. It ends within the timeout. A
// redirect is an answer like any other: nothing is followed.
func (d *Door) Post(ctx context.Context, to *url.URL, header http.Header, body []byte) Answer {
	ctx, cancel := context.WithTimeoutCause(ctx, d.timeout, fmt.Errorf("no answer within %v: %w", d.timeout, context.DeadlineExceeded))
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to.String(), bytes.NewReader(body))
	if err != nil {
		return Answer{Err: err}
	}
	maps.Copy(r.Header, header)
	r.GetBody = nil // sent once; the transport must not send it again by itself
	resp, err := d.transport.RoundTrip(r)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return Answer{Err: err}
	}
	defer resp.Body.Close()
	// The status is the answer. The rest is read so that the receiver sees its
	// answer taken, and no further than a bound: it is not needed.
	io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer))
	return Answer{Status: resp.StatusCode, RetryAfter: resp.Header.Get("Retry-After")}
}

// RetryAfter reads the header's value, a number of seconds or a date (RFC 9110
// 10.2.3); 0 when it is neither or in the past. The caller bounds it.
func RetryAfter(value string, now time.Time) time.Duration {
	if n, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(n) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

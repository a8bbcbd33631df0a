package door

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// MaxURL bounds a target's URL, in octets.
const MaxURL = 2048

// ErrURL: a URL that no hook may have.
var ErrURL = errors.New("not a hook's URL")

const (
	maxHost     = 253 // RFC 1035 2.3.4, without the root's octet
	maxLabel    = 63
	httpsPort   = 443
	leastOthers = 1024
)

// ParseURL reads a target's URL and judges all of it that can be judged
// without a network. It takes https with a domain name of at least two labels
// or a global address in its one normal form, and port 443 or one from 1024
// on. An address that the policy lists may have any port, and plain http too
// when it is this host's.
func (p Policy) ParseURL(text string) (*url.URL, error) {
	if len(text) > MaxURL {
		return nil, fmt.Errorf("%w: %d octets, at most %d", ErrURL, len(text), MaxURL)
	}
	for _, c := range []byte(text) {
		if c <= ' ' || c > '~' || c == '\\' {
			return nil, fmt.Errorf("%w: it holds octet %#02x", ErrURL, c)
		}
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%w: it cannot be parsed", ErrURL) // the parser's words would repeat it, and what may be secret in it
	}
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, fmt.Errorf("%w: scheme %q, want https", ErrURL, u.Scheme)
	case u.User != nil:
		return nil, fmt.Errorf("%w: a user in it", ErrURL)
	case u.Opaque != "" || u.Host == "":
		return nil, fmt.Errorf("%w: no host", ErrURL)
	case strings.Contains(text, "#"):
		return nil, fmt.Errorf("%w: a fragment, which is never sent", ErrURL)
	}
	listed, local, err := p.judgeHost(u)
	if err != nil {
		return nil, err
	}
	if u.Scheme == "http" && !(listed && local) {
		return nil, fmt.Errorf("%w: http; want https", ErrURL)
	}
	return u, judgePort(u, listed)
}

// judgeHost reports whether the host is an address that the policy lists, and
// whether it is this host's own.
func (p Policy) judgeHost(u *url.URL) (listed, local bool, err error) {
	host := u.Hostname()
	if strings.HasPrefix(u.Host, "[") || looksNumeric(host) {
		a, err := netip.ParseAddr(host)
		if err != nil || a.String() != host {
			return false, false, fmt.Errorf("%w: host %q is a number and not an address in its normal form", ErrURL, host)
		}
		return p.lists(a.Unmap()), a.Unmap().IsLoopback(), p.Judge(a)
	}
	return false, false, judgeName(host)
}

// looksNumeric reports whether some resolver would read a host as an IPv4
// address: its last label is a decimal, octal or hexadecimal number (WHATWG
// URL, "ends in a number").
func looksNumeric(host string) bool {
	host = strings.TrimSuffix(host, ".")
	last := host[strings.LastIndexByte(host, '.')+1:]
	if last == "" {
		return true // of dots only
	}
	if rest, ok := strings.CutPrefix(strings.ToLower(last), "0x"); ok {
		return strings.Trim(rest, "0123456789abcdef") == ""
	}
	return strings.Trim(last, "0123456789") == ""
}

// judgeName takes letters, digits and hyphens in two labels or more. A single
// label would be completed by the machine's search list.
func judgeName(host string) error {
	labels := strings.Split(host, ".")
	if len(host) > maxHost || len(labels) < 2 {
		return fmt.Errorf("%w: host %q is not a domain name of two labels or more", ErrURL, host)
	}
	for _, l := range labels {
		if l == "" || len(l) > maxLabel || l[0] == '-' || l[len(l)-1] == '-' {
			return fmt.Errorf("%w: host %q has a bad label", ErrURL, host)
		}
		for _, c := range []byte(strings.ToLower(l)) {
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
				return fmt.Errorf("%w: host %q holds octet %#02x", ErrURL, host, c)
			}
		}
	}
	return nil
}

// judgePort keeps hooks from the well-known ports of other services.
func judgePort(u *url.URL, listed bool) error {
	text := u.Port()
	if text == "" {
		if strings.HasSuffix(u.Host, ":") {
			return fmt.Errorf("%w: no port behind the colon", ErrURL)
		}
		return nil
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || n == 0 || strconv.FormatUint(n, 10) != text {
		return fmt.Errorf("%w: port %q", ErrURL, text)
	}
	if n != httpsPort && n < leastOthers && !listed {
		return fmt.Errorf("%w: port %d; want %d, or %d and above", ErrURL, n, httpsPort, leastOthers)
	}
	return nil
}

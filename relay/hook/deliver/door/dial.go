package door

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
)

// Resolver finds the addresses of a name; *net.Resolver does.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Dial connects to an address in numbers; (*net.Dialer).DialContext does.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// maxTried bounds the addresses of one name that an attempt tries.
const maxTried = 4

// dialer resolves, judges, and dials what it has judged: between the judgement
// and the connection nobody is asked for the name a second time.
type dialer struct {
	policy   Policy
	resolver Resolver
	dial     Dial
}

func newDialer(p Policy, r Resolver, d Dial) dialer {
	if r == nil {
		r = net.DefaultResolver
	}
	if d == nil {
		d = (&net.Dialer{ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			return p.judgeDialled(address) // what the kernel is about to be asked for, whatever came before
		}}).DialContext
	}
	return dialer{p, r, d}
}

// DialContext is http.Transport's.
func (d dialer) DialContext(ctx context.Context, _, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	list, err := d.addresses(ctx, host)
	if err != nil {
		return nil, err
	}
	var failed []error
	for _, a := range list {
		conn, err := d.dial(ctx, "tcp", net.JoinHostPort(a.String(), port))
		if err == nil {
			return conn, nil
		}
		failed = append(failed, err)
		if ctx.Err() != nil {
			break
		}
	}
	return nil, errors.Join(failed...)
}

// addresses returns those of a host's addresses that may be dialled: at least
// one, at most maxTried. A refused one among them is passed over.
func (d dialer) addresses(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a.Unmap()}, d.policy.Judge(a)
	}
	found, err := d.resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	var good []netip.Addr
	var refused error
	for _, a := range found {
		if err := d.policy.Judge(a); err != nil {
			refused = err
			continue
		}
		if good = append(good, a.Unmap()); len(good) == maxTried {
			break
		}
	}
	switch {
	case len(good) > 0:
		return good, nil
	case refused != nil:
		return nil, fmt.Errorf("%s: %w", host, refused)
	}
	return nil, fmt.Errorf("%s has no address", host)
}

func (p Policy) judgeDialled(address string) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %s", ErrAddress, address)
	}
	return p.Judge(ap.Addr())
}

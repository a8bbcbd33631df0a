// Package door is the one way by which hooks leave: an HTTPS request to an
// address that was judged before it was dialled. It resolves a name itself,
// judges what came, dials that very address, follows no redirect, heeds no
// proxy of the environment and reads little of the answer. It knows nothing
// of events, signatures or retries.
package door

import (
	"errors"
	"fmt"
	"net/netip"
)

// ErrAddress: an address that hooks may not go to.
var ErrAddress = errors.New("address not allowed")

// Limits of an allow list.
const (
	MaxAllow  = 32 // prefixes
	minBits4  = 16 // an IPv4 prefix of fewer bits is no list of inside addresses
	minBits6  = 48
	addrBits4 = 32
)

// Policy says where hooks may go: to global unicast addresses, and to those
// inside addresses that the agency has listed. The zero Policy lists none.
type Policy struct{ allow []netip.Prefix }

// NewPolicy reads prefixes such as 10.1.2.3/32 or fd12:3456:789a::/64. What
// no receiver can have (this host's unspecified address, link-local, multicast,
// reserved, cloud metadata) cannot be listed.
func NewPolicy(allow []string) (Policy, error) {
	if len(allow) > MaxAllow {
		return Policy{}, fmt.Errorf("allow: %d prefixes, at most %d", len(allow), MaxAllow)
	}
	var p Policy
	for _, text := range allow {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return Policy{}, fmt.Errorf("allow: %q is not ADDRESS/BITS", text)
		}
		if err := listable(prefix); err != nil {
			return Policy{}, fmt.Errorf("allow: %q: %w", text, err)
		}
		p.allow = append(p.allow, prefix)
	}
	return p, nil
}

func listable(p netip.Prefix) error {
	least := minBits6
	if p.Addr().BitLen() == addrBits4 {
		least = minBits4
	}
	switch {
	case p != p.Masked():
		return errors.New("bits are set behind the prefix")
	case p.Addr().Is4In6():
		return errors.New("write it as IPv4")
	case p.Bits() < least:
		return fmt.Errorf("too wide; at least /%d", least)
	}
	for _, n := range never() {
		if n.Overlaps(p) {
			return fmt.Errorf("%w: %s is never a receiver", ErrAddress, n)
		}
	}
	return nil
}

// Judge returns nil when hooks may go to an address. An IPv4 address in IPv6
// form is judged as the IPv4 address that the kernel would dial. One with a
// zone is in no prefix, so it is refused as outside the global ones.
func (p Policy) Judge(a netip.Addr) error {
	a = a.Unmap()
	for _, n := range never() {
		if n.Contains(a) {
			return fmt.Errorf("%w: %s", ErrAddress, a)
		}
	}
	if p.lists(a) {
		return nil
	}
	if !a.IsValid() || a.Is6() && !global6().Contains(a) {
		return fmt.Errorf("%w: %s", ErrAddress, a)
	}
	for _, n := range special() {
		if n.Contains(a) {
			return fmt.Errorf("%w: %s", ErrAddress, a)
		}
	}
	return nil
}

func (p Policy) lists(a netip.Addr) bool {
	for _, l := range p.allow {
		if l.Contains(a) {
			return true
		}
	}
	return false
}

// global6 is the only part of IPv6 in which global unicast addresses are
// assigned (IANA IPv6 address space registry). Everything outside it is
// refused without being listed: loopback, mapped and compatible IPv4, NAT64
// (RFC 6052, RFC 8215), discard-only, segment routing, unique local,
// link-local, site-local, multicast.
func global6() netip.Prefix { return netip.MustParsePrefix("2000::/3") }

// never lists what cannot be allowed by configuration.
func never() []netip.Prefix {
	return prefixes(
		"0.0.0.0/8",        // this network (RFC 791): Linux takes it for this host
		"169.254.0.0/16",   // link-local (RFC 3927), cloud metadata
		"224.0.0.0/4",      // multicast (RFC 5771)
		"240.0.0.0/4",      // reserved (RFC 1112) and broadcast
		"::/128",           // unspecified
		"fe80::/10",        // link-local (RFC 4291)
		"ff00::/8",         // multicast (RFC 4291)
		"fd00:ec2::/32",    // cloud metadata
		"168.63.129.16/32", // a cloud's inside service behind a global address
	)
}

// special lists what is not globally reachable, or reaches an embedded
// address, within what else would be global (IANA special-purpose address
// registries).
func special() []netip.Prefix {
	return prefixes(
		"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", // private (RFC 1918)
		"100.64.0.0/10",                                     // shared by carriers (RFC 6598)
		"127.0.0.0/8",                                       // loopback (RFC 1122)
		"192.0.0.0/24",                                      // protocol assignments (RFC 6890)
		"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", // documentation (RFC 5737)
		"192.88.99.0/24", // 6to4 relays (RFC 7526)
		"198.18.0.0/15",  // benchmarking (RFC 2544)
		"2001::/23",      // protocol assignments, Teredo among them (RFC 2928, RFC 4380)
		"2001:db8::/32",  // documentation (RFC 3849)
		"2002::/16",      // 6to4 (RFC 3056): holds an IPv4 address
		"3fff::/20",      // documentation (RFC 9637)
	)
}

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, t := range texts {
		list[i] = netip.MustParsePrefix(t)
	}
	return list
}

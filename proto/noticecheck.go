package proto

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Validate refuses a notice that breaks a rule which needs nothing but the notice.
func (n *Notice) Validate() error {
	switch {
	case n.Kind < NoticeProtocol || n.Kind > NoticeWithdrawn:
		return bad("notice of an unknown kind")
	case n.Kind == NoticeWithdrawn && n.Replaces == NoticeID{}:
		return bad("a withdrawal names the notice that it takes back")
	case !validTitle(n.Title):
		return bad("title: 1 to 80 octets of Latin letters")
	case !validText(n.Text):
		return bad("text: at most %d octets of Latin letters, without line ends", MaxNoticeText)
	case len(n.To) == 0 || len(n.To) > MaxNoticeTo:
		return bad("a notice concerns 1 to %d agencies", MaxNoticeTo)
	case slices.Contains(n.To, n.Agency) || !rising(n.To):
		return bad("the agencies that a notice concerns stand there once, in their order, without its own")
	}
	if err := n.checkTimes(); err != nil {
		return err
	}
	return n.checkParameters()
}

func (n *Notice) checkTimes() error {
	for _, t := range []time.Time{n.Issued, n.Begins, n.Ends} {
		if t.Nanosecond() != 0 || t.Year() < 2000 || t.Year() > 2199 {
			return bad("time %s: want whole seconds of the years 2000 to 2199", stamp(t))
		}
	}
	switch {
	case !n.Ends.After(n.Begins) || n.Ends.Sub(n.Begins) > MaxNoticeSpan:
		return bad("it begins %s and ends %s: want a time of at most %d days", stamp(n.Begins), stamp(n.Ends), MaxNoticeSpan/(24*time.Hour))
	case n.Begins.Sub(n.Issued) > MaxNoticeLead:
		return bad("announced %s for %s: want at most two years ahead", stamp(n.Issued), stamp(n.Begins))
	case n.Kind != NoticeWithdrawn && !n.Ends.After(n.Issued):
		return bad("announced %s, when it is over since %s", stamp(n.Issued), stamp(n.Ends))
	}
	return nil
}

// checkParameters lets in what belongs to the kind, and nothing else.
func (n *Notice) checkParameters() error {
	p := n.Protocol
	for _, part := range []struct {
		kind  NoticeKind
		there bool
		what  string
	}{
		{NoticeProtocol, p.Min != 0 || p.Max != 0 || p.Capabilities != nil, "protocol versions"},
		{NoticeSuite, n.Suites.Before != nil || n.Suites.After != nil, "suites"},
		{NoticeCodec, n.Codecs.Before != nil || n.Codecs.After != nil, "codecs"},
		{NoticeRollover, n.Root != [32]byte{}, "a root's fingerprint"},
		{NoticeGateway, n.Gateway != GatewayChange{}, "a gateway"},
		{NoticeAddress, n.Address != AddressChange{}, "addresses"},
	} {
		if part.there != (part.kind == n.Kind) {
			return bad("a notice of the kind %s has %s, and no other", part.kind, part.what)
		}
	}
	switch n.Kind {
	case NoticeProtocol:
		return p.check()
	case NoticeSuite:
		return checkChange(n.Suites.Before, n.Suites.After, func(s uint16) bool { return s != 0 })
	case NoticeCodec:
		return checkChange(n.Codecs.Before, n.Codecs.After, func(s string) bool { return validLabel(s) })
	case NoticeGateway:
		if g := n.Gateway.Name; g.Agency != n.Agency || g.Role != RoleGateway {
			return bad("gateway %s: want one of %s", g, n.Agency)
		}
	case NoticeAddress:
		return n.Address.check()
	}
	return nil
}

func (p ProtocolChange) check() error {
	switch {
	case p.Min == 0 || p.Min > p.Max:
		return bad("protocol versions %d to %d", p.Min, p.Max)
	case len(p.Capabilities) > MaxCapabilities || !rising(p.Capabilities):
		return bad("capabilities: at most %d, once each and in their order", MaxCapabilities)
	case !slices.ContainsFunc(p.Capabilities, func(c string) bool { return !validLabel(c) }):
		return nil
	}
	return bad("capability names are labels")
}

// checkChange lets two lists pass that differ, each short, rising and sound.
func checkChange[T string | uint16](before, after []T, sound func(T) bool) error {
	for _, list := range [][]T{before, after} {
		if len(list) == 0 || len(list) > MaxNoticeList || !rising(list) || slices.ContainsFunc(list, func(x T) bool { return !sound(x) }) {
			return bad("before and after: 1 to %d each, once and in their order", MaxNoticeList)
		}
	}
	if slices.Equal(before, after) {
		return bad("before and after are the same")
	}
	return nil
}

func rising[T ~string | ~uint16](list []T) bool {
	for i := 1; i < len(list); i++ {
		if list[i-1] >= list[i] {
			return false
		}
	}
	return true
}

func (a AddressChange) check() error {
	for _, s := range []string{a.Before, a.After} {
		host, port := splitAddress(s)
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 || strconv.FormatUint(n, 10) != port || !validHost(host) || len(s) > MaxNoticeAddress {
			return bad("address %q: want HOST:PORT, an IPv6 address in brackets", clip(s))
		}
	}
	if a.Before == a.After {
		return bad("before and after are the same")
	}
	return nil
}

// HostAfter is the host of the address afterwards, without brackets.
func (a AddressChange) HostAfter() string {
	host, _ := splitAddress(a.After)
	return strings.Trim(host, "[]")
}

func splitAddress(s string) (host, port string) {
	i := max(strings.LastIndexByte(s, ':'), 0)
	return s[:i], strings.TrimPrefix(s[i:], ":")
}

// validHost lets in names and IPv4 addresses in lower case, and IPv6 addresses in
// brackets: what is only ever shown and compared, never looked up.
func validHost(s string) bool {
	if inner, ok := strings.CutPrefix(s, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		ip, err := netip.ParseAddr(inner)
		return ok && err == nil && ip.Is6() && ip.Zone() == "" && ip.String() == inner
	}
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789.-") == ""
}

// validText is validTitle for longer texts, which may be empty.
func validText(s string) bool {
	return len(s) <= MaxNoticeText && !strings.ContainsFunc(s, notLatin)
}

// Validate refuses an answer that breaks a rule which needs nothing but the answer.
func (a *NoticeAnswer) Validate() error {
	switch {
	case a.By == a.Of:
		return bad("an agency does not answer its own notice")
	case !validText(a.Text):
		return bad("text: at most %d octets of Latin letters, without line ends", MaxNoticeText)
	case a.Objects && a.Text == "":
		return bad("an objection says why")
	case a.Issued.Nanosecond() != 0 || a.Issued.Year() < 2000 || a.Issued.Year() > 2199:
		return bad("time %s: want whole seconds of the years 2000 to 2199", stamp(a.Issued))
	}
	return nil
}

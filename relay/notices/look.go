package notices

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"crossband/crypto/identity"
	"crossband/proto"
)

// Look is what a partner's relay was like when its link came up.
type Look struct {
	VersionMin, VersionMax uint32   // 0: it did not tell
	Capabilities           []string // rising
	Software               string
	Relay                  string   // its name
	Root, Issuer           [32]byte // fingerprints of the keys that vouch for it
	Key                    string   // type of its key, such as P-256
	Exchange               string   // key exchange of the link when it dialled; empty: we did
	ExchangeOut            string   // and when we dialled: the listener's preference decides
	Host                   string   // where it dialled from; empty: we dialled it
	Own                    string   // our own software then
	At                     time.Time
}

// Aspect names what can change at a partner. The words are shown and stored.
type Aspect string

// The aspects of a partner's relay.
const (
	AspectProtocol     Aspect = "protocol versions"
	AspectCapabilities Aspect = "capabilities"
	AspectSoftware     Aspect = "software"
	AspectRelay        Aspect = "relay"
	AspectRoot         Aspect = "root"
	AspectIssuer       Aspect = "issuing authority"
	AspectKey          Aspect = "key type"
	AspectExchange     Aspect = "key exchange"
	AspectExchangeOut  Aspect = "key exchange when dialled"
	AspectAddress      Aspect = "address"
)

// Change is one difference between two looks at a partner.
type Change struct {
	What          Aspect
	Before, After string
	At            time.Time
	Notice        proto.NoticeID // that announced it; zero: none
	Why           string         // why no notice covers it, if one comes near
	Times         int            // how many changes it stands for, at least 1; of more, Before is the first's
}

// alarms reports whether the change needs a notice. Software alone does not: each
// build has its own text, and what it changes on the wire shows in the other aspects.
func (c *Change) alarms() bool { return c.What != AspectSoftware && c.Notice == proto.NoticeID{} }

// known fills in from the look before what this one cannot tell: a listener of an
// older build tells no range, and whom we dialled did not come from anywhere.
func (l Look) known(was *Look) Look {
	if l.VersionMax == 0 {
		l.VersionMin, l.VersionMax, l.Capabilities = was.VersionMin, was.VersionMax, was.Capabilities
	}
	if l.Host == "" {
		l.Host = was.Host
	}
	if l.Exchange == "" {
		l.Exchange = was.Exchange
	}
	if l.ExchangeOut == "" {
		l.ExchangeOut = was.ExchangeOut
	}
	return l
}

// aspects lists all that is compared.
func aspects() []Aspect {
	return []Aspect{AspectProtocol, AspectCapabilities, AspectSoftware, AspectRelay, AspectRoot, AspectIssuer, AspectKey, AspectExchange, AspectExchangeOut, AspectAddress}
}

// ours reports whether an aspect is this side's choice as well.
func (a Aspect) ours() bool { return a == AspectExchange || a == AspectExchangeOut }

// tell says one aspect of a look in words; empty: not known.
func (l *Look) tell(what Aspect) string {
	switch what {
	case AspectProtocol:
		if l.VersionMax != 0 {
			return fmt.Sprintf("%d to %d", l.VersionMin, l.VersionMax)
		}
	case AspectCapabilities:
		if l.VersionMax != 0 {
			return listed(l.Capabilities)
		}
	case AspectSoftware:
		return l.Software
	case AspectRelay:
		return l.Relay
	case AspectRoot:
		return identity.Fingerprint(l.Root).String()
	case AspectIssuer:
		return identity.Fingerprint(l.Issuer).String()
	case AspectKey:
		return l.Key
	case AspectExchange:
		return l.Exchange
	case AspectExchangeOut:
		return l.ExchangeOut
	case AspectAddress:
		return l.Host
	}
	return ""
}

// compare lists what has changed from one look to the next. What was not known
// before has not changed. The key exchange is ours as well: it counts only while our
// own software is the same.
func compare(was, is *Look) (list []Change) {
	for _, what := range aspects() {
		before, after := was.tell(what), is.tell(what)
		if before == after || before == "" || what.ours() && was.Own != is.Own {
			continue
		}
		list = append(list, Change{What: what, Before: before, After: after, At: is.At, Times: 1})
	}
	return list
}

// same reports whether two looks show the same and know as much.
func same(a, b *Look) bool {
	return len(compare(a, b)) == 0 && a.Host == b.Host && a.VersionMax == b.VersionMax && (a.Exchange == "") == (b.Exchange == "")
}

func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// covered looks for the notice that announced a change and that is in its time. If
// one comes near, it tells what does not fit.
func (c *Change) covered(by proto.Agency, is *Look, held []Held) (proto.NoticeID, string) {
	near := ""
	for i := range held {
		h := &held[i]
		if h.Agency != by || h.Replaced || !concerns(h, c.What) {
			continue
		}
		switch {
		case !h.Covers(c.At):
			near = fmt.Sprintf("the notice %q is for %s to %s", h.Title, stamp(h.Begins), stamp(h.Ends))
		case !fits(h, c.What, is):
			near = fmt.Sprintf("the notice %q announced something else", h.Title)
		default:
			return h.ID, ""
		}
	}
	return proto.NoticeID{}, near
}

// concerns reports whether a notice of such a kind can announce a change of an aspect.
func concerns(h *Held, what Aspect) bool {
	switch h.Kind {
	case proto.NoticeProtocol:
		return what == AspectProtocol || what == AspectCapabilities && h.Protocol.Capabilities != nil
	case proto.NoticeRollover:
		return what == AspectRoot || what == AspectIssuer || what == AspectKey
	case proto.NoticeSuite:
		return what == AspectKey || what.ours()
	case proto.NoticeAddress:
		return what == AspectAddress || what == AspectRelay
	case proto.NoticeMaintenance:
		return what == AspectRelay
	}
	return false
}

// fits reports whether a notice announced exactly what is there now.
func fits(h *Held, what Aspect, is *Look) bool {
	switch what {
	case AspectProtocol:
		return h.Protocol.Min == is.VersionMin && h.Protocol.Max == is.VersionMax
	case AspectCapabilities:
		return slices.Equal(h.Protocol.Capabilities, is.Capabilities)
	case AspectRoot, AspectIssuer:
		return h.Root == is.Root
	case AspectKey:
		return h.Kind != proto.NoticeSuite || slices.Contains(h.Suites.After, suiteOf(is.Key))
	case AspectAddress:
		host := h.Address.HostAfter()
		_, notIP := netip.ParseAddr(host) // a name cannot be compared with where packets come from
		return host == is.Host || notIP != nil
	}
	return true
}

// suiteOf is the suite that a key of a type can be in; 0 for none.
func suiteOf(key string) uint16 {
	switch key {
	case "P-256":
		return proto.SuiteP256
	case "P-384":
		return proto.SuiteP384
	}
	return 0
}

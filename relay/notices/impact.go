package notices

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"crossband/crypto/identity"
	"crossband/proto"
)

// Code says in one word what a change does. The words are shown and compared by
// programs: they are added, never changed.
type Code string

// The codes of what a change does.
const (
	LinkRefused      Code = "link-refused"       // the relays have no protocol version in common
	VersionAgreed    Code = "version-agreed"     // they still have one
	CapabilityEnds   Code = "capability-ends"    // a link does without it
	SuiteEnds        Code = "suite-ends"         // channels of a suite that an agency does no more
	SuiteUnknown     Code = "suite-unknown"      // this build does none of those that are left
	CodecUnknown     Code = "codec-unknown"      // voice cannot be heard
	RootNotTrusted   Code = "root-not-trusted"   // the bundle has not been rolled here
	RootTrusted      Code = "root-trusted"       // it has
	GatewayUp        Code = "gateway-up"         // encryption may end there
	GatewayDown      Code = "gateway-down"       // what is behind it is not reached
	HubAway          Code = "hub-away"           // channels work locally
	MembersAway      Code = "members-away"       // an agency's members are not reached
	AddressDiffers   Code = "address-differs"    // the configuration dials the old address
	AddressChanges   Code = "address-changes"    // nothing to set here
	PartnerUnknown   Code = "partner-unknown"    // never linked: it cannot be told
	NothingAffected  Code = "nothing-affected"   // as far as this relay knows
	CannotBeReckoned Code = "cannot-be-reckoned" // it is said in words only: read it
)

// Breakage is one thing that a change does, to one agency.
type Breakage struct {
	Code     Code
	For      proto.Agency
	Breaks   bool     // something stops working unless somebody acts; else it is for information
	Channels []string // titles
	Text     string   // a sentence
}

// Impact works out what a notice does as far as the relay knows: a partner's notice to
// the own agency, the own one to each partner that it names. It is never empty but
// for a notice that only takes another back.
func Impact(n *proto.Notice, k *Knowledge) []Breakage {
	if n.Kind == proto.NoticeWithdrawn {
		return nil
	}
	var list []Breakage
	add := func(b Breakage) { list = append(list, b) }
	if n.Agency != k.Self {
		k.impact(n, k.Self, add)
	} else {
		for _, a := range n.To {
			k.impact(n, a, add)
		}
	}
	if len(list) == 0 {
		add(Breakage{Code: NothingAffected, For: k.Self, Text: "nothing that this relay knows of is affected"})
	}
	return list
}

// impact tells what a notice does to one agency.
func (k *Knowledge) impact(n *proto.Notice, to proto.Agency, add func(Breakage)) {
	switch n.Kind {
	case proto.NoticeProtocol:
		k.protocol(n, to, add)
	case proto.NoticeSuite:
		k.suites(n, to, add)
	case proto.NoticeCodec:
		k.codecs(n, to, add)
	case proto.NoticeRollover:
		k.rollover(n, to, add)
	case proto.NoticeGateway:
		k.gateway(n, to, add)
	case proto.NoticeMaintenance:
		k.maintenance(n, to, add)
	case proto.NoticeAddress:
		k.address(n, to, add)
	default:
		add(Breakage{Code: CannotBeReckoned, For: to, Text: "what this changes is said in words only: read it"})
	}
}

func (k *Knowledge) protocol(n *proto.Notice, to proto.Agency, add func(Breakage)) {
	low, high, capabilities, known := k.speaks(to)
	if !known {
		add(Breakage{Code: PartnerUnknown, For: to, Text: fmt.Sprintf("what %s speaks is not known: there was no link yet", to)})
		return
	}
	p := n.Protocol
	shared := k.between(n.Agency, to, each)
	if common := min(p.Max, high); common < max(p.Min, low) {
		add(Breakage{LinkRefused, to, true, titles(shared), fmt.Sprintf(
			"from %s %s speaks protocol versions %d to %d, %s speaks %d to %d: their link will be refused (%d)%s",
			stamp(n.Begins), n.Agency, p.Min, p.Max, to, low, high, proto.ReasonVersion, naming("; cut off from each other in ", shared))})
	} else {
		add(Breakage{Code: VersionAgreed, For: to, Text: fmt.Sprintf("%s and %s will speak protocol version %d", n.Agency, to, common)})
	}
	if p.Capabilities == nil {
		return
	}
	var lost []string
	for _, c := range capabilities {
		if !slices.Contains(p.Capabilities, c) {
			lost = append(lost, c)
		}
	}
	if len(lost) > 0 {
		add(Breakage{Code: CapabilityEnds, For: to, Text: fmt.Sprintf("%s offers no more: %s", n.Agency, strings.Join(lost, ", "))})
	}
}

// speaks tells what an agency's relay speaks.
func (k *Knowledge) speaks(a proto.Agency) (low, high uint32, capabilities []string, known bool) {
	if a == k.Self {
		return k.VersionMin, k.VersionMax, k.Capabilities, true
	}
	l := k.Partners[a].Last
	if l == nil || l.VersionMax == 0 {
		return 0, 0, nil, false
	}
	return l.VersionMin, l.VersionMax, l.Capabilities, true
}

func (k *Knowledge) suites(n *proto.Notice, to proto.Agency, add func(Breakage)) {
	for _, s := range n.Suites.Before {
		if slices.Contains(n.Suites.After, s) {
			continue
		}
		hit := k.between(n.Agency, to, func(c *Channel) bool { return c.Suite == s })
		if len(hit) > 0 {
			add(Breakage{SuiteEnds, to, true, titles(hit), fmt.Sprintf(
				"suite %d ends at %s on %s: %s cannot be used with it any more; members there hold keys of that suite only (%s), and need new keys, and the channels new charters",
				s, n.Agency, stamp(n.Begins), naming("", hit), counts(hit, to))})
		}
	}
	if to == k.Self && !slices.ContainsFunc(n.Suites.After, func(s uint16) bool { return slices.Contains(k.Suites, s) }) {
		add(Breakage{SuiteUnknown, to, true, nil, fmt.Sprintf("this build does none of the suites that %s will do (%v): no channel with it will be possible", n.Agency, n.Suites.After)})
	}
}

func (k *Knowledge) codecs(n *proto.Notice, to proto.Agency, add func(Breakage)) {
	if slices.ContainsFunc(n.Codecs.After, func(c string) bool { return slices.Contains(k.Codecs, c) }) {
		return
	}
	if hit := k.between(n.Agency, to, each); len(hit) > 0 {
		add(Breakage{CodecUnknown, to, true, titles(hit), fmt.Sprintf("from %s the voice of %s is in %s, which nobody else here speaks (%s): it will not be heard in %s",
			stamp(n.Begins), n.Agency, strings.Join(n.Codecs.After, ", "), strings.Join(k.Codecs, ", "), naming("", hit))})
	}
}

func (k *Knowledge) rollover(n *proto.Notice, to proto.Agency, add func(Breakage)) {
	if to != k.Self { // whether a partner has taken the bundle is for it to say
		if !slices.Contains(k.OwnRoots, n.Root) {
			add(Breakage{RootNotTrusted, to, true, nil, fmt.Sprintf("the announced root is not in the own bundle: roll it (crossband agency roll) and give %s the new bundle; its words are %s", to, identity.Fingerprint(n.Root))})
		}
		return
	}
	if slices.Contains(k.Partners[n.Agency].Roots, n.Root) {
		add(Breakage{Code: RootTrusted, For: to, Text: fmt.Sprintf("the root that %s changes to is trusted here already", n.Agency)})
		return
	}
	hit := k.between(n.Agency, to, each)
	add(Breakage{RootNotTrusted, to, true, titles(hit), fmt.Sprintf(
		"the root of %s changes on %s and its bundle has not been rolled here: its relay and its members will be refused (%d)%s; get the new bundle and compare its words: %s",
		n.Agency, stamp(n.Begins), proto.ReasonUnknownAuthority, naming(" in ", hit), identity.Fingerprint(n.Root))})
}

func (k *Knowledge) gateway(n *proto.Notice, to proto.Agency, add func(Breakage)) {
	hit := k.between(n.Agency, to, func(c *Channel) bool { p, _ := c.party(n.Agency); return p.Gateway })
	switch name := n.Gateway.Name; {
	case len(hit) == 0:
	case n.Gateway.Up:
		add(Breakage{GatewayUp, to, false, titles(hit), fmt.Sprintf("from %s %s may join: where it does, encryption ends there: %s", stamp(n.Begins), name, naming("", hit))})
	default:
		add(Breakage{GatewayDown, to, true, titles(hit), fmt.Sprintf("from %s %s is away: what is behind it is not reached from %s", stamp(n.Begins), name, naming("", hit))})
	}
}

func (k *Knowledge) maintenance(n *proto.Notice, to proto.Agency, add func(Breakage)) {
	when := stamp(n.Begins) + " to " + stamp(n.Ends)
	if hubs := k.between(n.Agency, to, func(c *Channel) bool { return c.Owner == n.Agency }); len(hubs) > 0 {
		wait := ""
		if slices.ContainsFunc(hubs, func(c *Channel) bool { return c.Calling }) {
			wait = "; hails to " + string(n.Agency) + " wait"
		}
		add(Breakage{HubAway, to, true, titles(hubs), fmt.Sprintf("%s: the hub of %s is away at times: members of %s work locally there, and nobody joins%s", when, naming("", hubs), to, wait)})
	}
	if others := k.between(n.Agency, to, func(c *Channel) bool { return c.Owner != n.Agency }); len(others) > 0 {
		add(Breakage{MembersAway, to, true, titles(others), fmt.Sprintf("%s: members of %s are not reached at times in %s", when, n.Agency, naming("", others))})
	}
}

func (k *Knowledge) address(n *proto.Notice, to proto.Agency, add func(Breakage)) {
	if to != k.Self {
		add(Breakage{AddressChanges, to, false, nil, fmt.Sprintf("if %s dials this relay it must dial %s from %s on", to, n.Address.After, stamp(n.Begins))})
		return
	}
	switch dials := k.Partners[n.Agency].Dials; dials {
	case n.Address.After:
		add(Breakage{AddressChanges, to, false, nil, fmt.Sprintf("this relay dials %s already", dials)})
	case "":
		add(Breakage{AddressChanges, to, false, nil, fmt.Sprintf("%s will dial from another place (%s): let it through where packets are filtered by address", n.Agency, n.Address.After)})
	default:
		add(Breakage{AddressDiffers, to, true, titles(k.between(n.Agency, to, each)), fmt.Sprintf("this relay dials %s: set the peer's address to %s on %s, or the link will not come back", dials, n.Address.After, stamp(n.Begins))})
	}
}

// stamp is a time as people read it, without guessing at their zone.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

func titles(list []*Channel) (words []string) {
	for _, c := range list {
		words = append(words, c.Title)
	}
	return words
}

// mostNamed bounds how many channels a sentence names; all are in Channels.
const mostNamed = 5

func naming(before string, list []*Channel) string {
	var words []string
	for _, c := range list {
		words = append(words, fmt.Sprintf("%q", c.Title))
	}
	if n := len(words); n > mostNamed {
		words = append(words[:mostNamed], fmt.Sprintf("%d more", n-mostNamed))
	}
	if len(words) == 0 {
		return ""
	}
	return before + strings.Join(words, ", ")
}

// counts tells how many members of an agency are in each channel.
func counts(list []*Channel, a proto.Agency) string {
	sum := 0
	for _, c := range list {
		p, _ := c.party(a)
		sum += p.Members
	}
	return fmt.Sprintf("%d of %s are known, one that is in several counted in each", sum, a)
}

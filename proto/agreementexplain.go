package proto

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// May is what somebody may want to do on a channel.
type May uint8

// The acts that an agreement allows or does not.
const (
	MayListen May = iota + 1
	MaySpeak
	MayHail
	MayOpen // an incident or a patrol
)

// String is the act in one word.
func (a May) String() string {
	switch a {
	case MayListen:
		return "listen"
	case MaySpeak:
		return "speak"
	case MayHail:
		return "hail"
	case MayOpen:
		return "open"
	}
	return "nothing"
}

// ParseMay reads the word that String writes.
func ParseMay(s string) (May, error) {
	for a := MayListen; a <= MayOpen; a++ {
		if a.String() == s {
			return a, nil
		}
	}
	return 0, fmt.Errorf("no act %q: want listen, speak, hail or open", clip(s))
}

// Answer says whether somebody may do something, in one sentence that says why.
type Answer struct {
	May      bool
	Sentence string
}

// Explain answers whether the agreement lets name do something on one of its
// channels at now, in English.
func (a *Agreement) Explain(n Name, channel string, act May, now time.Time) Answer {
	who := fmt.Sprintf("%s of %s", n.Short(), n.Agency)
	no := func(format string, args ...any) Answer {
		return Answer{false, fmt.Sprintf("%s may not %s on %q: ", who, act, channel) + fmt.Sprintf(format, args...)}
	}
	c := a.channel(channel)
	if c == nil {
		return no("%q has no such channel", a.Title)
	}
	if err := a.Check(now); err != nil {
		return no("%s", AsRefusal(err).Detail)
	}
	if o := a.observer(n.Agency); o != nil {
		return o.explain(a, c, n, act, now, no)
	}
	p, ok := c.party(n.Agency)
	switch {
	case !ok:
		return no("%s has no part in it", n.Agency)
	case len(p.Only) > 0 && !slices.Contains(p.Only, n):
		return no("of %s only %s may", n.Agency, namesIn(p.Only))
	}
	allowed := allowedRoles(c, p, act)
	if act == MayOpen && !slices.Contains(c.Owners, n.Agency) {
		return no("%s opens none", n.Agency)
	}
	if !slices.Contains(allowed, n.Role) {
		return no("of %s %s", n.Agency, onlyRoles(allowed))
	}
	more := ""
	if act == MaySpeak {
		more = fmt.Sprintf(", up to %s", p.MaxPriority)
	}
	if act == MayOpen && c.Kind == KindIncident {
		more = ", by a hail that is accepted"
	}
	return Answer{true, fmt.Sprintf("%s may %s on %q (%s)%s, until %s", who, act, channel, c.Kind, more, stamp(a.Ends))}
}

func allowedRoles(c *AgreedChannel, p Party, act May) []Role {
	switch {
	case act == MayListen:
		return append(slices.Clone(p.Send), p.Listen...)
	case act == MaySpeak, act == MayOpen && !c.lasting():
		return p.Send
	case act == MayHail && c.Kind == KindCalling:
		return p.Hail
	}
	return nil
}

func (o *AgreedObserver) explain(a *Agreement, c *AgreedChannel, n Name, act May, now time.Time, no func(string, ...any) Answer) Answer {
	switch {
	case !slices.Contains(o.Channels, c.Name):
		return no("%s observes other channels", n.Agency)
	case act != MayListen:
		return no("%s observes: it hears and reads, and cannot send", n.Agency)
	case !slices.Contains(o.Roles, n.Role):
		return no("of %s %s", n.Agency, onlyRoles(o.Roles))
	case !now.Before(o.Until):
		return no("%s observed until %s", n.Agency, stamp(o.Until))
	}
	return Answer{true, fmt.Sprintf("%s of %s may listen on %q (%s) as an observer, shown to everybody, until %s", n.Short(), n.Agency, c.Name, c.Kind, stamp(o.Until))}
}

func onlyRoles(roles []Role) string {
	if len(roles) == 0 {
		return "nobody may"
	}
	words := make([]string, len(roles))
	for i, r := range roles {
		words[i] = r.String()
	}
	return "only " + strings.Join(words, " and ") + " may"
}

func namesIn(names []Name) string {
	words := make([]string, len(names))
	for i, n := range names {
		words[i] = n.Short()
	}
	return strings.Join(words, ", ")
}

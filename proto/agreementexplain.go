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

// explaining is an answer on its way: what was asked, and in which language.
type explaining struct {
	a   *Agreement
	c   *AgreedChannel
	n   Name
	act May
	now time.Time
	l   Language
}

func (x *explaining) say(words [3]string, args ...any) string {
	return fmt.Sprintf(x.l.in(words), args...)
}

func (x *explaining) who() string {
	return x.say([3]string{"%s of %s", "%s de %s", "%s de %s"}, x.n.Short(), x.n.Agency)
}

// no is the answer that somebody may not, and why.
func (x *explaining) no(channel string, words [3]string, args ...any) Answer {
	head := x.say([3]string{"%s may not %s on %q: ", "%s no puede %s en %q: ", "%s ne peut pas %s sur %q : "}, x.who(), x.act.In(x.l), channel)
	return Answer{false, head + x.say(words, args...)}
}

// Explain answers whether the agreement lets name do something on one of its
// channels at now, in the reader's language.
func (a *Agreement) Explain(n Name, channel string, act May, now time.Time, l Language) Answer {
	x := &explaining{a: a, c: a.channel(channel), n: n, act: act, now: now, l: l}
	switch {
	case x.c == nil:
		return x.no(channel, [3]string{"%q has no such channel", "%q no tiene tal canal", "%q n'a pas de tel canal"}, a.Title)
	case now.Before(a.Begins):
		return x.no(channel, [3]string{"%q begins %s", "%q comienza el %s", "%q commence le %s"}, a.Title, stamp(a.Begins))
	case !now.Before(a.Ends):
		return x.no(channel, [3]string{"%q ended %s", "%q terminó el %s", "%q a pris fin le %s"}, a.Title, stamp(a.Ends))
	}
	if o := a.observer(n.Agency); o != nil {
		return x.observes(o)
	}
	p, ok := x.c.party(n.Agency)
	switch {
	case !ok:
		return x.no(channel, [3]string{"%s has no part in it", "%s no participa en él", "%s n'y prend pas part"}, n.Agency)
	case len(p.Only) > 0 && !slices.Contains(p.Only, n):
		return x.no(channel, [3]string{"of %s only %s may", "de %s solo puede %s", "de %s seul %s le peut"}, n.Agency, namesIn(p.Only))
	}
	allowed := allowedRoles(x.c, p, act)
	if act == MayOpen && !slices.Contains(x.c.Owners, n.Agency) {
		return x.no(channel, [3]string{"%s opens none", "%s no abre ninguno", "%s n'en ouvre aucun"}, n.Agency)
	}
	if !slices.Contains(allowed, n.Role) {
		return x.onlyRoles(allowed)
	}
	return x.yes(&p)
}

// yes is the answer that a party's role may, and how far.
func (x *explaining) yes(p *Party) Answer {
	more := ""
	if x.act == MaySpeak {
		more = x.say([3]string{", up to %s", ", hasta %s", ", jusqu'à %s"}, p.MaxPriority.In(x.l))
	}
	if x.act == MayOpen && x.c.Kind == KindIncident {
		more = x.say([3]string{", by a hail that is accepted", ", por un llamado que sea aceptado", ", par un appel qui est accepté"})
	}
	return Answer{true, x.say([3]string{"%s may %s on %q (%s)%s, until %s", "%s puede %s en %q (%s)%s, hasta %s", "%s peut %s sur %q (%s)%s, jusqu'au %s"},
		x.who(), x.act.In(x.l), x.c.Name, x.c.Kind.In(x.l), more, stamp(x.a.Ends))}
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

// observes answers for an observer.
func (x *explaining) observes(o *AgreedObserver) Answer {
	switch {
	case !slices.Contains(o.Channels, x.c.Name):
		return x.no(x.c.Name, [3]string{"%s observes other channels", "%s observa otros canales", "%s observe d'autres canaux"}, x.n.Agency)
	case x.act != MayListen:
		return x.no(x.c.Name, [3]string{
			"%s observes: it hears and reads, and cannot send", "%s observa: oye y lee, y no puede enviar", "%s observe : il entend et lit, et ne peut rien envoyer",
		}, x.n.Agency)
	case !slices.Contains(o.Roles, x.n.Role):
		return x.onlyRoles(o.Roles)
	case !x.now.Before(o.Until):
		return x.no(x.c.Name, [3]string{"%s observed until %s", "%s observó hasta %s", "%s a observé jusqu'au %s"}, x.n.Agency, stamp(o.Until))
	}
	return Answer{true, x.say([3]string{
		"%s may listen on %q (%s) as an observer, shown to everybody, until %s", "%s puede escuchar en %q (%s) como observador, a la vista de todos, hasta %s",
		"%s peut écouter sur %q (%s) comme observateur, à la vue de tous, jusqu'au %s",
	}, x.who(), x.c.Name, x.c.Kind.In(x.l), stamp(o.Until))}
}

// onlyRoles is the answer that other roles may.
func (x *explaining) onlyRoles(roles []Role) Answer {
	if len(roles) == 0 {
		return x.no(x.c.Name, [3]string{"of %s nobody may", "de %s nadie puede", "de %s personne ne le peut"}, x.n.Agency)
	}
	words := make([]string, len(roles))
	for i, r := range roles {
		words[i] = r.In(x.l)
	}
	list := strings.Join(words, x.l.in([3]string{" and ", " y ", " et "}))
	return x.no(x.c.Name, [3]string{"of %s only %s may", "de %s solo puede: %s", "de %s seul le peut : %s"}, x.n.Agency, list)
}

func namesIn(names []Name) string {
	words := make([]string, len(names))
	for i, n := range names {
		words[i] = n.Short()
	}
	return strings.Join(words, ", ")
}

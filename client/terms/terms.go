package terms

import (
	"strings"
	"time"

	"crossband/client/phrase"
	"crossband/proto"
)

// Line is one line of what an agreement says. Label may be empty: the line goes on with
// what the one before it is about.
type Line struct{ Label, Text string }

// lines are collected in one language.
type lines struct {
	l    phrase.Language
	list []Line
}

func (b *lines) add(label phrase.Wording, text phrase.Wording, args ...any) {
	b.list = append(b.list, Line{label.In(b.l), phrase.Inert(text.Say(b.l, args...))})
}

// Lines says what an agreement allows, whom and up to when.
func Lines(a *proto.Agreement, l phrase.Language) []Line {
	b := &lines{l: l}
	b.add(phrase.Wording{"agreement", "acuerdo", "accord"}, phrase.Wording{"%s", "%s", "%s"}, a.Title)
	b.add(phrase.Wording{"id", "id", "id"}, phrase.Wording{"%s, revision %d", "%s, revisión %d", "%s, révision %d"}, a.ID, a.Revision)
	b.add(phrase.Wording{"parties", "partes", "parties"}, phrase.Wording{"%s", "%s", "%s"}, joined(a.Parties))
	status := phrase.Wording{"actual", "real", "réel"}
	if a.Exercise {
		status = phrase.Wording{"EXERCISE: nothing real may go over its channels", "SIMULACRO: nada real puede ir por sus canales", "EXERCICE : rien de réel ne peut passer par ses canaux"}
	}
	b.add(phrase.Wording{"status", "carácter", "nature"}, status)
	b.add(phrase.Wording{"in force", "vigencia", "en vigueur"}, phrase.Wording{"%s to %s", "de %s a %s", "du %s au %s"}, stamp(a.Begins), stamp(a.Ends))
	b.add(phrase.Wording{"countdown", "aviso", "préavis"}, phrase.Wording{
		"%v before what a party has withdrawn from ends", "%v antes de que termine aquello de lo que una parte se retiró",
		"%v avant que prenne fin ce dont une partie s'est retirée",
	}, a.Countdown)
	for i := range a.Channels {
		b.channel(&a.Channels[i])
	}
	for i := range a.Observers {
		o := &a.Observers[i]
		b.add(phrase.Wording{"observer", "observador", "observateur"}, phrase.Wording{
			"%s, %s: hears and reads %s until %s, cannot send", "%s, %s: oye y lee %s hasta %s, no puede enviar",
			"%s, %s : entend et lit %s jusqu'au %s, ne peut rien envoyer",
		}, o.Agency, rolesIn(o.Roles, l), strings.Join(o.Channels, ", "), stamp(o.Until))
	}
	b.ladder(a)
	return b.list
}

func (b *lines) ladder(a *proto.Agreement) {
	label := phrase.Wording{"ladder", "escalada", "escalade"}
	for _, s := range a.Ladder {
		names := make([]string, len(s.Page))
		for i, n := range s.Page {
			names[i] = n.Short() + "@" + string(n.Agency)
		}
		b.add(label, phrase.Wording{"after %v %s", "tras %v %s", "après %v %s"}, s.After, strings.Join(names, ", "))
	}
	if a.Rearm > 0 {
		b.add(label, phrase.Wording{
			"again %v after an acceptance that nothing followed", "de nuevo %v después de una aceptación a la que nada siguió",
			"de nouveau %v après une acceptation restée sans suite",
		}, a.Rearm)
	}
}

func (b *lines) channel(c *proto.AgreedChannel) {
	owner := phrase.Wording{"hub of %s", "central en %s", "central chez %s"}.Say(b.l, joined(c.Owners))
	if c.Kind == proto.KindIncident || c.Kind == proto.KindPatrol {
		owner = phrase.Wording{"opened by %s", "lo abre %s", "ouvert par %s"}.Say(b.l, joined(c.Owners))
	}
	b.add(phrase.Wording{"channel", "canal", "canal"}, phrase.Wording{
		"%s %q (%s): %s, suite %d, %s, %v at a time", "%s %q (%s): %s, suite %d, %s, %v por turno", "%s %q (%s) : %s, suite %d, %s, %v par prise de parole",
	}, c.Name, c.Title, c.Kind.In(reasonsIn(b.l)), owner, c.Suite, storageWords(c.Storage, b.l), c.TalkLimit)
	for i := range c.Parties {
		p := &c.Parties[i]
		b.add(phrase.Wording{}, phrase.Wording{"  %s: %s", "  %s: %s", "  %s : %s"}, p.Agency, b.mays(p))
	}
}

// mays says what one party's roles may do.
func (b *lines) mays(p *proto.Party) string {
	var may []string
	for _, x := range []struct {
		verb  phrase.Wording
		roles []proto.Role
	}{
		{phrase.Wording{"%s speak", "%s: habla", "%s : parle"}, p.Send},
		{phrase.Wording{"%s hail", "%s: llama", "%s : appelle"}, p.Hail},
		{phrase.Wording{"%s listen", "%s: escucha", "%s : écoute"}, p.Listen},
	} {
		if len(x.roles) > 0 {
			may = append(may, x.verb.Say(b.l, rolesIn(x.roles, b.l)))
		}
	}
	if len(p.Send) > 0 {
		may = append(may, phrase.Wording{"up to %s", "hasta %s", "jusqu'à %s"}.Say(b.l, p.MaxPriority.In(reasonsIn(b.l))))
	}
	if len(p.Only) > 0 {
		may = append(may, phrase.Wording{"of them %d named only", "de ellos solo %d nombrados", "parmi eux seulement %d nommés"}.Say(b.l, len(p.Only)))
	}
	return strings.Join(may, "; ")
}

// Acts lists what somebody may want to do on a channel.
func Acts() []proto.May {
	return []proto.May{proto.MayListen, proto.MaySpeak, proto.MayHail, proto.MayOpen}
}

// Meant reports whether there is such an act on a kind of channel.
func Meant(k proto.CharterKind, act proto.May) bool {
	switch act {
	case proto.MayHail:
		return k == proto.KindCalling
	case proto.MayOpen:
		return k == proto.KindIncident || k == proto.KindPatrol
	}
	return true
}

// Of says what one device may do under an agreement at now, a sentence for each act on
// each channel.
func Of(a *proto.Agreement, n proto.Name, now time.Time, l phrase.Language) (list []string) {
	for _, c := range a.Channels {
		for _, act := range Acts() {
			if Meant(c.Kind, act) {
				list = append(list, phrase.Inert(a.Explain(n, c.Name, act, now, reasonsIn(l)).Sentence))
			}
		}
	}
	return list
}

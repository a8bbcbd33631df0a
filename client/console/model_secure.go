package console

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"crossband/client/phrase"
	"crossband/client/views"
	"crossband/proto"
)

// The states of Secure.
const (
	SecureYes         = "secure"
	SecureUnconfirmed = "unconfirmed"
	SecureDiffer      = "differ"
	SecureNone        = "none"
)

// grounds is everything on which a channel's Secure rests.
type grounds struct {
	me        proto.Name
	joined    bool
	expelled  bool
	charter   *proto.Charter
	members   []proto.Name
	views     views.Views
	linkUp    bool
	linkSince time.Time // of the link's state
	hubAway   bool
	awaySince time.Time
}

// cause is why a channel is not secure, or causeNone.
type cause uint8

const (
	causeNone cause = iota
	causeOut
	causeAlone
	causeDiffer
	causeLink
	causeHub
	causeSilent
	causeUnheard
)

// judge finds the state and what it is for. Whatever is not known counts as
// unconfirmed: a channel is secure only if every single thing says so.
func (g *grounds) judge() (state string, why cause) {
	others := len(g.members) - 1
	switch {
	case !g.joined || g.expelled || !slices.Contains(g.members, g.me):
		return SecureNone, causeOut
	case others < 1:
		return SecureNone, causeAlone
	case g.views.State == views.Differ || len(g.views.Differ) > 0: // a broken link makes it no better
		return SecureDiffer, causeDiffer
	case !g.linkUp:
		return SecureUnconfirmed, causeLink
	case g.hubAway:
		return SecureUnconfirmed, causeHub
	case len(g.views.Silent) > 0:
		return SecureUnconfirmed, causeSilent
	case g.views.State != views.Agreed || g.views.Agree < 1 || g.views.Others != others:
		return SecureUnconfirmed, causeUnheard
	}
	return SecureYes, causeNone
}

// says puts the state into words. since is when the state began; zero: not known.
func (g *grounds) says(why cause, since time.Time, l phrase.Language) string {
	parts := []string{g.sentence(why, since, l)}
	if g.joined && !g.expelled {
		parts = append(parts, g.company(l)...)
	}
	return strings.Join(parts, " ")
}

func (g *grounds) sentence(why cause, since time.Time, l phrase.Language) string {
	switch why {
	case causeOut:
		if g.expelled {
			return phrase.Wording{"This device has been put out: nothing is secure here.", "Este equipo fue excluido: aquí nada es seguro.", "Cet appareil a été exclu : rien n'est sûr ici."}.In(l)
		}
		return phrase.Wording{"You are not in this channel.", "Usted no está en este canal.", "Vous n'êtes pas sur ce canal."}.In(l)
	case causeAlone:
		return phrase.Wording{"Nobody else is in this channel.", "No hay nadie más en este canal.", "Personne d'autre n'est sur ce canal."}.In(l)
	case causeDiffer:
		return phrase.Wording{
			"NOT SECURE: %s sees other members than this device. Somebody may be listening who is not shown.",
			"NO ES SEGURO: %s ve otros miembros que este equipo. Puede estar escuchando alguien que no aparece.",
			"NON SÛR : %s voit d'autres membres que cet appareil. Quelqu'un qui n'est pas affiché écoute peut-être.",
		}.Say(l, g.who(l))
	case causeLink:
		return phrase.Wording{"Not confirmed: no link to the relay%s.", "Sin confirmar: sin enlace con el repetidor%s.", "Non confirmé : aucune liaison avec le relais%s."}.Say(l, sinceWords(g.linkSince, l))
	case causeHub:
		return phrase.Wording{
			"Not confirmed: the channel's hub is away%s; you reach those of your own relay only.",
			"Sin confirmar: la central del canal no responde%s; solo llega a quienes están en su propio repetidor.",
			"Non confirmé : le central du canal est absent%s ; vous ne joignez que ceux de votre propre relais.",
		}.Say(l, sinceWords(g.awaySince, l))
	case causeSilent:
		return phrase.Wording{
			"Not confirmed%[2]s: nobody of %[1]s has confirmed who is in the channel.",
			"Sin confirmar%[2]s: nadie de %[1]s ha confirmado quién está en el canal.",
			"Non confirmé%[2]s : personne de %[1]s n'a confirmé qui est sur le canal.",
		}.Say(l, listed(g.views.Silent, agencyText), sinceWords(since, l))
	case causeUnheard:
		return phrase.Wording{
			"Not confirmed%s: the others have not said yet who is in the channel.",
			"Sin confirmar%s: los demás aún no han dicho quién está en el canal.",
			"Non confirmé%s : les autres n'ont pas encore dit qui est sur le canal.",
		}.Say(l, sinceWords(since, l))
	}
	return phrase.Wording{
		"Secure: %d of %d others confirm who is in the channel.",
		"Seguro: %d de %d miembros confirman quién está en el canal.",
		"Sûr : %d des %d autres confirment qui est sur le canal.",
	}.Say(l, g.views.Agree, g.views.Others)
}

// who names those whose view is another.
func (g *grounds) who(l phrase.Language) string {
	if len(g.views.Differ) == 0 {
		return phrase.Wording{"somebody", "alguien", "quelqu'un"}.In(l)
	}
	return listed(g.views.Differ, shown)
}

func sinceWords(t time.Time, l phrase.Language) string {
	if t.IsZero() {
		return ""
	}
	return phrase.Wording{" since %s", " desde las %s", " depuis %s"}.Say(l, timeOfDay(t))
}

// company names the observers and gateways among the members: the one hears what is
// said, at the other the encryption ends.
func (g *grounds) company(l phrase.Language) (parts []string) {
	if list := g.gateways(); len(list) > 0 {
		parts = append(parts, phrase.Wording{"ENCRYPTION ENDS at %s.", "EL CIFRADO TERMINA en %s.", "LE CHIFFREMENT S'ARRÊTE à %s."}.Say(l, listed(list, shown)))
	}
	if list := g.observers(); len(list) > 0 {
		parts = append(parts, phrase.Wording{"Observed by %s.", "Observado por %s.", "Observé par %s."}.Say(l, listed(list, shown)))
	}
	return parts
}

func (g *grounds) gateways() (list []proto.Name) {
	for _, n := range g.members {
		if n.Role == proto.RoleGateway {
			list = append(list, n)
		}
	}
	return list
}

func (g *grounds) observers() (list []proto.Name) {
	for _, n := range g.members {
		if _, observes := g.charter.Observes(n.Agency); observes {
			list = append(list, n)
		}
	}
	return list
}

// suiteWords names a cipher suite (RFC 9420 17.1).
func suiteWords(suite uint16) string {
	switch suite {
	case proto.SuiteP256:
		return "MLS 2: P-256, AES-128"
	case proto.SuiteP384:
		return "MLS 7: P-384, AES-256"
	}
	return fmt.Sprintf("MLS %d", suite)
}

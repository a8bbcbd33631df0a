package relaytest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/crypto/agreement"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay"
)

// Agree writes an agreement, has every agency of it sign, and gives it to the relays
// of all of them. What is left out is filled in: a title, a year, the usual
// countdown. It returns the agreement as it was signed.
func (w *World) Agree(a proto.Agreement) proto.Agreement {
	w.T.Helper()
	f := w.Signed(a)
	for _, s := range f.Agreement.Signers() {
		w.Give(w.founded[s], relay.Document{Kind: proto.DocumentAgreement, Signed: f.Encode()})
	}
	return f.Agreement
}

// Signed is Agree without giving the agreement to anybody.
func (w *World) Signed(a proto.Agreement) agreement.File {
	w.T.Helper()
	now := time.Now()
	if a.Title == "" {
		a.Title = "Border"
	}
	if a.Ends.IsZero() {
		a.Ends = now.Add(366 * 24 * time.Hour).UTC().Truncate(time.Second)
	}
	if a.Begins.IsZero() {
		a.Begins = now.Add(-time.Hour).UTC().Truncate(time.Second)
	}
	if a.Countdown == 0 {
		a.Countdown = proto.UsualCountdown
	}
	f, err := agreement.Parse(agreement.Write(&a))
	w.check(err)
	for _, s := range f.Agreement.Signers() {
		f, err = f.Sign(w.founded[s].mailbox(), now)
		w.check(err)
	}
	return f
}

// Give gives an agency's relay a document, now if it runs and at its start in any
// case.
func (w *World) Give(a *Agency, d relay.Document) {
	w.T.Helper()
	a.Documents = append(a.Documents, d)
	if a.stop != nil {
		w.check(a.Node.Take(context.Background(), d))
	}
}

// Withdraw has the agency withdraw from an agreement as of at, and its relay hear of
// it. It returns what it signed.
func (a *Agency) Withdraw(from proto.Agreement, at time.Time) relay.Document {
	a.W.T.Helper()
	signed, err := agreement.Withdraw(a.mailbox(), &from, at, time.Now(), "test")
	a.W.check(err)
	d := relay.Document{Kind: proto.DocumentWithdrawal, Signed: signed}
	a.W.Give(a, d)
	return d
}

// AgreedChannel is a channel of an agreement as charters of tests have it.
func AgreedChannel(name string, kind proto.CharterKind, title string, owners []*Agency, parties ...*wire.Charter_Party) proto.AgreedChannel {
	c := proto.AgreedChannel{Name: name, Kind: kind, Title: title, Suite: proto.SuiteP256, Storage: proto.StorageSealed, TalkLimit: proto.TalkLimit}
	for _, o := range owners {
		c.Owners = append(c.Owners, o.Name)
	}
	for _, p := range parties {
		c.Parties = append(c.Parties, agreedParty(p))
	}
	return c
}

func agreedParty(m *wire.Charter_Party) proto.Party {
	return proto.Party{Agency: proto.Agency(m.Agency), Send: roles(m.Send), Listen: roles(m.Listen), Hail: roles(m.Hail), MaxPriority: proto.Priority(m.MaxPriority)}
}

func roles(words []string) (list []proto.Role) {
	for _, word := range words {
		if r, err := proto.ParseRole(word); err == nil {
			list = append(list, r)
		}
	}
	return list
}

// cover has a charter rest on an agreement that allows just what it says. Charters
// that are alike rest on the same one. A charter of one agency rests on none.
func (a *Agency) cover(rules *wire.Charter) {
	a.W.T.Helper()
	if rules.Kind == wire.Charter_KIND_CALLING {
		rules.Parties = slices.Clone(rules.Parties)
		for i, p := range rules.Parties {
			if p = pb.Clone(p).(*wire.Charter_Party); len(p.Hail) == 0 { // the template may share it
				p.Hail = hailers(p, rules.Template)
			}
			rules.Parties[i] = p
		}
	}
	all := append(slices.Clone(rules.Parties), rules.Template...)
	var parties, openers []proto.Agency
	for _, p := range all {
		if agency := proto.Agency(p.Agency); !slices.Contains(parties, agency) {
			parties = append(parties, agency)
		}
	}
	for _, p := range rules.Template {
		if len(p.Send) > 0 {
			openers = append(openers, proto.Agency(p.Agency))
		}
	}
	if len(parties) < 2 {
		return
	}
	c := AgreedChannel("channel", proto.CharterKind(rules.Kind), rules.Title, []*Agency{a}, rules.Parties...)
	if c.Storage = proto.Storage(rules.Storage); rules.TalkLimitMs != 0 {
		c.TalkLimit = time.Duration(rules.TalkLimitMs) * time.Millisecond
	}
	channels := []proto.AgreedChannel{c}
	if len(rules.Template) > 0 {
		i := AgreedChannel("incidents", proto.KindIncident, "Incidents", nil, rules.Template...)
		for j := range i.Parties {
			i.Parties[j].Hail = nil
		}
		i.Owners, i.Storage, i.TalkLimit = openers, c.Storage, c.TalkLimit
		channels = append(channels, i, patrols(i))
	}
	ladder := ladderOf(a.W, rules)
	key := fmt.Sprint(parties, channels, ladder, rules.RearmMs)
	if a.W.covers[key] == nil {
		title := strings.TrimSpace("For " + rules.Title)
		agreed := a.W.Agree(proto.Agreement{Title: title[:min(len(title), 80)], Parties: parties, Channels: channels, Ladder: ladder, Rearm: time.Duration(rules.RearmMs) * time.Millisecond})
		a.W.covers[key] = &agreed
	}
	rules.Agreement = a.W.covers[key].ID[:]
}

// hailers are the roles of a party that may speak in the incident as well: who hails
// must be able to open it. Without incidents it is all that send.
func hailers(p *wire.Charter_Party, template []*wire.Charter_Party) []string {
	if len(template) == 0 {
		return p.Send
	}
	return slices.DeleteFunc(slices.Clone(p.Send), func(role string) bool {
		return !slices.ContainsFunc(template, func(t *wire.Charter_Party) bool { return t.Agency == p.Agency && slices.Contains(t.Send, role) })
	})
}

// patrols is the pattern of pairs of units, between the agencies that open incidents.
func patrols(incidents proto.AgreedChannel) proto.AgreedChannel {
	p := incidents
	p.Name, p.Title, p.Kind, p.Parties = "patrols", "Patrols", proto.KindPatrol, nil
	for _, party := range incidents.Parties {
		if slices.Contains(incidents.Owners, party.Agency) {
			p.Parties = append(p.Parties, proto.Party{Agency: party.Agency, Send: []proto.Role{proto.RoleUnit}, MaxPriority: party.MaxPriority})
		}
	}
	return p
}

func ladderOf(w *World, rules *wire.Charter) (ladder []proto.LadderStep) {
	for _, s := range rules.Ladder {
		step := proto.LadderStep{After: time.Duration(s.AfterMs) * time.Millisecond}
		for _, word := range s.Page {
			n, err := proto.ParseName(word)
			w.check(err)
			step.Page = append(step.Page, n)
		}
		ladder = append(ladder, step)
	}
	return ladder
}

// Agreement returns the agreement on which a channel of an agency rests.
func (w *World) Agreement(signedCharter []byte) proto.Agreement {
	w.T.Helper()
	for _, a := range w.covers {
		if strings.Contains(string(signedCharter), string(a.ID[:])) {
			return *a
		}
	}
	w.T.Fatal("the charter rests on no agreement")
	return proto.Agreement{}
}

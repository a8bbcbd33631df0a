package hub_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/crypto/agreement"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/hub"
)

// Document judges an agreement by the line before its text, which names who has
// signed, and a withdrawal by the line before it, which names who has issued it.
func (j fakeJudge) Document(kind proto.DocumentKind, signed []byte, _ time.Time) (proto.Document, error) {
	d, err := j.ReadDocument(kind, signed)
	if err == nil && j.revoked[string(signed)] {
		err = proto.Refuse(proto.ReasonRevoked, "a signer")
	}
	if err != nil || d.Agreement == nil {
		return d, err
	}
	line, _, _ := bytes.Cut(signed, []byte("\n"))
	for _, a := range d.Agreement.Signers() {
		if !slices.Contains(strings.Split(string(line), ","), string(a)) {
			return proto.Document{}, proto.Refusef(proto.ReasonNoAgreement, "%q lacks the signature of %s", d.Agreement.Title, a)
		}
	}
	return d, nil
}

func (fakeJudge) ReadDocument(kind proto.DocumentKind, signed []byte) (proto.Document, error) {
	d := proto.Document{Kind: kind, ID: proto.DocumentIDOf(kind, signed)}
	line, rest, _ := bytes.Cut(signed, []byte("\n"))
	if kind == proto.DocumentNotice || kind == proto.DocumentNoticeAnswer {
		return readNotice(d, rest)
	}
	if kind == proto.DocumentAgreement {
		a, err := agreement.ParseText(rest)
		if err != nil {
			return d, err
		}
		d.Agreement, d.Concerns, d.Ends = &a, a.Signers(), a.Ends
		return d, nil
	}
	m := new(wire.Withdrawal)
	if err := pb.Unmarshal(rest, m); err != nil {
		return d, proto.Refuse(proto.ReasonMalformed, "withdrawal")
	}
	d.Issuer = proto.Agency(line)
	d.Withdrawal = &proto.Withdrawal{Agreement: proto.AgreementID(m.Agreement), By: d.Issuer, At: time.UnixMilli(m.AtMs), Why: m.Why}
	return d, nil
}

// aDocument is a signed document that a script has made, or that was made for a
// charter which names no agreement of its own.
type aDocument struct {
	kind   proto.DocumentKind
	signed []byte
	parsed *proto.Agreement
	hidden bool // it is held from the start, and no trace shows it
	came   time.Time
}

// agreement defines one: NAME FIELD=VALUE... A channel is channel=NAME:KIND:TITLE:OWNER,…
// and has the parties that follow it, which are written as a charter's. An observer
// is observer=AGENCY:ROLES:CHANNELS:UNTIL. signed=AGENCY,… leaves signatures out.
func (w *world) agreement(words []string) error {
	name := words[0]
	a := &proto.Agreement{
		Title: name, Parties: []proto.Agency{agencies()["us"], agencies()["mx"]}, Begins: w.now.Add(-time.Hour).Truncate(time.Second),
		Ends: w.now.Add(48 * time.Hour).Truncate(time.Second), Countdown: proto.UsualCountdown,
	}
	var signed []string
	for _, word := range words[1:] {
		key, value, _ := strings.Cut(word, "=")
		var err error
		switch key {
		case "of":
			a.ID = w.made.documents[value].parsed.ID
		case "revision":
			a.Revision, err = number32(value)
		case "parties":
			a.Parties = agenciesOf(value)
		case "title":
			a.Title = value
		case "signed":
			signed = strings.Split(value, ",")
		case "exercise":
			a.Exercise = true
		case "begins":
			a.Begins, err = w.second(value)
		case "ends":
			a.Ends, err = w.second(value)
		case "countdown":
			a.Countdown, err = time.ParseDuration(value)
		case "channel":
			parts := strings.Split(value, ":")
			a.Channels = append(a.Channels, agreedChannel(parts[0], parts[1], parts[2], agenciesOf(parts[3])))
		case "party":
			err = addParty(&a.Channels[len(a.Channels)-1], value)
		case "observer":
			err = w.addObserver(a, value)
		default:
			err = fmt.Errorf("an agreement has no %q", key)
		}
		if err != nil {
			return err
		}
	}
	return w.makeAgreement(name, a, signed, false)
}

func (w *world) second(s string) (time.Time, error) {
	d, err := time.ParseDuration(s)
	return w.now.Add(d).Truncate(time.Second), err
}

func agenciesOf(s string) (list []proto.Agency) {
	for word := range strings.SplitSeq(s, ",") {
		list = append(list, agencies()[word])
	}
	return list
}

func agreedChannel(name, kind, title string, owners []proto.Agency) proto.AgreedChannel {
	return proto.AgreedChannel{
		Name: name, Kind: proto.CharterKind(wire.Charter_Kind_value["KIND_"+strings.ToUpper(kind)]), Title: title, Owners: owners,
		Suite: proto.SuiteP256, Storage: proto.StorageSealed, TalkLimit: proto.TalkLimit,
	}
}

func addParty(c *proto.AgreedChannel, value string) error {
	m, err := parseParty(value)
	if err != nil {
		return err
	}
	p, err := partyOf(m)
	c.Parties = append(c.Parties, p)
	return err
}

// partyOf reads a party as a charter's parser does.
func partyOf(m *wire.Charter_Party) (p proto.Party, err error) {
	p = proto.Party{Agency: proto.Agency(m.Agency), MaxPriority: proto.Priority(m.MaxPriority)}
	for _, list := range []struct {
		words []string
		roles *[]proto.Role
	}{{m.Send, &p.Send}, {m.Listen, &p.Listen}, {m.Hail, &p.Hail}} {
		for _, word := range list.words {
			r, err := proto.ParseRole(word)
			if err != nil {
				return p, err
			}
			*list.roles = append(*list.roles, r)
		}
	}
	return p, nil
}

func (w *world) addObserver(a *proto.Agreement, value string) error {
	parts := strings.Split(value, ":")
	until, err := w.second(parts[3])
	if err != nil {
		return err
	}
	o := proto.AgreedObserver{Agency: agencies()[parts[0]], Channels: strings.Split(parts[2], "+"), Until: until}
	for word := range strings.SplitSeq(parts[1], "+") {
		r, err := proto.ParseRole(word)
		if err != nil {
			return err
		}
		o.Roles = append(o.Roles, r)
	}
	a.Observers = append(a.Observers, o)
	return nil
}

// makeAgreement signs an agreement, by all of its signers unless some are named.
func (w *world) makeAgreement(name string, a *proto.Agreement, signed []string, hidden bool) error {
	text := agreement.Write(a)
	parsed, err := agreement.ParseText(text)
	if err != nil {
		return err
	}
	d := aDocument{kind: proto.DocumentAgreement, parsed: &parsed, hidden: hidden, came: w.now}
	if len(w.people.authorities) > 0 {
		f, err := agreement.Parse(text)
		for _, s := range parsed.Signers() {
			if err == nil && (signed == nil || slices.Contains(signed, w.plain(string(s)))) {
				f, err = f.Sign(w.people.issued(proto.Name{Agency: s, Role: proto.RoleAuthority, Label: "1"}), w.now)
			}
		}
		if err != nil {
			return err
		}
		d.signed = f.Encode()
	} else {
		who := parsed.Signers()
		if signed != nil {
			who = agenciesOf(strings.Join(signed, ","))
		}
		words := make([]string, len(who))
		for i, s := range who {
			words[i] = string(s)
		}
		d.signed = append([]byte(strings.Join(words, ",")+"\n"), text...)
	}
	w.made.documents[name] = d
	if _, known := w.made.agreementOf[parsed.ID]; !known {
		w.made.agreementOf[parsed.ID] = name
	}
	w.made.names[string(d.signed)] = name
	return nil
}

// withdraw defines a withdrawal: NAME of AGREEMENT by AGENCY at DURATION [why].
func (w *world) withdraw(words []string) error {
	if len(words) < 7 || words[1] != "of" || words[3] != "by" || words[5] != "at" {
		return fmt.Errorf("withdraw NAME of AGREEMENT by AGENCY at DURATION [WHY]")
	}
	at, err := w.second(words[6])
	if err != nil {
		return err
	}
	id := w.made.documents[words[2]].parsed.ID
	octets, err := pb.Marshal(&wire.Withdrawal{Agreement: id[:], AtMs: at.UnixMilli(), Why: strings.Join(words[7:], " ")})
	if err != nil {
		return err
	}
	signed := append([]byte(string(agencies()[words[4]])+"\n"), octets...)
	w.made.documents[words[0]] = aDocument{kind: proto.DocumentWithdrawal, signed: signed}
	w.made.names[string(signed)] = words[0]
	return nil
}

// covered makes an agreement that allows exactly a charter, and has the hub hold it.
// Where none can be made, because the charter is a bad one, it does nothing.
func (w *world) covered(name string, m *wire.Charter) error {
	parties := append(slices.Clone(m.Parties), m.Template...)
	a := &proto.Agreement{
		Title: "for " + name, Begins: w.now.Add(-24 * time.Hour).Truncate(time.Second), Ends: w.now.Add(365 * 24 * time.Hour).Truncate(time.Second), Countdown: proto.UsualCountdown,
	}
	for _, p := range parties {
		if agency := proto.Agency(p.Agency); !slices.Contains(a.Parties, agency) {
			a.Parties = append(a.Parties, agency)
		}
	}
	if len(a.Parties) < 2 {
		return nil
	}
	kind := strings.ToLower(strings.TrimPrefix(m.Kind.String(), "KIND_"))
	a.Channels = []proto.AgreedChannel{agreedChannel("c", kind, m.Title, []proto.Agency{proto.Agency(m.Owner)})}
	if m.Kind == wire.Charter_KIND_CALLING {
		a.Channels = append(a.Channels, agreedChannel("i", "incident", m.Title, a.Parties))
	}
	for i, list := range [][]*wire.Charter_Party{m.Parties, m.Template} {
		for _, p := range list {
			if m.Kind == wire.Charter_KIND_CALLING && i == 0 && p.Hail == nil {
				p.Hail = p.Send
			}
			q, err := partyOf(p)
			if err != nil || i >= len(a.Channels) {
				return nil
			}
			a.Channels[i].Parties = append(a.Channels[i].Parties, q)
		}
	}
	if n := len(a.Channels); n == 2 && len(m.Template) == 0 {
		a.Channels = a.Channels[:1]
	} else if n == 2 {
		letHailersOpen(&a.Channels[1], a.Channels[0].Parties)
	}
	a.Rearm = time.Duration(m.RearmMs) * time.Millisecond
	for _, s := range m.Ladder {
		step := proto.LadderStep{After: time.Duration(s.AfterMs) * time.Millisecond}
		for _, word := range s.Page {
			n, err := proto.ParseName(word)
			if err != nil {
				return nil
			}
			step.Page = append(step.Page, n)
		}
		a.Ladder = append(a.Ladder, step)
	}
	if w.makeAgreement("agreement-"+name, a, nil, true) != nil {
		return nil
	}
	d := w.made.documents["agreement-"+name]
	m.Agreement = d.parsed.ID[:]
	w.holdHidden(w.hub)
	return nil
}

// letHailersOpen widens a pattern of incidents so that whoever hails can open one, and
// names its owners.
func letHailersOpen(incidents *proto.AgreedChannel, calling []proto.Party) {
	for _, p := range calling {
		if len(p.Hail) == 0 {
			continue
		}
		i := slices.IndexFunc(incidents.Parties, func(o proto.Party) bool { return o.Agency == p.Agency })
		if i < 0 {
			i = len(incidents.Parties)
			incidents.Parties = append(incidents.Parties, proto.Party{Agency: p.Agency, MaxPriority: p.MaxPriority})
		}
		for _, r := range p.Hail {
			if send := &incidents.Parties[i].Send; !slices.Contains(*send, r) {
				*send = append(*send, r)
			}
		}
	}
	incidents.Owners = nil
	for _, p := range incidents.Parties {
		if len(p.Send) > 0 {
			incidents.Owners = append(incidents.Owners, p.Agency)
		}
	}
}

// holdHidden gives the hub the agreements that no trace shows.
func (w *world) holdHidden(h *hub.Hub) {
	for _, d := range w.made.documents {
		if d.hidden && slices.Contains(d.parsed.Signers(), w.self.Agency) {
			h.Hold(*d.parsed, d.came)
		}
	}
}

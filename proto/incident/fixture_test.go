package incident_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"crossband/proto"
	"crossband/proto/incident"
	"crossband/proto/wire"
)

func start() time.Time { return time.UnixMilli(1_800_000_000_000) }

// name reads us/desk/a.
func name(s string) proto.Name {
	parts := strings.Split(s, "/")
	role, err := proto.ParseRole(parts[1])
	if err != nil {
		panic(err)
	}
	return proto.Name{Agency: proto.Agency(parts[0] + ".example"), Role: role, Label: parts[2]}
}

// charter is a calling channel of three agencies whose ladder goes to a supervisor
// of the addressee after 60 s, to a neighbour after 120 s and to a hook after 180 s.
func charter(ladder bool) proto.Charter {
	send := []proto.Role{proto.RoleUnit, proto.RoleDesk, proto.RoleHook}
	c := proto.Charter{Kind: proto.KindCalling, Owner: "us.example"}
	for _, a := range []proto.Agency{"us.example", "mx.example", "ca.example"} {
		c.Parties = append(c.Parties, proto.Party{Agency: a, Send: send, MaxPriority: proto.PriorityEmergency})
	}
	if ladder {
		c.Ladder = []proto.LadderStep{
			{After: time.Minute, Page: []proto.Name{name("mx/desk/super")}},
			{After: 2 * time.Minute, Page: []proto.Name{name("us/desk/near"), name("us/desk/far")}},
			{After: 3 * time.Minute, Page: []proto.Name{name("us/hook/pager")}},
		}
		c.Rearm = 10 * time.Minute
	}
	return c
}

// play is a book with its clock.
type play struct {
	t    *testing.T
	book *incident.Book
	now  time.Time
}

func newPlay(t *testing.T, c proto.Charter) *play {
	return &play{t, incident.NewBook(c), start()}
}

func id(s string) []byte { b := make([]byte, 16); copy(b, s); return b }

func mid(s string) proto.MessageID  { return proto.MessageID(id(s)) }
func iid(s string) proto.IncidentID { return proto.IncidentID(id(s)) }

func (p *play) hail(hail, inc, from, to string, change ...func(*wire.Hail)) error {
	m := &wire.Hail{
		Id: id(hail), Incident: id(inc), From: name(from).String(), To: name(to).String(),
		Urgency: uint32(proto.PriorityUrgent), ExpiresMs: p.now.Add(5 * time.Minute).UnixMilli(),
	}
	for _, f := range change {
		f(m)
	}
	return p.book.Hail(m, name(from), p.now)
}

func (p *play) reply(hail, by string, s proto.HailState) error {
	return p.book.Reply(&wire.HailReply{Hail: id(hail), From: name(by).String(), State: uint32(s), Reason: uint32(proto.ReasonNoMeans)}, name(by), p.now)
}

func (p *play) act(inc, by string, a proto.Act, change ...func(*wire.Incident)) error {
	m := &wire.Incident{Incident: id(inc), From: name(by).String(), Act: uint32(a)}
	for _, f := range change {
		f(m)
	}
	return p.book.Act(m, name(by), p.now)
}

func (p *play) duty(by, role string, a proto.DutyAct, to string) error {
	m := &wire.Duty{Role: name(role).String(), Act: uint32(a)}
	if to != "" {
		m.To = name(to).String()
	}
	if by == "" {
		return p.book.Duty(m, proto.Name{}, p.now)
	}
	m.From = name(by).String()
	return p.book.Duty(m, name(by), p.now)
}

func (p *play) result(hail, by string, round, step int, why proto.Reason) error {
	return p.book.Result(&wire.PageResult{Hail: id(hail), From: name(by).String(), Round: uint32(round), Step: uint32(step), Reason: uint32(why)}, name(by), p.now)
}

// run lets time pass as the hub would, a second at a time, and returns what it did.
func (p *play) run(d time.Duration) []string {
	p.t.Helper()
	var did []string
	for end := p.now.Add(d); !p.now.After(end); p.now = p.now.Add(time.Second) {
		for {
			list := p.book.Due(p.now)
			if len(list) == 0 {
				break
			}
			did = append(did, p.perform(list[0]))
		}
	}
	return did
}

func (p *play) perform(d incident.Due) string {
	p.t.Helper()
	at := p.now.Sub(start())
	if d.Expire {
		if early, err := p.book.Expire(d.Hail, p.now); early || err != nil {
			p.t.Fatalf("expires early (%v): %v", early, err)
		}
		return fmt.Sprintf("%v expired", at)
	}
	m := p.page(d)
	if applied, err := p.book.Page(m, p.now); !applied || err != nil {
		p.t.Fatalf("page %+v: %v, %v", d, applied, err)
	}
	var to []string
	for _, s := range m.To {
		n, err := proto.ParseName(s)
		if err != nil {
			p.t.Fatal(err)
		}
		to = append(to, n.Label)
	}
	return fmt.Sprintf("%v %d.%d %s", at, d.Round, d.Step, strings.Join(to, " "))
}

func (p *play) page(d incident.Due) *wire.Page {
	c, _ := p.book.Call(d.Hail)
	m := &wire.Page{Hail: d.Hail[:], Round: uint32(d.Round), Step: uint32(d.Step), Exercise: c.Exercise}
	for _, n := range p.book.Targets(d.Hail, d.Step) {
		m.To = append(m.To, n.String())
	}
	return m
}

// want fails unless err has the reason; 0 is no error.
func (p *play) want(why string, err error, r proto.Reason) {
	p.t.Helper()
	if got := proto.ReasonOf(err); got != r {
		p.t.Errorf("%s: %v, want reason %d", why, err, r)
	}
}

func (p *play) ok(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *play) stands(hail string, want proto.HailState) {
	p.t.Helper()
	if c, _ := p.book.Call(mid(hail)); c.State != want {
		p.t.Errorf("%s stands at %s, want %s", hail, c.State, want)
	}
}

func (p *play) did(got []string, want ...string) {
	p.t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		p.t.Errorf("the clock did\n %s\nwant\n %s", strings.Join(got, "\n "), strings.Join(want, "\n "))
	}
}

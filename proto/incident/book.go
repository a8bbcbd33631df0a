package incident

import (
	"bytes"
	"slices"
	"time"

	"crossband/proto"
	"crossband/proto/wire"
)

// Book is a calling channel's hails, incidents and duties. A method that refuses
// changes nothing. It is not safe for use by several at once.
type Book struct {
	charter proto.Charter
	calls   map[proto.MessageID]*Call
	active  map[proto.MessageID]*Call // those that are not over
	order   []proto.MessageID         // of the calls, in the log's order
	cases   map[proto.IncidentID]*Case
	duties  map[proto.Name]Duty
}

// Case is an incident: what its hails have opened.
type Case struct {
	ID          proto.IncidentID
	Exercise    bool
	Opened      time.Time
	Changed     time.Time
	Hails       []proto.MessageID
	Holder      proto.Name       // who has it; zero: nobody
	Had         proto.Name       // who had it before it was handed over last; zero: it was not
	Into        proto.IncidentID // the incident of which it is a duplicate, which is none itself; zero: of none
	Duplicates  []proto.IncidentID
	Closed      bool
	Disposition proto.Disposition
	By          proto.Name // who closed or merged it
}

// Merged reports whether the incident counts as another's.
func (k *Case) Merged() bool { return k.Into != (proto.IncidentID{}) }

// NewBook returns the empty book of the channel with the charter.
func NewBook(c proto.Charter) *Book {
	return &Book{
		charter: c, calls: make(map[proto.MessageID]*Call), active: make(map[proto.MessageID]*Call),
		cases: make(map[proto.IncidentID]*Case), duties: make(map[proto.Name]Duty),
	}
}

// Call returns a copy of a hail that the book knows.
func (b *Book) Call(id proto.MessageID) (Call, bool) {
	c := b.calls[id]
	if c == nil {
		return Call{}, false
	}
	return c.copy(), true
}

func (c *Call) copy() Call {
	v := *c
	v.Reached = slices.Clone(c.Reached)
	return v
}

// Open returns how many hails are not over.
func (b *Book) Open() int { return len(b.active) }

// activeOf lists an incident's own hails that are not over.
func (b *Book) activeOf(k *Case) (list []*Call) {
	for _, id := range k.Hails {
		if c := b.active[id]; c != nil {
			list = append(list, c)
		}
	}
	return list
}

// Case returns a copy of an incident that the book knows.
func (b *Book) Case(id proto.IncidentID) (Case, bool) {
	k := b.cases[id]
	if k == nil {
		return Case{}, false
	}
	v := *k
	v.Hails, v.Duplicates = slices.Clone(k.Hails), slices.Clone(k.Duplicates)
	return v, true
}

// Cases returns copies of all incidents, the oldest first.
func (b *Book) Cases() []Case {
	list := make([]Case, 0, len(b.cases))
	for id := range b.cases {
		k, _ := b.Case(id)
		list = append(list, k)
	}
	slices.SortFunc(list, func(x, y Case) int {
		if d := x.Opened.Compare(y.Opened); d != 0 {
			return d
		}
		return bytes.Compare(x.ID[:], y.ID[:])
	})
	return list
}

// MayHail judges a call for help that by has sealed, at the hub's time. Who is a
// member is for the caller to judge.
func (b *Book) MayHail(m *wire.Hail, by proto.Name, at time.Time) error {
	to, err := proto.ParseName(m.To)
	if err != nil {
		return proto.Refuse(proto.ReasonMalformed, err.Error())
	}
	if err := b.mayHail(m, by, to, at); err != nil {
		return err
	}
	incident, err := proto.IncidentIDFrom(m.Incident)
	if err != nil {
		return err
	}
	return b.mayAddTo(b.cases[incident], m, by)
}

// Hail takes in a call for help, if MayHail lets it.
func (b *Book) Hail(m *wire.Hail, by proto.Name, at time.Time) error {
	id, err := proto.MessageIDFrom(m.Id)
	if err == nil {
		err = b.MayHail(m, by, at)
	}
	if err != nil {
		return err
	}
	if b.calls[id] != nil {
		return proto.Refuse(proto.ReasonConflict, id.String())
	}
	b.makeRoom(by.Agency)
	incident := proto.IncidentID(m.Incident)
	k := b.cases[incident]
	if k == nil {
		k = &Case{ID: incident, Exercise: m.Exercise, Opened: at}
		b.cases[incident] = k
	}
	to, _ := proto.ParseName(m.To) // has been judged
	k.Hails, k.Changed = append(k.Hails, id), at
	c := &Call{
		ID: id, Incident: incident, From: by, To: to, Urgency: proto.Priority(m.Urgency), Exercise: m.Exercise,
		Made: at, Life: time.UnixMilli(m.ExpiresMs).Sub(at), State: proto.HailSent,
		Turn: Turn{Round: 1, Began: at, Stepped: at, Running: true},
	}
	c.reach([]proto.Name{to}, 1, 0)
	b.calls[id], b.active[id] = c, c
	b.order = append(b.order, id)
	return nil
}

// mayHail applies the rules of a hail's envelope.
func (b *Book) mayHail(m *wire.Hail, by, to proto.Name, at time.Time) error {
	urgency, expires := proto.Priority(m.Urgency), time.UnixMilli(m.ExpiresMs)
	switch {
	case b.charter.Kind != proto.KindCalling:
		return proto.Refuse(proto.ReasonCharter, "hails go on a calling channel")
	case !b.charter.MayHail(by):
		return proto.Refusef(proto.ReasonCharter, "%s may not hail", by)
	case m.From != by.String():
		return proto.Refusef(proto.ReasonSpokenFor, "a hail of %s from %s", m.From, by)
	case to.Role != proto.RoleDesk || to == by || b.charter.RightOf(to) != proto.RightSend:
		return proto.Refuse(proto.ReasonHailTo, to.String())
	case uint32(urgency) != m.Urgency || !urgency.Valid():
		return proto.Refusef(proto.ReasonMalformed, "urgency %d", m.Urgency)
	case urgency > b.charter.MaxPriority(by):
		return proto.Refusef(proto.ReasonPriority, "%v; %s may use up to %v", urgency, by.Agency, b.charter.MaxPriority(by))
	case !expires.After(at):
		return proto.Refusef(proto.ReasonRetention, "the hail's time was over at %s; here it is %s", expires.UTC().Format(time.RFC3339), at.UTC().Format(time.RFC3339))
	case expires.After(at.Add(proto.HailLife + proto.ClockSkewWarning)):
		return proto.Refusef(proto.ReasonMalformed, "a hail lives at most %v", proto.HailLife)
	case b.charter.Exercise && !m.Exercise:
		return proto.Refuse(proto.ReasonCharter, "the channel is for exercises only")
	}
	return nil
}

// mayAddTo judges a hail that names an incident which is there already.
func (b *Book) mayAddTo(k *Case, m *wire.Hail, by proto.Name) error {
	switch {
	case k == nil:
		return nil
	case k.Exercise != m.Exercise:
		return proto.Refusef(proto.ReasonExercise, "incident %s", k.ID)
	case k.Closed || k.Merged():
		return proto.Refusef(proto.ReasonIncident, "%s is over; a new call opens a new one", k.ID)
	case !b.isParty(k, by):
		return proto.Refusef(proto.ReasonIncident, "%s has no part in %s", by, k.ID)
	}
	return nil
}

// Forget drops a hail, and its incident with the last of its hails, and of those of
// its duplicates.
func (b *Book) Forget(id proto.MessageID) {
	c := b.calls[id]
	if c == nil {
		return
	}
	delete(b.calls, id)
	delete(b.active, id)
	b.order = slices.DeleteFunc(b.order, func(x proto.MessageID) bool { return x == id })
	k := b.cases[c.Incident]
	k.Hails = slices.DeleteFunc(k.Hails, func(x proto.MessageID) bool { return x == id })
	b.dropEmpty(k)
}

// settle takes a call that is over from among the active ones.
func (b *Book) settle(c *Call, at time.Time) {
	if c.State.Over() {
		delete(b.active, c.ID)
	}
	b.cases[c.Incident].Changed = at
}

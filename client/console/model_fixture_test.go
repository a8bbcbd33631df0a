package console

import (
	"testing"
	"time"

	"crossband/client"
	"crossband/client/phrase"
	"crossband/client/views"
	"crossband/proto"
	"crossband/proto/incident"
)

// board is an endpoint whose state a test writes down.
type board struct {
	channels  map[proto.ChannelID]ChannelNow
	calls     []CallNow
	incidents []client.Incident
	pacts     []proto.Agreement
	asked     int // how often it was asked for calls
}

func (b *board) Channels() (ids []proto.ChannelID) {
	for id := range b.channels {
		ids = append(ids, id)
	}
	return ids
}

func (b *board) Channel(id proto.ChannelID) (ChannelNow, bool) { v, ok := b.channels[id]; return v, ok }
func (b *board) Calls() []CallNow                              { b.asked++; return append([]CallNow(nil), b.calls...) }
func (b *board) Incidents() []client.Incident                  { return append([]client.Incident(nil), b.incidents...) }
func (b *board) Agreements() []proto.Agreement                 { return b.pacts }

func name(s string) proto.Name {
	n, err := proto.ParseName("spiffe://" + s)
	if err != nil {
		panic(err)
	}
	return n
}

func start() time.Time           { return time.Date(2026, 11, 25, 18, 0, 0, 0, time.UTC) }
func cid(b byte) proto.ChannelID { return proto.ChannelID{b} }
func mid(b byte) proto.MessageID { return proto.MessageID{b} }
func iid(b byte) proto.IncidentID {
	return proto.IncidentID{b}
}

const (
	me     = "us.example/desk/del-rio"
	norte  = "mx.example/desk/norte"
	super  = "mx.example/desk/super"
	unit   = "us.example/unit/u-1"
	looker = "ca.example/desk/cornwall"
	radio  = "us.example/gateway/p25"
	pager  = "us.example/hook/pager"
)

func party(a proto.Agency) proto.Party {
	send := []proto.Role{proto.RoleUnit, proto.RoleDesk, proto.RoleHook, proto.RoleGateway}
	return proto.Party{Agency: a, Send: send, Hail: []proto.Role{proto.RoleDesk, proto.RoleUnit}, MaxPriority: proto.PriorityImminentPeril}
}

func charterOf(kind proto.CharterKind, title string) proto.Charter {
	watching := proto.Party{Agency: "ca.example", Listen: []proto.Role{proto.RoleDesk}, Observer: start().Add(time.Hour)}
	return proto.Charter{
		Owner: "us.example", Kind: kind, Title: title, Suite: proto.SuiteP384, Agreement: proto.AgreementID{1},
		Parties: []proto.Party{party("us.example"), party("mx.example"), watching},
		Ladder:  []proto.LadderStep{{After: 30 * time.Second, Page: []proto.Name{name(super), name(pager)}}},
	}
}

// agreed is a channel with two agencies in it, who agree.
func agreed(kind proto.CharterKind, title string) ChannelNow {
	return ChannelNow{
		Charter: charterOf(kind, title), Joined: true, Epoch: 7, Members: []proto.Name{name(norte), name(me)},
		Views: views.Views{State: views.Agreed, Others: 1, Agree: 1}, Heard: []views.Heard{{Member: name(norte), At: start()}},
		Ends: proto.End{At: start().Add(24 * time.Hour), Reason: proto.ReasonClosed},
	}
}

// desk is a model over a board with one calling channel, linked.
type desk struct {
	*Model
	*board
	t   *testing.T
	now time.Time
}

func newDesk(t *testing.T) *desk {
	b := &board{channels: map[proto.ChannelID]ChannelNow{cid(1): agreed(proto.KindCalling, "Calling")}}
	d := &desk{Model: NewModel(ModelConfig{Endpoint: b, Me: name(me), Software: "test"}), board: b, t: t, now: start()}
	d.fold(client.Connected{Relay: name("us.example/relay/r1")})
	return d
}

func (d *desk) fold(events ...client.Event) {
	for _, e := range events {
		d.Fold(e, d.now)
	}
}

func (d *desk) view() View { return d.View(d.now) }

func (d *desk) channel(b byte) Channel {
	d.t.Helper()
	for _, c := range d.view().Channels {
		if c.ID == cid(b).String() {
			return c
		}
	}
	d.t.Fatalf("channel %d is not shown", b)
	return Channel{}
}

// callOf is a hail of the norte to this desk, in the log.
func callOf(b byte, at time.Time) CallNow {
	content, err := phrase.Compose(phrase.OfficerInDistress)
	if err != nil {
		panic(err)
	}
	shown := client.HailReceived{
		Channel: cid(1), ID: mid(b), Incident: iid(b), From: name(norte), To: name(me), Urgency: proto.PriorityEmergency, Content: content,
		Note: "south bank", At: at, Expires: at.Add(2 * time.Minute),
	}
	return CallNow{Shown: shown, Standing: client.Standing{
		InLog: true, Rings: true, Ends: at.Add(2 * time.Minute), May: []proto.HailState{proto.HailAccepted, proto.HailDeclined},
		Call: incident.Call{
			ID: mid(b), Incident: iid(b), From: name(norte), To: name(me), Urgency: proto.PriorityEmergency, Made: at, State: proto.HailReceived,
			Turn: incident.Turn{Round: 1, Began: at, Running: true}, Reached: []incident.Reached{{Name: name(me), Round: 1, Received: true}},
		},
	}}
}

// ringing puts a call on the board and tells of it.
func (d *desk) ringing(b byte) {
	c := callOf(b, d.now)
	d.board.calls = append(d.board.calls, c)
	d.incidents = append(d.incidents, client.Incident{
		ID: iid(b), Calling: cid(1), State: client.IncidentOpen, Opened: d.now, Changed: d.now, Hails: []client.HailInfo{{Call: c.Call, Shown: c.Shown}},
		Participants: []proto.Name{name(norte)},
	})
	e := c.Shown
	e.Rings, e.Round = true, 1
	d.fold(e)
}

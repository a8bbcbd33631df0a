package incident_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"crossband/proto"
	"crossband/proto/incident"
	"crossband/proto/wire"
)

// takes lists what Reply takes of by, each asked of a copy of the book.
func (p *play) takes(c proto.Charter, hail, by string) (list []proto.HailState) {
	role := ""
	if n := p.book.RoleOf(mid(hail), name(by)); n != (proto.Name{}) {
		role = n.String()
	}
	for s := proto.HailAccepted; s <= proto.HailReleased; s++ {
		b := incident.NewBook(c)
		b.Load(p.book.Save(100))
		err := b.Reply(&wire.HailReply{Hail: id(hail), From: name(by).String(), Role: role, State: uint32(s), Reason: uint32(proto.ReasonNoMeans)}, name(by), p.now)
		if err == nil {
			list = append(list, s)
		}
	}
	return list
}

// TestMayIsWhatReplyTakes: whatever has happened to a hail, a screen offers what the
// log would take and nothing else.
func TestMayIsWhatReplyTakes(t *testing.T) {
	who := []string{"us/unit/a", "mx/desk/m", "mx/desk/super", "us/desk/near", "us/desk/far", "ca/desk/c", "mx/unit/u"}
	offered := make(map[proto.HailState]int)
	for seed := range uint64(200) {
		chance := rand.New(rand.NewPCG(seed, 1))
		c := charter(seed%2 == 0)
		p := newPlay(t, c)
		p.ok(p.hail("h", "i", "us/unit/a", "mx/desk/m"))
		for range 12 {
			for _, by := range who {
				got, want := p.book.May(mid("h"), name(by)), p.takes(c, "h", by)
				if !slices.Equal(got, want) {
					call, _ := p.book.Call(mid("h"))
					t.Fatalf("seed %d: at %s (round %d, step %d) %s may say %v, and Reply takes %v", seed, call.State, call.Round, call.Step, by, got, want)
				}
				for _, s := range got {
					offered[s]++
				}
			}
			by := who[chance.IntN(len(who))]
			switch chance.IntN(6) {
			case 0:
				p.run(time.Duration(chance.IntN(70)) * time.Second)
			case 1:
				p.act("i", by, proto.ActRearm)
			case 2:
				p.act("i", by, proto.ActHandOver, func(m *wire.Incident) { m.To = name(who[chance.IntN(len(who))]).String() })
			case 3:
				p.duty("mx/desk/super", "mx/desk/m", proto.DutyHandOver, "mx/desk/super")
			default:
				p.reply("h", by, proto.HailState(2+chance.IntN(6)))
			}
		}
	}
	for s := proto.HailAccepted; s <= proto.HailReleased; s++ {
		if offered[s] == 0 {
			t.Errorf("%s was never offered: the test looks at too little", s)
		}
	}
}

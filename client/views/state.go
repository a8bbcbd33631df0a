package views

import (
	"slices"
	"strings"
	"time"

	"crossband/proto"
)

// State says whether the members share one view of the membership.
type State uint8

// The states. The zero State is that of nobody: not a member.
const (
	None        State = iota
	Unconfirmed       // an agency's members are not heard: off, out of reach, or hidden from us
	Agreed            // somebody of every other agency in the group shares our view
	Differ            // somebody is in another view; until all agree again
)

func (s State) String() string {
	switch s {
	case Unconfirmed:
		return "unconfirmed"
	case Agreed:
		return "agreed"
	case Differ:
		return "differ"
	}
	return "none"
}

// Views is a channel's state with what it rests on.
type Views struct {
	State  State
	Others int            // members besides us
	Agree  int            // of them, those who have lately said that they share our view
	Differ []proto.Name   // those whose last word was of another view, by name
	Silent []proto.Agency // other agencies none of whose members has lately shared our view, by name
}

// Views returns the state at a time.
//
// One voice of each other agency is asked for, not one of all: between agencies
// stands a hub that may lie to either, and a hub which parts them would leave
// every member with somebody who agrees. Silence of an agency is never an
// alarm, for its radios may simply be off. Our own agency need not speak where
// others do: in small agencies the one colleague is often off.
func (b *Book) Views(now time.Time) Views {
	v := Views{Others: len(b.members)}
	limit := b.patience()
	voices := make(map[proto.Agency]bool)
	for name, m := range b.members {
		if m.differs {
			v.Differ = append(v.Differ, name)
		}
		lately := !m.agreed.IsZero() && now.Sub(m.agreed) < limit
		if lately {
			v.Agree++
		}
		if name.Agency == b.self.Agency {
			continue
		}
		voices[name.Agency] = voices[name.Agency] || lately || now.Sub(m.entered) < Silence
	}
	for a, heard := range voices {
		if !heard {
			v.Silent = append(v.Silent, a)
		}
	}
	slices.Sort(v.Silent)
	slices.SortFunc(v.Differ, func(a, b proto.Name) int { return strings.Compare(a.String(), b.String()) })
	switch {
	case len(v.Differ) > 0:
		v.State = Differ
	case v.Others > 0 && (v.Agree == 0 || len(v.Silent) > 0):
		v.State = Unconfirmed
	default:
		v.State = Agreed
	}
	return v
}

// patience is how long a member may be silent: in a large group its turn comes
// only every so often.
func (b *Book) patience() time.Duration {
	return Silence + time.Duration(rounds(b.size)-1)*Interval
}

// Heard is what one member last said.
type Heard struct {
	Member proto.Name
	At     time.Time // by our clock; zero: not heard yet
	Epoch  uint64    // that it was in
	Agrees bool      // it shared our view
	Differ bool      // its last comparable word was of another view
}

// LastHeard lists the other members by name.
func (b *Book) LastHeard() []Heard {
	list := make([]Heard, 0, len(b.members))
	for name, m := range b.members {
		list = append(list, Heard{name, m.heard, m.epoch, !m.agreed.IsZero() && m.agreed.Equal(m.heard), m.differs})
	}
	slices.SortFunc(list, func(a, b Heard) int { return strings.Compare(a.Member.String(), b.Member.String()) })
	return list
}

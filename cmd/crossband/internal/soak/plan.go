package soak

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Kind is a kind of fault.
type Kind string

// The kinds of faults.
const (
	Kill      Kind = "kill"      // a process is killed (SIGKILL) and started again after a while
	Partition Kind = "partition" // a path loses everything, both ways
	Pause     Kind = "pause"     // a process is stopped where it is (SIGSTOP) and goes on after a while
	DiskFull  Kind = "disk-full" // a relay's disk has no room left
	Clock     Kind = "clock"     // a process's wall clock steps away, and back at the end
)

// Kinds lists them all.
func Kinds() []Kind { return []Kind{Kill, Partition, Pause, DiskFull, Clock} }

// ParseKinds reads a list such as "kill,pause".
func ParseKinds(list string) ([]Kind, error) {
	var kinds []Kind
	for word := range strings.SplitSeq(list, ",") {
		k := Kind(strings.TrimSpace(word))
		if !slices.Contains(Kinds(), k) {
			return nil, fmt.Errorf("no fault is called %q; there are %s", k, join(Kinds()))
		}
		if !slices.Contains(kinds, k) {
			kinds = append(kinds, k)
		}
	}
	return kinds, nil
}

func join(kinds []Kind) string {
	words := make([]string, len(kinds))
	for i, k := range kinds {
		words[i] = string(k)
	}
	return strings.Join(words, ", ")
}

// Node names a process: "relay-alpha", "alpha-1".
type Node string

// Shape is what there is to break.
type Shape struct {
	Relays    []Node
	Endpoints []Node
	Paths     [][2]Node // between relays, and from each endpoint to its relay
}

// Fault is one fault: what, to whom, when and how long. Times are from the end of
// the preparations on.
type Fault struct {
	Kind  Kind          `json:"kind"`
	Node  Node          `json:"node"`
	Other Node          `json:"other,omitempty"` // partition: the path's other end
	At    time.Duration `json:"at_ns"`
	For   time.Duration `json:"for_ns"`
	Shift time.Duration `json:"shift_ns,omitempty"` // clock: by how much
}

// Target says in words what a fault hits.
func (f Fault) Target() string {
	if f.Other != "" {
		return string(f.Node) + " | " + string(f.Other)
	}
	return string(f.Node)
}

// End is when the fault is over.
func (f Fault) End() time.Duration { return f.At + f.For }

// Plan is all that will happen in a run. The same seed, duration, kinds and shape
// give the same plan.
type Plan struct {
	Seed     uint64        `json:"seed"`
	Duration time.Duration `json:"duration_ns"`
	Quiet    time.Duration `json:"quiet_ns"`  // when the last fault is over for good
	Silent   time.Duration `json:"silent_ns"` // when no new text is said any more
	Faults   []Fault       `json:"faults"`
}

// MinDuration is the shortest run: below it there is no time for faults and for
// coming together again.
const MinDuration = 20 * time.Second

// Bounds of faults. In a short run they are shorter: see span.
func bounds(k Kind) (least, most time.Duration) {
	switch k {
	case Kill: // until the process is started again
		return time.Second, 8 * time.Second
	case Partition:
		return 5 * time.Second, 40 * time.Second
	case Pause:
		return 2 * time.Second, 15 * time.Second
	case DiskFull:
		return 5 * time.Second, 20 * time.Second
	default: // Clock
		return 5 * time.Second, 20 * time.Second
	}
}

// maxShift is how far a clock steps at most, either way.
const maxShift = 10 * time.Minute

// Make makes a plan. A fault begins when the one before is over and a quiet time
// has passed; one in four has a second one of another kind and at another place
// at its side. The last quarter, of 12 s at least and 90 s at most, is quiet.
func Make(seed uint64, duration time.Duration, kinds []Kind, s Shape) (Plan, error) {
	if duration < MinDuration {
		return Plan{}, fmt.Errorf("a run of %v is too short; %v at least", duration, MinDuration)
	}
	quiet := min(max(duration/4, 12*time.Second), 90*time.Second)
	p := Plan{Seed: seed, Duration: duration, Quiet: duration - quiet}
	p.Silent = p.Quiet + quiet/3
	m := &maker{rand: rand.New(rand.NewPCG(seed, 0x50a4)), shape: s, all: kinds, whole: p.Quiet}
	for at := m.calm(); len(kinds) > 0; {
		left := p.Quiet - at
		f := m.fault(at, left)
		if f.For == 0 {
			break
		}
		p.Faults = append(p.Faults, f)
		end := f.End()
		if m.rand.IntN(4) == 0 {
			if second := m.fault(at, left); second.For > 0 && second.Kind != f.Kind && !second.meets(f) {
				p.Faults = append(p.Faults, second)
				end = max(end, second.End())
			} else {
				m.next = append([]Kind{second.Kind}, m.next...) // its turn is yet to come
			}
		}
		at = end + m.calm()
	}
	return p, nil
}

// meets reports whether two faults hit one process, which would make it unclear
// what either did.
func (f Fault) meets(g Fault) bool {
	return f.Node == g.Node || f.Other != "" && f.Other == g.Node || g.Other != "" && (g.Other == f.Node || g.Other == f.Other)
}

type maker struct {
	rand  *rand.Rand
	shape Shape
	all   []Kind
	whole time.Duration // for all faults
	next  []Kind        // the rest of the present round: each kind once, shuffled
}

// kind takes each kind once in every round, so that a run has them all.
func (m *maker) kind() Kind {
	if len(m.next) == 0 {
		m.next = slices.Clone(m.all)
		m.rand.Shuffle(len(m.next), func(i, j int) { m.next[i], m.next[j] = m.next[j], m.next[i] })
	}
	k := m.next[0]
	m.next = m.next[1:]
	return k
}

// calm is a quiet time between two faults: 1 to 8 s, less in a short run.
func (m *maker) calm() time.Duration {
	return m.between(min(time.Second, m.whole/20), min(8*time.Second, m.whole/16))
}

// fault makes a fault that begins at a time and is over in time; none if there is
// no time for one.
func (m *maker) fault(at, left time.Duration) Fault {
	f := Fault{Kind: m.kind(), At: at}
	least, most := bounds(f.Kind)
	// In a short run every kind is to have its turn: no fault takes more than a
	// share of the whole.
	most = min(most, max(m.whole/time.Duration(len(m.all)+4), time.Second))
	least = min(least, most)
	if f.For = m.between(least, most); f.For > left {
		return Fault{Kind: f.Kind}
	}
	switch f.Kind {
	case Partition:
		path := m.shape.Paths[m.rand.IntN(len(m.shape.Paths))]
		f.Node, f.Other = path[0], path[1]
	case DiskFull:
		f.Node = m.shape.Relays[m.rand.IntN(len(m.shape.Relays))]
	default:
		f.Node = m.process()
	}
	if f.Kind == Clock {
		f.Shift = m.between(time.Second, maxShift)
		if m.rand.IntN(2) == 0 {
			f.Shift = -f.Shift
		}
	}
	return f
}

// process is a relay or an endpoint, with equal chances.
func (m *maker) process() Node {
	of := m.shape.Relays
	if m.rand.IntN(2) == 0 {
		of = m.shape.Endpoints
	}
	return of[m.rand.IntN(len(of))]
}

// between is a time in whole milliseconds from least to most.
func (m *maker) between(least, most time.Duration) time.Duration {
	ms := least.Milliseconds() + m.rand.Int64N(max(most.Milliseconds()-least.Milliseconds(), 0)+1)
	return time.Duration(ms) * time.Millisecond
}

// Hash is a short digest of the plan, to compare two runs by.
func (p Plan) Hash() string {
	b, err := json.Marshal(p)
	if err != nil {
		panic("internal error: a plan has nothing that JSON cannot hold")
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// Count says how many faults of each kind a plan has.
func (p Plan) Count() map[Kind]int {
	n := make(map[Kind]int)
	for _, f := range p.Faults {
		n[f.Kind]++
	}
	return n
}

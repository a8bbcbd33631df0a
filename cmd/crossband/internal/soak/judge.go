package soak

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Evidence is what a run leaves behind.
type Evidence struct {
	Plan     Plan
	Faults   []Injected
	Journals map[Node][]Record
	Crashes  []Crash
}

// Crash is a process that ended though nobody killed it.
type Crash struct {
	Node Node   `json:"node"`
	At   int64  `json:"at"`
	Why  string `json:"why"`
}

// message is what all journals say of one text.
type message struct {
	id       string
	from     Node
	n        uint64
	saying   int64 // when it was about to be said; 0: not known
	accepted int64 // 0: never
	failed   bool
	why      string
	shown    map[Node][]int // lines of the receivers' journals
}

// judge works on the evidence.
type judge struct {
	e        Evidence
	nodes    []Node
	messages map[string]*message
	r        *Report
}

// Judge compares the journals and says whether every promise was kept. It is pure:
// the same evidence gives the same report.
func Judge(e Evidence) *Report {
	j := &judge{e: e, nodes: slices.Sorted(maps.Keys(e.Journals)), messages: make(map[string]*message), r: newReport(e)}
	for _, n := range j.nodes {
		j.read(n)
	}
	j.lost()
	for _, n := range j.nodes {
		j.repeated(n)
		j.order(n)
	}
	j.together()
	j.voice()
	j.latencies()
	j.recoveries()
	j.r.conclude()
	return j.r
}

func (j *judge) message(id string) *message {
	m := j.messages[id]
	if m == nil {
		m = &message{id: id, shown: make(map[Node][]int)}
		j.messages[id] = m
	}
	return m
}

// read takes one journal in.
func (j *judge) read(n Node) {
	saying := make(map[uint64]int64)
	for line, r := range j.e.Journals[n] {
		switch r.What {
		case Saying:
			saying[r.N] = r.At
			j.r.Said++
		case Said:
			m := j.message(r.ID)
			m.from, m.n, m.saying = n, r.N, saying[r.N]
			if r.Why == "" {
				m.accepted = cmp.Or(m.accepted, r.At)
			}
		case Accepted:
			m := j.message(r.ID)
			m.from = n
			m.accepted = cmp.Or(m.accepted, r.At)
		case Failed:
			m := j.message(r.ID)
			m.from, m.failed, m.why = n, true, r.Why
		case Shown:
			m := j.message(r.ID)
			m.from, m.n = r.From, r.N
			m.shown[n] = append(m.shown[n], line)
		case Gap:
			j.r.Gaps++
		case Missed:
			j.r.Missed += int(r.N)
			j.note("%s could not read %d entries from %d on", n, r.N, r.Seq)
		case Alarmed:
			j.r.Alarms++
			j.r.alarm(n, r.Why)
		case Left:
			j.note("%s was put out: %s", n, r.Why)
		case Trouble:
			j.r.Troubles++
			j.note("%s: %s", n, r.Why)
		}
	}
}

func (j *judge) note(format string, args ...any) { j.r.note(fmt.Sprintf(format, args...)) }

// back reports whether an endpoint is in the channel at the end.
func (j *judge) back(n Node) (Final, bool) {
	list := j.e.Journals[n]
	for i := len(list) - 1; i >= 0 && list[i].What != Started; i-- {
		if list[i].What == FinalView && list[i].Final != nil {
			return *list[i].Final, list[i].Final.Member
		}
	}
	return Final{}, false
}

// lost finds texts that a sender's own relay acknowledged, of which the sender was
// not told that they failed, and that another endpoint was not shown. All were
// members from the beginning; one that is not back at the end is counted apart.
func (j *judge) lost() {
	for _, id := range slices.Sorted(maps.Keys(j.messages)) {
		m := j.messages[id]
		if m.failed {
			j.r.Failed++
			if len(m.shown) > 0 {
				j.r.FailedButShown++
				j.note("text %d of %s was reported as failed (%s) and shown at %v", m.n, m.from, m.why, slices.Sorted(maps.Keys(m.shown)))
			}
			continue
		}
		if m.accepted == 0 {
			continue
		}
		j.r.Accepted++
		var missing []Node
		for _, n := range j.nodes {
			if _, back := j.back(n); n != m.from && back && len(m.shown[n]) == 0 {
				missing = append(missing, n)
			}
		}
		if len(missing) > 0 {
			j.r.Lost++
			j.note("text %d of %s (%s), acknowledged at %s, was not shown at %v", m.n, m.from, id, j.when(m.accepted), missing)
		}
	}
}

// when is a time since the first line of all.
func (j *judge) when(at int64) string {
	return time.Duration(at - j.r.start).Round(time.Millisecond).String()
}

// repeated finds texts that were shown twice at an endpoint. One shown, and then
// shown again by the next life of the endpoint because a kill came before the
// first showing was noted as kept, is what the session promises: better twice than
// never.
func (j *judge) repeated(n Node) {
	list := j.e.Journals[n]
	for _, m := range j.messages {
		lines := m.shown[n]
		for i := 1; i < len(lines); i++ {
			if againAfterKill(list[lines[i-1]:lines[i]], m.id) {
				j.r.AgainAfterKill++
				continue
			}
			j.r.Duplicated++
			j.note("text %d of %s was shown twice at %s, at %s and %s", m.n, m.from, n, j.when(list[lines[i-1]].At), j.when(list[lines[i]].At))
		}
	}
}

// againAfterKill reports whether a new life began between two showings, without the
// first having been noted as kept.
func againAfterKill(between []Record, id string) bool {
	for _, r := range between {
		switch {
		case r.What == Kept && r.ID == id:
			return false
		case r.What == Started:
			return true
		}
	}
	return false
}

// order finds texts that were shown after a later one of the same sender. What is
// shown again does not count.
func (j *judge) order(n Node) {
	newest := make(map[Node]uint64)
	seen := make(map[string]bool)
	for _, r := range j.e.Journals[n] {
		if r.What != Shown || seen[r.ID] {
			continue
		}
		seen[r.ID] = true
		if r.N < newest[r.From] {
			j.r.Reordered++
			j.note("at %s, text %d of %s came after its text %d, at %s", n, r.N, r.From, newest[r.From], j.when(r.At))
		}
		newest[r.From] = max(newest[r.From], r.N)
	}
}

// together looks whether all are back, in the same epoch, with the same
// authenticator.
func (j *judge) together() {
	newest := uint64(0)
	finals := make(map[Node]Final)
	for _, n := range j.nodes {
		f, back := j.back(n)
		if !back {
			j.r.NotRecovered = append(j.r.NotRecovered, n)
			continue
		}
		finals[n], newest = f, max(newest, f.Epoch)
	}
	byEpoch := make(map[uint64]map[string]bool)
	for _, n := range j.nodes {
		f, ok := finals[n]
		if !ok {
			continue
		}
		if f.Epoch < newest {
			j.r.NotRecovered = append(j.r.NotRecovered, n)
			j.note("%s is in epoch %d at the end, others are in %d", n, f.Epoch, newest)
		}
		if byEpoch[f.Epoch] == nil {
			byEpoch[f.Epoch] = make(map[string]bool)
		}
		byEpoch[f.Epoch][f.Authenticator] = true
		if f.Outbox > 0 {
			j.r.Waiting += f.Outbox
			j.note("%s has %d texts in its outbox at the end", n, f.Outbox)
		}
	}
	for epoch, states := range byEpoch {
		if len(states) > 1 {
			j.r.Forks += len(states) - 1
			j.note("%d different states of epoch %d at the end", len(states), epoch)
		}
	}
	for _, n := range j.nodes {
		for _, r := range j.e.Journals[n] {
			if r.What == Differ {
				j.r.Forks++
				j.note("%s saw views differ at %s: %s", n, j.when(r.At), r.Why)
			}
		}
	}
}

// voice adds up what was heard.
func (j *judge) voice() {
	for _, n := range j.nodes {
		for _, r := range j.e.Journals[n] {
			switch {
			case r.What == Talked && r.Why == "":
				j.r.Voice.Bursts++
			case r.What == Talked:
				j.r.Voice.Denied++
			case r.What == Heard && r.Voice != nil:
				v := &j.r.Voice
				v.Frames += r.Voice.Frames
				v.Measured += r.Voice.Measured
				v.WorstMS = max(v.WorstMS, r.Voice.WorstMS)
				j.r.VoiceStale += r.Voice.Stale
				if r.Voice.Stale > 0 {
					j.note("%s played %d stale frames up to %s, the oldest %d ms old, of talker %d", n, r.Voice.Stale, j.when(r.At), r.Voice.WorstMS, r.Voice.TalkerID)
				}
			}
		}
	}
}

// latencies are from before a text was said.
func (j *judge) latencies() {
	var accept, cross []time.Duration
	for _, m := range j.messages {
		if m.saying == 0 {
			continue
		}
		if m.accepted != 0 {
			accept = append(accept, time.Duration(m.accepted-m.saying))
		}
		for n, lines := range m.shown {
			cross = append(cross, time.Duration(j.e.Journals[n][lines[0]].At-m.saying))
		}
	}
	j.r.Accept, j.r.Cross = spreadOf(accept), spreadOf(cross)
}

// recoveries are from the end of each fault until the next text crosses between
// those whom the fault concerned and the others.
func (j *judge) recoveries() {
	times := make(map[Kind][]time.Duration)
	for _, f := range j.e.Faults {
		d, ok := j.recovery(f)
		j.r.Log = append(j.r.Log, Entry{
			Kind: f.Kind, Target: f.Target(), BeginMS: (f.Begin - j.r.start) / 1e6, LastedMS: (f.End - f.Begin) / 1e6,
			ShiftS: int64(f.Shift / time.Second), RecoveryMS: d.Milliseconds(), Recovered: ok, Error: f.Error,
		})
		if f.Error != "" {
			j.r.NotMade++
			j.note("fault %s %s: %s", f.Kind, f.Target(), f.Error)
			continue
		}
		j.r.Faults[f.Kind]++
		if ok {
			times[f.Kind] = append(times[f.Kind], d)
		}
	}
	for k, list := range times {
		j.r.Recovery[k] = spreadOf(list)
	}
}

func (j *judge) recovery(f Injected) (time.Duration, bool) {
	concerned := concernedBy(f.Fault)
	first := int64(0)
	for _, m := range j.messages {
		for n, lines := range m.shown {
			at := j.e.Journals[n][lines[0]].At
			if at > f.End && concerned(n) != concerned(m.from) && (first == 0 || at < first) {
				if f.Kind == DiskFull && !(concerned(m.from) && m.accepted > f.End) {
					continue // texts that the full relay had before
				}
				first = at
			}
		}
	}
	return time.Duration(first - f.End), first != 0
}

// concernedBy says which endpoints a fault cuts off from the others.
func concernedBy(f Fault) func(Node) bool {
	hit := f.Node
	if f.Other != "" && relayOf(f.Node) == "" { // between the hub and a follower: the follower's
		hit = f.Other
	}
	return func(n Node) bool { return n == hit || relayOf(n) == hit }
}

// relayOf is an endpoint's relay; "" for a relay.
func relayOf(n Node) Node {
	for _, p := range ShapeOfRuns().Paths {
		if p[0] == n && n != ShapeOfRuns().Relays[0] {
			return p[1]
		}
	}
	return ""
}

// percentile of a sorted list.
func percentile(sorted []time.Duration, p int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[max((len(sorted)*p+99)/100-1, 0)]
}

func spreadOf(list []time.Duration) Spread {
	slices.Sort(list)
	ms := func(p int) float64 { return float64(percentile(list, p).Microseconds()/100) / 10 }
	return Spread{Count: len(list), P50: ms(50), P95: ms(95), P99: ms(99), Most: ms(100)}
}

package report

import (
	"errors"
	"time"

	"crossband/client/phrase"
	"crossband/crypto/record"
	"crossband/proto"
)

// ErrNothing says that a record holds nothing that the report is about.
var ErrNothing = errors.New("nothing to report")

// Options say how a report is written.
type Options struct {
	Language phrase.Language
	Zone     *time.Location // local time beside UTC; nil: UTC only
	Now      time.Time      // when the report is made
}

// Incident is a record, ready to be reported.
type Incident struct {
	ID       proto.IncidentID
	Exercise bool
	From     proto.Name     // who made the file; nobody has signed that
	Parties  []proto.Agency // ascending
	Events   []Event        // of all logs, by time; those of one log stay in its order
	Standing Standing
}

// Event is one entry of a log.
type Event struct {
	Log     record.Origin
	Index   int           // of the line in its log
	At      time.Time     // of the entry; of the one before if this one cannot be read
	Entry   *record.Entry // nil: the line cannot be read
	Content Content
	Said    *said // what was said; nil unless Content is ContentShown
}

// Content says what is known of what an entry's actor said.
type Content uint8

// What is known of a content.
const (
	ContentNone   Content = iota // the entry has none
	ContentSealed                // it is not in the file
	ContentShown                 // it is, and is what its sender committed to
	ContentFalse                 // something else than that is in the file
)

// String returns the word used in timelines for programs.
func (c Content) String() string {
	return [...]string{"none", "sealed", "shown", "false"}[c]
}

// Read takes a record apart. It has to have an entry that can be read. Whether
// it was changed is the standing's to say; nothing is judged here but what is
// said to have been said.
func Read(x *record.Export, s Standing) (*Incident, error) {
	i := &Incident{ID: x.Incident, Exercise: x.Exercise, From: x.From, Standing: s}
	var logs [][]Event
	for n := range x.Logs {
		events, ok := readLog(&x.Logs[n])
		if ok {
			logs = append(logs, events)
		}
	}
	if len(logs) == 0 {
		return nil, errors.Join(ErrNothing, errors.New("no entry of the record can be read"))
	}
	i.Events = merge(logs)
	for n := range i.Events {
		i.take(&i.Events[n])
	}
	return i, nil
}

// take learns from the entry that opens a log.
func (i *Incident) take(e *Event) {
	if o, ok := e.body().(*record.Opened); ok {
		i.Exercise = i.Exercise || o.Exercise
		i.Parties = union(i.Parties, o.Parties)
	}
}

// body returns what an entry says, or nil if it cannot be read.
func (e *Event) body() record.Body {
	if e.Entry == nil {
		return nil
	}
	return e.Entry.Body
}

// readLog reads the lines of a log; ok if one can be read.
func readLog(l *record.ExportedLog) (events []Event, ok bool) {
	reveals := map[uint64]*record.Reveal{}
	for n := range l.Reveals {
		reveals[l.Reveals[n].Index] = &l.Reveals[n]
	}
	first := time.Time{}
	for n, line := range l.Entries {
		e := Event{Log: l.Origin, Index: n}
		if n > 0 {
			e.At = events[n-1].At
		}
		if entry, err := record.ParseEntry(line); err == nil {
			e.At, e.Entry = entry.Time, &entry
			e.Content, e.Said = contentOf(entry.Body, reveals[uint64(n)])
			if first.IsZero() {
				first = entry.Time
			}
		}
		events = append(events, e)
	}
	for n := range events {
		if events[n].At.IsZero() { // before the first that can be read
			events[n].At = first
		}
	}
	return events, !first.IsZero()
}

// merge puts logs together by time.
func merge(logs [][]Event) (all []Event) {
	for {
		next := -1
		for n, l := range logs {
			if len(l) > 0 && (next < 0 || l[0].At.Before(logs[next][0].At)) {
				next = n
			}
		}
		if next < 0 {
			return all
		}
		all = append(all, logs[next][0])
		logs[next] = logs[next][1:]
	}
}

// span returns the times of the first and the last event.
func (i *Incident) span() (from, to time.Time) {
	from, to = i.Events[0].At, i.Events[0].At
	for _, e := range i.Events {
		if e.At.Before(from) {
			from = e.At
		}
		if e.At.After(to) {
			to = e.At
		}
	}
	return from, to
}

package soak

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"sync"
)

// What a journal tells of. Each is written before the endpoint goes on, so that a
// kill at any moment leaves all that happened before.
const (
	Started   = "started"   // the process begins: once for each run
	Joined    = "joined"    // it is in the channel
	Saying    = "saying"    // text N is about to be said
	Said      = "said"      // text N has the identifier ID and the own relay acknowledged it; Why if not, or not yet
	Accepted  = "accepted"  // and later: the own relay acknowledged ID
	Failed    = "failed"    // the sender was told that ID does not arrive: Why
	Shown     = "shown"     // text N of From, with ID, is before a person's eyes
	Kept      = "kept"      // and that is kept: it is not given again
	Alarmed   = "alarm"     // the session raised an alarm: Why
	Differ    = "differ"    // members' views of the membership differ: Why
	Missed    = "missed"    // N entries from Seq on cannot be read here
	Gap       = "gap"       // N texts of From are missing, from its number Seq on
	Left      = "left"      // put out: Why
	Link      = "link"      // the link went down: Why
	Talked    = "talked"    // a burst of ours is over; Why if the floor was not given or was lost
	Heard     = "heard"     // what was played since the last such line
	Trouble   = "trouble"   // something that the rig's endpoint itself could not do: Why
	FinalView = "final"     // the state at the end of the run
	Connected = "connected" // the link is up
)

// Record is one line of a journal.
type Record struct {
	At    int64  `json:"at"` // the machine's monotonic clock, in nanoseconds: one clock for all processes
	What  string `json:"what"`
	N     uint64 `json:"n,omitempty"`
	ID    string `json:"id,omitempty"`
	From  Node   `json:"from,omitempty"`
	Seq   uint64 `json:"seq,omitempty"`
	Why   string `json:"why,omitempty"`
	Voice *Voice `json:"voice,omitempty"`
	Final *Final `json:"end,omitempty"`
}

// Voice counts frames that were played.
type Voice struct {
	Frames   int   `json:"frames"`           // played, without what stood in for lost ones
	Measured int   `json:"measured"`         // of those, with a capture time that could be read
	Stale    int   `json:"stale,omitempty"`  // of those, older than StaleAfter
	WorstMS  int64 `json:"worst_ms"`         // the oldest
	TalkerID uint8 `json:"talker,omitempty"` // of the oldest
}

// Final is what an endpoint sees at the end.
type Final struct {
	Member        bool   `json:"member"`
	Epoch         uint64 `json:"epoch"`
	Authenticator string `json:"authenticator"`
	Views         string `json:"views"`
	Outbox        int    `json:"outbox"`
}

// Journal is an endpoint's diary: a file that only grows, over all runs of the
// endpoint.
type Journal struct {
	mu sync.Mutex // held for a line
	f  *os.File
}

// OpenJournal opens a journal and reads what earlier runs wrote. A line that a
// kill cut short is dropped: nothing was done on its strength.
func OpenJournal(path string) (*Journal, []Record, error) {
	old, whole, err := readJournal(path)
	if err != nil && !os.IsNotExist(err) {
		return nil, nil, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, nil, err
	}
	if err := f.Truncate(whole); err != nil {
		f.Close()
		return nil, nil, err
	}
	if _, err := f.Seek(whole, 0); err != nil {
		f.Close()
		return nil, nil, err
	}
	return &Journal{f: f}, old, nil
}

// Write adds a line and returns when it is on disk.
func (j *Journal) Write(r Record) error {
	r.At = Monotonic()
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, err := j.f.Write(append(b, '\n')); err != nil {
		return err
	}
	return j.f.Sync()
}

// Close closes the file.
func (j *Journal) Close() error { return j.f.Close() }

// ReadJournal reads a journal whose endpoint has ended.
func ReadJournal(path string) ([]Record, error) {
	list, _, err := readJournal(path)
	return list, err
}

// readJournal returns the records and how many octets the whole lines take.
func readJournal(path string) (list []Record, whole int64, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, 0, err
	}
	lines := bufio.NewReader(bytes.NewReader(b))
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if err != nil { // the end, perhaps in the middle of a line
			return list, whole, nil
		}
		var r Record
		if err := json.Unmarshal(line, &r); err != nil {
			return nil, 0, fmt.Errorf("%s: line %d: %w", path, n, err)
		}
		list, whole = append(list, r), whole+int64(len(line))
	}
}

package soak

import (
	"encoding/json"
	"fmt"
	"os"
)

// Report is the outcome of a run. It is the file of --report.
type Report struct {
	OK     bool     `json:"ok"`
	Broken []string `json:"broken,omitempty"` // promises that did not hold

	Accepted   int `json:"accepted"` // texts acknowledged by their sender's own relay, without those failed
	Lost       int `json:"lost"`
	Duplicated int `json:"duplicated"`
	Reordered  int `json:"reordered"`
	Forks      int `json:"forks"`
	VoiceStale int `json:"voice_stale"` // frames played more than 2 s after their capture

	NotRecovered   []Node  `json:"not_recovered"` // endpoints not in the channel, or behind, at the end
	Crashes        []Crash `json:"crashes"`
	Waiting        int     `json:"waiting"` // texts still in an outbox at the end
	FailedButShown int     `json:"failed_but_shown"`

	Said           int            `json:"said"`
	Failed         int            `json:"failed"` // with notice to their sender
	AgainAfterKill int            `json:"again_after_kill"`
	Gaps           int            `json:"gaps"`
	Missed         int            `json:"missed"` // entries that an endpoint said it could not read
	Alarms         int            `json:"alarms"`
	AlarmTexts     map[string]int `json:"alarm_texts,omitempty"`
	Troubles       int            `json:"troubles"`

	Voice    VoiceTotal      `json:"voice"`
	Accept   Spread          `json:"accept_ms"` // from saying to the own relay's acknowledgement
	Cross    Spread          `json:"cross_ms"`  // from saying to being shown elsewhere
	Recovery map[Kind]Spread `json:"recovery_ms"`

	Faults   map[Kind]int `json:"faults"`
	NotMade  int          `json:"faults_not_made"`
	Log      []Entry      `json:"fault_log"`
	Seed     uint64       `json:"seed"`
	Duration string       `json:"duration"`
	Plan     string       `json:"plan"` // its hash
	FullBy   string       `json:"disk_full_by,omitempty"`
	ClockBy  string       `json:"clock_by,omitempty"`
	Notes    []string     `json:"notes,omitempty"`

	start int64 // the first line of all journals
}

// VoiceTotal is what was talked and heard.
type VoiceTotal struct {
	Bursts   int   `json:"bursts"` // whole ones
	Denied   int   `json:"denied"` // not begun, or cut short
	Frames   int   `json:"frames_played"`
	Measured int   `json:"frames_measured"`
	WorstMS  int64 `json:"worst_age_ms"`
}

// Spread describes times, in milliseconds.
type Spread struct {
	Count int     `json:"count"`
	P50   float64 `json:"p50"`
	P95   float64 `json:"p95"`
	P99   float64 `json:"p99"`
	Most  float64 `json:"max"`
}

// Entry is one fault in the report. BeginMS counts from the first line of all
// journals.
type Entry struct {
	Kind       Kind   `json:"kind"`
	Target     string `json:"target"`
	BeginMS    int64  `json:"begin_ms"`
	LastedMS   int64  `json:"lasted_ms"`
	ShiftS     int64  `json:"shift_s,omitempty"`
	RecoveryMS int64  `json:"recovery_ms"`
	Recovered  bool   `json:"recovered"` // a text crossed afterwards
	Error      string `json:"error,omitempty"`
}

func newReport(e Evidence) *Report {
	r := &Report{
		Faults: make(map[Kind]int), Recovery: make(map[Kind]Spread), AlarmTexts: make(map[string]int),
		NotRecovered: []Node{}, Crashes: append([]Crash{}, e.Crashes...),
		Seed: e.Plan.Seed, Duration: e.Plan.Duration.String(), Plan: e.Plan.Hash(),
	}
	for _, list := range e.Journals {
		if len(list) > 0 && (r.start == 0 || list[0].At < r.start) {
			r.start = list[0].At
		}
	}
	counts := e.Plan.Count()
	if counts[DiskFull] > 0 {
		r.FullBy = "a file system of 40 MiB in memory for each relay's store, filled to its last octet"
	}
	if counts[Clock] > 0 {
		r.ClockBy = "the process's own copy of the kernel's clock code adds the shift to its wall clock; the monotonic clock stays right"
	}
	return r
}

// Bounds of what a report tells in words.
const (
	maxNotes  = 60
	maxAlarms = 20
)

func (r *Report) note(s string) {
	if len(r.Notes) < maxNotes {
		r.Notes = append(r.Notes, s)
	}
}

func (r *Report) alarm(n Node, why string) {
	key := string(n) + ": " + why
	if _, known := r.AlarmTexts[key]; known || len(r.AlarmTexts) < maxAlarms {
		r.AlarmTexts[key]++
	}
}

// conclude says which promises did not hold.
func (r *Report) conclude() {
	check := func(ok bool, format string, args ...any) {
		if !ok {
			r.Broken = append(r.Broken, fmt.Sprintf(format, args...))
		}
	}
	check(r.Accepted > 0, "no text was accepted: nothing was shown to hold")
	check(r.Lost == 0, "%d accepted texts did not reach everybody", r.Lost)
	check(r.Duplicated == 0, "%d texts were shown twice", r.Duplicated)
	check(r.Reordered == 0, "%d texts were shown out of order", r.Reordered)
	check(r.Forks == 0, "%d differing states or views of the group", r.Forks)
	check(r.VoiceStale == 0, "%d frames of stale voice were played as live", r.VoiceStale)
	check(len(r.NotRecovered) == 0, "not back at the end: %v", r.NotRecovered)
	check(len(r.Crashes) == 0, "%d processes ended by themselves", len(r.Crashes))
	check(r.Waiting == 0, "%d texts were still waiting at the end", r.Waiting)
	check(r.FailedButShown == 0, "%d texts were reported as failed and shown all the same", r.FailedButShown)
	check(r.NotMade == 0, "%d faults could not be made as planned", r.NotMade)
	r.OK = len(r.Broken) == 0
}

// Save writes the report as JSON.
func (r *Report) Save(path string) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o644)
}

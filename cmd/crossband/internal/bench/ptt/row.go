package ptt

import (
	"errors"
	"fmt"
	"time"

	"crossband/cmd/crossband/internal/bench"
)

// Row is what was measured on one path.
type Row struct {
	Path     string  `json:"path"`
	DelayMS  float64 `json:"delay_ms"`  // of the border, one way
	JitterMS float64 `json:"jitter_ms"` // up to this much more
	Loss     float64 `json:"loss"`      // share of the border's packets

	Bursts        int     `json:"bursts"`
	FailedPresses int     `json:"failed_presses"`
	AccessP50     float64 `json:"access_p50_ms"`
	AccessP95     float64 `json:"access_p95_ms"`
	AccessMax     float64 `json:"access_max_ms"`
	EarP50        float64 `json:"mouth_to_ear_p50_ms"`
	EarP95        float64 `json:"mouth_to_ear_p95_ms"`
	EarMax        float64 `json:"mouth_to_ear_max_ms"`
	Entries       int     `json:"late_entries"`
	FailedEntries int     `json:"failed_late_entries"`
	EntryP50      float64 `json:"late_entry_p50_ms"`
	EntryP95      float64 `json:"late_entry_p95_ms"`
	EntryMax      float64 `json:"late_entry_max_ms"`

	Said      int `json:"frames_said"`
	Played    int `json:"frames_played"`
	Concealed int `json:"frames_concealed"`
	First     int `json:"first_frames_lost"`
	FirstLost int `json:"first_syllables_lost"`
	Last      int `json:"last_frames_lost"`
	LastLost  int `json:"last_syllables_lost"`

	AccessTarget float64 `json:"access_p95_target_ms"`
	EarTarget    float64 `json:"mouth_to_ear_p95_target_ms"`
	EntryTarget  float64 `json:"late_entry_target_ms"`
}

// The numbers to reach, in milliseconds: nineteen in twenty presses and frames, and
// every late entry.
const (
	accessTarget = 300
	earTarget    = 300
	entryTarget  = 350
)

// Cells implements bench.Row.
func (r Row) Cells() []bench.Cell {
	three := func(heading string, p50, p95, most float64) bench.Cell {
		return bench.Cell{Heading: heading, Text: fmt.Sprintf("%.0f / %.0f / %.0f", p50, p95, most)}
	}
	return []bench.Cell{
		{Heading: "path", Text: r.Path},
		{Heading: "border", Text: r.border()},
		bench.Count("bursts", r.Bursts),
		three(fmt.Sprintf("access ms (%d)", accessTarget), r.AccessP50, r.AccessP95, r.AccessMax),
		three(fmt.Sprintf("mouth to ear ms (%d)", earTarget), r.EarP50, r.EarP95, r.EarMax),
		three(fmt.Sprintf("late entry ms (%d)", entryTarget), r.EntryP50, r.EntryP95, r.EntryMax),
		bench.Count("failed", r.FailedPresses+r.FailedEntries),
		bench.Count("said", r.Said),
		bench.Count("played", r.Played),
		bench.Count("concealed", r.Concealed),
		{Heading: "first lost", Text: fmt.Sprintf("%d (%d)", r.First, r.FirstLost)},
		{Heading: "last lost", Text: fmt.Sprintf("%d (%d)", r.Last, r.LastLost)},
	}
}

func (r Row) border() string {
	if r.DelayMS == 0 && r.JitterMS == 0 && r.Loss == 0 {
		return "none"
	}
	s := fmt.Sprintf("%.0f ms", r.DelayMS)
	if r.JitterMS > 0 {
		s = fmt.Sprintf("%.0f-%.0f ms", r.DelayMS, r.DelayMS+r.JitterMS)
	}
	if r.Loss > 0 {
		s += fmt.Sprintf(", %.3g %%", 100*r.Loss)
	}
	return s
}

// errOther says that something was played that nobody said: then no figure counts.
var errOther = errors.New("frames were played that were not said")

// errSilent says that a path has no figures: 0 ms would be better than every target.
var errSilent = errors.New("nothing to measure")

// row sums up a path.
func (p *path) row() (Row, error) {
	r := Row{
		Path: p.name, DelayMS: bench.MS(p.c.Delay), JitterMS: bench.MS(p.c.Jitter), Loss: p.c.Loss,
		Bursts: len(p.bursts), FailedPresses: p.failed, Entries: len(p.entries), FailedEntries: p.entryFailed,
		AccessTarget: accessTarget, EarTarget: earTarget, EntryTarget: entryTarget,
	}
	var access, delays []time.Duration
	for _, b := range p.bursts {
		access = append(access, b.access)
		v := judge(b.m, p.listener.burst(b.id))
		if v.wrong > 0 {
			return r, fmt.Errorf("%s: %w: %d of one burst", p.name, errOther, v.wrong)
		}
		delays = append(delays, v.delays...)
		r.Said, r.Played, r.Concealed = r.Said+v.said, r.Played+v.played, r.Concealed+v.concealed
		r.First, r.Last = r.First+v.first, r.Last+v.last
		if v.first >= syllable {
			r.FirstLost++
		}
		if v.last >= syllable {
			r.LastLost++
		}
	}
	switch {
	case len(access) == 0:
		return r, fmt.Errorf("%s: %w: all %d presses failed", p.name, errSilent, r.FailedPresses)
	case len(delays) == 0:
		return r, fmt.Errorf("%s: %w: none of %d frames was played", p.name, errSilent, r.Said)
	case len(p.entries) == 0:
		return r, fmt.Errorf("%s: %w: all %d late entries failed", p.name, errSilent, r.FailedEntries)
	}
	r.AccessP50, r.AccessP95, r.AccessMax = spread(access)
	r.EarP50, r.EarP95, r.EarMax = spread(delays)
	r.EntryP50, r.EntryP95, r.EntryMax = spread(p.entries)
	return r, nil
}

func spread(list []time.Duration) (p50, p95, most float64) {
	return bench.MS(bench.Quantile(list, 0.5)), bench.MS(bench.Quantile(list, 0.95)), bench.MS(bench.Quantile(list, 1))
}

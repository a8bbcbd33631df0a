// Package mls measures what the groups of channels cost their members: coming in,
// changing the membership, and following what others change.
//
// A group grows to each size by external commits, as channels do, so that its
// ratchet tree is as full as a real one's. Everything measured is judged as an
// endpoint judges it: real certificates, a trust store, a charter.
package mls

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"crossband/cmd/crossband/internal/bench"
	"crossband/crypto/mls/suite"
)

// Options says what to measure.
type Options struct {
	Members []int      // sizes of the group, each at least 2
	Suites  []suite.ID // MLS cipher suites, 2 or 7
	Rounds  int        // how often each thing is measured; figures are medians of these
	Say     func(format string, args ...any)
}

// Row is what a group of one size costs. Times are medians in milliseconds, sizes
// are octets.
type Row struct {
	Suite         int     `json:"suite"`
	Members       int     `json:"members"`
	JoinMS        float64 `json:"join_ms"`             // from group information to an external commit, nothing judged before
	JoinAgainMS   float64 `json:"join_again_ms"`       // the same once more: what was verified is remembered
	WelcomeMS     float64 `json:"welcome_ms"`          // from a welcome to a group, nothing judged before
	CommitMS      float64 `json:"commit_ms"`           // one's own renewal of keys, made and merged
	ProcessMS     float64 `json:"process_ms"`          // another's renewal, followed
	ProcessP95MS  float64 `json:"process_p95_ms"`      // the same, 95th percentile
	AddMS         float64 `json:"process_add_ms"`      // another's commit that adds a member, followed
	RemoveMS      float64 `json:"process_remove_ms"`   // another's commit that removes it again, followed
	SaveMS        float64 `json:"save_ms"`             // the member's state put into octets
	CommitOctets  int     `json:"commit_octets"`       // of a renewal of keys
	InfoOctets    int     `json:"group_info_octets"`   // group information, which goes with each commit
	TreeOctets    int     `json:"ratchet_tree_octets"` // which a joiner needs beside it
	WelcomeOctets int     `json:"welcome_octets"`      // for one new member, with the ratchet tree
	StateOctets   int     `json:"state_octets"`        // of a member's saved state
}

// Cells implements bench.Row.
func (r Row) Cells() []bench.Cell {
	return []bench.Cell{
		bench.Count("suite", r.Suite), bench.Count("members", r.Members),
		bench.Figure("join ms", r.JoinMS, 1), bench.Figure("again ms", r.JoinAgainMS, 1), bench.Figure("welcome ms", r.WelcomeMS, 1),
		bench.Figure("commit ms", r.CommitMS, 2), bench.Figure("process ms", r.ProcessMS, 2), bench.Figure("p95 ms", r.ProcessP95MS, 2),
		bench.Figure("add ms", r.AddMS, 2), bench.Figure("remove ms", r.RemoveMS, 2), bench.Figure("save ms", r.SaveMS, 2),
		bench.Count("commit octets", r.CommitOctets), bench.Count("info octets", r.InfoOctets), bench.Count("tree octets", r.TreeOctets),
		bench.Count("welcome octets", r.WelcomeOctets), bench.Count("state octets", r.StateOctets),
	}
}

// MostMembers is the largest group that is measured. Channels have
// proto.MaxMembers at most; beyond is to see where it leads.
const MostMembers = 1 << 14

// Check refuses what cannot be measured.
func (o *Options) Check() error {
	if len(o.Members) == 0 || len(o.Suites) == 0 || o.Rounds < 1 {
		return errors.New("nothing to measure: sizes, suites and at least one round are needed")
	}
	for _, n := range o.Members {
		if n < 2 || n > MostMembers {
			return fmt.Errorf("a group of %d members: 2 to %d can be measured", n, MostMembers)
		}
	}
	for _, id := range o.Suites {
		if id != suite.P256AES128 && id != suite.P384AES256 {
			return fmt.Errorf("suite %d: 2 and 7 can be measured", id)
		}
	}
	return nil
}

// Run measures each suite at each size, the smallest group first.
func Run(ctx context.Context, o Options) ([]Row, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	if o.Say == nil {
		o.Say = func(string, ...any) {}
	}
	folder, err := os.MkdirTemp("", "crossband-bench-mls-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	sizes := slices.Clone(o.Members)
	slices.Sort(sizes)
	sizes = slices.Compact(sizes)
	var rows []Row
	for _, id := range o.Suites {
		w, err := newWorld(fmt.Sprint(folder, "/suite-", id), id, time.Now())
		if err != nil {
			return rows, err
		}
		for _, n := range sizes {
			start := time.Now()
			if err := w.grow(ctx, n); err != nil {
				return rows, err
			}
			o.Say("suite %d: %d members after %.1f s", id, n, time.Since(start).Seconds())
			r, err := w.measure(ctx, o.Rounds)
			if err != nil {
				return rows, err
			}
			rows = append(rows, r)
		}
	}
	return rows, nil
}

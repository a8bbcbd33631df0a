package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"crossband/client"
	"crossband/client/phrase"
	"crossband/cmd/crossband/internal/agencydir"
	"crossband/proto"
)

// drill is one drill under way.
type drill struct {
	e       env
	o       drillOptions
	dir     agencydir.Dir
	name    proto.Name // of the device to lose
	witness *station   // nil: nobody watches the groups
	lost    *station   // in an exercise, the device itself
	home    string     // its folder
	report  drillReport

	made    time.Time
	number  uint64                        // of the list
	groups  map[proto.ChannelID]time.Time // shared with the witness; zero until re-keyed
	expels  time.Time                     // the device knew that it was out
	relayAt time.Time                     // the relay had the list
	seen    agencydir.Progress
}

// What became of a step.
const (
	drillOK     = "ok"
	drillMissed = "missed"
	drillUnseen = "not observed"
)

// drillStep is one line of the report. After and Limit count from the making of
// the list, or for groups from the relay's having it.
type drillStep struct {
	Step    string `json:"step"`
	Outcome string `json:"outcome"`
	After   int64  `json:"after_ms,omitempty"`
	Limit   int64  `json:"limit_ms,omitempty"`
	Detail  string `json:"detail,omitempty"`
}

type drillReport struct {
	Name     string      `json:"name"`
	Exercise bool        `json:"exercise"`
	Started  time.Time   `json:"started"`
	List     uint64      `json:"list"`
	Steps    []drillStep `json:"steps"`
	Passed   bool        `json:"passed"`
}

func (r *drillReport) print(e env) {
	for _, s := range r.Steps {
		took := ""
		if s.Outcome == drillOK && s.After > 0 {
			took = fmt.Sprintf(" after %d ms", s.After)
		}
		if s.Limit > 0 {
			took += fmt.Sprintf(" (limit %d ms)", s.Limit)
		}
		if s.Detail != "" {
			took += ": " + s.Detail
		}
		e.printf("%-12s  %s%s\n", s.Outcome, s.Step, took)
	}
}

// lose revokes the device, watches, and writes the report.
func (d *drill) lose(ctx context.Context) error {
	d.groups = d.shared()
	d.report.Started = time.Now().UTC()
	r, err := d.dir.Revoke(d.name, "lost", false, time.Now())
	if err != nil {
		return err
	}
	d.made, d.number = r.At, r.Number
	d.report.List = r.Number
	d.add(drillStep{Step: "list made and on disk", Outcome: drillOK, After: time.Since(r.At).Milliseconds()})
	if err := d.watch(ctx); err != nil {
		return err
	}
	d.reportRelay()
	d.reportPartners()
	d.reportGroups()
	d.reportDevice()
	d.report.Passed = !slices.ContainsFunc(d.report.Steps, func(s drillStep) bool { return s.Outcome == drillMissed })
	return nil
}

// shared lists the groups in which the witness sees the device.
func (d *drill) shared() map[proto.ChannelID]time.Time {
	groups := make(map[proto.ChannelID]time.Time)
	if d.witness == nil {
		return groups
	}
	for _, ch := range d.witness.Channels() {
		if names, err := ch.Members(); err == nil && slices.Contains(names, d.name) {
			groups[ch.ID()] = time.Time{}
		}
	}
	return groups
}

// watch takes in what happens until everything has, or the limits are over.
func (d *drill) watch(ctx context.Context) error {
	late := time.NewTimer(d.o.cutLimit + d.o.rekeyLimit)
	defer late.Stop()
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for !d.complete() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-late.C:
			return nil
		case <-look.C:
			p, err := d.dir.Progress(d.number)
			if err != nil {
				return err
			}
			d.progress(p)
		case ev := <-d.witness.events():
			if m, ok := ev.(client.MembersChanged); ok && slices.Contains(m.Removed, d.name) {
				d.rekeyed(m.Channel)
			}
		case ev := <-d.lost.events():
			if _, ok := ev.(client.Expelled); ok {
				d.expels = time.Now()
			}
		}
	}
	return nil
}

func (d *drill) progress(p agencydir.Progress) {
	d.seen = p
	switch {
	case !d.relayAt.IsZero():
	case p.Seen && p.Status.Number == d.number:
		d.relayAt = p.Status.Installed
	case p.Relay:
		d.relayAt = time.Now()
	}
}

func (d *drill) rekeyed(id proto.ChannelID) {
	if at, shared := d.groups[id]; shared && at.IsZero() {
		d.groups[id] = time.Now()
	}
}

// complete reports whether everything has happened that can be seen from here.
// Partners may be away, so that they are not waited for beyond a second.
func (d *drill) complete() bool {
	if d.relayAt.IsZero() || d.lost != nil && d.expels.IsZero() || time.Since(d.relayAt) < time.Second {
		return false
	}
	for _, at := range d.groups {
		if at.IsZero() {
			return false
		}
	}
	return true
}

func (d *drill) add(s drillStep) { d.report.Steps = append(d.report.Steps, s) }

// timed adds a step that had to happen within limit of from; the zero time is
// never.
func (d *drill) timed(step string, at, from time.Time, limit time.Duration, otherwise string) {
	s := drillStep{Step: step, Outcome: drillOK, Limit: limit.Milliseconds()}
	switch {
	case at.IsZero():
		s.Outcome, s.Detail = drillMissed, otherwise
	default:
		if s.After = at.Sub(from).Milliseconds(); at.Sub(from) > limit {
			s.Outcome, s.Detail = drillMissed, fmt.Sprintf("took %d ms", s.After)
		}
	}
	d.add(s)
}

func (d *drill) reportRelay() {
	d.timed("relay has the list", d.relayAt, d.made, d.o.cutLimit, "run the relay, and the registrar if the relay is elsewhere")
	cut, was := d.seen.Status.Cut[d.name.String()]
	switch {
	case !d.expels.IsZero():
		d.timed("link of the device cut", d.expels, d.made, d.o.cutLimit, "")
	case was:
		d.timed("link of the device cut", cut, d.made, d.o.cutLimit, "")
	case d.lost != nil:
		d.timed("link of the device cut", time.Time{}, d.made, d.o.cutLimit, "the device is still linked")
	case d.seen.Seen:
		d.add(drillStep{Step: "link of the device cut", Outcome: drillUnseen, Detail: "it had no link; it is refused when it comes back"})
	default:
		d.add(drillStep{Step: "link of the device cut", Outcome: drillUnseen, Detail: "the relay is elsewhere; see its log"})
	}
}

func (d *drill) reportPartners() {
	partners, err := d.dir.Partners()
	if err != nil || len(partners) == 0 {
		d.add(drillStep{Step: "partners told", Outcome: drillUnseen, Detail: "none is configured in this folder"})
		return
	}
	for _, a := range partners {
		step := string(a) + " told"
		at, told := d.seen.Status.Told[string(a)]
		why, refused := d.seen.Status.Refused[string(a)]
		switch {
		case told:
			d.timed(step, at, d.made, d.o.cutLimit, "")
		case refused:
			d.add(drillStep{Step: step, Outcome: drillMissed, Detail: phrase.Inert(why)})
		case d.seen.Seen:
			d.add(drillStep{Step: step, Outcome: drillUnseen, Detail: "no answer; if it is not linked now, it is told when its link comes up"})
		default:
			d.add(drillStep{Step: step, Outcome: drillUnseen, Detail: "the relay is elsewhere; see its log"})
		}
	}
}

func (d *drill) reportGroups() {
	if len(d.groups) == 0 {
		detail := "the witness shares no group with it"
		if d.witness == nil {
			detail = "without --witness nobody watches the groups"
		}
		d.add(drillStep{Step: "groups re-keyed", Outcome: drillUnseen, Detail: detail})
		return
	}
	from := d.relayAt
	if from.IsZero() {
		from = d.made
	}
	for id, at := range d.groups {
		d.timed("re-keyed without it: "+d.witness.title(id), at, from, d.o.rekeyLimit, "the device is still a member")
	}
	d.add(drillStep{Step: "groups that the witness is not in", Outcome: drillUnseen, Detail: "their members re-key them by themselves"})
}

// reportDevice looks at the device itself, in an exercise: a lost one is not to
// be had, and one that was taken apart may have kept its keys.
func (d *drill) reportDevice() {
	if d.lost == nil {
		d.add(drillStep{Step: "device has wiped its keys", Outcome: drillUnseen, Detail: "it is not here"})
		return
	}
	kept, err := valuesKept(filepath.Join(d.home, "state"))
	s := drillStep{Step: "device knows why and has wiped its keys", Outcome: drillOK}
	switch {
	case err != nil:
		s.Outcome, s.Detail = drillMissed, err.Error()
	case kept > 0 || d.expels.IsZero():
		s.Outcome, s.Detail = drillMissed, fmt.Sprintf("%d values kept", kept)
	}
	d.add(s)
}

// valuesKept counts what a device's state holds, without opening it: that would
// tidy up.
func valuesKept(dir string) (n int, err error) {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".state") {
			n++
		}
	}
	return n, err
}

// events is nil, and so never ready, for a station that is not there.
func (st *station) events() <-chan client.Event {
	if st == nil {
		return nil
	}
	return st.Events()
}

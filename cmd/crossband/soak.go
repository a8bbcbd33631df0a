package main

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"crossband/cmd/crossband/internal/soak"
	"crossband/proto"
)

// soakFlags is the command line of a soak run.
type soakFlags struct {
	duration      time.Duration
	faults        string
	report, keep  string
	seed          uint64
	plan, asJSON  bool
	texts, bursts time.Duration
}

func newSoakCommand(e env) *cobra.Command {
	var f soakFlags
	c := &cobra.Command{
		Use:   "soak",
		Short: "Break relays and endpoints on this machine and see whether every promise holds",
		Long: `Break relays and endpoints on this machine and see whether every promise holds.

Three agencies, five endpoints, all in processes of their own: they text and talk
while a plan, which the seed decides, breaks them. The faults are
  kill       a relay or an endpoint is killed, and started again after 1 to 8 s
  partition  a path between two relays, or from an endpoint to its relay, loses
             everything for 5 to 40 s
  pause      a process is stopped for 2 to 15 s, and goes on
  disk-full  a relay's store has no room for 5 to 20 s; needs the right to mount
  clock      a process's wall clock is up to 10 minutes off for 5 to 20 s;
             linux/amd64 only
In short runs they are shorter. In the last quarter nothing breaks, and everything
must come together: each text that a sender's own relay acknowledged is shown to
everybody, once, in order; all endpoints are back and agree on the group's state;
no voice older than 2 s was played, but for what waited for the floor.

The report says what was found. The command fails with 1 when a promise was broken.
Nothing outside of this machine is reached; all processes end with the command.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runSoak(cmd, e, f) },
	}
	c.Flags().DurationVar(&f.duration, "duration", 2*time.Minute, "how long to run, after the preparations")
	c.Flags().StringVar(&f.faults, "faults", "kill,partition,pause,disk-full,clock", "what to break")
	c.Flags().StringVar(&f.report, "report", "", "file for the report in JSON")
	c.Flags().Uint64Var(&f.seed, "seed", 0, "of the plan; a new one if left out")
	c.Flags().BoolVar(&f.plan, "plan", false, "print the plan and do nothing")
	c.Flags().BoolVar(&f.asJSON, "json", false, "print the report, or the plan, as JSON")
	c.Flags().StringVar(&f.keep, "keep", "", "folder to keep agencies, journals and logs in; a temporary one, removed at the end, if empty")
	c.Flags().DurationVar(&f.texts, "texts", time.Second, "between two texts of one endpoint, on average")
	c.Flags().DurationVar(&f.bursts, "bursts", 6*time.Second, "between two bursts of one endpoint, on average")
	return c
}

// planned makes the plan of the flags.
func (f soakFlags) planned(cmd *cobra.Command) (soak.Plan, error) {
	kinds, err := soak.ParseKinds(f.faults)
	if err != nil {
		return soak.Plan{}, usageError{err}
	}
	if f.texts <= 0 || f.bursts <= 0 {
		return soak.Plan{}, usageError{fmt.Errorf("--texts %v and --bursts %v: both must be more than 0", f.texts, f.bursts)}
	}
	if !cmd.Flags().Changed("seed") {
		f.seed = rand.Uint64() >> 11 // whole in every reader of JSON
	}
	p, err := soak.Make(f.seed, f.duration, kinds, soak.ShapeOfRuns())
	if err != nil {
		return p, usageError{err}
	}
	return p, nil
}

func runSoak(cmd *cobra.Command, e env, f soakFlags) error {
	p, err := f.planned(cmd)
	if err != nil {
		return err
	}
	if f.plan {
		if f.asJSON {
			return e.json(p)
		}
		e.printPlan(p)
		return nil
	}
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	o := soak.Options{
		Plan: p, Keep: f.keep != "", Dir: f.keep, Texts: f.texts, Bursts: f.bursts,
		Command: func(args ...string) []string { return append([]string{exe}, args...) },
		Say:     e.sooner(),
	}
	if o.Dir, err = runDir(f.keep, "crossband-soak-"); err != nil {
		return err
	}
	o.Say("seed    %d: %v, plan %s", p.Seed, p.Duration, p.Hash())
	r, err := soak.Run(cmd.Context(), o)
	if err != nil {
		return err
	}
	if f.report != "" {
		if err := r.Save(f.report); err != nil {
			return err
		}
	}
	if f.asJSON {
		if err := e.json(r); err != nil {
			return err
		}
	} else {
		e.printSoak(r)
	}
	if !r.OK {
		return fmt.Errorf("%w; seed %d", soak.ErrBroken, r.Seed)
	}
	return nil
}

// runDir makes the folder of a run. It must be empty: an old journal would be
// judged too.
func runDir(keep, prefix string) (string, error) {
	if keep == "" {
		return os.MkdirTemp("", prefix)
	}
	if old, err := os.ReadDir(keep); err == nil && len(old) > 0 {
		return "", usageError{fmt.Errorf("--keep %s is not empty", keep)}
	}
	if err := os.MkdirAll(keep, 0o700); err != nil {
		return "", err
	}
	return filepath.Abs(keep)
}

// sooner says what happens, with the time since now, one line at a time.
func (e env) sooner() func(format string, a ...any) {
	start := time.Now()
	var mu sync.Mutex // held for a line
	return func(format string, a ...any) {
		mu.Lock()
		defer mu.Unlock()
		e.note("%7.2f s  %s", time.Since(start).Seconds(), fmt.Sprintf(format, a...))
	}
}

func (e env) printPlan(p soak.Plan) {
	e.printf("plan %s of seed %d: %d faults, quiet from %v on, no new texts from %v on, judged at %v\n", p.Hash(), p.Seed, len(p.Faults), p.Quiet, p.Silent, p.Duration)
	for _, f := range p.Faults {
		e.printf("%8.1f s  %-9s %s for %v", f.At.Seconds(), f.Kind, f.Target(), f.For)
		if f.Shift != 0 {
			e.printf(", by %v", f.Shift.Truncate(time.Second))
		}
		e.printf("\n")
	}
}

func (e env) printSoak(r *soak.Report) {
	e.printf("accepted %d, lost %d, duplicated %d, reordered %d, forks %d, stale voice frames %d of %d\n", r.Accepted, r.Lost, r.Duplicated, r.Reordered, r.Forks, r.VoiceStale, r.Voice.Measured)
	e.printf("acknowledged after %.0f ms, shown elsewhere after %.0f ms (median); %.0f and %.0f (99 %%)\n", r.Accept.P50, r.Cross.P50, r.Accept.P99, r.Cross.P99)
	for _, k := range soak.Kinds() {
		if n := r.Faults[k]; n > 0 {
			e.printf("%-9s %3d times; texts cross again after %.1f s (median), %.1f s (worst)\n", k, n, r.Recovery[k].P50/1000, r.Recovery[k].Most/1000)
		}
	}
	for _, n := range r.Notes {
		e.printf("note: %s\n", n)
	}
	for _, b := range r.Broken {
		e.printf("BROKEN: %s\n", b)
	}
	e.printf("seed %d, plan %s\n", r.Seed, r.Plan)
}

// soakEndpoint is the command of an endpoint's process in a soak run. People do
// not call it.
const soakEndpoint = "soak-endpoint"

func newSoakEndpointCommand(e env) *cobra.Command {
	var o soak.EndpointOptions
	var node, channel string
	c := &cobra.Command{
		Use:    soakEndpoint,
		Short:  "Be one endpoint of a soak run",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			id, err := proto.ParseChannelID(channel)
			if err != nil {
				return usageError{err}
			}
			o.Node, o.Channel, o.Control = soak.Node(node), id, e.in
			o.Ready = func() { e.printf("ready\n") }
			o.Log = slog.New(slog.NewTextHandler(e.err, nil))
			return soak.RunEndpoint(context.WithoutCancel(cmd.Context()), o) // the rig alone ends it
		},
	}
	c.Flags().StringVar(&node, "node", "", "its name in the run")
	c.Flags().StringVar(&o.Home, "home", "", "the device's folder")
	c.Flags().StringVar(&o.Journal, "journal", "", "file of its journal")
	c.Flags().StringVar(&channel, "channel", "", "identifier of the channel")
	c.Flags().Uint8Var(&o.Talker, "talker", 0, "number in its voice")
	c.Flags().Uint64Var(&o.Seed, "seed", 0, "of its pace")
	c.Flags().DurationVar(&o.Texts, "texts", time.Second, "between two texts")
	c.Flags().DurationVar(&o.Bursts, "bursts", time.Second, "between two bursts")
	return c
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"crossband/cmd/crossband/internal/bench/churn"
	"crossband/cmd/crossband/internal/bench/growth"
	"crossband/cmd/crossband/internal/bench/store"
	"crossband/cmd/internal/version"
)

// growthFlags is the command line of bench growth.
type growthFlags struct {
	out, dir                               string
	axes                                   []string
	channels, agencies, history, endpoints []int
	writers, listeners, members            []int
}

func newBenchGrowthCommand(e env) *cobra.Command {
	var f growthFlags
	c := &cobra.Command{
		Use:   "growth",
		Short: "How what a relay costs grows, with plots and a page",
		Long: `How what a relay costs grows, with plots and a page.

It measures at several sizes of each axis and writes plots (SVG) into the folder --out
and, beside that folder, a page with tables: docs/performance has docs/PERFORMANCE.md.

  members    a channel's group (bench mls)
  channels   a relay's hub with more and more channels: an event, memory
  agencies   agreements with more and more agencies: what a new link is told, copies
  history    a store with more and more messages: opening it, its newest page, its size
  listeners  voice forwarded to more and more (bench relay)
  writers    messages accepted a second from more and more at one time (bench store)
  endpoints  a relay that is killed, with more and more endpoints (bench churn)

The page says on which machine, with what, when and how loaded. Defaults take some
minutes. Listeners and endpoints need Linux.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runBenchGrowth(cmd, e, f) },
	}
	c.Flags().StringVar(&f.out, "out", "performance", "folder for the plots; the page is beside it")
	c.Flags().StringVar(&f.dir, "dir", "", "folder on the disk to try; that of temporary files if empty")
	c.Flags().StringSliceVar(&f.axes, "axes", nil, "axes to measure; all if left out")
	c.Flags().IntSliceVar(&f.channels, "channels", []int{10, 30, 100, 300, 1000}, "sizes")
	c.Flags().IntSliceVar(&f.agencies, "agencies", []int{2, 4, 8, 16}, "sizes")
	c.Flags().IntSliceVar(&f.history, "history", []int{1_000, 10_000, 100_000, 1_000_000}, "sizes")
	c.Flags().IntSliceVar(&f.listeners, "listeners", []int{50, 100, 200, 500}, "sizes")
	c.Flags().IntSliceVar(&f.members, "members", []int{2, 8, 32, 128, 512, 1000}, "sizes")
	c.Flags().IntSliceVar(&f.writers, "writers", []int{1, 4, 16, 64, 256, 1024}, "sizes")
	c.Flags().IntSliceVar(&f.endpoints, "endpoints", []int{100, 200, 500, 1000}, "sizes")
	return c
}

func runBenchGrowth(cmd *cobra.Command, e env, f growthFlags) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	say := e.sooner()
	axes, err := f.chosen(growthAxes(f, func(args ...string) []string { return append([]string{exe}, args...) }, say))
	if err != nil {
		return err
	}
	about := growth.About{
		Machine: growth.ThisMachine(), Version: crossbandVersion(), Go: runtime.Version(), QUIC: moduleVersion("github.com/quic-go/quic-go"),
		Command: strings.Join(append([]string{"crossband"}, os.Args[1:]...), " "), At: time.Now(),
	}
	found, failed := growth.Measure(cmd.Context(), axes, say)
	if len(found) == 0 {
		return failed
	}
	page, err := growth.Write(f.out, about, found)
	if err == nil {
		e.printf("%s\n", page)
	}
	return errors.Join(failed, err)
}

// growthAxes is everything that can grow here; command is this program's command line
// with arguments. A benchmark of its own brings its rows by growth.Of.
func growthAxes(f growthFlags, command func(args ...string) []string, say func(string, ...any)) []growth.Axis {
	relay := func(config string) []string { return command("relay", "run", "--config", config) }
	sizes := func(list []int) growth.Sizes { return growth.Sizes{List: list, Say: say} }
	return []growth.Axis{
		growth.Channels(sizes(f.channels)), // first: it measures this process's memory
		growth.Agencies(sizes(f.agencies)),
		growth.History(sizes(f.history), f.dir),
		membersAxis(f, say),
		writersAxis(f, say),
		listenersAxis(f, command, say),
		endpointsAxis(f, relay, say),
	}
}

func writersAxis(f growthFlags, say func(string, ...any)) growth.Axis {
	return growth.Axis{
		Name: "writers", Title: "Messages accepted at one time",
		How: "`crossband bench store`: so many writers store one message of 600 octets each, again and again, and each waits until it is on the disk. " +
			"Beside it, in turns, what one write and one fsync of a file carry that hold as many messages.",
		Columns: []growth.Column{
			{Name: "writers", Heading: "writers"}, {Name: "messages_per_s", Heading: "messages/s"}, {Name: "raw_messages_per_s", Heading: "raw messages/s"},
			{Name: "raw_fsync_per_s", Heading: "raw fsync/s"}, {Name: "ratio", Heading: "ratio", Decimals: 2}, {Name: "p50_ms", Heading: "p50 ms", Decimals: 2}, {Name: "p99_ms", Heading: "p99 ms", Decimals: 2},
		},
		Charts: []growth.Chart{
			{Name: "rate", Title: "Messages on the disk, a second", X: "writers", Y: []string{"messages_per_s", "raw_messages_per_s"}, YHeading: "messages/s", LogY: true},
			{Name: "wait", Title: "From asking until it is kept", X: "writers", Y: []string{"p50_ms", "p99_ms"}, YHeading: "ms", LogY: true},
		},
		Measure: growth.Of(func(ctx context.Context) ([]store.Row, error) {
			return store.Run(ctx, store.Options{Dir: f.dir, Writers: f.writers, Octets: 600, Slice: 250 * time.Millisecond, Rounds: 8, Say: say})
		}),
	}
}

func endpointsAxis(f growthFlags, relay func(config string) []string, say func(string, ...any)) growth.Axis {
	return growth.Axis{
		Name: "endpoints", Title: "Endpoints that come back to a relay that was killed",
		How: "`crossband bench churn`: a relay in a process of its own is killed and started again at once; all endpoints, in one other process on the same machine, come back with the waits of a real endpoint. " +
			"Times are from when the relay listens again. The endpoints' part of each handshake is done by this machine too.",
		Columns: []growth.Column{
			{Name: "endpoints", Heading: "endpoints"}, {Name: "back_p50_ms", Heading: "half back ms"}, {Name: "back_p99_ms", Heading: "99 % ms"}, {Name: "all_back_ms", Heading: "all ms"},
			{Name: "handshakes_per_s", Heading: "handshakes/s"}, {Name: "relay_cpu_ms_per_handshake", Heading: "relay CPU ms each", Decimals: 2},
			{Name: "relay_rss_kb", Heading: "relay kB"}, {Name: "rss_kb_per_endpoint", Heading: "kB each"}, {Name: "first_voice_ms", Heading: "first voice ms"},
			{Name: "refused_tries", Heading: "refused"}, {Name: "lost_tries", Heading: "lost"},
		},
		Charts: []growth.Chart{
			{Name: "back", Title: "Back at a relay that was killed", X: "endpoints", Y: []string{"back_p50_ms", "all_back_ms", "first_voice_ms"}, YHeading: "ms"},
			{Name: "memory", Title: "Memory of a relay's process", X: "endpoints", Y: []string{"relay_rss_kb"}, YHeading: "kB"},
		},
		Measure: growth.Of(func(ctx context.Context) (rows []churn.Row, err error) {
			for _, n := range f.endpoints {
				more, err := churn.Run(ctx, churn.Options{Endpoints: n, Faults: []churn.Fault{churn.Kill}, Age: churn.UsualAge, Relay: relay, Say: say})
				if err != nil {
					return nil, fmt.Errorf("%d endpoints: %w", n, err)
				}
				rows = append(rows, more...)
			}
			return rows, nil
		}),
	}
}

// chosen keeps the axes that were asked for.
func (f growthFlags) chosen(all []growth.Axis) ([]growth.Axis, error) {
	if len(f.axes) == 0 {
		return all, nil
	}
	var names []string
	for _, a := range all {
		names = append(names, a.Name)
	}
	for _, n := range f.axes {
		if !slices.Contains(names, n) {
			return nil, usageError{fmt.Errorf("--axes %q: there are %s", n, strings.Join(names, ", "))}
		}
	}
	return slices.DeleteFunc(all, func(a growth.Axis) bool { return !slices.Contains(f.axes, a.Name) }), nil
}

// crossbandVersion names the release and, where the build knows it, the commit.
func crossbandVersion() string {
	v := version.Read()
	if v.Revision == "" {
		return v.Version
	}
	return v.Version + ", commit " + v.Revision[:min(12, len(v.Revision))]
}

// moduleVersion is that of a library in this program; empty when the build does not
// tell.
func moduleVersion(module string) string {
	b, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, d := range b.Deps {
		if d.Path == module {
			return d.Version
		}
	}
	return ""
}

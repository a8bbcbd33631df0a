package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"crossband/cmd/crossband/internal/bench/growth"
	"crossband/cmd/crossband/internal/bench/relay"
)

// listenersAxis is bench relay at several sizes.
func listenersAxis(f growthFlags, command func(args ...string) []string, say func(string, ...any)) growth.Axis {
	return growth.Axis{
		Name: "listeners", Title: "Listeners of one talker each",
		How: "`crossband bench relay`: ten talkers, or fewer, on channels of their own, and the listeners shared out to them. A relay in a process of its own, beside it, in turns, a plain fan-out on quic-go " +
			"and the least that a kernel and a cipher ask for. A forward is one frame to one listener; times are of the processor. Two rows for each size: QUIC datagrams, and the voice lane.",
		Columns: []growth.Column{
			{Name: "path", Heading: "path"}, {Name: "listeners", Heading: "listeners"}, {Name: "talkers", Heading: "talkers"},
			{Name: "cpu_us_per_forward", Heading: "µs/forward", Decimals: 2}, {Name: "plain_cpu_us_per_forward", Heading: "plain", Decimals: 2}, {Name: "floor_cpu_us_per_forward", Heading: "floor", Decimals: 2},
			{Name: "ratio_to_plain", Heading: "ratio to plain", Decimals: 2}, {Name: "loss", Heading: "loss, 1 is all", Decimals: 5}, {Name: "p50_ms", Heading: "p50 ms", Decimals: 2}, {Name: "p99_ms", Heading: "p99 ms", Decimals: 2},
			{Name: "rss_kb_per_endpoint", Heading: "kB an endpoint"}, {Name: "plain_rss_kb_per_endpoint", Heading: "plain kB"}, {Name: "relay_core_share", Heading: "share of a core", Decimals: 2},
		},
		Charts: []growth.Chart{
			{Name: "cpu", Title: "Processor time of a forward", X: "listeners", Y: []string{"cpu_us_per_forward", "plain_cpu_us_per_forward", "floor_cpu_us_per_forward"}, By: "path", YHeading: "µs", LogY: true},
			{Name: "latency", Title: "From sending a frame to hearing it", X: "listeners", Y: []string{"p50_ms", "p99_ms"}, By: "path", YHeading: "ms", LogY: true},
		},
		Measure: growth.Of(func(ctx context.Context) (rows []relay.Row, err error) { return measureListeners(ctx, f, command, say) }),
	}
}

// mostTalkers is that of bench relay's defaults.
const mostTalkers = 10

// measureListeners fails where a row has no figures: a page on which it is missing would
// not say so.
func measureListeners(ctx context.Context, f growthFlags, command func(args ...string) []string, say func(string, ...any)) (rows []relay.Row, err error) {
	dir, err := os.MkdirTemp("", "crossband-bench-growth-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	o := relay.Options{
		Paths: []string{relay.PathDatagram, relay.PathLane}, Frame: 120, Slice: 2 * time.Second, Rounds: 2, Settle: 2 * time.Second, Dir: dir, Command: command, Say: say,
	}
	for _, n := range f.listeners {
		o.Sizes = append(o.Sizes, relay.Size{Listeners: n, Talkers: min(n, mostTalkers)})
	}
	if err := o.Check(); err != nil {
		return nil, err
	}
	if rows, err = relay.Run(ctx, o); err != nil {
		return nil, err
	}
	return withFigures(rows)
}

// withFigures returns the rows that have figures, and why others have none.
func withFigures(rows []relay.Row) (good []relay.Row, err error) {
	for _, r := range rows {
		if r.Error != "" {
			err = errors.Join(err, fmt.Errorf("%d listeners, path %s: %s", r.Listeners, r.Path, r.Error))
			continue
		}
		good = append(good, r)
	}
	return good, err
}

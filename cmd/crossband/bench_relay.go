package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"crossband/cmd/crossband/internal/bench/relay"
	"crossband/cmd/crossband/internal/bench/relay/yardstick"
)

// benchRelayFlags is the command line of bench relay.
type benchRelayFlags struct {
	listeners, talkers []int
	paths              []string
	frame, rounds      int
	slice, settle      time.Duration
	keep               string
	most               map[string]string
	asJSON             bool
}

func newBenchRelayCommand(e env) *cobra.Command {
	var f benchRelayFlags
	c := &cobra.Command{
		Use:   "relay",
		Short: "Measure what it costs a relay to forward voice",
		Long: `Measure what it costs a relay to forward voice.

A relay runs in a process of its own, as "relay run" runs it. This process brings
the load: talkers, each on a channel of its own, say a frame every 20 ms, and the
listeners, shared out to the channels, hear it. Talkers and listeners have a
certificate, a link and a UDP socket each; talkers are members of their channel's
group and ask for the floor. Frames have an SFrame header and random octets in the
place of ciphertext: a relay cannot tell.

In the same run, turn by turn in slices, the same load is carried by
  plain   the simplest correct fan-out on quic-go with mutual TLS: what is read
          is handed to each connection in turn
  floor   the least there is: a frame sealed once for each listener with
          AES-128-GCM and all of them sent in one system call, over plain UDP,
          without acknowledgement
While one is measured the others are silent. Each has the same number of sockets and
the same keep-alives, and carries voice for half a second before it is measured.

A forward is one frame to one listener. The columns, and in --json their names:
  µs/forward   cpu_us_per_forward: processor time of the relay's process, user and
               system mode, as the kernel accounts it, by forwards
  plain        plain_cpu_us_per_forward
  floor        floor_cpu_us_per_forward
  ratio        ratio_to_plain: the relay's by the plain one's
  loss %       loss: the part of the forwards that was not heard half a second after
               the end of its slice, each frame counted once; in --json 1 is all, and
               plain_loss that of the plain one. Who drops voice is cheap: --most
               fails where either is above 1 %
  p50, p99 ms  p50_ms, p99_ms: from sending to hearing a frame, over all listeners,
               on loopback: the load's own part is in it
  plain p99    plain_p99_ms
  kB/endpoint  rss_kb_per_endpoint: resident memory of the relay's process with all
               endpoints connected and silent, less that before they came, by
               endpoints; in KiB, read before they subscribe or say anything
  plain        plain_rss_kb_per_endpoint
  core share   relay_core_share: of one core, that the relay used while measured
In --json, load_behind says that the load was too busy to send one frame in a hundred.
Where nothing is heard, or a listener hears a frame twice or one of another channel,
there are no figures, and the command fails; in --json the row has error in their place.
One row for each size and path: datagram sends voice in QUIC datagrams, lane by the
voice lane. Processor times of other processes are read on Linux only.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runBenchRelay(cmd.Context(), e, f) },
	}
	c.Flags().IntSliceVar(&f.listeners, "listeners", []int{500}, "listeners in all; several sizes are measured one after the other")
	c.Flags().IntSliceVar(&f.talkers, "talkers", []int{10}, "talkers, each on a channel of its own; likewise")
	c.Flags().StringSliceVar(&f.paths, "path", []string{relay.PathDatagram, relay.PathLane}, "how the relay sends voice: datagram, lane")
	c.Flags().IntVar(&f.frame, "frame", 120, "octets of a voice frame")
	c.Flags().DurationVar(&f.slice, "slice", 3*time.Second, "how long each is measured before it is the next one's turn")
	c.Flags().IntVar(&f.rounds, "rounds", 3, "turns of each")
	c.Flags().DurationVar(&f.settle, "settle", 3*time.Second, "how long all are left alone before memory is read")
	c.Flags().StringToStringVar(&f.most, "most", nil, "fail where a path's ratio to plain is above, as in lane=0.5,datagram=1.2")
	c.Flags().StringVar(&f.keep, "keep", "", "folder to keep agencies and logs in; a temporary one, removed at the end, if empty")
	c.Flags().BoolVar(&f.asJSON, "json", false, "print JSON, one object a row")
	return c
}

func (f benchRelayFlags) sizes() (list []relay.Size) {
	for _, t := range f.talkers {
		for _, l := range f.listeners {
			list = append(list, relay.Size{Listeners: l, Talkers: t})
		}
	}
	return list
}

// bounds reads --most.
func (f benchRelayFlags) bounds() (map[string]float64, error) {
	most := make(map[string]float64)
	for path, s := range f.most {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil || v <= 0 || !slices.Contains(f.paths, path) {
			return nil, fmt.Errorf("--most %s=%s: want a measured path and a number above 0", path, s)
		}
		most[path] = v
	}
	return most, nil
}

// mostLoss is what a row may lose, or the plain fan-out beside it, for its ratio to be
// held against a bound: who drops voice is cheap.
const mostLoss = 0.01

// above says which rows are over their bound, or prove nothing of it.
func above(rows []relay.Row, most map[string]float64) (err error) {
	for _, r := range rows {
		bound, ok := most[r.Path]
		if !ok || r.Error != "" {
			continue
		}
		if !(r.Ratio <= bound) {
			err = errors.Join(err, fmt.Errorf("path %s with %d listeners: %.2f of plain, more than %.2f", r.Path, r.Listeners, r.Ratio, bound))
		}
		if max(r.Loss, r.PlainLoss) > mostLoss {
			err = errors.Join(err, fmt.Errorf("path %s with %d listeners: it lost %.4f of the forwards, and plain %.4f; a ratio is proof up to %.2f", r.Path, r.Listeners, r.Loss, r.PlainLoss, mostLoss))
		}
	}
	return err
}

func runBenchRelay(ctx context.Context, e env, f benchRelayFlags) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	o := relay.Options{
		Sizes: f.sizes(), Paths: f.paths, Frame: f.frame, Slice: f.slice, Rounds: f.rounds, Settle: f.settle,
		Command: func(args ...string) []string { return append([]string{exe}, args...) },
		Say:     e.sooner(),
	}
	most, err := f.bounds()
	if err != nil {
		return usageError{err}
	}
	if err := o.Check(); err != nil {
		if errors.Is(err, relay.ErrNotHere) {
			return err
		}
		return usageError{err}
	}
	if o.Dir, err = runDir(f.keep, "crossband-bench-"); err != nil {
		return err
	}
	rows, err := relay.Run(ctx, o)
	if f.keep == "" {
		err = errors.Join(err, os.RemoveAll(o.Dir))
	}
	if len(rows) > 0 {
		err = errors.Join(printRows(e, rows, f.asJSON), err, above(rows, most))
	}
	for _, r := range rows {
		if r.Error != "" {
			err = errors.Join(err, fmt.Errorf("path %s: %s", r.Path, r.Error))
			break
		}
	}
	return err
}

func newBenchYardstickCommand(e env) *cobra.Command {
	var kind, listen, dir string
	c := &cobra.Command{
		Use:    relay.YardstickCommand,
		Short:  "Be what a benchmark's relay is compared with",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			at, err := net.ResolveUDPAddr("udp4", listen)
			if err != nil {
				return usageError{err}
			}
			if at == nil || !at.IP.IsLoopback() {
				return usageError{fmt.Errorf("--listen %q: want an address of loopback", listen)}
			}
			pc, err := net.ListenUDP("udp4", at)
			if err != nil {
				return err
			}
			ready := func() { e.printf("listening on %s\n", pc.LocalAddr()) }
			switch kind {
			case relay.KindPlain:
				return yardstick.ServePlain(cmd.Context(), pc, dir, ready)
			case relay.KindFloor:
				return yardstick.ServeFloor(cmd.Context(), pc, ready)
			}
			pc.Close()
			return usageError{fmt.Errorf("--kind %q: there are %s", kind, strings.Join([]string{relay.KindPlain, relay.KindFloor}, " and "))}
		},
	}
	c.Flags().StringVar(&kind, "kind", "", "plain or floor")
	c.Flags().StringVar(&listen, "listen", "", "UDP address, of loopback")
	c.Flags().StringVar(&dir, "dir", "", "folder with its keys")
	return c
}

package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"crossband/cmd/crossband/internal/bench/federation"
)

func newBenchFederationCommand(e env) *cobra.Command {
	var o federation.Options
	var asJSON bool
	c := &cobra.Command{
		Use:   "federation",
		Short: "Measure what relays of other agencies on the way cost: time, processors, border",
		Long: `Measure what relays of other agencies on the way cost: time, processors, border.

Three agencies, their relays in processes of their own: a hub and two followers that
link with it. Links between relays pass a UDP proxy which counts and delays nothing.
A talker sends frames of 120 octets every 20 ms; talker and listeners are bare links,
which seal and open nothing. The routes take turns, burst by burst; a turn of silence
says what to take off.

Columns:
  hops              borders on the way: 0 talker and listeners at the hub's relay,
                    1 talker there, listeners at a follower, 2 from follower to follower
  listeners         at the last relay
  p50 ms, p99 ms    from sending a frame to having it, over all frames and listeners,
                    the proxies included
  proxies ms        what the proxies on the way are to be blamed for, as plain packets
                    through one and past it tell (median)
  relay CPU us/forward
                    user and system time of all relay processes while somebody talks,
                    less what they use in silence, for each frame handed to a listener
                    or to a relay. One talker keeps relays idle in between: a busy
                    relay needs less for each. Linux only, else 0
  border octets/burst, border packets/burst
                    UDP payload and packets over one border, both ways, acknowledgements
                    and the floor included, less what crosses in silence. They do not
                    grow with the listeners: a border carries one copy
  loss              share of the frames that did not arrive`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runBenchFederation(cmd.Context(), e, o, asJSON) },
	}
	c.Flags().IntSliceVar(&o.Listeners, "listeners", []int{1, 4, 16}, "numbers of listeners to measure with")
	c.Flags().IntVar(&o.Bursts, "bursts", 4, "on each route")
	c.Flags().DurationVar(&o.Speech, "speech", 700*time.Millisecond, "of each burst")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON, one object a route")
	return c
}

func runBenchFederation(ctx context.Context, e env, o federation.Options, asJSON bool) error {
	if err := o.Check(); err != nil {
		return usageError{err}
	}
	var err error
	if o.Relay, err = ownRelay(); err != nil {
		return err
	}
	o.Say = e.sooner()
	rows, err := federation.Run(ctx, o)
	if err != nil {
		return err
	}
	return printRows(e, rows, asJSON)
}

// Package churn measures how a relay is come back to: many endpoints lose it in one
// moment, and all want it again.
package churn

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"crossband/client/redial"
	"crossband/cmd/crossband/internal/bench"
	"crossband/cmd/crossband/internal/bench/crowd"
	"crossband/cmd/crossband/internal/rig"
)

// Fault is how the relay goes.
type Fault string

// The faults.
const (
	Kill Fault = "kill" // without a word, as by kill -9 or a power cut
	Stop Fault = "stop" // asked to end, it tells its endpoints, as for an update
)

// Options say what is measured. All are required.
type Options struct {
	Endpoints int           // links; a talker and a listener come on top
	Faults    []Fault       // one after the other
	Age       time.Duration // of all links when the relay goes; from UsualAge on they count as good ones
	Relay     func(config string) []string
	Say       func(format string, args ...any)
}

// UsualAge is that of links which their endpoints take for good ones: they come back
// with the shortest wait.
const UsualAge = redial.Lasts + 2*time.Second

// MaxEndpoints is what one agency's relay is made for, by far, and what one machine has
// sockets for.
const MaxEndpoints = 10_000

// Row is one fault. Times are from when the relay listens again, but for DownMS and
// FaultToAllMS, which are from the fault.
type Row struct {
	Fault         Fault   `json:"fault"`
	Endpoints     int     `json:"endpoints"`
	DownMS        float64 `json:"down_ms"`     // until the relay listens again
	BackP50MS     float64 `json:"back_p50_ms"` // until half of the endpoints have a link
	BackP99MS     float64 `json:"back_p99_ms"` // until 99 of 100 have
	AllBackMS     float64 `json:"all_back_ms"` // until the last has
	FaultToAllMS  float64 `json:"fault_to_all_back_ms"`
	HandshakesPS  float64 `json:"handshakes_per_s"`           // links made from the first to the last
	CPUMS         float64 `json:"relay_cpu_ms_per_handshake"` // of the relay's process, all that it does meanwhile
	RSSKB         float64 `json:"relay_rss_kb"`               // with all back
	RSSEndpointKB float64 `json:"rss_kb_per_endpoint"`        // of it more than before anybody came to the first relay
	FirstVoiceMS  float64 `json:"first_voice_ms"`             // until the listener plays the first frame
	Refused       int     `json:"refused_tries"`              // dials that the relay refused or turned away
	Lost          int     `json:"lost_tries"`                 // dials that got no answer in time
}

// Cells implements bench.Row.
func (r Row) Cells() []bench.Cell {
	return []bench.Cell{
		{Heading: "fault", Text: string(r.Fault)}, bench.Count("endpoints", r.Endpoints), bench.Figure("down ms", r.DownMS, 0),
		bench.Figure("back p50 ms", r.BackP50MS, 0), bench.Figure("p99 ms", r.BackP99MS, 0), bench.Figure("all ms", r.AllBackMS, 0), bench.Figure("fault to all ms", r.FaultToAllMS, 0),
		bench.Figure("handshakes/s", r.HandshakesPS, 0), bench.Figure("relay CPU ms each", r.CPUMS, 2),
		bench.Figure("relay RSS kB", r.RSSKB, 0), bench.Figure("kB each", r.RSSEndpointKB, 0),
		bench.Figure("first voice ms", r.FirstVoiceMS, 0), bench.Count("refused", r.Refused), bench.Count("lost", r.Lost),
	}
}

func (o Options) check() error {
	if o.Endpoints < 1 || o.Endpoints > MaxEndpoints {
		return fmt.Errorf("%d endpoints; 1 to %d are allowed", o.Endpoints, MaxEndpoints)
	}
	if o.Age <= 0 {
		return fmt.Errorf("links of %v; they must have lasted a while", o.Age)
	}
	if len(o.Faults) == 0 {
		return errors.New("no fault is named")
	}
	for _, f := range o.Faults {
		if f != Kill && f != Stop {
			return fmt.Errorf("fault %q: want %s or %s", f, Kill, Stop)
		}
	}
	return nil
}

// Bounds of a run.
const (
	setupTime = 3 * time.Minute  // founding, certificates, the first links
	backTime  = 90 * time.Second // until all are back, or the run fails
	begins    = 200              // members that dial for the first time, a second: below what the gate lets one address do
	settles   = 2 * time.Second  // until what the relay does after links came is done
)

// Run links all endpoints, lets the relay go in each way, and measures.
func Run(ctx context.Context, o Options) (rows []Row, err error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if _, err := rig.CostOf(os.Getpid()); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "crossband-bench-churn-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	w, err := crowd.Found(dir, 0, o.Relay)
	if err != nil {
		return nil, err
	}
	defer w.Stop()
	if err := w.Start(); err != nil {
		return nil, err
	}
	r := &run{o: o, world: w, gathering: newGathering(o.Endpoints)}
	if r.bare, err = w.Relay.Cost(); err != nil {
		return nil, err
	}
	return r.measure(ctx)
}

// run is one run under way.
type run struct {
	o         Options
	world     *crowd.World
	gathering *gathering
	bare      rig.Cost // of the first relay before anybody came
	pair      *pair
}

// measure brings the crowd together, and takes it apart with ctx or at the end.
func (r *run) measure(ctx context.Context) (rows []Row, err error) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	var members []*crowd.Member
	defer func() {
		cancel()
		err = errors.Join(err, crowd.CloseAll(members))
		wg.Wait()
		if r.pair != nil {
			err = errors.Join(err, r.pair.close())
		}
	}()
	setup, over := context.WithTimeout(ctx, setupTime)
	defer over()
	if r.pair, err = newPair(setup, r.world); err != nil {
		return nil, err
	}
	if members, err = r.world.Members(setup, r.o.Endpoints, func(n int) { r.o.Say("%d of %d certificates", n, r.o.Endpoints) }); err != nil {
		return nil, err
	}
	pace := time.NewTicker(time.Second / begins)
	defer pace.Stop()
	for _, m := range members {
		select {
		case <-pace.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		wg.Go(func() { m.Keep(ctx, r.gathering) }) // ends with ctx
	}
	if err := r.gathering.wait(setup); err != nil {
		return nil, err
	}
	r.o.Say("%d endpoints linked", r.o.Endpoints)
	for _, f := range r.o.Faults {
		row, err := r.fault(ctx, f)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f, err)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// fault lets the relay go and come back once, when all links are old enough.
func (r *run) fault(ctx context.Context, f Fault) (row Row, err error) {
	if err := bench.Sleep(ctx, r.o.Age); err != nil {
		return row, err
	}
	r.gathering.reset()
	heard := r.pair.listen()
	begun := time.Now()
	switch f {
	case Kill:
		r.world.Relay.Kill()
	case Stop:
		r.world.Stop()
	}
	if err := r.world.Start(); err != nil {
		return row, err
	}
	listens := time.Now()
	before, err := r.world.Relay.Cost()
	if err != nil {
		return row, err
	}
	ctx, cancel := context.WithTimeout(ctx, backTime)
	defer cancel()
	voice := make(chan error, 1)
	go func() { voice <- r.pair.talk(ctx, heard) }() // ends when the listener has heard, or with ctx
	err = r.gathering.wait(ctx)
	after, failed := r.world.Relay.Cost()
	if err = errors.Join(err, failed, <-voice); err != nil {
		return row, err
	}
	if err := bench.Sleep(ctx, settles); err != nil {
		return row, err
	}
	settled, err := r.world.Relay.Cost()
	if err != nil {
		return row, err
	}
	if row, err = r.gathering.row(begun, listens); err != nil {
		return row, err
	}
	row.Fault, row.Endpoints = f, r.o.Endpoints
	row.CPUMS = bench.MS(after.CPU-before.CPU) / float64(r.o.Endpoints+pairSize)
	row.RSSKB = float64(settled.RSS) / 1024
	row.RSSEndpointKB = float64(settled.RSS-r.bare.RSS) / 1024 / float64(r.o.Endpoints+pairSize)
	row.FirstVoiceMS = bench.MS(heard.at.Sub(listens))
	r.o.Say("%s: %d endpoints back %.1f s after the relay listens", f, row.Endpoints, row.AllBackMS/1000)
	return row, nil
}

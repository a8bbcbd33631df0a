package churn

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"crossband/cmd/crossband/internal/bench/crowd"
	"crossband/proto"
	"crossband/proto/link"
)

func TestTheGatheringIsWholeWhenEverybodyIsThereAtOneTime(t *testing.T) {
	a, b := new(crowd.Member), new(crowd.Member)
	g := newGathering(2)
	g.Linked(a)
	g.Lost(a, nil)
	g.Linked(b)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	g.Failed(a, errors.New("no answer"))
	if err := g.wait(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "1 of 2") || !strings.Contains(err.Error(), "no answer") {
		t.Errorf("one is away: %v", err)
	}
	waited := make(chan error)
	go func() { waited <- g.wait(t.Context()) }()
	g.Linked(a)
	if err := <-waited; err != nil {
		t.Errorf("both are there: %v", err)
	}
}

func TestTheRowTellsHowTheyCame(t *testing.T) {
	fault := time.Now()
	listens := fault.Add(500 * time.Millisecond)
	g := newGathering(101)
	for i := range 101 { // from 1 s after it listens on, one every 10 ms
		g.back[new(crowd.Member)] = listens.Add(time.Second + time.Duration(i)*10*time.Millisecond)
	}
	g.Failed(nil, &link.RefusedByPeer{Refusal: proto.Refuse(proto.ReasonFull, "")})
	g.Failed(nil, context.DeadlineExceeded)
	g.Failed(nil, context.DeadlineExceeded)
	want := Row{DownMS: 500, BackP50MS: 1500, BackP99MS: 1990, AllBackMS: 2000, FaultToAllMS: 2500, HandshakesPS: 100, Refused: 1, Lost: 2}
	if got, err := g.row(fault, listens); got != want || err != nil {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
	}
	for m := range g.back {
		g.Lost(m, nil)
		if got, err := g.row(fault, listens); err == nil {
			t.Errorf("one has gone again: %+v", got)
		}
	}
	g.reset()
	if len(g.back) != 0 || g.refused != 0 || g.lost != 0 {
		t.Error("something is left of the last time")
	}
}

func TestOptionsThatCannotBeAreRefused(t *testing.T) {
	good := Options{Endpoints: 1, Faults: []Fault{Kill, Stop}, Age: 1}
	if err := good.check(); err != nil {
		t.Fatal(err)
	}
	for why, change := range map[string]func(*Options){
		"nobody":          func(o *Options) { o.Endpoints = 0 },
		"too many":        func(o *Options) { o.Endpoints = MaxEndpoints + 1 },
		"no fault":        func(o *Options) { o.Faults = nil },
		"another fault":   func(o *Options) { o.Faults = []Fault{"flood"} },
		"links of no age": func(o *Options) { o.Age = 0 },
	} {
		o := good
		change(&o)
		if o.check() == nil {
			t.Errorf("%s: accepted", why)
		}
	}
}

package soak

import (
	"slices"
	"testing"
	"time"
)

// TestTheSameSeedGivesTheSamePlan, and another one another.
func TestTheSameSeedGivesTheSamePlan(t *testing.T) {
	make := func(seed uint64, d time.Duration, kinds []Kind) Plan {
		t.Helper()
		p, err := Make(seed, d, kinds, ShapeOfRuns())
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	for seed := range uint64(50) {
		a, b := make(seed, 2*time.Minute, Kinds()), make(seed, 2*time.Minute, Kinds())
		if a.Hash() != b.Hash() || !slices.Equal(a.Faults, b.Faults) {
			t.Fatalf("seed %d gives two plans", seed)
		}
		for what, other := range map[string]Plan{
			"another seed": make(seed+1, 2*time.Minute, Kinds()), "another duration": make(seed, 3*time.Minute, Kinds()),
			"other faults": make(seed, 2*time.Minute, []Kind{Kill}),
		} {
			if other.Hash() == a.Hash() {
				t.Errorf("%s gives the plan of seed %d", what, seed)
			}
		}
	}
}

// TestPlansAreBounded: every kind has its turn, no fault begins too early or lasts
// into the quiet time, none lasts longer than its kind may, and no process has two
// at once.
func TestPlansAreBounded(t *testing.T) {
	for _, d := range []time.Duration{MinDuration, 30 * time.Second, time.Minute, 5 * time.Minute, 2 * time.Hour} {
		for seed := range uint64(100) {
			p, err := Make(seed, d, Kinds(), ShapeOfRuns())
			if err != nil {
				t.Fatal(err)
			}
			if p.Duration != d || p.Quiet > d-12*time.Second || p.Silent <= p.Quiet || p.Silent >= d {
				t.Errorf("%v, seed %d: quiet from %v, silent from %v", d, seed, p.Quiet, p.Silent)
			}
			for _, k := range Kinds() {
				if p.Count()[k] == 0 {
					t.Errorf("%v, seed %d: no %s", d, seed, k)
				}
			}
			for i, f := range p.Faults {
				checkFault(t, p, f)
				for _, g := range p.Faults[:i] {
					if f.meets(g) && f.At < g.End() && g.At < f.End() {
						t.Errorf("%v, seed %d: %v and %v at once", d, seed, f, g)
					}
				}
			}
		}
	}
}

func checkFault(t *testing.T, p Plan, f Fault) {
	t.Helper()
	_, most := bounds(f.Kind)
	if f.At <= 0 || f.For <= 0 || f.For > most || f.End() > p.Quiet {
		t.Errorf("seed %d, %v: %v from %v for %v", p.Seed, p.Duration, f.Kind, f.At, f.For)
	}
	s := ShapeOfRuns()
	switch {
	case f.Kind == Partition:
		if !slices.Contains(s.Paths, [2]Node{f.Node, f.Other}) {
			t.Errorf("no path %s", f.Target())
		}
	case f.Other != "":
		t.Errorf("%s on a path", f.Kind)
	case f.Kind == DiskFull:
		if !slices.Contains(s.Relays, f.Node) {
			t.Errorf("disk-full at %s", f.Node)
		}
	case !slices.Contains(append(s.Relays, s.Endpoints...), f.Node):
		t.Errorf("no process %s", f.Node)
	}
	if (f.Kind == Clock) != (f.Shift != 0) || f.Shift.Abs() > maxShift {
		t.Errorf("%s shifts by %v", f.Kind, f.Shift)
	}
}

// TestPlansThatCannotBe are refused.
func TestPlansThatCannotBe(t *testing.T) {
	if _, err := Make(1, MinDuration-1, Kinds(), ShapeOfRuns()); err == nil {
		t.Error("a run without time")
	}
	for _, list := range []string{"", "kill,", "murder", "kill pause"} {
		if kinds, err := ParseKinds(list); err == nil {
			t.Errorf("%q gives %v", list, kinds)
		}
	}
	if kinds, err := ParseKinds("kill, pause,kill"); err != nil || !slices.Equal(kinds, []Kind{Kill, Pause}) {
		t.Errorf("%v, %v", kinds, err)
	}
}

package soak

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// diary writes a journal by hand. Each line is a tenth of a second after the one
// before.
type diary struct {
	at   *int64
	list []Record
}

func (d *diary) add(r Record) *diary {
	*d.at += int64(100 * time.Millisecond)
	r.At = *d.at
	d.list = append(d.list, r)
	return d
}

// scene is two endpoints, of which the first says two texts that the other is
// shown; everything is as promised.
type scene struct {
	at   int64
	a, b *diary
}

func goodScene() *scene {
	s := &scene{at: 1e9}
	s.a, s.b = &diary{at: &s.at}, &diary{at: &s.at}
	for _, d := range []*diary{s.a, s.b} {
		d.add(Record{What: Started}).add(Record{What: Joined})
	}
	s.says(1)
	s.shows(1)
	s.says(2)
	s.shows(2)
	return s
}

func idOf(n uint64) string { return fmt.Sprintf("id-%d", n) }

func (s *scene) says(n uint64) {
	s.a.add(Record{What: Saying, N: n}).add(Record{What: Said, N: n, ID: idOf(n)})
}

func (s *scene) shows(n uint64) {
	s.b.add(Record{What: Shown, From: "alpha-1", N: n, ID: idOf(n)}).add(Record{What: Kept, ID: idOf(n)})
}

// ends writes down what both see at the end.
func (s *scene) ends() { s.endsAs("aa", "aa") }

func (s *scene) endsAs(a, b string) {
	s.a.add(Record{What: FinalView, Final: &Final{Member: true, Epoch: 5, Authenticator: a}})
	s.b.add(Record{What: FinalView, Final: &Final{Member: true, Epoch: 5, Authenticator: b}})
}

func (s *scene) judged() *Report {
	return Judge(Evidence{Journals: map[Node][]Record{"alpha-1": s.a.list, "bravo-1": s.b.list}})
}

// TestWhatIsPromisedPasses: the judge finds nothing where nothing is broken, not
// even where a kill, a refusal or a late answer makes it look so.
func TestWhatIsPromisedPasses(t *testing.T) {
	for name, play := range map[string]func(*scene){
		"nothing happens": func(*scene) {},
		"refused with notice": func(s *scene) {
			s.a.add(Record{What: Saying, N: 3}).add(Record{What: Said, N: 3, ID: idOf(3), Why: "full"}).add(Record{What: Failed, ID: idOf(3), Why: "full"})
		},
		"accepted, then failed with notice": func(s *scene) {
			s.says(3)
			s.a.add(Record{What: Failed, ID: idOf(3), Why: "expired"})
		},
		"said and never accepted": func(s *scene) {
			s.a.add(Record{What: Saying, N: 3}).add(Record{What: Started}).add(Record{What: Saying, N: 4}).add(Record{What: Said, N: 4, ID: idOf(4), Why: "waits"})
		},
		"accepted late, shown before that is known": func(s *scene) {
			s.a.add(Record{What: Saying, N: 3}).add(Record{What: Said, N: 3, ID: idOf(3), Why: "waits"})
			s.shows(3)
			s.a.add(Record{What: Accepted, ID: idOf(3)})
		},
		"a number never said": func(s *scene) { s.says(4); s.shows(4) },
	} {
		s := goodScene()
		play(s)
		s.ends()
		if r := s.judged(); !r.OK || r.Accepted < 2 {
			t.Errorf("%s: %v, %v", name, r.Broken, r.Notes)
		}
	}
}

// TestShownAgainAfterAKill is told from a duplicate by where the kill fell.
func TestShownAgainAfterAKill(t *testing.T) {
	s := goodScene()
	s.says(3)
	s.b.add(Record{What: Shown, From: "alpha-1", N: 3, ID: idOf(3)}).add(Record{What: Started})
	s.shows(3)
	s.ends()
	if r := s.judged(); !r.OK || r.AgainAfterKill != 1 || r.Duplicated != 0 {
		t.Errorf("killed before it was kept: %d again, %d duplicated, %v", r.AgainAfterKill, r.Duplicated, r.Broken)
	}
	s = goodScene()
	s.b.add(Record{What: Started})
	s.shows(2)
	s.ends()
	if r := s.judged(); r.OK || r.AgainAfterKill != 0 || r.Duplicated != 1 {
		t.Errorf("killed after it was kept: %d again, %d duplicated, %v", r.AgainAfterKill, r.Duplicated, r.Broken)
	}
}

// TestTheJudgeFindsWhatIsBroken: each promise is broken once, and that one alone is
// found.
func TestTheJudgeFindsWhatIsBroken(t *testing.T) {
	for name, c := range map[string]struct {
		play  func(*scene)
		count func(*Report) int
		says  string
	}{
		"lost": {func(s *scene) { s.says(3); s.ends() }, func(r *Report) int { return r.Lost }, "did not reach everybody"},
		"lost, its number never written down": {
			func(s *scene) {
				s.a.add(Record{What: Started}).add(Record{What: Accepted, ID: "of the run before"})
				s.ends()
			},
			func(r *Report) int { return r.Lost }, "did not reach everybody",
		},
		"duplicated": {func(s *scene) { s.shows(2); s.ends() }, func(r *Report) int { return r.Duplicated }, "shown twice"},
		"reordered": {
			func(s *scene) { s.says(3); s.says(4); s.shows(4); s.shows(3); s.ends() },
			func(r *Report) int { return r.Reordered }, "out of order",
		},
		"forked":       {func(s *scene) { s.endsAs("aa", "bb") }, func(r *Report) int { return r.Forks }, "differing states"},
		"views differ": {func(s *scene) { s.a.add(Record{What: Differ, Why: "x"}); s.ends() }, func(r *Report) int { return r.Forks }, "differing states"},
		"stale voice": {
			func(s *scene) {
				s.b.add(Record{What: Heard, Voice: &Voice{Frames: 3, Measured: 2, Stale: 1, WorstMS: 2500}})
				s.ends()
			},
			func(r *Report) int { return r.VoiceStale }, "stale voice",
		},
		"not back": {
			func(s *scene) { s.ends(); s.b.add(Record{What: Started}) },
			func(r *Report) int { return len(r.NotRecovered) }, "not back",
		},
		"behind": {
			func(s *scene) {
				s.a.add(Record{What: FinalView, Final: &Final{Member: true, Epoch: 6, Authenticator: "cc"}})
				s.b.add(Record{What: FinalView, Final: &Final{Member: true, Epoch: 5, Authenticator: "aa"}})
			},
			func(r *Report) int { return len(r.NotRecovered) }, "not back",
		},
		"failed and shown": {
			func(s *scene) { s.a.add(Record{What: Failed, ID: idOf(2), Why: "x"}); s.ends() },
			func(r *Report) int { return r.FailedButShown }, "shown all the same",
		},
		"still waiting": {
			func(s *scene) {
				s.endsAs("aa", "aa")
				s.a.list[len(s.a.list)-1].Final.Outbox = 1
			},
			func(r *Report) int { return r.Waiting }, "waiting at the end",
		},
	} {
		s := goodScene()
		c.play(s)
		r := s.judged()
		if r.OK || len(r.Broken) != 1 || c.count(r) != 1 || !strings.Contains(r.Broken[0], c.says) {
			t.Errorf("%s: counted %d, broken %v", name, c.count(r), r.Broken)
		}
	}
}

// TestFaultsAreCounted, those that could not be made apart, and recovery is measured
// from a fault's end to the next text that crosses.
func TestFaultsAreCounted(t *testing.T) {
	s := goodScene()
	fault := Injected{Fault: Fault{Kind: Kill, Node: "relay-bravo"}, Begin: s.at - 1, End: s.at}
	s.says(3)
	s.shows(3)
	s.ends()
	r := Judge(Evidence{
		Journals: map[Node][]Record{"alpha-1": s.a.list, "bravo-1": s.b.list},
		Faults:   []Injected{fault, {Fault: Fault{Kind: Clock, Node: "alpha-1"}, Error: "no way"}},
		Crashes:  []Crash{{Node: "relay-alpha", Why: "panic"}},
	})
	if r.Faults[Kill] != 1 || r.Faults[Clock] != 0 || r.NotMade != 1 || len(r.Broken) != 2 {
		t.Errorf("faults %v, %d not made, broken %v", r.Faults, r.NotMade, r.Broken)
	}
	if got := r.Recovery[Kill]; got.Count != 1 || got.P50 != 300 {
		t.Errorf("recovery %+v, want 300 ms: said, taken, shown", got)
	}
	if r.Accept.P50 != 100 || r.Cross.P50 != 200 {
		t.Errorf("acknowledged after %v, shown after %v", r.Accept.P50, r.Cross.P50)
	}
}

// TestNothingAcceptedProvesNothing.
func TestNothingAcceptedProvesNothing(t *testing.T) {
	if r := Judge(Evidence{}); r.OK {
		t.Error("an empty run passes")
	}
}

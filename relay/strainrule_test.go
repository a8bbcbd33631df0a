package relay

import (
	"slices"
	"testing"
	"time"

	"crossband/proto/link"
)

// crowd is how n endpoints fare of whom some lose a fifth.
func crowd(n, bad int) []receiver {
	list := make([]receiver, n)
	for i := range bad {
		list[i].lost = 200
	}
	return list
}

func partner(lost link.Strain) receiver { return receiver{relay: true, lost: lost} }

func TestWhoMakesARouteStrained(t *testing.T) {
	for name, tt := range map[string]struct {
		list []receiver
		want link.Strain
	}{
		"nobody hears":                  {nil, 0},
		"one, well":                     {crowd(1, 0), 0},
		"one, badly":                    {crowd(1, 1), 200},
		"just under the threshold":      {[]receiver{{lost: 49}}, 0},
		"at it":                         {[]receiver{{lost: 50}}, 50},
		"one of ten":                    {crowd(10, 1), 200},
		"one of eleven":                 {crowd(11, 1), 0},
		"one of twenty-one":             {crowd(21, 1), 0},
		"two of twenty-one":             {crowd(21, 2), 0},
		"three of twenty-one":           {crowd(21, 3), 200},
		"twenty of twenty-one":          {crowd(21, 20), 200},
		"the worst of them counts":      {[]receiver{{lost: 60}, {lost: 300}, {lost: 90}}, 300},
		"a partner's link":              {append(crowd(100, 0), partner(120)), 120},
		"a partner's link, well":        {append(crowd(100, 0), partner(49)), 0},
		"partners are no endpoints":     {append(crowd(10, 1), partner(0), partner(0), partner(0)), 200},
		"too few beside a bad partner":  {append(crowd(21, 2), partner(120)), 120},
		"enough beside a worse partner": {append(crowd(10, 1), partner(500)), 500},
	} {
		if got := measured(tt.list); got != tt.want {
			t.Errorf("%s: %d per mille, want %d", name, got, tt.want)
		}
	}
}

// told is what a sender was told, and when.
type told struct {
	after time.Duration
	lost  link.Strain
}

// looking has a rule look each second at what list gives, and returns what it said.
func looking(rule *strainRule, begin time.Time, looks int, list func(second int) []receiver) (all []told) {
	for i := range looks {
		if lost, say := rule.look(begin.Add(time.Duration(i)*time.Second), list(i)); say {
			all = append(all, told{time.Duration(i) * time.Second, lost})
		}
	}
	return all
}

func TestStrainIsToldWhenItLastsAndEasesLater(t *testing.T) {
	begin := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	during := func(bad ...int) func(int) []receiver {
		return func(i int) []receiver {
			if slices.Contains(bad, i) {
				return crowd(1, 1)
			}
			return crowd(1, 0)
		}
	}
	s := time.Second
	for name, tt := range map[string]struct {
		bad  []int
		want []told
	}{
		"never":                           {nil, nil},
		"once":                            {[]int{3}, nil},
		"every other look":                {[]int{1, 3, 5, 7, 9}, nil},
		"twice":                           {[]int{3, 4}, []told{{4 * s, 200}, {9 * s, 0}}},
		"for three seconds":               {[]int{3, 4, 5}, []told{{4 * s, 200}, {5 * s, 200}, {10 * s, 0}}},
		"once more before it has eased":   {[]int{3, 4, 8}, []told{{4 * s, 200}, {8 * s, 200}, {13 * s, 0}}},
		"once more after it has eased":    {[]int{3, 4, 10}, []told{{4 * s, 200}, {9 * s, 0}}},
		"again after it has eased, twice": {[]int{3, 4, 10, 11}, []told{{4 * s, 200}, {9 * s, 0}, {11 * s, 200}, {16 * s, 0}}},
	} {
		if got := looking(new(strainRule), begin, 20, during(tt.bad...)); !slices.Equal(got, tt.want) {
			t.Errorf("%s: told %v, want %v", name, got, tt.want)
		}
	}
}

// A partner's word counts at once, is passed on no more than once a second, and its
// easing at once too, unless what is measured here says otherwise.
func TestPartnersWordIsPassedOn(t *testing.T) {
	begin := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	word := func(lost link.Strain) partnerWord { return partnerWord{lost: lost, holds: true} }
	var rule strainRule
	rule.look(begin, crowd(3, 0))
	for i, step := range []struct {
		at   time.Duration
		word partnerWord
		lost link.Strain
		say  bool
	}{
		{300 * time.Millisecond, word(150), 150, true},
		{400 * time.Millisecond, word(900), 0, false}, // too soon
		{1300 * time.Millisecond, word(900), 900, true},
		{2900 * time.Millisecond, partnerWord{holds: true}, 0, false}, // it has not said that it is over
		{3 * time.Second, partnerWord{}, 0, true},
		{5 * time.Second, partnerWord{}, 0, false}, // once
	} {
		if lost, say := rule.judge(begin.Add(step.at), step.word); lost != step.lost || say != step.say {
			t.Errorf("step %d: %d, %v, want %d, %v", i, lost, say, step.lost, step.say)
		}
	}

	rule = strainRule{}
	bad := crowd(1, 1)
	rule.look(begin, bad)
	if lost, say := rule.look(begin.Add(time.Second), append(slices.Clone(bad), receiver{relay: true, word: word(700)})); lost != 700 || !say {
		t.Errorf("the worst: %d, %v", lost, say)
	}
	if _, say := rule.judge(begin.Add(2500*time.Millisecond), partnerWord{}); !say || !rule.strained {
		t.Error("a partner's easing was taken for that of our own endpoints")
	}
}

func TestOldWordsFade(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	w := strainWord{lost: 300, at: at}
	for after, want := range map[time.Duration]partnerWord{
		0:                        {300, true},
		1400 * time.Millisecond:  {300, true},
		1600 * time.Millisecond:  {0, true},
		6 * time.Second:          {0, true},
		8 * time.Second:          {0, false},
		-time.Minute + time.Hour: {0, false},
		1000 * time.Hour:         {0, false},
	} {
		if got := w.now(at.Add(after)); got != want {
			t.Errorf("after %v: %+v, want %+v", after, got, want)
		}
	}
	if got := (strainWord{at: at}).now(at); got != (partnerWord{}) {
		t.Errorf("an eased word: %+v", got)
	}
}

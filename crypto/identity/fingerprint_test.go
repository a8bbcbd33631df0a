package identity

import (
	"slices"
	"strings"
	"testing"
)

// letters is the edit distance of two words.
func letters(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		prev := row[0]
		row[0] = i + 1
		for j := range b {
			cost := prev
			if a[i] != b[j] {
				cost++
			}
			prev = row[j+1]
			row[j+1] = min(row[j+1]+1, row[j]+1, cost)
		}
	}
	return row[len(b)]
}

func TestSpokenWordsAreFarApart(t *testing.T) {
	words := spokenWords()
	if len(words) != 256 || !slices.IsSorted(words) {
		t.Fatalf("%d words, sorted %v; want 256 in order", len(words), slices.IsSorted(words))
	}
	for i, a := range words {
		if len(a) < 4 || len(a) > 9 {
			t.Errorf("%q is not 4 to 9 letters", a)
		}
		for _, b := range words[i+1:] {
			if letters(a, b) < 3 || a[:3] == b[:3] {
				t.Errorf("%q and %q are too much alike", a, b)
			}
		}
	}
}

func TestWordsAreHeardInAnyForm(t *testing.T) {
	f := newAuthority(t, "usbp.example", noon()).Bundle().Fingerprint()
	for _, heard := range []string{f.String(), strings.ToUpper(f.String()), " " + strings.Join(f.Words(), ",\n ") + "\t", strings.Join(f.Words(), "-")} {
		if err := f.MatchWords(heard); err != nil {
			t.Errorf("%q: %v", heard, err)
		}
	}
}

func TestWrongWordsAreRefused(t *testing.T) {
	f := Fingerprint{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
	swapped := f.Words()
	swapped[3], swapped[4] = swapped[4], swapped[3]
	misheard := f.Words()
	misheard[0] = spokenWords()[200]
	other := Fingerprint{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12}
	for _, c := range []struct {
		heard string
		want  Fault
		why   string
	}{
		{strings.Join(swapped, " "), Malformed, "two words swapped"},
		{strings.Join(misheard, " "), Malformed, "one word misheard as another of the list"},
		{strings.Join(f.Words()[:11], " "), Malformed, "a word missing"},
		{strings.Replace(f.String(), f.Words()[2], "xylophone", 1), Malformed, "a word that is not in the list"},
		{"", Malformed, "silence"},
		{other.String(), PinChanged, "the words of another root"},
	} {
		wantFault(t, f.MatchWords(c.heard), c.want, c.why)
	}
}

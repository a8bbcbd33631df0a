package report

import (
	"regexp"
	"slices"
	"testing"

	"crossband/client/phrase"
	"crossband/cmd/crossband/internal/report/reporttest"
	"crossband/crypto/record"
)

func kinds() []record.Kind {
	return []record.Kind{
		record.KindOpened, record.KindHail, record.KindReply, record.KindLadderStep, record.KindAcknowledged, record.KindPage, record.KindJoined,
		record.KindLeft, record.KindRemoved, record.KindFloorGranted, record.KindFloorReleased, record.KindFloorLost, record.KindFloorDenied,
		record.KindBurst, record.KindText, record.KindAgreement, record.KindNotice, record.KindHandover, record.KindMerged, record.KindReArmed,
		record.KindClosed, record.KindGap, record.KindSplit, record.KindClockSet,
	}
}

// TestEveryKindIsSaid: each kind of entry, and each sentence of the table, is
// said in three languages that differ, with all of its places filled.
func TestEveryKindIsSaid(t *testing.T) {
	b := reporttest.NewBorder(t)
	used := map[record.Kind]map[variant]bool{}
	for _, exercise := range []bool{false, true} {
		x := b.Record(t, exercise, b.Everything(t)...)
		i, err := Read(x, Inspect(x))
		if err != nil || i.Standing.Tampered() {
			t.Fatalf("error %v, %s", err, i.Standing.Warning(phrase.English))
		}
		for n := range i.Events {
			e := &i.Events[n]
			v, _ := e.values(phrase.English)
			if used[e.Entry.Kind()] == nil {
				used[e.Entry.Kind()] = map[variant]bool{}
			}
			used[e.Entry.Kind()][v] = true
			var all []string
			for _, l := range phrase.Languages() {
				s := e.Sentence(l)
				if s == "" || regexp.MustCompile(`[{}]|: ?$|  |\(\)`).MatchString(s) {
					t.Errorf("entry %d, %s, in %s: %q", n, e.Entry.Kind(), l, s)
				}
				all = append(all, s)
			}
			if slices.Sort(all); len(slices.Compact(all)) != 3 {
				t.Errorf("entry %d, %s, reads the same in two languages: %q", n, e.Entry.Kind(), all)
			}
		}
	}
	for _, k := range kinds() {
		if len(table(k)) == 0 {
			t.Errorf("no sentence for %s", k)
		}
		for v := range table(k) {
			if !used[k][v] {
				t.Errorf("%s: no entry takes the sentence %q", k, v)
			}
		}
	}
}

// TestSentencesOfTheTableHaveTheSamePlaces, in each language: none says less.
func TestSentencesOfTheTableHaveTheSamePlaces(t *testing.T) {
	place := regexp.MustCompile(`\{[a-z]+\}`)
	for _, k := range append(kinds(), "") {
		for v, w := range table(k) {
			var all []string
			for _, s := range w {
				places := place.FindAllString(s, -1)
				slices.Sort(places)
				all = append(all, fill("{x}", map[string]string{"x": joinedStrings(places)}))
			}
			if len(slices.Compact(all)) != 1 {
				t.Errorf("%s %s: places %q", k, v, all)
			}
		}
	}
}

func joinedStrings(list []string) (out string) {
	for _, s := range list {
		out += s
	}
	return out
}

// TestUnknownKindsAreSaidNeutrally: with their name, who did it, and what they
// hold; and a line that cannot be read by its number.
func TestUnknownKindsAreSaidNeutrally(t *testing.T) {
	line := []byte(`{"actor":"spiffe://usbp.example/unit/a","body":{"what":"x\u001by"},"index":0,"kind":"zebra-seen","place":"spiffe://usbp.example/relay/r","prev":"` +
		record.Digest{}.String() + `","time":"2026-11-02T12:00:00.000Z","v":1}`)
	x := &record.Export{Logs: []record.ExportedLog{{Origin: record.Origin{Agency: "usbp.example"}, Entries: [][]byte{line, []byte("torn")}}}}
	i, err := Read(x, Inspect(x))
	if err != nil {
		t.Fatal(err)
	}
	want := `unit/a@usbp.example: an entry of the kind zebra-seen, which this version does not know. {"what":"x\u001by"}`
	if got := i.Events[0].Sentence(phrase.English); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := i.Events[1].Sentence(phrase.French); got != "La ligne 1 du journal est illisible." {
		t.Errorf("%q", got)
	}
}

package phrase

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite testdata/phrases.txt")

// sampleSlot returns a value of a kind for phrases under test.
func sampleSlot(t testing.TB, k Kind) Slot {
	switch k {
	case KindPlace:
		return Place{28_709_100, -100_499_500, "rail bridge"}
	case KindBearing:
		return Bearing(45)
	case KindDistance:
		return Distance{2_500, Kilometres}
	case KindDirection:
		return North
	case KindCount:
		return Count(3)
	case KindPlate:
		return Plate{"ABC-123-A", "MX-COA"}
	case KindWeapon:
		return LongGun
	case KindUnit:
		return Unit("Del Rio 214")
	case KindETA:
		return ETA(15)
	case KindTime:
		return Instant{1_772_659_800, -360}
	case KindSpeed:
		return Speed{75_000, MilesPerHour}
	case KindWeight:
		return Weight{12_500, Kilograms}
	case KindLandmark:
		return Landmark{"customs gate", Quantity{2_000, Kilometres}, North}
	case KindVehicle:
		return Vehicle{Pickup, White}
	case KindText:
		return Text("dos hombres, camisa azul")
	}
	t.Fatalf("no sample for kind %v", k)
	return nil
}

// sample returns a content of the phrase with a value in each listed slot.
func sample(t testing.TB, p Phrase, kinds []Kind) Content {
	var slots []Slot
	for _, k := range kinds {
		slots = append(slots, sampleSlot(t, k))
	}
	c, err := Compose(p.Code(), slots...)
	if err != nil {
		t.Fatalf("%s: %v", p.Slug(), err)
	}
	return c
}

func TestTable(t *testing.T) {
	slugs := map[string]bool{}
	last := Code(0)
	form := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	for p := range Phrases() {
		if p.Code() <= last {
			t.Errorf("%s: code %d after %d, want ascending and unique", p.Slug(), p.Code(), last)
		}
		last = p.Code()
		if slugs[p.Slug()] || !form.MatchString(p.Slug()) {
			t.Errorf("slug %q is taken or not lower-case words", p.Slug())
		}
		slugs[p.Slug()] = true
		if found, ok := Find(p.Code()); !ok || found != p {
			t.Errorf("%s: its topic does not find code %d", p.Slug(), p.Code())
		}
		if c, ok := Lookup(p.Slug()); !ok || c != p.Code() {
			t.Errorf("Lookup(%q) = %d, %v; want %d", p.Slug(), c, ok, p.Code())
		}
		if p.required&p.optional != 0 {
			t.Errorf("%s: a slot is both required and optional", p.Slug())
		}
	}
	if len(slugs) < 90 {
		t.Errorf("%d phrases, want 90 or more", len(slugs))
	}
	if _, ok := Lookup("no-such-phrase"); ok {
		t.Error("Lookup finds a phrase that is not there")
	}
	for _, c := range []Code{0, 99, 8120, 1000, 25_500, 65_535} {
		if p, ok := Find(c); ok {
			t.Errorf("Find(%d) = %s, want none", c, p.Slug())
		}
	}
}

// TestSentences holds every template to its row: each required slot once, no
// other slot, nothing left over.
func TestSentences(t *testing.T) {
	placeholder := regexp.MustCompile(`\{[^}]*\}`)
	tenCode := regexp.MustCompile(`(?i)\b(10|11)-\d|\bcode \d|\bsignal \d|\bclave \d`)
	for _, l := range Languages() {
		seen := map[string]string{}
		for p := range Phrases() {
			s := p.sentence.in(l)
			var want []string
			for _, k := range p.Required() {
				want = append(want, "{"+k.String()+"}")
			}
			got := placeholder.FindAllString(s, -1)
			slices.Sort(want)
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("%s in %v names %v, want each required slot once: %v", p.Slug(), l, got, want)
			}
			bare := placeholder.ReplaceAllString(s, "")
			if strings.ContainsAny(bare, "{}%\n\t\"“”«»") || strings.Contains(s, "  ") || strings.TrimSpace(s) != s {
				t.Errorf("%s in %v: stray character or space: %q", p.Slug(), l, s)
			}
			if !strings.HasSuffix(s, ".") && !strings.HasSuffix(s, "?") {
				t.Errorf("%s in %v does not end as a sentence: %q", p.Slug(), l, s)
			}
			if i := strings.Index(s, "{place}"); i >= 0 && !strings.HasSuffix(s[:i], ": ") {
				t.Errorf("%s in %v: a place is more words than fit into a sentence, want it after a colon: %q", p.Slug(), l, s)
			}
			if tenCode.MatchString(s) {
				t.Errorf("%s in %v is not plain language: %q", p.Slug(), l, s)
			}
			if err := checkText(s, MaxText); err != nil {
				t.Errorf("%s in %v: %v", p.Slug(), l, err)
			}
			if other := seen[s]; other != "" {
				t.Errorf("%s and %s read the same in %v: %q", p.Slug(), other, l, s)
			}
			seen[s] = p.Slug()
		}
	}
}

func TestEveryKindIsRequiredSomewhere(t *testing.T) {
	var all kindSet
	for p := range Phrases() {
		all |= p.required
	}
	for k := KindPlace; k <= lastKind; k++ {
		if all.has(k) {
			all |= 1 << k.StandIn()
		}
	}
	for k := KindPlace; k <= lastKind; k++ {
		if !all.has(k) {
			t.Errorf("no phrase requires %v: its place in a sentence is never tried", k)
		}
	}
}

// TestCallsForHelpNeedNothing: an officer in trouble is not asked for details.
func TestCallsForHelpNeedNothing(t *testing.T) {
	for _, slug := range []string{"officer-down", "officer-in-distress", "request-backup", "request-backup-urgent",
		"shots-fired", "hold-fire", "medical-emergency", "drowning", "persons-in-river", "fire", "missing-child"} {
		c, ok := Lookup(slug)
		if !ok {
			t.Errorf("no phrase %s", slug)
		}
		if _, err := Compose(c); err != nil {
			t.Errorf("%s cannot go out bare: %v", slug, err)
		}
	}
}

func TestExportedCodes(t *testing.T) {
	for slug, want := range map[string]Code{"officer-down": OfficerDown, "officer-in-distress": OfficerInDistress,
		"request-backup": RequestBackup, "received": Received, "radio-check": RadioCheck, "message": Message} {
		if c, _ := Lookup(slug); c != want {
			t.Errorf("%s has code %d, its constant %d", slug, c, want)
		}
	}
}

func TestTopics(t *testing.T) {
	for _, l := range Languages() {
		seen := map[string]bool{}
		for _, topic := range Topics() {
			if len(topic.table()) == 0 || topic.Name(l) == Topic(0).Name(l) || seen[topic.Name(l)] {
				t.Errorf("topic %d in %v: empty, unnamed or named twice: %q", topic, l, topic.Name(l))
			}
			seen[topic.Name(l)] = true
		}
	}
}

// TestEveryPhraseRoundTrips encodes every phrase with its required slots and
// with all its slots, and reads it in every language.
func TestEveryPhraseRoundTrips(t *testing.T) {
	for p := range Phrases() {
		for _, kinds := range [][]Kind{p.Required(), append(p.Required(), p.Optional()...)} {
			c := sample(t, p, kinds)
			b, err := c.AppendTo(nil)
			if err != nil {
				t.Errorf("%s: %v", p.Slug(), err)
				continue
			}
			back, err := ParseContent(b)
			if err != nil || back.Code != c.Code || !slices.Equal(back.Slots, c.Slots) {
				t.Errorf("%s comes back as %v (%v), want %v", p.Slug(), back, err, c)
			}
			for _, l := range Languages() {
				s := back.Sentence(l)
				for _, slot := range c.Slots {
					value := slot.show(l)
					if n, ok := slot.(Count); ok && !p.required.has(KindCount) {
						value = fmt.Sprint(uint16(n))
					}
					if n := strings.Count(s, value); n < 1 {
						t.Errorf("%s in %v does not show %s: %s", p.Slug(), l, slot.Kind(), s)
					}
				}
				if strings.ContainsAny(s, "{}\n") || strings.Contains(s, "not given") {
					t.Errorf("%s in %v has a gap: %s", p.Slug(), l, s)
				}
			}
		}
	}
}

// TestPhrasesFile keeps the whole phrasebook as readers see it in one file, so
// that a native speaker can review it and a changed code shows in the diff.
// Rewrite it with -update.
func TestPhrasesFile(t *testing.T) {
	const file = "testdata/phrases.txt"
	var b bytes.Buffer
	for p := range Phrases() {
		c := sample(t, p, p.Required())
		fmt.Fprintf(&b, "%d %s required=%v optional=%v\n", p.Code(), p.Slug(), p.Required(), p.Optional())
		for _, l := range Languages() {
			fmt.Fprintf(&b, "  %-5v  %s\n", l, c.Sentence(l))
		}
	}
	if *update {
		if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Split(b.String(), "\n")
	for i, line := range strings.Split(string(want), "\n") {
		if i >= len(got) || got[i] != line {
			t.Fatalf("line %d of %s differs; run go test -update and review the diff. Want\n%s", i+1, file, line)
		}
	}
	if len(got) != bytes.Count(want, []byte("\n"))+1 {
		t.Fatalf("%s is shorter than the phrasebook; run go test -update and review the diff", file)
	}
}

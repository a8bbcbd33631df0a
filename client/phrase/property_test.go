package phrase

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestAnyContentComesBackAndReads composes every phrase with random slots, at
// and between the limits of each kind, and holds each content to what a reader
// needs: the same octets and slots after the wire, one inert line in every
// language without gaps, and every slot shown in the phrase's own words or else
// behind its label.
func TestAnyContentComesBackAndReads(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	placeholder := regexp.MustCompile(`\{[^}]*\}`)
	for p := range Phrases() {
		for range 40 {
			c := randomContent(t, rnd, p)
			b, err := c.AppendTo(nil)
			if err != nil {
				t.Fatalf("%s %v: %v", p.Slug(), c.Slots, err)
			}
			back, err := ParseContent(b)
			if err != nil || back.Code != c.Code || !slices.Equal(back.Slots, c.Slots) {
				t.Fatalf("%s comes back as %v (%v), want %v", p.Slug(), back, err, c)
			}
			if err := back.Validate(); err != nil {
				t.Fatalf("%s %v: valid before the wire, not after: %v", p.Slug(), c.Slots, err)
			}
			for l := English; l <= SpanishUnitedStates; l++ {
				s := back.Sentence(l)
				if !visible(s) || placeholder.MatchString(s) || strings.ContainsAny(s, "{}") {
					t.Fatalf("%s in %v is not one clean line: %q", p.Slug(), l, s)
				}
				details, ok := strings.CutPrefix(s, ownWords(back, p, l))
				if !ok {
					t.Fatalf("%s in %v does not begin %q: %s", p.Slug(), l, ownWords(back, p, l), s)
				}
				for _, slot := range back.Slots {
					if strings.Contains(details, " "+detail(slot, l)+".") == inSentence(back, p, slot) {
						t.Fatalf("%s in %v does not show its %v once: %s", p.Slug(), l, slot.Kind(), s)
					}
				}
			}
		}
	}
}

// ownWords returns the phrase's sentence with the slots that it has gaps for.
func ownWords(c Content, p Phrase, l Language) string {
	out := p.sentence.in(l)
	if l == French {
		out = strings.ReplaceAll(out, " :", nbsp+":")
	}
	var pairs []string
	for _, k := range p.Required() {
		in, _ := c.fills(k)
		pairs = append(pairs, "{"+k.String()+"}", in.show(l))
	}
	return strings.NewReplacer(pairs...).Replace(out)
}

// inSentence reports whether the phrase's own words have a gap for the slot.
func inSentence(c Content, p Phrase, s Slot) bool {
	return slices.ContainsFunc(p.Required(), func(k Kind) bool {
		in, _ := c.fills(k)
		return in == s
	})
}

// randomContent composes the phrase with its required slots, or the stand-ins
// of these, and a random choice of the others.
func randomContent(t *testing.T, rnd *rand.Rand, p Phrase) Content {
	var slots []Slot
	for _, k := range p.Required() {
		if other := k.StandIn(); other != 0 && rnd.IntN(2) == 0 {
			k = other
		}
		slots = append(slots, randomSlot(t, rnd, k))
	}
	for _, k := range p.Optional() {
		had := slices.ContainsFunc(slots, func(s Slot) bool { return s.Kind() == k })
		if !had && k != KindLandmark && rnd.IntN(2) == 0 {
			slots = append(slots, randomSlot(t, rnd, k))
		}
	}
	c, err := Compose(p.Code(), slots...)
	if err != nil {
		t.Fatalf("%s with %v: %v", p.Slug(), slots, err)
	}
	return c
}

// pick returns a limit one time in three, and anything from low to high else.
func pick(rnd *rand.Rand, low, high int) int {
	switch rnd.IntN(6) {
	case 0:
		return low
	case 1:
		return high
	}
	return low + rnd.IntN(high-low+1)
}

func randomSlot(t *testing.T, rnd *rand.Rand, k Kind) Slot {
	switch k {
	case KindPlace:
		p := Place{Microdegrees(pick(rnd, -90e6, 90e6)), Microdegrees(pick(rnd, -180e6, 180e6-1)), ""}
		if rnd.IntN(2) == 0 {
			p.Landmark = randomText(rnd, MaxLandmark)
		}
		return p
	case KindBearing:
		return Bearing(pick(rnd, 0, 359))
	case KindDistance:
		return Distance(randomQuantity(rnd, length))
	case KindDirection:
		return Direction(pick(rnd, int(North), int(lastDirection)))
	case KindCount:
		return Count(pick(rnd, 1, MaxCount))
	case KindPlate:
		origins := []string{"", "MX", "US-TX", "CA-QC", "MX-COA"}
		return Plate{strings.Repeat("A1", 6)[:pick(rnd, 1, MaxPlate)], origins[rnd.IntN(len(origins))]}
	case KindWeapon:
		return Weapon(pick(rnd, int(WeaponUnidentified), int(lastWeapon)))
	case KindUnit:
		return Unit(randomText(rnd, MaxUnit))
	case KindETA:
		return ETA(pick(rnd, 0, MaxETA))
	case KindTime:
		return Instant{int64(pick(rnd, minUnix, maxUnix)), int16(pick(rnd, -48, 56) * 15)}
	case KindText:
		return Text(randomText(rnd, MaxText))
	case KindSpeed:
		return Speed(randomQuantity(rnd, speed))
	case KindWeight:
		return Weight(randomQuantity(rnd, weight))
	case KindLandmark:
		m := Landmark{Name: randomText(rnd, MaxLandmark), Toward: Direction(pick(rnd, 0, int(Northwest)))}
		if rnd.IntN(2) == 0 {
			m.Offset = randomQuantity(rnd, length)
		}
		return m
	case KindVehicle:
		return Vehicle{VehicleType(pick(rnd, int(Car), int(lastVehicle))), Colour(pick(rnd, 0, int(lastColour)))}
	}
	t.Fatalf("no random value of kind %v", k)
	return nil
}

func randomQuantity(rnd *rand.Rand, of property) Quantity {
	most := map[property]float64{length: MaxDistance, speed: MaxSpeed, weight: MaxWeight}[of]
	for {
		q := Quantity{1 + rnd.Uint32N(1<<(1+rnd.Uint32N(31))), Metres + Measure(rnd.Uint32N(uint32(lastMeasure)))}
		if q.checkOf(of, most) == nil {
			return q
		}
	}
}

// randomText returns a text of several scripts that fills its limit one time in
// three. It has no braces, so that a brace in a sentence is one left over.
func randomText(rnd *rand.Rand, limit int) string {
	letters := []rune("abc XYZ 019.,;:!?%“”«»'\"\\/<>&áéíóúñÑ¿¡çèœÉ中文рус👮é́")
	var b strings.Builder
	for n := pick(rnd, 1, limit); ; {
		r := string(letters[rnd.IntN(len(letters))])
		if b.Len() > 0 && b.Len()+len(r) > n {
			return b.String()
		}
		b.WriteString(r)
	}
}

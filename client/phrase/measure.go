package phrase

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Measure is a unit of measure. Numbers not listed are kept and shown as numbers.
type Measure uint8

// The units of measure. The numbers are on the wire and are never reused.
const (
	Metres Measure = 1 + iota
	Kilometres
	Feet
	Miles // statute miles
	KilometresPerHour
	MilesPerHour
	Knots
	Grams
	Kilograms
	Ounces // avoirdupois
	Pounds // avoirdupois

	lastMeasure = Pounds
)

// property is what a unit of measure is of.
type property uint8

const (
	length property = 1 + iota // in metres
	speed                      // in kilometres an hour
	weight                     // in kilograms
)

// measureRow is what the phrasebook knows of a unit of measure.
type measureRow struct {
	of     property
	factor float64 // exact, to the property's own unit
	typed  string
	one    wording // the word or sign beside 1
	many   wording
}

func same(sign string) wording { return wording{sign, sign, sign} }

// row returns what is known of m, which must be listed. The factors of feet,
// miles, knots, ounces and pounds are exact by definition (NIST Special
// Publication 811, appendix B).
func (m Measure) row() measureRow {
	return [...]measureRow{
		Metres:            {length, 1, "m", same("m"), same("m")},
		Kilometres:        {length, 1000, "km", same("km"), same("km")},
		Feet:              {length, 0.3048, "ft", wording{"ft", "pie", "pi"}, wording{"ft", "pies", "pi"}},
		Miles:             {length, 1609.344, "mi", same("mi"), same("mi")},
		KilometresPerHour: {speed, 1, "km/h", same("km/h"), same("km/h")},
		MilesPerHour:      {speed, 1.609344, "mph", wording{"mph", "mph", "mi/h"}, wording{"mph", "mph", "mi/h"}},
		Knots:             {speed, 1.852, "kn", wording{"knot", "nudo", "nœud"}, wording{"knots", "nudos", "nœuds"}},
		Grams:             {weight, 0.001, "g", same("g"), same("g")},
		Kilograms:         {weight, 1, "kg", same("kg"), same("kg")},
		Ounces:            {weight, 0.028349523125, "oz", same("oz"), same("oz")},
		Pounds:            {weight, 0.45359237, "lb", same("lb"), same("lb")},
	}[m]
}

func (m Measure) listed() bool { return m != 0 && m <= lastMeasure }

// metric reports whether a country that measures in metres uses m on the road.
// Knots are of neither system.
func (m Measure) metric() bool {
	switch m {
	case Metres, Kilometres, KilometresPerHour, Grams, Kilograms:
		return true
	}
	return false
}

// usual returns the unit that a reader expects for so much of a property.
func usual(of property, amount float64, metric bool) Measure {
	switch {
	case of == length && metric && amount < 995:
		return Metres
	case of == length && metric:
		return Kilometres
	case of == length && amount < 402: // a quarter of a mile
		return Feet
	case of == length:
		return Miles
	case of == speed && metric:
		return KilometresPerHour
	case of == speed:
		return MilesPerHour
	case metric && amount < 0.9995:
		return Grams
	case metric:
		return Kilograms
	case amount < Pounds.row().factor:
		return Ounces
	}
	return Pounds
}

// Quantity is an amount in the unit of measure that the sender used: what a
// person typed reaches the reader as it was, and the record too.
type Quantity struct {
	Thousandths uint32 // of the unit, not 0
	In          Measure
}

// amount returns the quantity in its property's own unit.
func (q Quantity) amount() float64 { return float64(q.Thousandths) / 1000 * q.In.row().factor }

// checkOf reports whether the quantity is one of the property, above 0 and at
// most so many of the property's own unit. Of a unit not listed only 0 is refused.
func (q Quantity) checkOf(of property, most float64) error {
	switch {
	case q.In == 0:
		return fmt.Errorf("unit of measure 0")
	case q.Thousandths == 0:
		return fmt.Errorf("amount 0")
	case !q.In.listed():
		return nil
	case q.In.row().of != of:
		return fmt.Errorf("%s does not fit here", q.In.row().typed)
	case q.amount() > most:
		return fmt.Errorf("%s %s is too much", q.digits(English), q.In.row().typed)
	}
	return nil
}

// show gives the quantity in the units of the reader's country and in those of
// its neighbour, the sender's own as they were given: both sides of a border
// talk about it. What was converted is rounded; if nothing is left, it is left out.
func (q Quantity) show(l Language) string {
	own := q.digits(l) + " "
	if !q.In.listed() {
		return own + unlisted(uint8(q.In), l)
	}
	own += q.In.word(float64(q.Thousandths)/1000, l)
	if q.In == Knots {
		return q.convert(l.metric(), l, "%[1]s (%[2]s)", own)
	}
	if q.In.metric() == l.metric() {
		return q.convert(!l.metric(), l, "%[2]s (%[1]s)", own)
	}
	return q.convert(l.metric(), l, "%[1]s (%[2]s)", own)
}

// convert puts the quantity in one of the two systems and the sender's own
// words into a form.
func (q Quantity) convert(metric bool, l Language, form, own string) string {
	of, amount := q.In.row().of, q.amount()
	m := usual(of, amount, metric)
	n := rounded(amount/m.row().factor, m)
	if n == 0 {
		return own
	}
	return fmt.Sprintf(form, decimal(strconv.FormatFloat(n, 'f', places(n, m), 64), l)+" "+m.word(n, l), own)
}

// rounded keeps what a person can use of a converted number.
func rounded(n float64, m Measure) float64 {
	switch {
	case places(n, m) == 1:
		return math.Round(n*10) / 10
	case (m == Metres || m == Feet) && n >= 100:
		return math.Round(n/10) * 10
	}
	return math.Round(n)
}

// places is how many decimals a converted number has.
func places(n float64, m Measure) int {
	switch m {
	case Kilometres, Miles, Kilograms, Pounds, Ounces:
		if n < 99.95 {
			return 1
		}
	}
	return 0
}

// word returns the unit's word or sign beside n. Two is the first plural in
// French, and everything but one in English and Spanish.
func (m Measure) word(n float64, l Language) string {
	if n == 1 || l == French && n < 2 {
		return m.row().one.in(l)
	}
	return m.row().many.in(l)
}

// digits writes the amount as it was given, without needless zeros.
func (q Quantity) digits(l Language) string {
	whole, part := q.Thousandths/1000, q.Thousandths%1000
	if part == 0 {
		return strconv.FormatUint(uint64(whole), 10)
	}
	return decimal(strings.TrimRight(fmt.Sprintf("%d.%03d", whole, part), "0"), l)
}

// decimal gives a number the language's decimal sign.
func decimal(s string, l Language) string {
	if l == French {
		return strings.Replace(s, ".", ",", 1)
	}
	return s
}

package phrase

import "fmt"

// Landmark is a place told by something that both sides know, for whoever has
// no position: at it, or so far and in such a direction from it. It stands in
// for a Place wherever a phrase asks for one.
type Landmark struct {
	Name   string    // 1 to MaxLandmark octets
	Offset Quantity  // how far from it, as a Distance; zero if not given
	Toward Direction // where from it: a point of the compass, Upstream or Downstream; 0 if not given
}

// Kind returns KindLandmark.
func (Landmark) Kind() Kind { return KindLandmark }

func (m Landmark) check() error {
	if m.Offset != (Quantity{}) {
		if err := Distance(m.Offset).check(); err != nil {
			return err
		}
	}
	if m.Toward <= lastDirection && !m.Toward.fromHere() && m.Toward != 0 {
		return fmt.Errorf("direction %s is not one from a landmark", m.Toward.slug())
	}
	return checkText(m.Name, MaxLandmark)
}

func (m Landmark) appendValue(b []byte) []byte {
	return append(append(m.Offset.append(b), byte(m.Toward)), m.Name...)
}

func decodeLandmark(v []byte) (Slot, bool) {
	if len(v) <= quantityLen {
		return nil, false
	}
	q, ok := decodeQuantity(v[:quantityLen])
	return Landmark{string(v[quantityLen+1:]), q, Direction(v[quantityLen])}, ok
}

// show says "2 km north of" in whatever parts are given.
func (m Landmark) show(l Language) string {
	name, far := quote(m.Name, MaxLandmark, l), ""
	if m.Offset != (Quantity{}) {
		far = m.Offset.show(l)
	}
	switch {
	case m.Toward == 0 && far == "":
		return wording{"near ", "cerca de ", "près de "}.in(l) + name
	case m.Toward == 0:
		return fmt.Sprintf(wording{"%s from %s", "a %s de %s", "à %s de %s"}.in(l), far, name)
	case far == "":
		return m.Toward.of(l) + name
	}
	return wording{"", "a ", "à "}.in(l) + far + " " + m.Toward.of(l) + name
}

// of returns what stands before a thing that something else lies in the
// direction of.
func (d Direction) of(l Language) string {
	switch {
	case d == Upstream:
		return wording{"upstream of ", "río arriba de ", "en amont de "}.in(l)
	case d == Downstream:
		return wording{"downstream of ", "río abajo de ", "en aval de "}.in(l)
	case !d.fromHere():
		return unlisted(uint8(d), l) + wording{" from ", " de ", " de "}.in(l)
	case l == French && (d == East || d == West):
		return "à l'" + d.compass().in(l) + " de "
	}
	return wording{"", "al ", "au "}.in(l) + d.compass().in(l) + wording{" of ", " de ", " de "}.in(l)
}

// fromHere reports whether the direction can be told from a landmark.
func (d Direction) fromHere() bool {
	return d >= North && d <= Northwest || d == Upstream || d == Downstream
}

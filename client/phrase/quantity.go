package phrase

import "encoding/binary"

// Distance is a length, above 0 and at most MaxDistance.
type Distance Quantity

// Speed is how fast something moves, above 0 and at most MaxSpeed.
type Speed Quantity

// Weight is a mass, above 0 and at most MaxWeight.
type Weight Quantity

// Kind returns KindDistance.
func (Distance) Kind() Kind { return KindDistance }

// Kind returns KindSpeed.
func (Speed) Kind() Kind { return KindSpeed }

// Kind returns KindWeight.
func (Weight) Kind() Kind { return KindWeight }

func (d Distance) check() error { return Quantity(d).checkOf(length, MaxDistance) }
func (s Speed) check() error    { return Quantity(s).checkOf(speed, MaxSpeed) }
func (w Weight) check() error   { return Quantity(w).checkOf(weight, MaxWeight) }

func (d Distance) appendValue(b []byte) []byte { return Quantity(d).append(b) }
func (s Speed) appendValue(b []byte) []byte    { return Quantity(s).append(b) }
func (w Weight) appendValue(b []byte) []byte   { return Quantity(w).append(b) }

func (d Distance) show(l Language) string { return Quantity(d).show(l) }
func (s Speed) show(l Language) string    { return Quantity(s).show(l) }
func (w Weight) show(l Language) string   { return Quantity(w).show(l) }

// quantityLen is how many octets a quantity has on the wire.
const quantityLen = 5

func (q Quantity) append(b []byte) []byte {
	return binary.BigEndian.AppendUint32(append(b, byte(q.In)), q.Thousandths)
}

func decodeQuantity(v []byte) (Quantity, bool) {
	if len(v) != quantityLen {
		return Quantity{}, false
	}
	return Quantity{binary.BigEndian.Uint32(v[1:]), Measure(v[0])}, true
}

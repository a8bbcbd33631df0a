package phrase

import "fmt"

// Validate holds the content to this phrasebook, as a sender must: a known
// code, every required slot, no slot that the phrase does not list, and values
// that can be read. Received contents may be newer and are not held to it.
func (c Content) Validate() error {
	p, ok := Find(c.Code)
	if !ok {
		return fmt.Errorf("%w: no phrase has code %d", ErrSlots, c.Code)
	}
	if err := c.check(); err != nil {
		return fmt.Errorf("%w: %w", ErrSlots, err)
	}
	for _, s := range c.Slots {
		if !p.allows(s.Kind()) {
			return fmt.Errorf("%w: %s has no slot %q", ErrSlots, p.slug, s.Kind())
		}
		if err := listed(s); err != nil {
			return fmt.Errorf("%w: %w", ErrSlots, err)
		}
	}
	for _, k := range p.Required() {
		if _, ok := c.fills(k); !ok {
			return fmt.Errorf("%w: %s needs %s", ErrSlots, p.slug, needed(k))
		}
	}
	return nil
}

// needed says what to give for a required slot.
func needed(k Kind) string {
	out := k.String() + "=" + k.Form()
	if other := k.StandIn(); other != 0 {
		out += ", or " + other.String() + "=" + other.Form()
	}
	return out
}

// listed refuses a value that a newer phrasebook may have and this one has not.
func listed(s Slot) error {
	what, n, last := "", uint8(0), uint8(0)
	switch v := s.(type) {
	case Direction:
		what, n, last = "direction", uint8(v), uint8(lastDirection)
	case Weapon:
		what, n, last = "weapon", uint8(v), uint8(lastWeapon)
	case Distance:
		what, n, last = "unit of measure", uint8(v.In), uint8(lastMeasure)
	case Speed:
		what, n, last = "unit of measure", uint8(v.In), uint8(lastMeasure)
	case Weight:
		what, n, last = "unit of measure", uint8(v.In), uint8(lastMeasure)
	case Landmark:
		if err := listed(v.Toward); err != nil {
			return err
		}
		what, n, last = "unit of measure", uint8(v.Offset.In), uint8(lastMeasure)
	case Vehicle:
		what, n, last = "vehicle type", uint8(v.Type), uint8(lastVehicle)
		if v.Colour > lastColour {
			what, n, last = "color", uint8(v.Colour), uint8(lastColour)
		}
	}
	if n > last {
		return fmt.Errorf("%s %d is not in this phrasebook", what, n)
	}
	return nil
}

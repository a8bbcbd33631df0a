package phrase

import (
	"fmt"
	"strconv"
	"strings"
)

// readQuantity reads a number with a unit of the property. A number without a
// unit is in the one given, if it is not 0.
func readQuantity(v string, of property, without Measure) (Quantity, error) {
	v = strings.ToLower(v)
	number := strings.TrimRight(v, "abcdefghijklmnopqrstuvwxyz/ ")
	m, err := readMeasure(strings.TrimSpace(v[len(number):]), of, without)
	if err != nil {
		return Quantity{}, err
	}
	n, err := readThousandths(number)
	return Quantity{n, m}, err
}

func readMeasure(v string, of property, without Measure) (Measure, error) {
	if v == "" && without != 0 {
		return without, nil
	}
	for m := Metres; m <= lastMeasure; m++ {
		if m.row().of == of && m.row().typed == v {
			return m, nil
		}
	}
	if v == "" {
		return 0, fmt.Errorf("no unit of measure")
	}
	return 0, fmt.Errorf("unit of measure %s", quoted(v))
}

// readThousandths reads a plain decimal number of at most three decimals. A
// comma is refused: on one side of the border it parts decimals and on the other
// thousands.
func readThousandths(v string) (uint32, error) {
	whole, part, point := strings.Cut(v, ".")
	if strings.Trim(whole+part, "0123456789") != "" || whole == "" || point && part == "" {
		return 0, fmt.Errorf("not a plain number such as 2.5")
	}
	if len(part) > 3 {
		return 0, fmt.Errorf("more than three decimals")
	}
	n, err := strconv.ParseUint(whole+(part + "000")[:3], 10, 32)
	if err != nil {
		return 0, fmt.Errorf("too large a number")
	}
	return uint32(n), nil
}

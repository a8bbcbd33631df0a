package relay

import (
	"reflect"
	"testing"

	"crossband/proto/link"
)

// TestEveryFigureOfALinkIsSummed: what a relay's links count is in the totals, or it is
// said why it is not.
func TestEveryFigureOfALinkIsSummed(t *testing.T) {
	elsewhere := map[string]string{
		"Probes":   "among LanePackets",
		"Received": "an endpoint's",
		"Forged":   "an endpoint's",
		"Replayed": "an endpoint's",
	}
	var s link.Stats
	set := make(map[uint64]string)
	count(reflect.ValueOf(&s).Elem(), set)
	var totals LinkTotals
	totals.add(s)
	summed := make(map[uint64]string)
	find(reflect.ValueOf(totals), summed)
	for n, name := range set {
		_, is := summed[n]
		if why, told := elsewhere[name]; is == told {
			t.Errorf("%s: summed %t, told elsewhere: %q", name, is, why)
		}
	}
}

// count gives each counter in a value a number of its own.
func count(v reflect.Value, set map[uint64]string) {
	for i := range v.NumField() {
		switch f := v.Field(i); f.Kind() {
		case reflect.Struct:
			count(f, set)
		case reflect.Uint64:
			n := uint64(1001 + len(set))
			f.SetUint(n)
			set[n] = v.Type().Field(i).Name
		}
	}
}

// find notes each counter's number.
func find(v reflect.Value, found map[uint64]string) {
	for i := range v.NumField() {
		switch f := v.Field(i); f.Kind() {
		case reflect.Struct:
			find(f, found)
		case reflect.Uint64:
			found[f.Uint()] = v.Type().Field(i).Name
		}
	}
}

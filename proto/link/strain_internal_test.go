package link

import "testing"

func TestStrainOfTwoLooks(t *testing.T) {
	type fates []voiceFate
	for name, tt := range map[string]struct {
		looks fates
		want  []Strain
	}{
		"nothing was said":      {fates{{}, {seen: 5}, {seen: 9, gone: 4}}, []Strain{0, 0, 0}},
		"all arrives":           {fates{{sent: 50, seen: 60}, {sent: 100, seen: 120}}, []Strain{0, 0}},
		"a fifth is lost":       {fates{{sent: 50, seen: 50, gone: 10}, {sent: 100, seen: 100, gone: 20}}, []Strain{200, 200}},
		"a fifth is dropped":    {fates{{sent: 40, dropped: 10, seen: 40}, {sent: 80, dropped: 20, seen: 80}}, []Strain{200, 200}},
		"dropped and lost":      {fates{{sent: 40, dropped: 10, seen: 80, gone: 20}}, []Strain{400}}, // 10, and a quarter of 40
		"other packets as well": {fates{{sent: 50, seen: 100, gone: 10}}, []Strain{100}},
		"a few frames":          {fates{{sent: 9, seen: 9, gone: 9}, {sent: 10, seen: 10, gone: 9}}, []Strain{0, 900}},
		"it is over":            {fates{{sent: 50, seen: 50, gone: 25}, {sent: 100, seen: 100, gone: 25}, {sent: 150, seen: 150, gone: 25}}, []Strain{500, 250, 0}},
		"before it was silent":  {fates{{sent: 50, seen: 50, gone: 50}, {sent: 50, seen: 50, gone: 50}, {sent: 50, seen: 50, gone: 50}, {sent: 100, seen: 100, gone: 50}}, []Strain{1000, 1000, 0, 0}},
		"news comes late":       {fates{{sent: 50, seen: 50}, {sent: 60, seen: 60, gone: 30}}, []Strain{0, 166}}, // 10 of 10, and 50
		"counts fall back":      {fates{{sent: 50, dropped: 3, seen: 50, gone: 5}, {sent: 49, dropped: 3, seen: 49, gone: 4}}, []Strain{150, 150}},
		"all is lost":           {fates{{sent: 50, dropped: 50, seen: 50, gone: 60}}, []Strain{1000}},
	} {
		var m strainMeter
		for i, f := range tt.looks {
			if got := m.look(f); got != tt.want[i] {
				t.Errorf("%s, look %d: %d per mille, want %d", name, i, got, tt.want[i])
			}
		}
	}
}

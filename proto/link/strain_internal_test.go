package link

import "testing"

func TestStrainOfTwoLooks(t *testing.T) {
	type fates []voiceFate
	for name, tt := range map[string]struct {
		looks fates
		want  []Strain
	}{
		"nothing was said":      {fates{{}, {quic: carried{seen: 5}}, {quic: carried{seen: 9, gone: 4}}}, []Strain{0, 0, 0}},
		"all arrives":           {fates{{quic: carried{sent: 50, seen: 60}}, {quic: carried{sent: 100, seen: 120}}}, []Strain{0, 0}},
		"a fifth is lost":       {fates{{quic: carried{sent: 50, seen: 50, gone: 10}}, {quic: carried{sent: 100, seen: 100, gone: 20}}}, []Strain{200, 200}},
		"a fifth is dropped":    {fates{{dropped: 10, quic: carried{sent: 40, seen: 40}}, {dropped: 20, quic: carried{sent: 80, seen: 80}}}, []Strain{200, 200}},
		"dropped and lost":      {fates{{dropped: 10, quic: carried{sent: 40, seen: 80, gone: 20}}}, []Strain{400}}, // 10, and a quarter of 40
		"other packets as well": {fates{{quic: carried{sent: 50, seen: 100, gone: 10}}}, []Strain{100}},
		"a few frames":          {fates{{quic: carried{sent: 9, seen: 9, gone: 9}}, {quic: carried{sent: 10, seen: 10, gone: 9}}}, []Strain{0, 900}},
		"it is over":            {fates{{quic: carried{sent: 50, seen: 50, gone: 25}}, {quic: carried{sent: 100, seen: 100, gone: 25}}, {quic: carried{sent: 150, seen: 150, gone: 25}}}, []Strain{500, 250, 0}},
		"before it was silent":  {fates{{quic: carried{sent: 50, seen: 50, gone: 50}}, {quic: carried{sent: 50, seen: 50, gone: 50}}, {quic: carried{sent: 50, seen: 50, gone: 50}}, {quic: carried{sent: 100, seen: 100, gone: 50}}}, []Strain{1000, 1000, 0, 0}},
		"news comes late":       {fates{{quic: carried{sent: 50, seen: 50}}, {quic: carried{sent: 60, seen: 60, gone: 30}}}, []Strain{0, 166}}, // 10 of 10, and 50
		"counts fall back":      {fates{{dropped: 3, quic: carried{sent: 50, seen: 50, gone: 5}}, {dropped: 3, quic: carried{sent: 49, seen: 49, gone: 4}}}, []Strain{150, 150}},
		"by the lane":           {fates{{lane: carried{50, 40, 10}}, {lane: carried{100, 90, 10}}}, []Strain{250, 125}},
		"by both, and dropped":  {fates{{dropped: 10, quic: carried{50, 100, 10}, lane: carried{40, 40, 20}}}, []Strain{350}}, // 10, 5 and 20
		"all is lost":           {fates{{dropped: 50, quic: carried{sent: 50, seen: 50, gone: 60}}}, []Strain{1000}},
	} {
		var m strainMeter
		for i, f := range tt.looks {
			if got := m.look(f); got != tt.want[i] {
				t.Errorf("%s, look %d: %d per mille, want %d", name, i, got, tt.want[i])
			}
		}
	}
}

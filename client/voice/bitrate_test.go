package voice

import (
	"slices"
	"testing"
	"time"
)

// news is what a relay says, and when.
type news struct {
	at   int // seconds
	lost int // per mille
	by   Side
}

// every has the relay say so each second in [from, to).
func every(from, to, lost int) (list []news) {
	for s := from; s < to; s++ {
		list = append(list, news{s, lost, Listeners})
	}
	return list
}

// elsewhere has the own link lose it.
func elsewhere(list []news) []news {
	for i := range list {
		list[i].by = OwnLink
	}
	return list
}

func TestBitrateFollowsWhatListenersLose(t *testing.T) {
	for name, tt := range map[string]struct {
		news []news
		want map[int]int // kbit/s by second
	}{
		"nothing is said":         {nil, map[int]int{0: 24, 100: 24}},
		"it has eased, unasked":   {[]news{{3, 0, Listeners}, {4, 0, Listeners}}, map[int]int{4: 24, 50: 24}},
		"once, and it eases":      {[]news{{10, 200, Listeners}, {15, 0, Listeners}}, map[int]int{9: 24, 10: 20, 15: 20, 19: 20, 20: 24}},
		"step by step, no lower":  {slices.Concat(every(10, 16, 300), every(16, 110, 150)), map[int]int{10: 20, 11: 20, 12: 16, 14: 12, 16: 8, 18: 8, 30: 8, 109: 8}},
		"slowly up again":         {append(every(10, 17, 200), news{22, 0, Listeners}), map[int]int{16: 8, 22: 8, 26: 8, 27: 12, 32: 16, 37: 20, 41: 20, 42: 24, 90: 24}},
		"silence is no complaint": {every(10, 13, 200), map[int]int{12: 16, 71: 16, 72: 24}},
		// Rises at 20, and is sorry at 22: the next one takes twice as long.
		"a rise that was too early": {[]news{{10, 200, Listeners}, {15, 0, Listeners}, {22, 200, Listeners}, {27, 0, Listeners}}, map[int]int{20: 24, 22: 20, 27: 20, 36: 20, 37: 24}},
		"long after a rise":         {[]news{{10, 200, Listeners}, {15, 0, Listeners}, {40, 200, Listeners}, {45, 0, Listeners}}, map[int]int{20: 24, 40: 20, 49: 20, 50: 24}},
		// As much is lost at 8 as at 20: back to 20 for a minute, then it is tried again.
		"it does not help":       {every(10, 110, 200), map[int]int{16: 8, 25: 8, 26: 20, 85: 20, 86: 16, 90: 8, 99: 8, 100: 20, 109: 20}},
		"it helps a little":      {slices.Concat(every(10, 16, 200), every(16, 110, 160)), map[int]int{16: 8, 26: 20}},
		"it does not, and eases": {append(every(10, 30, 200), news{35, 0, Listeners}), map[int]int{26: 20, 39: 20, 40: 24}},
		// Each side speaks for itself.
		"one eases, the other does not":   {slices.Concat(every(10, 12, 200), []news{{12, 100, OwnLink}, {13, 0, OwnLink}}), map[int]int{12: 16, 13: 16, 30: 16, 70: 16, 71: 24}},
		"the other eases, one does not":   {[]news{{10, 200, OwnLink}, {11, 100, Listeners}, {13, 0, Listeners}}, map[int]int{13: 20, 60: 20, 69: 20, 70: 24}},
		"both ease":                       {[]news{{10, 200, OwnLink}, {11, 100, Listeners}, {13, 0, Listeners}, {15, 0, OwnLink}}, map[int]int{19: 20, 20: 24}},
		"eased where there was no strain": {[]news{{10, 200, Listeners}, {12, 0, OwnLink}}, map[int]int{17: 20, 60: 20}},
		// At the least rate listeners lose a third of what they did. The own link loses
		// some by chance: that it began to do so then does not say that this is no help.
		"it helps one side": {slices.Concat(every(10, 16, 300), every(16, 110, 100), elsewhere(every(20, 110, 400))), map[int]int{16: 8, 30: 8, 109: 8}},
		"it helps neither":  {slices.Concat(every(10, 110, 200), elsewhere(every(10, 110, 100))), map[int]int{16: 8, 25: 8, 26: 20}},
		// Between the two steps up, at 32.
		"while it rises": {append(every(10, 17, 200), news{22, 0, Listeners}, news{33, 200, Listeners}, news{38, 0, Listeners}), map[int]int{32: 16, 33: 12, 47: 12, 48: 16, 58: 20}},
	} {
		var b Bitrate
		for s := range 120 {
			now := begin.Add(time.Duration(s) * time.Second)
			for _, n := range tt.news {
				if n.at == s {
					b.Strained(n.by, n.lost, now)
				}
			}
			if want, ok := tt.want[s]; ok && b.At(now) != want*1000 {
				t.Errorf("%s: %d bit/s after %d s, want %d,000", name, b.At(now), s, want)
			}
		}
	}
}

// Whoever says whatever at whatever pace: speech stays within its bounds, and comes
// back to full within five minutes of the last word.
func TestBitrateKeepsItsBounds(t *testing.T) {
	for seed := range 64 {
		var b Bitrate
		now, least, most := begin, DefaultBitrate, 0
		for i := range 2000 {
			now = now.Add(time.Duration((i*seed)%37) * 100 * time.Millisecond)
			b.Strained(Side(i%int(sides)), max(0, (seed%12-(i*7+seed)%11)*100), now)
			least, most = min(least, b.At(now)), max(most, b.At(now))
		}
		if least < LeastBitrate || most > DefaultBitrate {
			t.Errorf("seed %d: from %d to %d bit/s", seed, least, most)
		}
		if got := b.At(now.Add(5 * time.Minute)); got != DefaultBitrate {
			t.Errorf("seed %d: %d bit/s, five minutes later", seed, got)
		}
	}
}

// Frames get smaller where there is an Opus encoder, and stay as they are where not.
func TestSourcesKeepToALimit(t *testing.T) {
	for _, of := range []struct {
		name string
		make func(Encoder) Source
	}{
		{"a recording", func(e Encoder) Source { return NewPCMSource(make([]int16, 100*FrameSamples), e) }},
		{"a stream", func(e Encoder) Source { return NewStreamSource(zeros{}, e) }},
	} {
		enc, err := NewEncoder()
		if err != nil {
			t.Fatal(err)
		}
		src := of.make(enc)
		for _, bits := range []int{DefaultBitrate, 16_000, LeastBitrate, 1, 500_000, DefaultBitrate} {
			src.(Limited).Limit(bits)
			b, err := src.Next()
			if err != nil || CheckPayload(src.Codec(), b) != nil {
				t.Fatalf("%s at %d bit/s: %v, %v", of.name, bits, err, CheckPayload(src.Codec(), b))
			}
			want := pcmuLen
			if src.Codec() == CodecOpus {
				want = max(LeastBitrate, min(bits, DefaultBitrate)) / 8 / 50
			}
			if len(b) != want {
				t.Errorf("%s at %d bit/s: a frame of %d octets, want %d", of.name, bits, len(b), want)
			}
		}
	}
}

// zeros is silence without end.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

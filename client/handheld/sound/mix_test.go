package sound

import (
	"slices"
	"testing"

	"crossband/client/voice"
	"crossband/proto"
)

func level(n int, v int16) []int16 { return slices.Repeat([]int16{v}, n) }

func TestMix(t *testing.T) {
	one, two := proto.ChannelID{1}, proto.ChannelID{2}
	const n = voice.FrameSamples
	take := func(m *mix) ([]int16, bool) {
		out := level(n, 99)
		said := m.take(out)
		return out, said
	}
	t.Run("nobody talks", func(t *testing.T) {
		if out, said := take(newMix()); said || !slices.Equal(out, level(n, 0)) {
			t.Error("silence is not silent")
		}
	})
	t.Run("a burst begins with two frames, and then needs one", func(t *testing.T) {
		m := newMix()
		m.put(one, level(n, 5), false)
		if _, said := take(m); said {
			t.Error("played with one frame at hand")
		}
		m.put(one, level(n, 6), false)
		for want := int16(5); want <= 6; want++ {
			if out, said := take(m); !said || !slices.Equal(out, level(n, want)) {
				t.Errorf("want %d, got %d", want, out[0])
			}
		}
		if len(m.lines) != 0 {
			t.Error("an empty line is kept")
		}
	})
	t.Run("a burst of one frame is played", func(t *testing.T) {
		m := newMix()
		m.put(one, level(n, 5), true)
		if out, said := take(m); !said || out[0] != 5 {
			t.Error("it is not")
		}
	})
	t.Run("two channels add up and are cut off, not wrapped", func(t *testing.T) {
		m := newMix()
		m.put(one, level(n, 20_000), true)
		m.put(two, level(n, 20_000), true)
		if out, _ := take(m); !slices.Equal(out, level(n, 32_767)) {
			t.Errorf("20,000 and 20,000 are %d", out[0])
		}
		m.put(one, level(n, -20_000), true)
		m.put(two, level(n, -20_000), true)
		if out, _ := take(m); !slices.Equal(out, level(n, -32_768)) {
			t.Errorf("-20,000 and -20,000 are %d", out[0])
		}
	})
	t.Run("the oldest goes at the bound", func(t *testing.T) {
		m := newMix()
		for i := range mixFrames + 1 {
			m.put(one, level(n, int16(i)), false)
		}
		if out, _ := take(m); out[0] != 1 || m.dropped != 1 {
			t.Errorf("first frame %d, %d dropped", out[0], m.dropped)
		}
	})
	t.Run("channels are bounded", func(t *testing.T) {
		m := newMix()
		for i := range mixMost + 5 {
			m.put(proto.ChannelID{byte(i)}, level(n, 1), false)
		}
		if len(m.lines) != mixMost || m.dropped != 5 {
			t.Errorf("%d channels, %d dropped", len(m.lines), m.dropped)
		}
	})
}

package voice

import (
	"errors"
	"math"
	"testing"
	"time"
)

func TestPCMUKnownValues(t *testing.T) {
	for s, want := range map[int16]byte{
		0: 0xff, -1: 0x7f, 32767: 0x80, -32768: 0x00, 1000: 0xce, -1000: 0x4e, 8: 0xfe, 100: 0xf2,
	} {
		if got := pcmuEncode(s); got != want {
			t.Errorf("%d: %#02x, want %#02x", s, got, want)
		}
	}
	for b, want := range map[byte]int16{0xff: 0, 0x7f: 0, 0x80: 32124, 0x00: -32124, 0xfe: 8, 0xce: 988} {
		if got := pcmuDecode(b); got != want {
			t.Errorf("%#02x: %d, want %d", b, got, want)
		}
	}
	for b := range 256 {
		if b == 0x7f { // minus zero
			continue
		}
		if got := pcmuEncode(pcmuDecode(byte(b))); got != byte(b) {
			t.Errorf("%#02x comes back as %#02x", b, got)
		}
	}
	for s := math.MinInt16; s <= math.MaxInt16; s += 7 {
		err := math.Abs(float64(pcmuDecode(pcmuEncode(int16(s)))) - float64(s))
		if err > math.Abs(float64(s))/16+150 && err > 650 {
			t.Fatalf("%d is off by %v", s, err)
		}
	}
}

// level measures one frequency's amplitude (Goertzel, in the middle of pcm).
func level(pcm []int16, hz float64) float64 {
	pcm = pcm[len(pcm)/4 : len(pcm)*3/4]
	var re, im float64
	for i, s := range pcm {
		sin, cos := math.Sincos(2 * math.Pi * hz * float64(i) / SampleRate)
		re += float64(s) * cos
		im += float64(s) * sin
	}
	return 2 * math.Hypot(re, im) / float64(len(pcm))
}

func sine(samples int, hz, amplitude float64) []int16 {
	out := make([]int16, samples)
	for i := range out {
		out[i] = int16(amplitude * math.Sin(2*math.Pi*hz*float64(i)/SampleRate))
	}
	return out
}

func TestPCMUFiltersAliases(t *testing.T) {
	const amplitude = 10_000
	for _, hz := range []float64{300, 1000, 2000, 3000} {
		got := level(code(t, newPCMUEncoder(), sine(SampleRate, hz, amplitude)), hz)
		if got < 0.94*amplitude || got > 1.06*amplitude {
			t.Errorf("%v Hz comes out at %.0f of %d", hz, got, amplitude)
		}
	}
	for _, hz := range []float64{5000, 6000, 7000, 11_000} {
		out := code(t, newPCMUEncoder(), sine(SampleRate, hz, amplitude))
		folded := math.Abs(8000*math.Round(hz/8000) - hz)
		if got := level(out, folded); got > 0.01*amplitude {
			t.Errorf("%v Hz folds to %v Hz at %.0f of %d", hz, folded, got, amplitude)
		}
	}
	for _, image := range []float64{7000, 9000} {
		if got := level(code(t, newPCMUEncoder(), sine(SampleRate, 1000, amplitude)), image); got > 0.01*amplitude {
			t.Errorf("1000 Hz leaves an image at %v Hz of %.0f", image, got)
		}
	}
}

func TestResampleKeepsTimeAndLength(t *testing.T) {
	for _, rate := range []int{8000, 11025, 16000, 22050, 44100} {
		in := make([]int16, rate)
		in[rate/2] = 20_000 // a click in the middle
		out := resampleAll(in, rate, SampleRate)
		peak := 0
		for i, s := range out {
			if s > out[peak] {
				peak = i
			}
		}
		if len(out) != SampleRate || peak < SampleRate/2-3 || peak > SampleRate/2+3 {
			t.Errorf("from %d Hz: %d samples, the click at %d", rate, len(out), peak)
		}
	}
	if g := resampleAll(sine(SampleRate, 100, 1), SampleRate, SampleRate); len(g) != SampleRate {
		t.Error("the same rate changes the length")
	}
}

func TestEncodersRefuseOtherLengths(t *testing.T) {
	enc, err := NewEncoder()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []Encoder{enc, newPCMUEncoder()} {
		for _, n := range []int{0, 1, FrameSamples - 1, FrameSamples + 1} {
			if _, err := e.Encode(make([]int16, n)); !errors.Is(err, ErrCodec) {
				t.Errorf("%v, %d samples: %v", e.Codec(), n, err)
			}
		}
	}
	if EncoderName() == "" {
		t.Error("the encoder has no name")
	}
}

func TestDecodersRefuseOddPayloads(t *testing.T) {
	if _, err := NewDecoder(CodecNone); !errors.Is(err, ErrCodec) {
		t.Errorf("no codec: %v", err)
	}
	for codec, payloads := range map[Codec][][]byte{
		CodecPCMU: {nil, make([]byte, pcmuLen-1), make([]byte, pcmuLen+1)},
		CodecOpus: {
			nil,
			{0x00},             // SILK narrowband, 10 ms
			{0x4c, 1, 2},       // stereo, 20 ms
			{0x49, 1, 2},       // two frames of 20 ms
			{0x4b},             // code 3 without its count
			{0x4b, 0},          // no frames
			{0x4b, 3, 1, 2, 3}, // three
			make([]byte, MaxPayload+1),
		},
	} {
		d, err := NewDecoder(codec)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range payloads {
			if pcm, err := d.Decode(p); !errors.Is(err, ErrCodec) {
				t.Errorf("%v, %x: %d samples, %v", codec, p, len(pcm), err)
			}
		}
	}
}

func TestOpusFrameDurations(t *testing.T) {
	const ms = time.Millisecond
	for config, want := range map[byte]time.Duration{0: 10 * ms, 1: 20 * ms, 3: 60 * ms, 11: 60 * ms, 12: 10 * ms, 15: 20 * ms, 16: ms * 5 / 2, 31: 20 * ms} {
		if got := opusFrameDuration(config); got != want {
			t.Errorf("configuration %d: %v, want %v", config, got, want)
		}
	}
}

// FuzzOpusDecode gives the decoder what a hostile member might send: it may
// refuse, it must not stop the process.
func FuzzOpusDecode(f *testing.F) {
	f.Add([]byte{0x48, 1, 2, 3, 4, 5, 6, 7, 8, 9})             // SILK wideband
	f.Add([]byte{0x78, 0xff, 0x10, 0x33, 0x81, 0x42, 0, 0, 9}) // hybrid fullband
	f.Add([]byte{0xf8, 0xff, 0xfe, 0x10, 0x20, 0x30, 0x40})    // CELT fullband
	f.Add([]byte{0x4b, 0x41, 0x02, 1, 2, 3, 0, 0})             // one frame, padded
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := NewDecoder(CodecOpus)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if pcm, err := d.Decode(b); err == nil && len(pcm) != FrameSamples {
				t.Fatalf("%d samples", len(pcm))
			}
		}
		if pcm, err := d.Conceal(b); err == nil && len(pcm) != FrameSamples {
			t.Fatalf("%d samples", len(pcm))
		}
	})
}

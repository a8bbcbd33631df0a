package voice

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// vectorDir finds the shared test data: $CROSSBAND_VECTORS, or else
// ../shared/vectors beside the module's root.
func vectorDir(t testing.TB) string {
	t.Helper()
	if dir := os.Getenv("CROSSBAND_VECTORS"); dir != "" {
		return dir
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	dir = filepath.Join(dir, "..", "shared", "vectors")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no test vectors: set CROSSBAND_VECTORS, or put them in %s", dir)
	}
	return dir
}

// speech returns the recordings of vectors/audio by name, without ".wav".
func speech(t testing.TB) map[string][]int16 {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(vectorDir(t), "audio", "*.wav"))
	if err != nil || len(files) < 2 {
		t.Fatalf("%d recordings, %v", len(files), err)
	}
	out := map[string][]int16{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		pcm, err := DecodeWAV(b)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		out[strings.TrimSuffix(filepath.Base(file), ".wav")] = pcm
	}
	return out
}

// tone makes a vowel-like sound: a few harmonics of a pitch in Hz.
func tone(samples int, pitch, amplitude float64) []int16 {
	out := make([]int16, samples)
	for i := range out {
		v := 0.0
		for h, weight := range []float64{1, 0.6, 0.3, 0.15} {
			v += weight * math.Sin(2*math.Pi*pitch*float64(h+1)*float64(i)/SampleRate)
		}
		out[i] = int16(amplitude * v / 2.05)
	}
	return out
}

// noise is white noise from a fixed seed.
func noise(samples int, amplitude float64, seed uint64) []int16 {
	out := make([]int16, samples)
	for i := range out {
		seed = seed*6364136223846793005 + 1442695040888963407
		out[i] = int16(amplitude * (float64(seed>>40)/(1<<23) - 1))
	}
	return out
}

// code runs PCM through an encoder and the decoder of its codec.
func code(t testing.TB, enc Encoder, pcm []int16) []int16 {
	t.Helper()
	dec, err := NewDecoder(enc.Codec())
	if err != nil {
		t.Fatal(err)
	}
	var out []int16
	for from := 0; from+FrameSamples <= len(pcm); from += FrameSamples {
		payload, err := enc.Encode(pcm[from : from+FrameSamples])
		if err != nil {
			t.Fatal(err)
		}
		got, err := dec.Decode(payload)
		if err != nil || len(got) != FrameSamples {
			t.Fatalf("%d samples, %v", len(got), err)
		}
		out = append(out, got...)
	}
	return out
}

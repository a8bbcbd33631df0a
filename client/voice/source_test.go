package voice

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"testing"
	"testing/iotest"
)

// drain plays a source to its end through the decoder of its codec.
func drain(t testing.TB, s Source) (frames int, pcm []int16) {
	t.Helper()
	d, err := NewDecoder(s.Codec())
	if err != nil {
		t.Fatal(err)
	}
	for {
		payload, err := s.Next()
		if errors.Is(err, io.EOF) {
			if _, again := s.Next(); !errors.Is(again, io.EOF) {
				t.Errorf("after the end: %v", again)
			}
			return frames, pcm
		}
		if err != nil {
			t.Fatal(err)
		}
		got, err := d.Decode(payload)
		if err != nil {
			t.Fatalf("frame %d: %v", frames, err)
		}
		frames++
		pcm = append(pcm, got...)
	}
}

func newEncoder(t testing.TB) Encoder {
	t.Helper()
	enc, err := NewEncoder()
	if err != nil {
		t.Fatal(err)
	}
	return enc
}

func TestPCMSourceLosesNothingAtTheEnd(t *testing.T) {
	in := append(make([]int16, 4*FrameSamples), tone(FrameSamples, 200, 9000)...)
	frames, out := drain(t, NewPCMSource(in, newEncoder(t)))
	if frames != 6 {
		t.Errorf("%d frames of 5 and one of silence", frames)
	}
	if before, after := rms(in)*rms(in)*float64(len(in)), rms(out)*rms(out)*float64(len(out)); after < 0.6*before {
		t.Errorf("energy %.0f became %.0f", before, after)
	}
	if frames, _ := drain(t, NewPCMSource(make([]int16, 1), newEncoder(t))); frames != 2 {
		t.Errorf("one sample makes %d frames", frames)
	}
}

func TestStreamSource(t *testing.T) {
	in := tone(10*FrameSamples+5, 200, 9000)
	raw := make([]byte, 0, 2*len(in))
	for _, s := range in {
		raw = binary.LittleEndian.AppendUint16(raw, uint16(s))
	}
	frames, out := drain(t, NewStreamSource(iotest.OneByteReader(bytes.NewReader(raw)), newEncoder(t)))
	if frames != 11 || rms(out) < rms(in)/2 {
		t.Errorf("%d frames, level %.0f of %.0f", frames, rms(out), rms(in))
	}
	broken := NewStreamSource(iotest.ErrReader(io.ErrClosedPipe), newEncoder(t))
	if _, err := broken.Next(); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("a broken pipe: %v", err)
	}
}

func TestOggSourceDecodesToSpeech(t *testing.T) {
	file, err := os.ReadFile("../../cmd/crossband/internal/clip/hail-en.opus")
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewOggSource(file)
	if err != nil {
		t.Fatal(err)
	}
	f, err := ParseOggOpus(file)
	if err != nil {
		t.Fatal(err)
	}
	frames, pcm := drain(t, s)
	if frames != len(f.Packets) || rms(pcm) < 500 {
		t.Errorf("%d frames of %d, level %.0f", frames, len(f.Packets), rms(pcm))
	}
	if _, err := NewOggSource(file[:1000]); !errors.Is(err, ErrOgg) {
		t.Errorf("half a file: %v", err)
	}
}

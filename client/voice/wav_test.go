package voice

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"testing"
)

// wavFile builds a file with an unknown chunk of odd length before the data.
func wavFile(channels, rate int, samples []int16) []byte {
	le := binary.LittleEndian
	b := []byte("RIFF\x00\x00\x00\x00WAVELIST\x03\x00\x00\x00abc\x00fmt \x10\x00\x00\x00\x01\x00")
	b = le.AppendUint16(b, uint16(channels))
	b = le.AppendUint32(b, uint32(rate))
	b = le.AppendUint32(b, uint32(2*rate*channels))
	b = le.AppendUint16(b, uint16(2*channels))
	b = le.AppendUint16(b, 16)
	b = append(b, "data"...)
	b = le.AppendUint32(b, uint32(2*len(samples)))
	for _, s := range samples {
		b = le.AppendUint16(b, uint16(s))
	}
	le.PutUint32(b[4:], uint32(len(b)-8))
	return b
}

func TestWAVRoundTrip(t *testing.T) {
	in := noise(1000, 30_000, 1)
	out, err := DecodeWAV(EncodeWAV(in))
	if err != nil || !slices.Equal(in, out) {
		t.Errorf("%d samples, %v", len(out), err)
	}
}

func TestWAVForms(t *testing.T) {
	pcm, err := DecodeWAV(wavFile(2, SampleRate, []int16{100, 200, -100, -300, 32767, 32767}))
	if err != nil || !slices.Equal(pcm, []int16{150, -200, 32767}) {
		t.Errorf("stereo: %v, %v", pcm, err)
	}
	for _, rate := range []int{8000, 16000, 22050, 44100, 48000} {
		pcm, err := DecodeWAV(wavFile(1, rate, make([]int16, rate)))
		if err != nil || len(pcm) != SampleRate {
			t.Errorf("%d Hz: a second becomes %d samples, %v", rate, len(pcm), err)
		}
	}
	good := wavFile(1, 16000, []int16{1, 2, 3})
	for cut := range good {
		if pcm, err := DecodeWAV(good[:cut]); !errors.Is(err, ErrWAV) {
			t.Errorf("cut to %d of %d octets: %d samples, %v", cut, len(good), len(pcm), err)
		}
	}
	change := func(at int, v byte) []byte { b := bytes.Clone(good); b[at] = v; return b }
	const format = 12 + 12 + 8 // behind RIFF and LIST
	for why, b := range map[string][]byte{
		"not RIFF":      change(0, 'X'),
		"A-law":         change(format, 6),
		"three channel": change(format+2, 3),
		"no channel":    change(format+2, 0),
		"17000 Hz":      change(format+4, 0x68),
		"8 bit":         change(format+14, 8),
		"odd data":      append(change(len(good)-10, 5), 0)[:len(good)-1],
		"huge chunk":    change(19, 0xff),
		"data first":    append([]byte("RIFF\x00\x00\x00\x00WAVEdata\x02\x00\x00\x00ab"), good[12:]...),
	} {
		if pcm, err := DecodeWAV(b); !errors.Is(err, ErrWAV) {
			t.Errorf("%s: %d samples, %v", why, len(pcm), err)
		}
	}
}

func FuzzDecodeWAV(f *testing.F) {
	f.Add(EncodeWAV([]int16{1, 2, 3}))
	f.Add(wavFile(2, 44100, make([]int16, 20)))
	f.Add(wavFile(1, 8000, make([]int16, 20))[:50])
	f.Fuzz(func(t *testing.T, b []byte) {
		pcm, err := DecodeWAV(b)
		if err != nil {
			return
		}
		if len(pcm) > 6*len(b) {
			t.Fatalf("%d octets became %d samples", len(b), len(pcm))
		}
		if again, err := DecodeWAV(EncodeWAV(pcm)); err != nil || !slices.Equal(again, pcm) {
			t.Fatalf("written and read again: %v", err)
		}
	})
}

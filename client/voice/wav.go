package voice

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// ErrWAV is wrapped by every error of DecodeWAV.
var ErrWAV = errors.New("not a usable WAV file")

// MaxWAVLen bounds a WAV file, in octets: ten minutes at 48 kHz stereo.
const MaxWAVLen = 10*60*SampleRate*4 + 4096

const wavPCM = 1 // wFormatTag of plain PCM

type wavFormat struct {
	channels, rate int
}

// DecodeWAV reads a RIFF WAVE file of 16-bit PCM, mono or stereo, at one of
// the common rates, and returns it as 48 kHz mono. Chunks that it does not
// know are passed over; a data chunk that runs past the file's end is refused.
func DecodeWAV(b []byte) ([]int16, error) {
	if len(b) > MaxWAVLen {
		return nil, fmt.Errorf("%w: %d octets, want at most %d", ErrWAV, len(b), MaxWAVLen)
	}
	if len(b) < 12 || string(b[:4]) != "RIFF" || string(b[8:12]) != "WAVE" {
		return nil, fmt.Errorf("%w: no RIFF WAVE header", ErrWAV)
	}
	var format wavFormat
	for rest := b[12:]; len(rest) > 0; {
		if len(rest) < 8 {
			return nil, fmt.Errorf("%w: chunk header cut short", ErrWAV)
		}
		id, size := string(rest[:4]), uint64(binary.LittleEndian.Uint32(rest[4:8]))
		rest = rest[8:]
		if size > uint64(len(rest)) {
			return nil, fmt.Errorf("%w: chunk %q of %d octets, %d left", ErrWAV, id, size, len(rest))
		}
		body := rest[:size]
		rest = rest[min(size+size%2, uint64(len(rest))):] // chunks are padded to even lengths
		switch id {
		case "fmt ":
			var err error
			if format, err = parseWAVFormat(body); err != nil {
				return nil, err
			}
		case "data":
			return wavSamples(format, body)
		}
	}
	return nil, fmt.Errorf("%w: no data chunk", ErrWAV)
}

func parseWAVFormat(b []byte) (wavFormat, error) {
	if len(b) < 16 {
		return wavFormat{}, fmt.Errorf("%w: format chunk of %d octets", ErrWAV, len(b))
	}
	le := binary.LittleEndian
	f := wavFormat{channels: int(le.Uint16(b[2:])), rate: int(le.Uint32(b[4:]))}
	if tag, depth := le.Uint16(b), le.Uint16(b[14:]); tag != wavPCM || depth != 16 {
		return wavFormat{}, fmt.Errorf("%w: format %d with %d bits, want PCM with 16", ErrWAV, tag, depth)
	}
	if f.channels != 1 && f.channels != 2 {
		return wavFormat{}, fmt.Errorf("%w: %d channels, want 1 or 2", ErrWAV, f.channels)
	}
	if !slices.Contains([]int{8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000}, f.rate) {
		return wavFormat{}, fmt.Errorf("%w: %d samples a second", ErrWAV, f.rate)
	}
	return f, nil
}

func wavSamples(f wavFormat, body []byte) ([]int16, error) {
	if f.channels == 0 {
		return nil, fmt.Errorf("%w: data before the format", ErrWAV)
	}
	if len(body)%(2*f.channels) != 0 {
		return nil, fmt.Errorf("%w: data ends within a sample", ErrWAV)
	}
	pcm := make([]int16, len(body)/(2*f.channels))
	for i := range pcm {
		sum := 0
		for c := range f.channels {
			sum += int(int16(binary.LittleEndian.Uint16(body[2*(i*f.channels+c):])))
		}
		pcm[i] = int16(sum / f.channels)
	}
	return resampleAll(pcm, f.rate, SampleRate), nil
}

// EncodeWAV writes 48 kHz mono PCM as a WAV file. It keeps the first
// (2^32-45)/2 samples, twelve hours, which is what the format can hold.
func EncodeWAV(pcm []int16) []byte {
	const header = 44
	pcm = pcm[:min(len(pcm), (1<<32-1-header)/2)]
	le := binary.LittleEndian
	b := make([]byte, 0, header+2*len(pcm))
	b = append(b, "RIFF"...)
	b = le.AppendUint32(b, uint32(header-8+2*len(pcm)))
	b = append(b, "WAVEfmt "...)
	b = le.AppendUint32(b, 16)
	b = le.AppendUint16(b, wavPCM)
	b = le.AppendUint16(b, 1) // channels
	b = le.AppendUint32(b, SampleRate)
	b = le.AppendUint32(b, 2*SampleRate) // octets a second
	b = le.AppendUint16(b, 2)            // octets a sample
	b = le.AppendUint16(b, 16)           // bits a sample
	b = append(b, "data"...)
	b = le.AppendUint32(b, uint32(2*len(pcm)))
	for _, s := range pcm {
		b = le.AppendUint16(b, uint16(s))
	}
	return b
}

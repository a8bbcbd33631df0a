//go:build !libopus

package voice

import (
	"fmt"

	"github.com/pion/opus"
)

// NewEncoder returns the encoder of this build: G.711, because nothing written
// in Go encodes Opus well.
func NewEncoder() (Encoder, error) { return newPCMUEncoder(), nil }

// EncoderName says what NewEncoder gives, for screens and logs.
func EncoderName() string { return "G.711 mu-law (this build has no Opus encoder)" }

func newOpusDecoder() (Decoder, error) {
	d, err := opus.NewDecoderWithOutput(SampleRate, 1)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCodec, err)
	}
	return &patchedDecoder{inner: &pionDecoder{dec: d}}, nil
}

type pionDecoder struct {
	dec opus.Decoder
	pcm [FrameSamples]int16
}

// decode asks for 48 kHz mono whatever the packet's own bandwidth is. The
// packet comes from another device, and a fault of the library on odd input
// must cost one frame, not the process: a panic becomes an error.
func (d *pionDecoder) decode(payload []byte) (pcm []int16, err error) {
	if err := checkOpusPacket(payload); err != nil {
		return nil, err
	}
	defer func() {
		if fault := recover(); fault != nil {
			pcm, err = nil, fmt.Errorf("%w: Opus decoder stopped: %v", ErrCodec, fault)
		}
	}()
	n, err := d.dec.DecodeToInt16(payload, d.pcm[:])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCodec, err)
	}
	if n != FrameSamples {
		return nil, fmt.Errorf("%w: Opus packet gave %d samples, want %d", ErrCodec, n, FrameSamples)
	}
	return d.pcm[:], nil
}

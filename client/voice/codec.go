package voice

import (
	"errors"
	"fmt"
	"time"
)

// The unit of PCM.
const (
	SampleRate    = 48_000 // samples a second
	FrameSamples  = 960    // samples in a frame
	FrameDuration = 20 * time.Millisecond
)

// DefaultBitrate is what Opus is encoded at, bits a second: constant, because
// the sizes of variable-rate frames give away what is said.
const DefaultBitrate = 24_000

// Encoder turns PCM into payloads of one codec. It keeps state from frame to
// frame: one Encoder serves one talker.
type Encoder interface {
	Codec() Codec
	// Encode takes FrameSamples samples and returns a new payload.
	Encode(pcm []int16) ([]byte, error)
}

// Decoder turns the payloads of one burst back into PCM, in playing order. The
// slices it returns have FrameSamples samples and are good until its next call.
type Decoder interface {
	Decode(payload []byte) ([]int16, error)
	// Conceal stands in for one lost frame. If the frame after it is at hand,
	// its payload helps: Opus repeats the gist of the frame before.
	Conceal(next []byte) ([]int16, error)
}

// ErrCodec is wrapped by the errors of encoders and decoders.
var ErrCodec = errors.New("voice codec")

// NewDecoder returns a decoder for one burst of a codec.
func NewDecoder(c Codec) (Decoder, error) {
	switch c {
	case CodecOpus:
		return newOpusDecoder()
	case CodecPCMU:
		return &patchedDecoder{inner: newPCMUDecoder()}, nil
	}
	return nil, fmt.Errorf("%w: %v is not known", ErrCodec, c)
}

// frameDecoder is a decoder without any repair of its own.
type frameDecoder interface {
	decode(payload []byte) ([]int16, error)
}

// patchedDecoder adds the package's own concealment to a frameDecoder.
type patchedDecoder struct {
	inner frameDecoder
	patch concealer
}

func (d *patchedDecoder) Decode(payload []byte) ([]int16, error) {
	pcm, err := d.inner.decode(payload)
	if err != nil {
		return nil, err
	}
	return d.patch.good(pcm), nil
}

func (d *patchedDecoder) Conceal([]byte) ([]int16, error) { return d.patch.lost(), nil }

// CheckPayload reports why a payload is not FrameDuration of a codec as a channel
// carries it. What it accepts may still be damaged inside.
func CheckPayload(c Codec, payload []byte) error {
	switch {
	case c == CodecOpus:
		return checkOpusPacket(payload)
	case c == CodecPCMU && len(payload) == pcmuLen:
		return nil
	case c == CodecPCMU:
		return fmt.Errorf("%w: %d octets of %v, want %d", ErrCodec, len(payload), c, pcmuLen)
	}
	return fmt.Errorf("%w: %v is not known", ErrCodec, c)
}

func checkFrameLen(pcm []int16) error {
	if len(pcm) != FrameSamples {
		return fmt.Errorf("%w: %d samples, want %d", ErrCodec, len(pcm), FrameSamples)
	}
	return nil
}

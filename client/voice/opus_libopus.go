//go:build libopus

package voice

import (
	"fmt"
	"slices"

	"github.com/hraban/opus"
)

// expectedLoss is the share of frames, in percent, that the encoder is told to
// expect: what it spends on repeating the gist of the frame before. More makes
// speech worse even where a fifth is lost: libopus then narrows its band.
const expectedLoss = 10

// NewEncoder returns an Opus encoder: 24 kbit/s, constant rate, for speech,
// with in-band forward error correction.
func NewEncoder() (Encoder, error) {
	enc, err := opus.NewEncoder(SampleRate, 1, opus.AppVoIP)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCodec, err)
	}
	for _, set := range []func() error{
		func() error { return enc.SetBitrate(DefaultBitrate) },
		func() error { return enc.SetVBR(false) },
		func() error { return enc.SetInBandFEC(true) },
		func() error { return enc.SetPacketLossPerc(expectedLoss) },
		func() error { return enc.SetDTX(false) },
	} {
		if err := set(); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrCodec, err)
		}
	}
	return &libopusEncoder{enc: enc, bits: DefaultBitrate}, nil
}

// EncoderName says what NewEncoder gives, for screens and logs.
func EncoderName() string { return "Opus 24 kbit/s (libopus)" }

type libopusEncoder struct {
	enc  *opus.Encoder
	bits int
	buf  [MaxPayload]byte
}

// Limit implements Limited. What libopus does not take it goes on without.
func (e *libopusEncoder) Limit(bits int) {
	bits = max(LeastBitrate, min(bits, DefaultBitrate))
	if bits != e.bits && e.enc.SetBitrate(bits) == nil {
		e.bits = bits
	}
}

func (e *libopusEncoder) Codec() Codec { return CodecOpus }

func (e *libopusEncoder) Encode(pcm []int16) ([]byte, error) {
	if err := checkFrameLen(pcm); err != nil {
		return nil, err
	}
	n, err := e.enc.Encode(pcm, e.buf[:])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCodec, err)
	}
	return slices.Clone(e.buf[:n]), nil
}

// maxPLC is how many frames libopus is left to invent in a row; its own fade
// takes longer than a listener should be misled.
const maxPLC = 5

func newOpusDecoder() (Decoder, error) {
	dec, err := opus.NewDecoder(SampleRate, 1)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCodec, err)
	}
	return &libopusDecoder{dec: dec}, nil
}

type libopusDecoder struct {
	dec  *opus.Decoder
	pcm  [FrameSamples]int16
	lost int // in a row
}

func (d *libopusDecoder) Decode(payload []byte) ([]int16, error) {
	if err := checkOpusPacket(payload); err != nil {
		return nil, err
	}
	n, err := d.dec.Decode(payload, d.pcm[:])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCodec, err)
	}
	if n != FrameSamples {
		return nil, fmt.Errorf("%w: Opus packet gave %d samples, want %d", ErrCodec, n, FrameSamples)
	}
	d.lost = 0
	return d.pcm[:], nil
}

// Conceal uses the copy of the lost frame inside the next packet, or else
// libopus's extrapolation, for at most maxPLC frames.
func (d *libopusDecoder) Conceal(next []byte) ([]int16, error) {
	d.lost++
	if checkOpusPacket(next) == nil && d.dec.DecodeFEC(next, d.pcm[:]) == nil {
		return d.pcm[:], nil
	}
	if d.lost > maxPLC {
		clear(d.pcm[:])
		return d.pcm[:], nil
	}
	if err := d.dec.DecodePLC(d.pcm[:]); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCodec, err)
	}
	return d.pcm[:], nil
}

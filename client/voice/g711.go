package voice

import (
	"fmt"
	"math/bits"
)

const (
	pcmuRate = 8_000
	pcmuBias = 0x84   // added before the segment is found, ITU-T G.711 in 16-bit terms
	pcmuClip = 32_635 // the largest magnitude that stays below 2^15 with the bias
)

// pcmuEncode codes one sample: sign, segment (3 bits), step (4 bits), all
// inverted, as ITU-T G.711 table 2a.
func pcmuEncode(s int16) byte {
	v, sign := int(s), byte(0)
	if v < 0 {
		v, sign = -v, 0x80
	}
	v = min(v, pcmuClip) + pcmuBias
	segment := bits.Len(uint(v)) - 8
	step := byte(v>>(segment+3)) & 0x0f
	return ^(sign | byte(segment)<<4 | step)
}

func pcmuDecode(b byte) int16 {
	b = ^b
	v := (int(b&0x0f)<<3+pcmuBias)<<(b>>4&7) - pcmuBias
	if b&0x80 != 0 {
		v = -v
	}
	return int16(v)
}

type pcmuEncoder struct {
	down *resampler
	slow []int16 // scratch: one frame at 8 kHz
}

func newPCMUEncoder() *pcmuEncoder {
	return &pcmuEncoder{down: newResampler(SampleRate, pcmuRate)}
}

func (e *pcmuEncoder) Codec() Codec { return CodecPCMU }

func (e *pcmuEncoder) Encode(pcm []int16) ([]byte, error) {
	if err := checkFrameLen(pcm); err != nil {
		return nil, err
	}
	e.slow = e.down.process(e.slow[:0], pcm)
	out := make([]byte, pcmuLen)
	for i, s := range e.slow[:pcmuLen] {
		out[i] = pcmuEncode(s)
	}
	return out, nil
}

type pcmuDecoder struct {
	up   *resampler
	slow [pcmuLen]int16
	pcm  []int16
}

func newPCMUDecoder() *pcmuDecoder {
	return &pcmuDecoder{up: newResampler(pcmuRate, SampleRate)}
}

func (d *pcmuDecoder) decode(payload []byte) ([]int16, error) {
	if len(payload) != pcmuLen {
		return nil, fmt.Errorf("%w: %d octets of %v, want %d", ErrCodec, len(payload), CodecPCMU, pcmuLen)
	}
	for i, b := range payload {
		d.slow[i] = pcmuDecode(b)
	}
	d.pcm = d.up.process(d.pcm[:0], d.slow[:])
	return d.pcm, nil
}

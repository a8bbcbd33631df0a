package voice

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Source gives what a talker says, one payload for each 20 ms, then io.EOF.
type Source interface {
	Codec() Codec
	Next() (payload []byte, err error)
}

// NewOggSource reads an Ogg Opus file; its packets are sent as they are. The
// few milliseconds of decoder warm-up at the start (pre-skip) are sent too: a
// listener hears them as silence.
func NewOggSource(file []byte) (Source, error) {
	f, err := ParseOggOpus(file)
	if err != nil {
		return nil, err
	}
	return &packetSource{packets: f.Packets}, nil
}

type packetSource struct {
	packets [][]byte
}

func (s *packetSource) Codec() Codec { return CodecOpus }

func (s *packetSource) Next() ([]byte, error) {
	if len(s.packets) == 0 {
		return nil, io.EOF
	}
	b := s.packets[0]
	s.packets = s.packets[1:]
	return b, nil
}

// NewPCMSource encodes a recording: 48 kHz mono samples, padded with silence
// to whole frames and by one more frame, so that the codec's delay cuts
// nothing off the last word.
func NewPCMSource(pcm []int16, enc Encoder) Source {
	frames := (len(pcm)+FrameSamples-1)/FrameSamples + 1
	return &pcmSource{enc: enc, pcm: pcm, frames: frames}
}

type pcmSource struct {
	enc    Encoder
	pcm    []int16
	frames int // still to come
}

func (s *pcmSource) Codec() Codec { return s.enc.Codec() }

// Limit implements Limited, as far as the encoder does.
func (s *pcmSource) Limit(bits int) { limit(s.enc, bits) }

func (s *pcmSource) Next() ([]byte, error) {
	if s.frames == 0 {
		return nil, io.EOF
	}
	s.frames--
	var frame [FrameSamples]int16
	s.pcm = s.pcm[copy(frame[:], s.pcm):]
	return s.enc.Encode(frame[:])
}

// NewStreamSource encodes a live stream of raw PCM (48 kHz, mono, 16 bit,
// little endian), such as a pipe from a recording program. Next blocks as long
// as the reader does. A last, incomplete frame is padded with silence.
func NewStreamSource(r io.Reader, enc Encoder) Source {
	return &streamSource{enc: enc, r: r}
}

type streamSource struct {
	enc  Encoder
	r    io.Reader
	over bool
}

func (s *streamSource) Codec() Codec { return s.enc.Codec() }

// Limit implements Limited, as far as the encoder does.
func (s *streamSource) Limit(bits int) { limit(s.enc, bits) }

func (s *streamSource) Next() ([]byte, error) {
	if s.over {
		return nil, io.EOF
	}
	var raw [2 * FrameSamples]byte
	_, err := io.ReadFull(s.r, raw[:])
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		s.over = true
	case errors.Is(err, io.EOF):
		return nil, io.EOF
	case err != nil:
		return nil, fmt.Errorf("reading PCM: %w", err)
	}
	var frame [FrameSamples]int16
	for i := range frame {
		frame[i] = int16(binary.LittleEndian.Uint16(raw[2*i:]))
	}
	return s.enc.Encode(frame[:])
}

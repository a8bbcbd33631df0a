package voice

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// Kind says what a frame carries.
type Kind uint8

// The kinds of frames.
const (
	KindAudio     Kind = 1 // 20 ms of speech
	KindSignature Kind = 2 // a block of BurstSigner; Index is the block's number
)

// Codec names the coding of an audio frame's payload. The numbers go over the
// air: they never change their meaning.
type Codec uint8

// The codecs.
const (
	CodecNone Codec = 0 // of frames that are not audio
	CodecOpus Codec = 1 // one Opus packet of 20 ms, mono (RFC 6716)
	CodecPCMU Codec = 2 // G.711 mu-law, 8 kHz, mono: 160 octets
)

// String returns the codec's usual name.
func (c Codec) String() string {
	switch c {
	case CodecOpus:
		return "Opus"
	case CodecPCMU:
		return "G.711 mu-law"
	}
	return fmt.Sprintf("codec %d", uint8(c))
}

// BurstID tells one press of push-to-talk from every other: eight random
// octets, chosen by the talker.
type BurstID [8]byte

// NewBurstID reads a fresh identifier from a source of randomness.
func NewBurstID(random io.Reader) (BurstID, error) {
	var id BurstID
	if _, err := io.ReadFull(random, id[:]); err != nil {
		return BurstID{}, fmt.Errorf("making a burst id: %w", err)
	}
	return id, nil
}

// String returns the identifier as sixteen hexadecimal digits.
func (id BurstID) String() string { return hex.EncodeToString(id[:]) }

// Limits of frames.
const (
	// FrameHeaderLen is the length of a frame's fixed part, in octets.
	FrameHeaderLen = 15
	// MaxPayload bounds what follows it, in octets.
	MaxPayload = 1000
	// MaxBurstFrames bounds a burst: 2^18 frames are 87 minutes. A talker
	// that goes on longer begins a new burst.
	MaxBurstFrames = 1 << 18
)

const (
	frameVersion = 1
	pcmuLen      = 160 // octets of 20 ms of G.711

	flagFirst = 1 << 0
	flagLast  = 1 << 1
)

// Frame is the plaintext inside one SFrame:
//
//	octet 0      version 1 (high four bits), kind (low four)
//	octet 1      codec; 0 unless the kind is audio
//	octet 2      flags: 1 first of the burst, 2 last of it; audio only
//	octets 3-10  burst id
//	octets 11-14 index: place in the burst from 0 (audio), or block number
//	then         payload, 1 to MaxPayload octets
type Frame struct {
	Kind    Kind
	Codec   Codec
	Burst   BurstID
	Index   uint32
	First   bool // set exactly when Index is 0, on audio
	Last    bool
	Payload []byte
}

// ErrFrame is wrapped by every error about a frame that is not well formed.
var ErrFrame = errors.New("not a voice frame")

// AppendTo appends the frame's one encoding, or returns why it has none.
func (f Frame) AppendTo(b []byte) ([]byte, error) {
	if err := f.check(); err != nil {
		return b, err
	}
	b = append(b, frameVersion<<4|byte(f.Kind), byte(f.Codec), f.flags())
	b = append(b, f.Burst[:]...)
	b = binary.BigEndian.AppendUint32(b, f.Index)
	return append(b, f.Payload...), nil
}

// ParseFrame parses a whole plaintext. The payload aliases b.
func ParseFrame(b []byte) (Frame, error) {
	if len(b) < FrameHeaderLen {
		return Frame{}, fmt.Errorf("%w: %d octets", ErrFrame, len(b))
	}
	if v := b[0] >> 4; v != frameVersion {
		return Frame{}, fmt.Errorf("%w: version %d", ErrFrame, v)
	}
	f := Frame{
		Kind:    Kind(b[0] & 0x0f),
		Codec:   Codec(b[1]),
		Burst:   BurstID(b[3:11]),
		Index:   binary.BigEndian.Uint32(b[11:15]),
		First:   b[2]&flagFirst != 0,
		Last:    b[2]&flagLast != 0,
		Payload: b[FrameHeaderLen:],
	}
	if b[2] != f.flags() {
		return Frame{}, fmt.Errorf("%w: flags %#02x", ErrFrame, b[2])
	}
	return f, f.check()
}

func (f Frame) flags() byte {
	var b byte
	if f.First {
		b |= flagFirst
	}
	if f.Last {
		b |= flagLast
	}
	return b
}

func (f Frame) check() error {
	if len(f.Payload) == 0 || len(f.Payload) > MaxPayload {
		return fmt.Errorf("%w: payload of %d octets, want 1 to %d", ErrFrame, len(f.Payload), MaxPayload)
	}
	if f.Index >= MaxBurstFrames {
		return fmt.Errorf("%w: index %d, want below %d", ErrFrame, f.Index, MaxBurstFrames)
	}
	switch f.Kind {
	case KindAudio:
		return f.checkAudio()
	case KindSignature:
		if f.Codec != CodecNone || f.First || f.Last {
			return fmt.Errorf("%w: a signature with codec %d or flags", ErrFrame, f.Codec)
		}
		return nil
	}
	return fmt.Errorf("%w: kind %d", ErrFrame, f.Kind)
}

func (f Frame) checkAudio() error {
	if f.First != (f.Index == 0) {
		return fmt.Errorf("%w: index %d, first %t", ErrFrame, f.Index, f.First)
	}
	switch {
	case f.Codec == CodecOpus:
		return nil
	case f.Codec == CodecPCMU && len(f.Payload) == pcmuLen:
		return nil
	case f.Codec == CodecPCMU:
		return fmt.Errorf("%w: %d octets of %v, want %d", ErrFrame, len(f.Payload), f.Codec, pcmuLen)
	}
	return fmt.Errorf("%w: %v", ErrFrame, f.Codec)
}

// Talker numbers the frames of one burst.
type Talker struct {
	id    BurstID
	codec Codec
	next  uint32
	done  bool
}

// NewTalker starts a burst.
func NewTalker(id BurstID, codec Codec) *Talker { return &Talker{id: id, codec: codec} }

// ErrBurstOver is returned when a burst is given a frame after its last, or
// more than MaxBurstFrames.
var ErrBurstOver = errors.New("the burst is over")

// Next makes the burst's next audio frame.
func (t *Talker) Next(payload []byte, last bool) (Frame, error) {
	if t.done || t.next == MaxBurstFrames {
		return Frame{}, fmt.Errorf("%w: after %d frames", ErrBurstOver, t.next)
	}
	f := Frame{Kind: KindAudio, Codec: t.codec, Burst: t.id, Index: t.next, First: t.next == 0, Last: last, Payload: payload}
	if err := f.check(); err != nil {
		return Frame{}, err
	}
	t.next++
	t.done = last
	return f, nil
}

// Signature wraps a block of BurstSigner as a frame of the burst.
func (t *Talker) Signature(b SignedBlock) Frame {
	return Frame{Kind: KindSignature, Burst: t.id, Index: b.Number, Payload: b.Bytes}
}

package voice

import (
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
	FrameHeaderLen = 20
	// MaxPayload bounds what follows it, in octets.
	MaxPayload = 1000
	// MaxBurstFrames bounds a burst: 2^18 frames are 87 minutes. A talker
	// that goes on longer begins a new burst.
	MaxBurstFrames = 1 << 18
)

const (
	frameVersion = 2
	pcmuLen      = 160 // octets of 20 ms of G.711

	flagFirst = 1 << 0
	flagLast  = 1 << 1

	codecBits = 4 // of octet 1; the flags are above them
	maxCodec  = 1<<codecBits - 1
)

// Frame is the plaintext inside one SFrame:
//
//	octet 0      version 2 (high four bits), kind (low four)
//	octet 1      flags (high four bits): 1 first of the burst, 2 last of it,
//	             audio only; codec (low four), 0 unless the kind is audio
//	octets 2-9   burst id
//	octets 10-12 index: place in the burst from 0 (audio), or block number
//	octet 13     run of the talker's clock
//	octets 14-19 time of capture (audio) or of signing, in milliseconds since
//	             1970 by that clock
//	then         payload, 1 to MaxPayload octets
//
// The time stands in every frame, not once in a burst: a talker who waits in
// the floor's queue, or whose machine stands still, captures nothing for a
// while, so that index * 20 ms says too little. It is inside the seal: relays
// neither see nor change it.
type Frame struct {
	Kind    Kind
	Codec   Codec
	Burst   BurstID
	Index   uint32
	Stamp   Stamp
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
	b = append(b, frameVersion<<4|byte(f.Kind), f.flags()<<codecBits|byte(f.Codec))
	b = append(b, f.Burst[:]...)
	b = append(b, byte(f.Index>>16), byte(f.Index>>8), byte(f.Index))
	b = f.Stamp.appendTo(b)
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
	flags := b[1] >> codecBits
	f := Frame{
		Kind:    Kind(b[0] & 0x0f),
		Codec:   Codec(b[1] & maxCodec),
		Burst:   BurstID(b[2:10]),
		Index:   uint32(b[10])<<16 | uint32(b[11])<<8 | uint32(b[12]),
		Stamp:   parseStamp([stampLen]byte(b[13:20])),
		First:   flags&flagFirst != 0,
		Last:    flags&flagLast != 0,
		Payload: b[FrameHeaderLen:],
	}
	if flags != f.flags() {
		return Frame{}, fmt.Errorf("%w: flags %#x", ErrFrame, flags)
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
	if f.Stamp.Millis > maxMillis {
		return fmt.Errorf("%w: time %d, want at most %d", ErrFrame, f.Stamp.Millis, maxMillis)
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

// Next makes the burst's next audio frame, captured at the time that its stamp
// says.
func (t *Talker) Next(payload []byte, last bool, captured Stamp) (Frame, error) {
	if t.done || t.next == MaxBurstFrames {
		return Frame{}, fmt.Errorf("%w: after %d frames", ErrBurstOver, t.next)
	}
	f := Frame{Kind: KindAudio, Codec: t.codec, Burst: t.id, Index: t.next, Stamp: captured, First: t.next == 0, Last: last, Payload: payload}
	if err := f.check(); err != nil {
		return Frame{}, err
	}
	t.next++
	t.done = last
	return f, nil
}

// Signature wraps a block of BurstSigner as a frame of the burst.
func (t *Talker) Signature(b SignedBlock, signed Stamp) Frame {
	return Frame{Kind: KindSignature, Burst: t.id, Index: b.Number, Stamp: signed, Payload: b.Bytes}
}

package proto

import (
	"errors"
	"fmt"
	"math/bits"
)

// SFrameHeader is the clear header of a voice frame, RFC 9605 section 4.3.
// Relays read it to bind a frame to the link it came by; it opens nothing.
//
//	 0 1 2 3 4 5 6 7
//	+-+-+-+-+-+-+-+-+---------------------+---------------------+
//	|X|  K  |Y|  C  |   KID (K+1 if X=1)  |   CTR (C+1 if Y=1)  |
//	+-+-+-+-+-+-+-+-+---------------------+---------------------+
//
// With X=0 the three bits K are the KID itself (0 to 7), with X=1 they are the
// number of its octets less one; Y and C say the same of CTR.
type SFrameHeader struct {
	KID uint64 // which key: see KIDLayout
	CTR uint64 // the frame's number under that key
}

// MaxSFrameHeaderLen is the longest header, in octets: the configuration and
// two values of eight.
const MaxSFrameHeaderLen = 17

// ErrSFrameHeader is wrapped by every error of ParseSFrameHeader.
var ErrSFrameHeader = errors.New("not an SFrame header")

const (
	sframeExtended  = 0x8 // X or Y in its nibble: the value follows the configuration octet
	sframeMaxInline = 0x7 // the largest value that fits in K or C itself
)

// Len returns the number of octets that AppendTo adds.
func (h SFrameHeader) Len() int { return 1 + sframeValueLen(h.KID) + sframeValueLen(h.CTR) }

// AppendTo appends the header in its shortest form, the only one that
// ParseSFrameHeader accepts.
func (h SFrameHeader) AppendTo(b []byte) []byte {
	b = append(b, sframeNibble(h.KID)<<4|sframeNibble(h.CTR))
	b = appendSFrameValue(b, h.KID)
	return appendSFrameValue(b, h.CTR)
}

// ParseSFrameHeader parses the header at the start of b and returns it with
// its length. A value that could have been written shorter is refused: RFC
// 9605 section 4.3 asks for the minimum number of octets, and one form only
// means that a relay and a receiver cannot read two different frames.
func ParseSFrameHeader(b []byte) (h SFrameHeader, n int, err error) {
	if len(b) == 0 {
		return SFrameHeader{}, 0, fmt.Errorf("%w: no octets", ErrSFrameHeader)
	}
	kid, n, err := parseSFrameValue(b, 1, b[0]>>4)
	if err != nil {
		return SFrameHeader{}, 0, fmt.Errorf("%w: KID %w", ErrSFrameHeader, err)
	}
	ctr, n, err := parseSFrameValue(b, n, b[0]&0x0f)
	if err != nil {
		return SFrameHeader{}, 0, fmt.Errorf("%w: CTR %w", ErrSFrameHeader, err)
	}
	return SFrameHeader{KID: kid, CTR: ctr}, n, nil
}

func sframeValueLen(v uint64) int {
	if v <= sframeMaxInline {
		return 0
	}
	return (bits.Len64(v) + 7) / 8
}

func sframeNibble(v uint64) byte {
	if v <= sframeMaxInline {
		return byte(v)
	}
	return sframeExtended | byte(sframeValueLen(v)-1)
}

func appendSFrameValue(b []byte, v uint64) []byte {
	for i := sframeValueLen(v) - 1; i >= 0; i-- {
		b = append(b, byte(v>>(8*i)))
	}
	return b
}

var (
	errSFrameTruncated = errors.New("is cut short")
	errSFrameLong      = errors.New("is longer than it need be")
)

// parseSFrameValue reads the value that the nibble announces at b[at:] and
// returns the offset behind it.
func parseSFrameValue(b []byte, at int, nibble byte) (v uint64, next int, err error) {
	if nibble&sframeExtended == 0 {
		return uint64(nibble), at, nil
	}
	n := int(nibble&sframeMaxInline) + 1
	if len(b)-at < n {
		return 0, 0, errSFrameTruncated
	}
	for _, c := range b[at : at+n] {
		v = v<<8 | uint64(c)
	}
	if sframeValueLen(v) != n {
		return 0, 0, errSFrameLong
	}
	return v, at + n, nil
}

// Widths of the parts of a channel's key identifier, in bits. Eight bits of
// epoch tell apart many more epochs than live at one time; ten bits of sender
// bound a channel at 1,024 members and keep the KID at three octets.
const (
	KIDEpochBits  = 8
	KIDSenderBits = 10
)

// KIDLayout says how RFC 9605 section 5.2 packs an MLS sender into a KID:
//
//	KID = context << (S+E)  +  leaf << E  +  epoch mod 2^E
type KIDLayout struct {
	EpochBits  uint // E, 1 to 32
	SenderBits uint // S, 1 to 31
}

// KIDParts are the three parts of a KID.
type KIDParts struct {
	Epoch   uint64 // the MLS epoch; after Split only its low EpochBits bits
	Leaf    uint32 // the sender's leaf in the group's tree, below 2^SenderBits
	Context uint64 // the sender's restart counter, below 2^(64-E-S)
}

// ErrKID is wrapped by every error of KIDLayout.
var ErrKID = errors.New("not a valid SFrame key identifier")

// ChannelKIDLayout returns the layout of every Crossband channel.
func ChannelKIDLayout() KIDLayout {
	return KIDLayout{EpochBits: KIDEpochBits, SenderBits: KIDSenderBits}
}

// Valid reports whether the widths are within their limits.
func (l KIDLayout) Valid() bool {
	return 1 <= l.EpochBits && l.EpochBits <= 32 && 1 <= l.SenderBits && l.SenderBits <= 31
}

// Compose packs the parts; the epoch is reduced, the others must fit.
func (l KIDLayout) Compose(p KIDParts) (uint64, error) {
	if !l.Valid() {
		return 0, fmt.Errorf("%w: widths of %d and %d bits", ErrKID, l.EpochBits, l.SenderBits)
	}
	if uint64(p.Leaf)>>l.SenderBits != 0 {
		return 0, fmt.Errorf("%w: leaf %d does not fit in %d bits", ErrKID, p.Leaf, l.SenderBits)
	}
	shift := l.SenderBits + l.EpochBits
	if p.Context>>(64-shift) != 0 {
		return 0, fmt.Errorf("%w: context %d does not fit in %d bits", ErrKID, p.Context, 64-shift)
	}
	return p.Context<<shift | uint64(p.Leaf)<<l.EpochBits | l.LowEpoch(p.Epoch), nil
}

// Split unpacks a KID. Every KID splits under a valid layout; the zero layout
// gives no meaningful parts.
func (l KIDLayout) Split(kid uint64) KIDParts {
	return KIDParts{
		Epoch:   l.LowEpoch(kid),
		Leaf:    uint32(kid >> l.EpochBits & (1<<l.SenderBits - 1)),
		Context: kid >> (l.SenderBits + l.EpochBits),
	}
}

// LowEpoch returns the epoch modulo 2^EpochBits, as a KID carries it.
func (l KIDLayout) LowEpoch(epoch uint64) uint64 { return epoch & (1<<l.EpochBits - 1) }

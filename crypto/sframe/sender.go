package sframe

import (
	"fmt"

	"crossband/proto"
)

// MaxFrames is how many frames one Sender seals, 2^32: two years and eight
// months of speech without a pause, and well inside what AES-GCM allows under
// one key (RFC 9605 section 7.4). Then a new epoch or context is needed.
const MaxFrames = 1 << 32

// MaxFrameLen bounds a sealed frame and, apart from it, the metadata, in
// octets. No path of a relay carries a larger datagram.
const MaxFrameLen = 1400

// MaxOverhead is how many octets sealing adds at most.
const MaxOverhead = proto.MaxSFrameHeaderLen + maxTagLen

// SenderConfig says whose frames a Sender seals, and with what.
type SenderConfig struct {
	// Suite is SuiteAES128GCM or SuiteAES256GCM.
	Suite Suite
	// BaseKey is the epoch's exported secret, Suite.BaseKeyLen octets. It is
	// not kept: the caller may wipe it once NewSender has returned.
	BaseKey []byte
	// Epoch is the epoch of the MLS group that BaseKey comes from.
	Epoch uint64
	// Leaf is this member's place in the group's tree, below 1,024.
	Leaf uint32
	// Context tells apart the Senders that one leaf has in one epoch. It must
	// never repeat with the same epoch and leaf: a restart counter, kept
	// durably before use.
	Context uint64
	// Layout packs the KID; zero means proto.ChannelKIDLayout.
	Layout proto.KIDLayout
}

// Sender seals one member's frames in one epoch, each under the next counter.
type Sender struct {
	key   *key
	tag   int
	kid   uint64
	epoch uint64
	next  uint64
}

// NewSender derives the key of (epoch, leaf, context).
func NewSender(c SenderConfig) (*Sender, error) {
	if err := checkKeying(c.Suite, c.BaseKey); err != nil {
		return nil, err
	}
	kid, err := layoutOrDefault(c.Layout).Compose(proto.KIDParts{Epoch: c.Epoch, Leaf: c.Leaf, Context: c.Context})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrLayout, err)
	}
	k, err := newKey(c.Suite, kid, c.BaseKey)
	if err != nil {
		return nil, err
	}
	return &Sender{key: k, tag: k.aead.Overhead(), kid: kid, epoch: c.Epoch}, nil
}

// Seal appends the sealed frame (header, ciphertext, tag) to dst. The metadata
// is authenticated but not sent: the receiver must pass the same. It allocates
// only if dst lacks the room; dst must not overlap plaintext or metadata.
func (s *Sender) Seal(dst, metadata, plaintext []byte) ([]byte, error) {
	if s.key == nil {
		return nil, ErrClosed
	}
	if s.next >= MaxFrames {
		return nil, fmt.Errorf("%w: %d frames sealed in epoch %d", ErrExhausted, s.next, s.epoch)
	}
	h := proto.SFrameHeader{KID: s.kid, CTR: s.next}
	if n := h.Len() + len(plaintext) + s.tag; n > MaxFrameLen || len(metadata) > MaxFrameLen {
		return nil, fmt.Errorf("%w: %d octets sealed, %d of metadata, want at most %d", ErrTooLong, n, len(metadata), MaxFrameLen)
	}
	s.next++ // before use: no path leads back to this counter
	start := len(dst)
	dst = h.AppendTo(dst)
	return s.key.seal(dst, h.CTR, dst[start:], metadata, plaintext), nil
}

// KID returns the key identifier that every frame of the Sender carries.
func (s *Sender) KID() uint64 { return s.kid }

// Epoch returns the epoch that the Sender is bound to.
func (s *Sender) Epoch() uint64 { return s.epoch }

// Sealed returns the number of frames sealed, which is the next counter.
func (s *Sender) Sealed() uint64 { return s.next }

// Wipe drops the key; the Sender then refuses with ErrClosed.
func (s *Sender) Wipe() {
	if s.key != nil {
		s.key.wipe()
		s.key = nil
	}
}

func checkKeying(suite Suite, baseKey []byte) error {
	if err := suite.ForChannel(); err != nil {
		return err
	}
	if len(baseKey) != suite.BaseKeyLen() {
		return fmt.Errorf("%w: %d octets, want %d", ErrBaseKey, len(baseKey), suite.BaseKeyLen())
	}
	return nil
}

func layoutOrDefault(l proto.KIDLayout) proto.KIDLayout {
	if l == (proto.KIDLayout{}) {
		return proto.ChannelKIDLayout()
	}
	return l
}

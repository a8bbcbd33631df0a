package voice

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrOgg is wrapped by every error of the Ogg reader.
var ErrOgg = errors.New("not a usable Ogg Opus file")

// MaxOggLen bounds an Ogg file, in octets: an hour of speech and then some.
const MaxOggLen = 16 << 20

const (
	oggHeaderLen = 27 // up to the segment table, RFC 3533 section 6
	oggNoPacket  = -1 // granule position of a page on which no packet ends

	oggContinued = 1 << 0
	oggFirst     = 1 << 1
	oggLast      = 1 << 2

	// maxOggPacket bounds a packet put together from its segments: comment
	// headers may be large (they may hold a picture), speech is not.
	maxOggPacket = 1 << 20
)

// oggPage is one page, RFC 3533 section 6. Its slices alias the file.
type oggPage struct {
	flags    byte
	granule  int64
	serial   uint32
	sequence uint32
	lacing   []byte
	body     []byte
}

// parseOggPage parses the page at the start of b and returns its length.
func parseOggPage(b []byte) (oggPage, int, error) {
	if len(b) < oggHeaderLen || string(b[:4]) != "OggS" {
		return oggPage{}, 0, fmt.Errorf("%w: no page where one should begin", ErrOgg)
	}
	if b[4] != 0 {
		return oggPage{}, 0, fmt.Errorf("%w: stream structure version %d", ErrOgg, b[4])
	}
	lacingEnd := oggHeaderLen + int(b[26])
	if len(b) < lacingEnd {
		return oggPage{}, 0, fmt.Errorf("%w: segment table cut short", ErrOgg)
	}
	end := lacingEnd
	for _, n := range b[oggHeaderLen:lacingEnd] {
		end += int(n)
	}
	if len(b) < end {
		return oggPage{}, 0, fmt.Errorf("%w: page cut short", ErrOgg)
	}
	le := binary.LittleEndian
	if got, want := oggCRC(b[:end]), le.Uint32(b[22:]); got != want {
		return oggPage{}, 0, fmt.Errorf("%w: checksum %08x, want %08x", ErrOgg, got, want)
	}
	return oggPage{
		flags:    b[5],
		granule:  int64(le.Uint64(b[6:])),
		serial:   le.Uint32(b[14:]),
		sequence: le.Uint32(b[18:]),
		lacing:   b[oggHeaderLen:lacingEnd],
		body:     b[lacingEnd:end],
	}, end, nil
}

// oggCRC is the checksum of a page with its own field taken as zero:
// polynomial 0x04c11db7, nothing reflected, nothing inverted.
func oggCRC(page []byte) uint32 {
	var crc uint32
	for i, c := range page {
		if 22 <= i && i < 26 {
			c = 0
		}
		crc ^= uint32(c) << 24
		for range 8 {
			if crc&(1<<31) != 0 {
				crc = crc<<1 ^ 0x04c11db7
			} else {
				crc <<= 1
			}
		}
	}
	return crc
}

// oggStream puts the packets of a file's one logical stream together.
type oggStream struct {
	begun, ended bool
	serial       uint32
	sequence     uint32
	partial      []byte
	open         bool // partial holds the beginning of a packet
}

// page checks the page's place in the stream and calls packet for each packet
// that ends on it.
func (s *oggStream) page(p oggPage, packet func([]byte) error) error {
	if err := s.place(p); err != nil {
		return err
	}
	body := p.body
	for _, n := range p.lacing {
		s.partial = append(s.partial, body[:n]...)
		body = body[n:]
		s.open = true
		if len(s.partial) > maxOggPacket {
			return fmt.Errorf("%w: packet longer than %d octets", ErrOgg, maxOggPacket)
		}
		if n == 255 {
			continue // RFC 3533 section 5: the packet goes on
		}
		if err := packet(s.partial); err != nil {
			return err
		}
		s.partial, s.open = nil, false
	}
	return nil
}

func (s *oggStream) place(p oggPage) error {
	switch {
	case s.ended:
		return fmt.Errorf("%w: a page after the last (one stream only)", ErrOgg)
	case s.begun == (p.flags&oggFirst != 0):
		return fmt.Errorf("%w: first-page flag at page %d (one stream only)", ErrOgg, p.sequence)
	case s.begun && p.serial != s.serial:
		return fmt.Errorf("%w: pages of two streams", ErrOgg)
	case s.begun && p.sequence != s.sequence+1:
		return fmt.Errorf("%w: page %d after page %d", ErrOgg, p.sequence, s.sequence)
	case s.open != (p.flags&oggContinued != 0):
		return fmt.Errorf("%w: page %d does not go on where the last one ended", ErrOgg, p.sequence)
	case p.flags&^(oggContinued|oggFirst|oggLast) != 0:
		return fmt.Errorf("%w: page flags %#02x", ErrOgg, p.flags)
	}
	s.begun, s.serial, s.sequence = true, p.serial, p.sequence
	s.ended = p.flags&oggLast != 0
	return nil
}

package voice

import (
	"encoding/binary"
	"fmt"
)

// OpusFile is a recording as Ogg Opus holds it (RFC 7845).
type OpusFile struct {
	Packets [][]byte // 20 ms each
	PreSkip int      // samples at the start that only warm the decoder up
	Samples int      // length at 48 kHz, without PreSkip and what the end trims off
}

const opusHeadLen = 19 // of channel mapping family 0

// ParseOggOpus reads a whole file: mono, 20 ms packets, one logical stream
// with its last page. It checks every page's checksum.
func ParseOggOpus(b []byte) (OpusFile, error) {
	if len(b) > MaxOggLen {
		return OpusFile{}, fmt.Errorf("%w: %d octets, want at most %d", ErrOgg, len(b), MaxOggLen)
	}
	p := opusParser{stage: wantOpusHead}
	var s oggStream
	for len(b) > 0 {
		page, n, err := parseOggPage(b)
		if err != nil {
			return OpusFile{}, err
		}
		if err := s.page(page, p.packet); err != nil {
			return OpusFile{}, err
		}
		if err := p.pageEnd(page); err != nil {
			return OpusFile{}, err
		}
		b = b[n:]
	}
	if !s.ended || s.open || p.stage != wantAudio {
		return OpusFile{}, fmt.Errorf("%w: cut short", ErrOgg)
	}
	return p.finish()
}

type opusStage uint8

const (
	wantOpusHead opusStage = iota
	wantOpusTags
	wantAudio
)

type opusParser struct {
	stage   opusStage
	file    OpusFile
	granule int64 // of the last page on which a packet ended: samples, PreSkip included
}

func (p *opusParser) packet(b []byte) error {
	switch p.stage {
	case wantOpusHead:
		p.stage = wantOpusTags
		return p.head(b)
	case wantOpusTags:
		p.stage = wantAudio
		if len(b) < 8 || string(b[:8]) != "OpusTags" {
			return fmt.Errorf("%w: no comment header", ErrOgg)
		}
		return nil
	}
	if err := checkOpusPacket(b); err != nil {
		return fmt.Errorf("%w: packet %d: %w", ErrOgg, len(p.file.Packets), err)
	}
	if len(p.file.Packets) == MaxBurstFrames {
		return fmt.Errorf("%w: more than %d packets", ErrOgg, MaxBurstFrames)
	}
	p.file.Packets = append(p.file.Packets, b)
	return nil
}

// head reads the identification header, RFC 7845 section 5.1.
func (p *opusParser) head(b []byte) error {
	if len(b) < opusHeadLen || string(b[:8]) != "OpusHead" {
		return fmt.Errorf("%w: no Opus identification header", ErrOgg)
	}
	if b[8]>>4 != 0 { // "versions that differ in the low four bits are compatible"
		return fmt.Errorf("%w: version %d", ErrOgg, b[8])
	}
	if channels, family := b[9], b[18]; channels != 1 || family != 0 || len(b) != opusHeadLen {
		return fmt.Errorf("%w: %d channels in mapping family %d, want mono (opusenc --downmix-mono)", ErrOgg, channels, family)
	}
	p.file.PreSkip = int(binary.LittleEndian.Uint16(b[10:]))
	return nil
}

// pageEnd keeps the page's granule position. Headers end at position 0.
func (p *opusParser) pageEnd(page oggPage) error {
	if page.granule == oggNoPacket {
		return nil
	}
	if page.granule < p.granule || p.stage != wantAudio && page.granule != 0 {
		return fmt.Errorf("%w: granule position %d after %d", ErrOgg, page.granule, p.granule)
	}
	p.granule = page.granule
	return nil
}

// finish applies the end trimming of RFC 7845 section 4.4: the last page's
// granule position may cut into its last packets, never past them.
func (p *opusParser) finish() (OpusFile, error) {
	coded := int64(len(p.file.Packets)) * FrameSamples
	if p.granule > coded || p.granule < int64(p.file.PreSkip) {
		return OpusFile{}, fmt.Errorf("%w: %d samples in packets, position %d, pre-skip %d", ErrOgg, coded, p.granule, p.file.PreSkip)
	}
	p.file.Samples = int(p.granule) - p.file.PreSkip
	return p.file, nil
}

package voice

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// oggPageBytes writes one page. The lacing is the caller's, so that packets
// may go on from page to page.
func oggPageBytes(flags byte, granule int64, sequence uint32, lacing, body []byte) []byte {
	le := binary.LittleEndian
	b := append([]byte("OggS\x00"), flags)
	b = le.AppendUint64(b, uint64(granule))
	b = le.AppendUint32(b, 77) // serial
	b = le.AppendUint32(b, sequence)
	b = append(b, 0, 0, 0, 0, byte(len(lacing)))
	b = append(b, lacing...)
	b = append(b, body...)
	le.PutUint32(b[22:], oggCRC(b))
	return b
}

const testPreSkip = 312

func opusHead(channels byte) []byte {
	b := append([]byte("OpusHead\x01"), channels)
	b = binary.LittleEndian.AppendUint16(b, testPreSkip)
	b = binary.LittleEndian.AppendUint32(b, SampleRate)
	return append(b, 0, 0, 0)
}

// opusPacket is 20 ms of SILK wideband, as far as its first octet goes.
func opusPacket(fill byte, n int) []byte {
	return append([]byte{0x48}, bytes.Repeat([]byte{fill}, n-1)...)
}

// oggFile is a file of three packets, the second of which goes on from one
// page to the next.
func oggFile() []byte {
	tags := []byte("OpusTags\x00\x00\x00\x00\x00\x00\x00\x00")
	long := opusPacket(2, 300)
	b := oggPageBytes(oggFirst, 0, 0, []byte{opusHeadLen}, opusHead(1))
	b = append(b, oggPageBytes(0, 0, 1, []byte{byte(len(tags))}, tags)...)
	b = append(b, oggPageBytes(0, FrameSamples, 2, []byte{60, 255}, slices.Concat(opusPacket(1, 60), long[:255]))...)
	return append(b, oggPageBytes(oggContinued|oggLast, 3*FrameSamples-100, 3, []byte{45, 60}, slices.Concat(long[255:], opusPacket(3, 60)))...)
}

func TestOggOpus(t *testing.T) {
	f, err := ParseOggOpus(oggFile())
	if err != nil {
		t.Fatal(err)
	}
	want := [][]byte{opusPacket(1, 60), opusPacket(2, 300), opusPacket(3, 60)}
	if !slices.EqualFunc(f.Packets, want, bytes.Equal) {
		t.Errorf("%d packets: %x", len(f.Packets), f.Packets)
	}
	if f.PreSkip != testPreSkip || f.Samples != 3*FrameSamples-100-testPreSkip {
		t.Errorf("pre-skip %d, %d samples", f.PreSkip, f.Samples)
	}
}

func TestOggCRCKnownValue(t *testing.T) {
	// The head page of a file by opusenc, its checksum in octets 22 to 25.
	file, err := os.ReadFile("../../cmd/crossband/internal/clip/hail-en.opus")
	if err != nil {
		t.Fatal(err)
	}
	if _, n, err := parseOggPage(file); err != nil || n != 47 {
		t.Errorf("%d octets, %v", n, err)
	}
}

func TestOggTruncatedAndDamaged(t *testing.T) {
	good := oggFile()
	for cut := range good {
		if _, err := ParseOggOpus(good[:cut]); !errors.Is(err, ErrOgg) {
			t.Errorf("cut to %d of %d octets: %v", cut, len(good), err)
		}
	}
	for at := range good {
		bad := bytes.Clone(good)
		bad[at] ^= 0x01
		if _, err := ParseOggOpus(bad); !errors.Is(err, ErrOgg) {
			t.Errorf("octet %d changed: %v", at, err)
		}
	}
}

func TestOggRefuses(t *testing.T) {
	head := oggPageBytes(oggFirst, 0, 0, []byte{opusHeadLen}, opusHead(1))
	tags := oggPageBytes(0, 0, 1, []byte{16}, []byte("OpusTags\x00\x00\x00\x00\x00\x00\x00\x00"))
	last := func(granule int64, seq uint32, packets ...[]byte) []byte {
		var lacing, body []byte
		for _, p := range packets {
			lacing, body = append(lacing, byte(len(p))), append(body, p...)
		}
		return oggPageBytes(oggLast, granule, seq, lacing, body)
	}
	good := last(FrameSamples, 2, opusPacket(1, 60))
	for _, tt := range []struct {
		why   string
		pages [][]byte
		hint  string
	}{
		{"stereo", [][]byte{oggPageBytes(oggFirst, 0, 0, []byte{opusHeadLen}, opusHead(2)), tags, good}, "--downmix-mono"},
		{"stereo packet", [][]byte{head, tags, last(FrameSamples, 2, []byte{0x4c, 1})}, "mono"},
		{"60 ms packets", [][]byte{head, tags, last(3*FrameSamples, 2, []byte{0x58, 1})}, "--framesize 20"},
		{"10 ms packets", [][]byte{head, tags, last(480, 2, []byte{0x40, 1})}, "--framesize 20"},
		{"empty packet", [][]byte{head, tags, last(FrameSamples, 2, nil)}, "octets"},
		{"no comment header", [][]byte{head, last(FrameSamples, 1, opusPacket(1, 60))}, "comment"},
		{"no Opus head", [][]byte{oggPageBytes(oggFirst, 0, 0, []byte{7}, []byte("\x01vorbis"))}, "Opus"},
		{"page missing", [][]byte{head, tags, last(FrameSamples, 3, opusPacket(1, 60))}, "page 3 after page 1"},
		{"second stream", [][]byte{head, tags, good, head}, "one stream"},
		{"granule beyond the packets", [][]byte{head, tags, last(FrameSamples+1, 2, opusPacket(1, 60))}, "position"},
		{"granule before the pre-skip", [][]byte{head, tags, last(testPreSkip-1, 2, opusPacket(1, 60))}, "position"},
		{"granule going back", [][]byte{head, tags, oggPageBytes(0, 960, 2, []byte{60}, opusPacket(1, 60)), last(900, 3, opusPacket(1, 60))}, "granule"},
		{"continued from nothing", [][]byte{head, tags, oggPageBytes(oggLast|oggContinued, 960, 2, []byte{60}, opusPacket(1, 60))}, "go on"},
		{"packet without end", [][]byte{head, tags, oggPageBytes(oggLast, 0, 2, []byte{255}, opusPacket(1, 255))}, "cut short"},
	} {
		_, err := ParseOggOpus(slices.Concat(tt.pages...))
		if !errors.Is(err, ErrOgg) || !strings.Contains(fmt.Sprint(err), tt.hint) {
			t.Errorf("%s: %v, want a word about %q", tt.why, err, tt.hint)
		}
	}
	if _, err := ParseOggOpus(slices.Concat(head, tags, good)); err != nil {
		t.Errorf("the good pages themselves: %v", err)
	}
}

func FuzzParseOggOpus(f *testing.F) {
	good := oggFile()
	f.Add(good)
	f.Add(good[:len(good)-70])
	f.Add(bytes.Replace(good, []byte("OpusHead"), []byte("OpusHeaf"), 1))
	f.Fuzz(func(t *testing.T, b []byte) {
		// Most inputs would end at the first checksum: make them good.
		b = bytes.Clone(b)
		for at := 0; at+oggHeaderLen <= len(b); {
			next := bytes.Index(b[at+1:], []byte("OggS"))
			end := len(b)
			if next >= 0 {
				end = at + 1 + next
			}
			binary.LittleEndian.PutUint32(b[at+22:], oggCRC(b[at:end]))
			at = end
		}
		file, err := ParseOggOpus(b)
		if err != nil {
			return
		}
		total := 0
		for _, p := range file.Packets {
			total += len(p)
			if checkOpusPacket(p) != nil {
				t.Fatal("a packet that no channel carries")
			}
		}
		if total > len(b) || file.Samples < 0 || file.Samples > len(file.Packets)*FrameSamples {
			t.Fatalf("%d octets in packets of %d, %d samples", total, len(b), file.Samples)
		}
	})
}

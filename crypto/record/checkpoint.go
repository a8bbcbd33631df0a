package record

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Checkpoint is the head of a log as its sequencer signed it, with the
// signatures of those who cosigned: a C2SP signed note (c2sp.org/signed-note)
// whose text is a C2SP checkpoint (c2sp.org/tlog-checkpoint) with two extension
// lines, the time and the hash of the last entry. What has been parsed has not
// been verified.
type Checkpoint struct {
	Origin     Origin
	Size       uint64 // entries, 1 or more
	Root       Digest // of the Merkle tree over them
	Time       time.Time
	Last       Digest // hash of entry Size-1
	Signatures []NoteSignature
}

// NoteSignature is one signature line of a note.
type NoteSignature struct {
	Name  string // the key's; see KeyName
	KeyID uint32
	Bytes []byte // what follows the key ID
}

const (
	timeLine      = "time "
	lastLine      = "last "
	signatureLine = "— "
)

// text returns the note's text, which is what is signed.
func (c Checkpoint) text() []byte {
	b := append([]byte(c.Origin.String()), '\n')
	b = append(strconv.AppendUint(b, c.Size, 10), '\n')
	b = append(base64.StdEncoding.AppendEncode(b, c.Root[:]), '\n')
	b = append(append(append(b, timeLine...), formatTime(c.Time)...), '\n')
	return append(append(append(b, lastLine...), c.Last.String()...), '\n')
}

// Note returns the signed note.
func (c Checkpoint) Note() []byte {
	b := append(c.text(), '\n')
	for _, s := range c.Signatures {
		b = append(b, signatureLine...)
		b = append(append(b, s.Name...), ' ')
		b = base64.StdEncoding.AppendEncode(b, append(binary.BigEndian.AppendUint32(nil, s.KeyID), s.Bytes...))
		b = append(b, '\n')
	}
	return b
}

// ParseCheckpoint reads a signed note in its one form.
func ParseCheckpoint(note []byte) (Checkpoint, error) {
	if len(note) > MaxCheckpoint {
		return Checkpoint{}, refuse(TooLarge, "checkpoint of %d octets, at most %d are read", len(note), MaxCheckpoint)
	}
	split := bytes.LastIndex(note, []byte("\n\n"))
	if !utf8.Valid(note) || split < 0 {
		return Checkpoint{}, refuse(Malformed, "a checkpoint is UTF-8 with an empty line before its signatures")
	}
	c, err := parseText(string(note[:split]))
	if err != nil {
		return Checkpoint{}, err
	}
	lines := strings.SplitAfter(string(note[split+2:]), "\n")
	for _, l := range lines[:len(lines)-1] {
		s, err := parseSignature(l)
		if err != nil {
			return Checkpoint{}, err
		}
		c.Signatures = append(c.Signatures, s)
	}
	if n := len(c.Signatures); n == 0 || n > MaxSignatures {
		return Checkpoint{}, refuse(Malformed, "checkpoint with %d signatures, 1 to %d are read", n, MaxSignatures)
	}
	if !bytes.Equal(c.Note(), note) {
		return Checkpoint{}, refuse(Malformed, "the checkpoint is not in its one form")
	}
	return c, nil
}

func parseText(text string) (Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 5 {
		return Checkpoint{}, refuse(Malformed, "a checkpoint's text has 5 lines, not %d", len(lines))
	}
	var c Checkpoint
	var err error
	if c.Origin, err = ParseOrigin(lines[0]); err != nil {
		return Checkpoint{}, err
	}
	if c.Size, err = strconv.ParseUint(lines[1], 10, 64); err != nil || c.Size == 0 || c.Size > MaxEntries {
		return Checkpoint{}, refuse(Malformed, "checkpoint over %.40q entries, 1 to %d are read", lines[1], MaxEntries)
	}
	root, err := parseBase64(lines[2], len(c.Root))
	if err != nil || len(root) != len(c.Root) {
		return Checkpoint{}, refuse(Malformed, "the checkpoint's root is not the base64 of 32 octets")
	}
	c.Root = Digest(root)
	if c.Time, err = parseTime(strings.TrimPrefix(lines[3], timeLine)); err != nil {
		return Checkpoint{}, err
	}
	c.Last, err = ParseDigest(strings.TrimPrefix(lines[4], lastLine))
	return c, err // prefixes that are not there make another note
}

func parseSignature(line string) (NoteSignature, error) {
	rest, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), signatureLine)
	name, text, two := strings.Cut(rest, " ")
	if !ok || !two || !validKeyName(name) {
		return NoteSignature{}, refuse(Malformed, "%.80q is no signature line", line)
	}
	b, err := parseBase64(text, MaxCheckpoint)
	if err != nil || len(b) <= 4 {
		return NoteSignature{}, refuse(Malformed, "the signature of %.160q is not base64 of a key ID and more", name)
	}
	return NoteSignature{name, binary.BigEndian.Uint32(b), b[4:]}, nil
}

// validKeyName follows C2SP signed-note: not empty, no Unicode space, no plus;
// no control character either.
func validKeyName(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return r == '+' || unicode.IsSpace(r) || unicode.IsControl(r) }) < 0
}

// sameKey reports whether another line is by the same key.
func (s NoteSignature) sameKey(o NoteSignature) bool { return s.Name == o.Name && s.KeyID == o.KeyID }

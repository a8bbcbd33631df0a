package record

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"crossband/crypto/identity"
	"crossband/proto"
)

// ReadExport reads a file of at most MaxExport octets. It judges the form of
// the file, not of the entries and checkpoints in it: Verify names those that
// are not what they should be.
func ReadExport(r io.Reader) (*Export, error) {
	in := &importer{x: &Export{}}
	in.s = bufio.NewScanner(io.LimitReader(r, MaxExport+1))
	in.s.Buffer(make([]byte, 0, 64<<10), maxLine)
	in.s.Split(wholeLines)
	if err := in.head(); err != nil {
		return nil, err
	}
	for in.next() {
		if in.line == wordEnd {
			return in.finish()
		}
		if err := in.part(); err != nil {
			return nil, fmt.Errorf("line %d of the record: %w", in.number, err)
		}
	}
	return nil, in.broken()
}

// wholeLines is bufio.ScanLines without its kindness: a line ends in a line
// feed, and a carriage return is part of it.
func wholeLines(data []byte, atEOF bool) (int, []byte, error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i], nil
	}
	if atEOF && len(data) > 0 {
		return 0, nil, errTorn
	}
	return 0, nil, nil
}

var errTorn = errors.New("the last line is torn")

type importer struct {
	s      *bufio.Scanner
	x      *Export
	n      counts
	number int // of the line, from 1
	size   int
	line   string
	noting bool // within a checkpoint
}

func (in *importer) next() bool {
	if !in.s.Scan() {
		return false
	}
	in.number++
	in.line = in.s.Text()
	in.size += len(in.line) + 1
	return in.size <= MaxExport
}

// broken says why there is no further line.
func (in *importer) broken() error {
	err := in.s.Err()
	switch {
	case in.size > MaxExport:
		return refuse(TooLarge, "a record of more than %d octets", MaxExport)
	case errors.Is(err, bufio.ErrTooLong):
		return refuse(TooLarge, "line %d of the record has %d octets or more", in.number+1, maxLine)
	case err != nil && !errors.Is(err, errTorn):
		return fmt.Errorf("read a record: %w", err)
	}
	return refuse(Malformed, "the record stops in line %d, before its end", in.number+1)
}

// finish makes sure that nothing comes after the end.
func (in *importer) finish() (*Export, error) {
	if in.next() || in.s.Err() != nil {
		return nil, refuse(Malformed, "the record goes on after its end in line %d", in.number)
	}
	return in.x, nil
}

// value reads the next line, which must begin with word.
func (in *importer) value(word string) (string, error) {
	if !in.next() {
		return "", in.broken()
	}
	v, ok := strings.CutPrefix(in.line, word+" ")
	if !ok {
		return "", refuse(Malformed, "line %d of the record does not begin with %q", in.number, word)
	}
	return v, nil
}

func (in *importer) head() error {
	if !in.next() {
		return in.broken()
	}
	if in.line != fileVersion {
		return refuse(Malformed, "%.40q does not begin a record: want %q", in.line, fileVersion)
	}
	incident, err := in.value(wordIncident)
	if err == nil {
		err = readHex(in.x.Incident[:], incident)
	}
	if err != nil {
		return err
	}
	purpose, err := in.value(wordPurpose)
	if err != nil {
		return err
	}
	if purpose != purposeActual && purpose != purposeExercise {
		return refuse(Malformed, "the record's purpose is %.40q", purpose)
	}
	in.x.Exercise = purpose == purposeExercise
	from, err := in.value(wordFrom)
	if err != nil {
		return err
	}
	if in.x.From, err = proto.ParseName(from); err != nil {
		return refuse(Malformed, "the record's maker: %v", err)
	}
	return nil
}

// part reads one line of the file's body.
func (in *importer) part() error {
	word, value, more := strings.Cut(in.line, " ")
	if word == wordNote && more {
		return in.note(value)
	}
	in.noting = false
	switch {
	case word == wordCheckpoint && !more:
		return in.checkpoint()
	case !more:
		return refuse(Malformed, "%.40q has no value", word)
	case word == wordCertificate:
		return in.chain(value)
	case word == wordAgreement:
		return in.agreement(value)
	case word == wordLog:
		return in.log(value)
	case word == wordEntry:
		return in.entry(value)
	case word == wordReveal:
		return in.reveal(value)
	}
	return refuse(Malformed, "no line of a record begins with %.40q", word)
}

// counted raises one count and refuses it over its limit.
func (in *importer) counted(n *int) error { *n++; return in.n.check() }

// current returns the log that lines belong to.
func (in *importer) current() (*ExportedLog, error) {
	if len(in.x.Logs) == 0 {
		return nil, refuse(Malformed, "%.40q before the first log", in.line)
	}
	return &in.x.Logs[len(in.x.Logs)-1], nil
}

func (in *importer) log(value string) error {
	o, err := ParseOrigin(value)
	if err != nil {
		return err
	}
	for i := range in.x.Logs {
		if in.x.Logs[i].Origin == o {
			return refuse(Malformed, "the log %s twice", o)
		}
	}
	in.x.Logs = append(in.x.Logs, ExportedLog{Origin: o})
	return in.counted(&in.n.logs)
}

func (in *importer) entry(value string) error {
	l, err := in.current()
	if err != nil {
		return err
	}
	if len(l.Checkpoints) > 0 || len(l.Reveals) > 0 {
		return refuse(Malformed, "an entry after the log's checkpoints")
	}
	if len(value) > MaxEntry {
		return refuse(TooLarge, "an entry of %d octets, at most %d are read", len(value), MaxEntry)
	}
	l.Entries = append(l.Entries, []byte(value))
	return in.counted(&in.n.entries)
}

func (in *importer) checkpoint() error {
	l, err := in.current()
	if err != nil {
		return err
	}
	if len(l.Reveals) > 0 {
		return refuse(Malformed, "a checkpoint after the log's reveals")
	}
	l.Checkpoints = append(l.Checkpoints, nil)
	in.noting = true
	return in.counted(&in.n.checkpoints)
}

func (in *importer) note(value string) error {
	l, err := in.current()
	if err != nil || !in.noting {
		return refuse(Malformed, "a note's line outside of a checkpoint")
	}
	note := &l.Checkpoints[len(l.Checkpoints)-1]
	if len(*note)+len(value)+1 > MaxCheckpoint {
		return refuse(TooLarge, "a checkpoint of more than %d octets", MaxCheckpoint)
	}
	*note = append(append(*note, value...), '\n')
	return nil
}

func (in *importer) chain(value string) error {
	var chain [][]byte
	for text := range strings.SplitSeq(value, " ") {
		der, err := parseBase64(text, identity.MaxChainBytes)
		if err != nil {
			return err
		}
		if chain = append(chain, der); len(chain) > identity.MaxChain {
			break
		}
	}
	if err := sizedChain(chain); err != nil {
		return err
	}
	in.x.Chains = append(in.x.Chains, chain)
	return in.counted(&in.n.chains)
}

func sizedChain(chain [][]byte) error {
	size := 0
	for _, c := range chain {
		if size += len(c); len(c) == 0 {
			return refuse(Malformed, "an empty certificate")
		}
	}
	if len(chain) == 0 || len(chain) > identity.MaxChain || size > identity.MaxChainBytes {
		return refuse(TooLarge, "a chain of %d certificates and %d octets", len(chain), size)
	}
	return nil
}

func (in *importer) agreement(value string) error {
	doc, err := parseBase64(value, MaxAgreement)
	if err != nil {
		return err
	}
	if len(doc) == 0 {
		return refuse(Malformed, "an empty agreement")
	}
	in.x.Agreements = append(in.x.Agreements, doc)
	return in.counted(&in.n.agreements)
}

func (in *importer) reveal(value string) error {
	l, err := in.current()
	if err != nil {
		return err
	}
	parts := strings.Split(value, " ")
	if len(parts) != 3 {
		return refuse(Malformed, "a reveal is an index, a salt and a content")
	}
	var r Reveal
	if r.Index, err = strconv.ParseUint(parts[0], 10, 64); err != nil || strconv.FormatUint(r.Index, 10) != parts[0] {
		return refuse(Malformed, "reveal of entry %.40q", parts[0])
	}
	if parts[1] != "-" {
		if r.Salt, err = parseBase64(parts[1], SaltLen); err != nil {
			return err
		}
	}
	if r.Content, err = parseBase64(parts[2], MaxContent); err != nil {
		return err
	}
	if err := r.sized(); err != nil {
		return err
	}
	if parts[1] != "-" && len(r.Salt) == 0 {
		return refuse(Malformed, "an empty salt is written as -")
	}
	l.Reveals = append(l.Reveals, r)
	return in.counted(&in.n.reveals)
}

func (r *Reveal) sized() error {
	if len(r.Content) > MaxContent || len(r.Salt) != 0 && len(r.Salt) != SaltLen || r.Index >= MaxEntries {
		return refuse(TooLarge, "reveal of entry %d with %d octets and a salt of %d", r.Index, len(r.Content), len(r.Salt))
	}
	return nil
}

package strictxml

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// encoding is one of the four that are read.
type encoding uint8

const (
	unknown encoding = iota
	utf8Text
	ascii
	latin1
	windows1252
)

// encodingOf knows the names and aliases of the IANA registry that feeds use.
func encodingOf(name string) encoding {
	switch strings.ToLower(name) {
	case "utf-8", "utf8":
		return utf8Text
	case "us-ascii", "ascii":
		return ascii
	case "iso-8859-1", "latin1", "iso_8859-1":
		return latin1
	case "windows-1252", "cp1252":
		return windows1252
	}
	return unknown
}

const bom = "\xef\xbb\xbf"

// decode returns the document in UTF-8 without byte order mark and without its
// XML declaration. Without any statement it is UTF-8 (XML 1.0 4.3.3).
func decode(b []byte, charset string) ([]byte, error) {
	if bytes.HasPrefix(b, []byte("\xfe\xff")) || bytes.HasPrefix(b, []byte("\xff\xfe")) || bytes.IndexByte(b, 0) >= 0 {
		return nil, fmt.Errorf("%w: UTF-16 or UTF-32; read are UTF-8, US-ASCII, ISO-8859-1 and windows-1252", ErrMalformed)
	}
	rest, marked := bytes.CutPrefix(b, []byte(bom))
	stated, rest, err := declaration(rest)
	if err != nil {
		return nil, err
	}
	enc := utf8Text
	for i, name := range []string{stated, charset} {
		if name == "" {
			continue
		}
		e := encodingOf(name)
		switch {
		case e == unknown:
			return nil, fmt.Errorf("%w: encoding %q; read are UTF-8, US-ASCII, ISO-8859-1 and windows-1252", ErrMalformed, clip(name))
		case marked && e != utf8Text, i == 1 && stated != "" && e != enc:
			return nil, fmt.Errorf("%w: its encoding is stated twice, and differently", ErrMalformed)
		}
		enc = e
	}
	return transcode(rest, enc)
}

// declaration takes off an XML declaration and returns the encoding that it
// states.
func declaration(b []byte) (stated string, rest []byte, err error) {
	const most = 200 // octets of a declaration
	if !bytes.HasPrefix(b, []byte("<?xml")) || len(b) < 6 || !strings.ContainsRune(" \t\r\n", rune(b[5])) {
		return "", b, nil
	}
	end := bytes.Index(b[:min(len(b), most)], []byte("?>"))
	if end < 0 {
		return "", nil, fmt.Errorf("%w: the XML declaration does not end", ErrMalformed)
	}
	values, err := pseudoAttributes(string(b[5:end]))
	if err != nil {
		return "", nil, fmt.Errorf("%w: XML declaration: %w", ErrMalformed, err)
	}
	if values["version"] != "1.0" {
		return "", nil, fmt.Errorf("%w: XML version %q", ErrMalformed, clip(values["version"]))
	}
	return values["encoding"], b[end+2:], nil
}

// pseudoAttributes reads what stands in an XML declaration: version, encoding
// and standalone, each at most once.
func pseudoAttributes(s string) (map[string]string, error) {
	values := make(map[string]string)
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		name, rest, ok := strings.Cut(s, "=")
		name, rest = strings.TrimSpace(name), strings.TrimSpace(rest)
		if !ok || name != "version" && name != "encoding" && name != "standalone" {
			return nil, fmt.Errorf("unknown part %q", clip(name))
		}
		if _, twice := values[name]; twice || rest == "" || rest[0] != '"' && rest[0] != '\'' {
			return nil, fmt.Errorf("%s is there twice or is not quoted", name)
		}
		value, after, closed := strings.Cut(rest[1:], rest[:1])
		if !closed || value == "" {
			return nil, fmt.Errorf("%s has no value", name)
		}
		values[name], s = value, after
	}
	return values, nil
}

func transcode(b []byte, e encoding) ([]byte, error) {
	switch e {
	case utf8Text:
		if !utf8.Valid(b) {
			return nil, fmt.Errorf("%w: not valid UTF-8", ErrMalformed)
		}
		return b, nil
	case ascii:
		for _, c := range b {
			if c >= 0x80 {
				return nil, fmt.Errorf("%w: octet %#02x in US-ASCII", ErrMalformed, c)
			}
		}
		return b, nil
	}
	out := make([]byte, 0, len(b)+len(b)/8)
	for _, c := range b {
		r := rune(c)
		if e == windows1252 && c >= 0x80 && c < 0xa0 {
			r = rune1252(c)
		}
		if r < 0 {
			return nil, fmt.Errorf("%w: %w", ErrMalformed, errUndefined)
		}
		out = utf8.AppendRune(out, r)
	}
	return out, nil
}

var errUndefined = errors.New("an octet that windows-1252 does not define")

// rune1252 is the part of windows-1252 that differs from ISO-8859-1; -1 for the
// five octets that it leaves undefined (IANA, windows-1252).
func rune1252(c byte) rune {
	table := [32]rune{
		0x20ac, -1, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, -1, 0x017d, -1,
		-1, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, -1, 0x017e, 0x0178,
	}
	return table[c-0x80]
}

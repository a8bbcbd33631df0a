package report

import (
	"strings"
	"testing"
	"unicode/utf8"

	"crossband/client/phrase"
	"crossband/crypto/record"
)

// TestSentencesAreCut: no sentence is longer than a form holds, whatever is put into
// its places, and what is cut is counted.
func TestSentencesAreCut(t *testing.T) {
	long := strings.Repeat("é", 20_000)
	e := Event{Entry: &record.Entry{Body: &record.Handover{From: long, To: long}}}
	s := e.Sentence(phrase.English)
	if len(s) > maxSentence+20 || !utf8.ValidString(s) || !strings.HasSuffix(s, "]") {
		t.Errorf("%d octets, ends %q", len(s), s[max(0, len(s)-20):])
	}
	if s := shorten(5, "aaaa€"); s != "aaaa [… 3]" {
		t.Errorf("%q", s)
	}
}

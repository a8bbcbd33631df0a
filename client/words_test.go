package client

import (
	"testing"

	"crossband/client/phrase"
	"crossband/proto/wire"
)

// TestWordsOfANewerPhrasebookDoNotUndoAReply: the hub has moved the hail on; a
// caller that refused the reply would go on waiting for help that is coming.
func TestWordsOfANewerPhrasebookDoNotUndoAReply(t *testing.T) {
	for name, c := range map[string]struct {
		octets     string
		sentence   string
		unreadable bool
	}{
		"no words":      {},
		"known words":   {"\x01\x03\xa4\x00", "We are sending units.", false},
		"newer code":    {"\x01\x1f\xb8\x00", "Message code 8120 (not in this phrasebook).", false},
		"newer slot":    {"\x01\x03\xa4\x01\xc8\x00\x01\x07", "We are sending units. Item of type 200 (not in this phrasebook): 0x07.", false},
		"newer version": {"\x02\x03\xa4\x00", "", true},
		"damaged":       {"\x01\x03\xa4\x01", "", true},
	} {
		m := &wire.Message{Body: &wire.Message_Phrase{Phrase: []byte(c.octets)}}
		got := wordsOf(m)
		if got.unreadable != c.unreadable || (got.content != nil) != (c.sentence != "") {
			t.Errorf("%s: read as %+v", name, got)
			continue
		}
		if got.content != nil && got.content.Sentence(phrase.English) != c.sentence {
			t.Errorf("%s: says %q, want %q", name, got.content.Sentence(phrase.English), c.sentence)
		}
	}
}

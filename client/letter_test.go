package client

import (
	"bytes"
	"testing"

	pb "google.golang.org/protobuf/proto"

	"crossband/proto"
	"crossband/proto/wire"
)

// TestLetterIsWhatWasCommittedTo: a sender cannot seal one thing and commit to
// another, and two letters of the same words have nothing in common outside.
func TestLetterIsWhatWasCommittedTo(t *testing.T) {
	said := &wire.Message{Body: &wire.Message_Text{Text: "two injured"}, TimeMs: 7}
	letter, commitment, err := writeLetter(said)
	if err != nil {
		t.Fatal(err)
	}
	m, err := readLetter(letter, commitment)
	if err != nil || !pb.Equal(m, said) {
		t.Fatalf("read %v, %v", m, err)
	}
	again, other, err := writeLetter(said)
	if err != nil || bytes.Equal(other, commitment) || bytes.Equal(again, letter) {
		t.Errorf("the same words look the same outside (%v)", err)
	}
	denied, _, err := writeLetter(&wire.Message{Body: &wire.Message_Text{Text: "nobody injured"}})
	if err != nil {
		t.Fatal(err)
	}
	l := new(wire.Letter)
	if err := pb.Unmarshal(letter, l); err != nil {
		t.Fatal(err)
	}
	short, err := pb.Marshal(&wire.Letter{Salt: l.Salt[:16], Message: append(bytes.Clone(l.Salt[16:]), l.Message...)}) // the same octets, cut elsewhere
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ letter, commitment []byte }{
		"another letter":     {denied, commitment},
		"another commitment": {letter, other},
		"no commitment":      {letter, nil},
		"a commitment cut":   {letter, commitment[:31]},
		"a short salt":       {short, commitment},
		"no letter":          {nil, commitment},
		"a letter cut":       {letter[:len(letter)-1], commitment},
	} {
		if m, err := readLetter(c.letter, c.commitment); proto.ReasonOf(err) != proto.ReasonMalformed {
			t.Errorf("%s: %v, %v", name, m, err)
		}
	}
}

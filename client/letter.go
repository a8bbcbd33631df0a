package client

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"

	pb "google.golang.org/protobuf/proto"

	"crossband/proto"
	"crossband/proto/wire"
)

// writeLetter puts a message into what is sealed and returns the commitment to it,
// which goes outside: the incident's record holds the commitment, and who has the
// letter can prove later what was said.
func writeLetter(m *wire.Message) (letter, commitment []byte, err error) {
	l := &wire.Letter{Salt: make([]byte, proto.CommitmentLen)}
	rand.Read(l.Salt)
	if l.Message, err = pb.Marshal(m); err != nil {
		return nil, nil, fmt.Errorf("encode message: %w", err)
	}
	letter, err = pb.Marshal(l)
	return letter, commit(l), err
}

func commit(l *wire.Letter) []byte {
	h := sha256.New()
	h.Write(l.Salt)
	h.Write(l.Message)
	return h.Sum(nil)
}

// readLetter opens what was sealed. A sender who committed to something else is
// refused: it could deny afterwards what it has said.
func readLetter(letter, commitment []byte) (*wire.Message, error) {
	l := new(wire.Letter)
	if err := pb.Unmarshal(letter, l); err != nil {
		return nil, proto.Refuse(proto.ReasonMalformed, "sealed letter")
	}
	if len(l.Salt) != proto.CommitmentLen || subtle.ConstantTimeCompare(commit(l), commitment) != 1 {
		return nil, proto.Refuse(proto.ReasonMalformed, "the sender committed to something else than it sealed")
	}
	return messageIn(l)
}

// openLetter reads a letter of our own.
func openLetter(letter []byte) (*wire.Message, error) {
	l := new(wire.Letter)
	if err := pb.Unmarshal(letter, l); err != nil {
		return nil, err
	}
	return messageIn(l)
}

func messageIn(l *wire.Letter) (*wire.Message, error) {
	m := new(wire.Message)
	if err := pb.Unmarshal(l.Message, m); err != nil {
		return nil, proto.Refuse(proto.ReasonMalformed, "sealed message")
	}
	return m, nil
}

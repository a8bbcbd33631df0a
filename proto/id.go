package proto

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// ChannelID names a channel: the SHA-256 of its first charter's signed bytes,
// so that nobody can make a second channel under the same identifier.
type ChannelID [32]byte

// AgreementID names an agreement over all its revisions: the SHA-256 of the first
// revision's signed text.
type AgreementID [32]byte

// DocumentID names a signed document: the SHA-256 of its kind and octets.
type DocumentID [32]byte

// MessageID is chosen at random by the sender of a log entry; sending it again
// stores nothing twice. A hail's identifier is the MessageID of its entry.
type MessageID [16]byte

// IncidentID is chosen by whoever hails.
type IncidentID [16]byte

// BurstID names one press of push-to-talk.
type BurstID [8]byte

// ChannelIDOf returns the identifier of the channel that charter creates.
func ChannelIDOf(charter []byte) ChannelID { return sha256.Sum256(charter) }

// NewMessageID returns a random identifier.
func NewMessageID() (id MessageID) { rand.Read(id[:]); return id }

// NewIncidentID returns a random identifier.
func NewIncidentID() (id IncidentID) { rand.Read(id[:]); return id }

// NewBurstID returns a random identifier.
func NewBurstID() (id BurstID) { rand.Read(id[:]); return id }

// ChannelIDFrom reads an identifier of exactly 32 octets.
func ChannelIDFrom(b []byte) (id ChannelID, err error) { return id, fill(id[:], b, "channel") }

// AgreementIDOf returns the identifier of the agreement whose first revision's text it is.
func AgreementIDOf(text []byte) AgreementID { return sha256.Sum256(text) }

// AgreementIDFrom reads an identifier of exactly 32 octets.
func AgreementIDFrom(b []byte) (id AgreementID, err error) { return id, fill(id[:], b, "agreement") }

// ParseAgreementID reads the hexadecimal form that String writes.
func ParseAgreementID(s string) (AgreementID, error) {
	b, err := hex.DecodeString(s)
	if err != nil {
		return AgreementID{}, Refuse(ReasonMalformed, "agreement identifier is not hexadecimal")
	}
	return AgreementIDFrom(b)
}

// MessageIDFrom reads an identifier of exactly 16 octets.
func MessageIDFrom(b []byte) (id MessageID, err error) { return id, fill(id[:], b, "message") }

// IncidentIDFrom reads an identifier of exactly 16 octets.
func IncidentIDFrom(b []byte) (id IncidentID, err error) { return id, fill(id[:], b, "incident") }

// BurstIDFrom reads an identifier of exactly 8 octets.
func BurstIDFrom(b []byte) (id BurstID, err error) { return id, fill(id[:], b, "burst") }

func fill(dst, src []byte, what string) error {
	if len(src) != len(dst) {
		return Refuse(ReasonMalformed, fmt.Sprintf("%s identifier of %d octets, want %d", what, len(src), len(dst)))
	}
	copy(dst, src)
	return nil
}

// ParseChannelID reads the hexadecimal form that String writes.
func ParseChannelID(s string) (ChannelID, error) {
	b, err := hex.DecodeString(s)
	if err != nil {
		return ChannelID{}, Refuse(ReasonMalformed, "channel identifier is not hexadecimal")
	}
	return ChannelIDFrom(b)
}

// ParseIncidentID reads the hexadecimal form that String writes.
func ParseIncidentID(s string) (IncidentID, error) {
	b, err := hex.DecodeString(s)
	if err != nil {
		return IncidentID{}, Refuse(ReasonMalformed, "incident identifier is not hexadecimal")
	}
	return IncidentIDFrom(b)
}

// String returns the identifier in hexadecimal.
func (id ChannelID) String() string { return hex.EncodeToString(id[:]) }

// Short returns the first four octets, for logs and screens.
func (id ChannelID) Short() string { return hex.EncodeToString(id[:4]) }

// String returns the identifier in hexadecimal.
func (id AgreementID) String() string { return hex.EncodeToString(id[:]) }

// Short returns the first four octets, for logs and screens.
func (id AgreementID) Short() string { return hex.EncodeToString(id[:4]) }

// Short returns the first four octets, for logs and screens.
func (id DocumentID) Short() string { return hex.EncodeToString(id[:4]) }

// String returns the identifier in hexadecimal.
func (id MessageID) String() string { return hex.EncodeToString(id[:]) }

// String returns the identifier in hexadecimal.
func (id IncidentID) String() string { return hex.EncodeToString(id[:]) }

// String returns the identifier in hexadecimal.
func (id BurstID) String() string { return hex.EncodeToString(id[:]) }

package proto

import "encoding/binary"

// Alias is the short number of a channel in one direction of one link, chosen
// by the receiver of the voice.
type Alias uint32

// MaxAlias is the largest alias: it fits a two-octet varint.
const MaxAlias Alias = 1<<14 - 1

// A voice datagram is the alias as a QUIC varint (RFC 9000 16) of one or two
// octets, minimal, and then one SFrame frame (RFC 9605 4.2) to the end.

// AppendVoice appends a voice datagram's header. The caller appends the frame.
func (a Alias) AppendVoice(b []byte) []byte {
	if a < 1<<6 {
		return append(b, byte(a))
	}
	return binary.BigEndian.AppendUint16(b, uint16(a)|0x4000)
}

// ParseVoice splits a datagram into its alias and its SFrame frame, which
// aliases b.
func ParseVoice(b []byte) (Alias, []byte, error) {
	if len(b) > MaxDatagram {
		return 0, nil, Refusef(ReasonTooLarge, "datagram of %d octets, limit %d", len(b), MaxDatagram)
	}
	if len(b) < 2 {
		return 0, nil, Refuse(ReasonMalformed, "datagram is too short")
	}
	if b[0] < 1<<6 {
		return Alias(b[0]), b[1:], nil
	}
	if b[0]>>6 != 1 || len(b) < 3 {
		return 0, nil, Refuse(ReasonMalformed, "datagram's alias")
	}
	a := Alias(binary.BigEndian.Uint16(b) & 0x3fff)
	if a < 1<<6 {
		return 0, nil, Refuse(ReasonMalformed, "datagram's alias is not minimal")
	}
	return a, b[2:], nil
}

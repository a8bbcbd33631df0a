// Package lane is the format of the voice lane: sealed packets that carry voice
// from a relay to an endpoint beside QUIC, on the same UDP sockets and the same
// path (docs/PROTOCOL.md, the voice lane). It is pure: who calls it owns the
// sockets, the clock and the counters.
//
// A packet is
//
//	kind        1 octet    Kind
//	id          4 octets   of the lane's generation
//	sequence    4 octets   from 0, each once
//	sealed                 a voice datagram, or nothing: a probe
//	tag        16 octets   AES-256-GCM
//
// Keys come from the QUIC connection's handshake by the TLS exporter (RFC 8446
// 7.5), as SRTP's do from DTLS (RFC 5764). They end with the connection. A
// generation is a path: when the endpoint moves, the relay goes to the next
// generation, with another id, key and sequence, so that nobody can tell from
// the packets that the two paths are one device's (RFC 9000 9.5).
package lane

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"crossband/proto"
)

const (
	// Capability is what both sides offer in their greeting to have a lane.
	Capability = "lane"

	// ExporterLabel is the lane's with the TLS exporter. Labels that are not
	// registered begin like this (RFC 5705 4).
	ExporterLabel = "EXPERIMENTAL crossband voice lane"

	// SecretSize is what the exporter is asked for, in octets.
	SecretSize = 32

	// Kind is every packet's first octet. The two high bits are 0, so no QUIC
	// packet begins with it (RFC 9000 17), and RFC 7983 gives it to nobody else.
	Kind = 0x05

	// HeaderSize and TagSize are what a packet has more than its plaintext.
	HeaderSize = 1 + 4 + 4
	TagSize    = 16

	// MaxPacket is the largest packet.
	MaxPacket = HeaderSize + proto.MaxDatagram + TagSize

	// MaxSequence is a generation's last sequence number. At a thousand packets a
	// second it comes after seven weeks, far within what AES-GCM bears under one
	// key (RFC 8446 5.5); the lane is over then and QUIC carries the voice.
	MaxSequence = 1<<32 - 1
)

// ID tells generations apart at a receiver. It says nothing of who has it.
type ID [4]byte

// Generation counts the paths of a lane, from 0.
type Generation uint32

// Nonce is room for one, lent by the caller so that sealing allocates nothing.
type Nonce [12]byte

// Keys are one generation's.
type Keys struct {
	Generation Generation
	ID         ID
	aead       cipher.AEAD
	iv         Nonce
}

// Derive returns the keys of a generation of the lane whose secret is the
// exporter's.
func Derive(secret []byte, g Generation) (*Keys, error) {
	if len(secret) != SecretSize {
		return nil, fmt.Errorf("lane: secret of %d octets", len(secret))
	}
	info := binary.BigEndian.AppendUint32([]byte("crossband lane "), uint32(g))
	k := &Keys{Generation: g}
	okm, err := hkdf.Expand(sha256.New, secret, string(info), 32+len(k.iv)+len(k.ID))
	if err != nil {
		return nil, fmt.Errorf("lane: %w", err)
	}
	block, err := aes.NewCipher(okm[:32])
	if err != nil {
		return nil, fmt.Errorf("lane: %w", err)
	}
	if k.aead, err = cipher.NewGCM(block); err != nil {
		return nil, fmt.Errorf("lane: %w", err)
	}
	copy(k.iv[:], okm[32:])
	copy(k.ID[:], okm[32+len(k.iv):])
	return k, nil
}

// Seal makes a packet of what stands after its first HeaderSize octets, in
// place, and returns it. A sequence number must not be used twice. Where packet
// has TagSize octets of room nothing is allocated.
func (k *Keys) Seal(packet []byte, sequence uint32, n *Nonce) []byte {
	packet[0] = Kind
	copy(packet[1:], k.ID[:])
	binary.BigEndian.PutUint32(packet[5:], sequence)
	k.nonce(n, sequence)
	header, plain := packet[:HeaderSize], packet[HeaderSize:]
	return k.aead.Seal(header, n[:], plain, header)
}

// nonce is the IV with the sequence number over its end, as in RFC 8446 5.3.
func (k *Keys) nonce(n *Nonce, sequence uint32) {
	*n = k.iv
	low := n[len(n)-4:]
	binary.BigEndian.PutUint32(low, binary.BigEndian.Uint32(low)^sequence)
}

// Identify returns the id of what may be a lane's packet.
func Identify(packet []byte) (id ID, ok bool) {
	if len(packet) < HeaderSize+TagSize || len(packet) > MaxPacket || packet[0] != Kind {
		return id, false
	}
	return ID(packet[1:5]), true
}

//go:build linux && (amd64 || arm64)

package link

import (
	"encoding/binary"
	"syscall"
)

// canBatch is whether the system sends several packets with one call.
const canBatch = true

const (
	solUDP     = 17  // IPPROTO_UDP as a control message's level
	udpSegment = 103 // UDP_SEGMENT of udp(7): the payload is cut into packets of so many octets
)

// controlMessage returns the first control message of oob, with its header, and
// what comes behind it; nil when oob is empty or malformed.
func controlMessage(oob []byte) (m, rest []byte, level, kind int32) {
	if len(oob) < syscall.SizeofCmsghdr {
		return nil, nil, 0, 0
	}
	// cmsg(3): a length in the machine's word that counts the header, level, type.
	const word = syscall.SizeofCmsghdr - 8
	n := uint64(binary.NativeEndian.Uint32(oob))
	if word == 8 {
		n = binary.NativeEndian.Uint64(oob)
	}
	if n < syscall.SizeofCmsghdr || n > uint64(len(oob)) {
		return nil, nil, 0, 0
	}
	level = int32(binary.NativeEndian.Uint32(oob[word:]))
	kind = int32(binary.NativeEndian.Uint32(oob[word+4:]))
	end := min(syscall.CmsgSpace(int(n)-syscall.SizeofCmsghdr), len(oob))
	return oob[:end], oob[end:], level, kind
}

func isSegment(level, kind int32) bool { return level == solUDP && kind == udpSegment }

// inOnePiece reports whether a payload of n octets with these control messages
// is one packet. quic-go asks for cutting on every packet; most need none.
func inOnePiece(n int, oob []byte) bool {
	for len(oob) > 0 {
		m, rest, level, kind := controlMessage(oob)
		if m == nil {
			return false
		}
		if isSegment(level, kind) && (len(m) < syscall.SizeofCmsghdr+2 || n > int(binary.NativeEndian.Uint16(m[syscall.SizeofCmsghdr:]))) {
			return false
		}
		oob = rest
	}
	return true
}

// appendPlain appends control messages without those that ask for cutting.
func appendPlain(b, oob []byte) []byte {
	for len(oob) > 0 {
		m, rest, level, kind := controlMessage(oob)
		if m == nil {
			return b
		}
		if !isSegment(level, kind) {
			b = append(b, m...)
		}
		oob = rest
	}
	return b
}

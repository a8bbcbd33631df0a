package proto

import (
	"encoding/binary"
	"io"

	"google.golang.org/protobuf/proto"

	"crossband/proto/wire"
)

// frameHeader is kind u16, length u32, both big-endian; then length octets of
// a wire.Frame in protobuf.
const frameHeader = 6

// AppendFrame appends a frame with its header.
func AppendFrame(b []byte, f *wire.Frame) ([]byte, error) {
	start := len(b)
	b = append(b, make([]byte, frameHeader)...)
	b, err := proto.MarshalOptions{}.MarshalAppend(b, f)
	if err != nil {
		return b[:start], Refuse(ReasonInternal, "frame cannot be encoded")
	}
	length := len(b) - start - frameHeader
	if length > MaxFrame {
		return b[:start], Refusef(ReasonTooLarge, "frame of %d octets, limit %d", length, MaxFrame)
	}
	binary.BigEndian.PutUint16(b[start:], uint16(KindOf(f)))
	binary.BigEndian.PutUint32(b[start+2:], uint32(length))
	return b, nil
}

// ReadFrame reads one frame. permit judges kind and length before anything of
// the body is read or allocated. Frames of unknown optional kinds are skipped.
// It returns io.EOF at a clean end between frames; a Refusal blames the peer.
func ReadFrame(r io.Reader, permit func(Kind, int) error) (*wire.Frame, error) {
	for {
		var head [frameHeader]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return nil, err
		}
		kind := Kind(binary.BigEndian.Uint16(head[:]))
		length := binary.BigEndian.Uint32(head[2:])
		if length > MaxFrame {
			return nil, Refusef(ReasonTooLarge, "frame of kind %d claims %d octets, limit %d", kind, length, MaxFrame)
		}
		if kind.skipped() {
			if _, err := io.CopyN(io.Discard, r, int64(length)); err != nil {
				return nil, withinFrame(err)
			}
			continue
		}
		if err := permit(kind, int(length)); err != nil {
			return nil, err
		}
		body := make([]byte, length)
		if _, err := io.ReadFull(r, body); err != nil {
			return nil, withinFrame(err)
		}
		return parseFrame(kind, body)
	}
}

// withinFrame tells an end behind a header from a clean end between frames.
func withinFrame(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

func parseFrame(kind Kind, body []byte) (*wire.Frame, error) {
	f := new(wire.Frame)
	if err := proto.Unmarshal(body, f); err != nil {
		return nil, Refusef(ReasonMalformed, "frame of kind %d is not protobuf", kind)
	}
	if got := KindOf(f); got != kind {
		return nil, Refusef(ReasonMalformed, "frame's header says kind %d, its body %d", kind, got)
	}
	return f, nil
}

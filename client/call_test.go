package client

import (
	"math"
	"testing"

	"crossband/proto"
	"crossband/proto/wire"
)

// TestACodeThatDoesNotFitIsNoKnownReason: cut to its lower half, a relay's code
// could read as a reason that wipes this device, or as none at all.
func TestACodeThatDoesNotFitIsNoKnownReason(t *testing.T) {
	for code, want := range map[uint32]proto.Reason{
		uint32(proto.ReasonRevoked):         proto.ReasonRevoked,
		1 << 16:                             math.MaxUint16,
		1<<16 + uint32(proto.ReasonRevoked): math.MaxUint16,
		math.MaxUint32:                      math.MaxUint16,
	} {
		s := &Session{channels: make(map[proto.ChannelID]*Channel)}
		ch := &Channel{s: s}
		s.channels[ch.id] = ch
		news := s.returnedLocked(&wire.Returned{Channel: ch.id[:], Id: make([]byte, len(proto.MessageID{})), Code: code})
		if len(news) != 1 || news[0].(MessageMoved).Why.Reason != want {
			t.Errorf("code %d: told %+v, want reason %d", code, news, want)
		}
	}
}

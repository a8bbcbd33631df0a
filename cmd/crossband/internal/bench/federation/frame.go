package federation

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"time"

	"crossband/proto"
)

// frameSize is the octets of a frame: an SFrame header, and as much behind it as a
// frame of speech of 24 kbit/s has with its tag.
const frameSize = 120

// stampSize is what of it says which frame it is and when it was sent.
const stampSize = 16

// sealed makes a frame that no one can open: header, number, time of sending, and
// chance. Relays look at the header alone.
func sealed(leaf uint32, number uint64, at time.Duration) ([]byte, error) {
	kid, err := proto.ChannelKIDLayout().Compose(proto.KIDParts{Epoch: 1, Leaf: leaf, Context: 1})
	if err != nil {
		return nil, err
	}
	b := proto.SFrameHeader{KID: kid, CTR: number}.AppendTo(make([]byte, 0, frameSize))
	b = binary.BigEndian.AppendUint64(b, number)
	b = binary.BigEndian.AppendUint64(b, uint64(at))
	for len(b) < frameSize {
		b = append(b, byte(rand.Uint32()))
	}
	return b, nil
}

// unsealed reads a frame's number and time of sending.
func unsealed(frame []byte) (number uint64, at time.Duration, ok bool) {
	_, n, err := proto.ParseSFrameHeader(frame)
	if err != nil || len(frame) < n+stampSize {
		return 0, 0, false
	}
	return binary.BigEndian.Uint64(frame[n:]), time.Duration(binary.BigEndian.Uint64(frame[n+8:])), true
}

// listener notes how long frames were under way to one station, by the channel's alias.
type listener struct {
	st    *station
	begun time.Time // times of sending are counted from here

	mu    sync.Mutex // held for a frame
	heard map[proto.Alias][]time.Duration
	odd   int // frames that were none of ours
}

// listen takes all voice of the link until that ends.
func (l *listener) listen() {
	for {
		b, err := l.st.ReceiveVoice(context.Background())
		if err != nil {
			return
		}
		now := time.Since(l.begun)
		alias, frame, err := proto.ParseVoice(b)
		_, at, ok := unsealed(frame)
		l.mu.Lock()
		if err != nil || !ok {
			l.odd++
		} else {
			l.heard[alias] = append(l.heard[alias], now-at)
		}
		l.mu.Unlock()
	}
}

// take returns what has been heard on a channel since it was asked last.
func (l *listener) take(a proto.Alias) []time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := l.heard[a]
	delete(l.heard, a)
	return list
}

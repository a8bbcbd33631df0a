package federation

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
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

	mu    sync.Mutex                               // held for a frame
	heard map[proto.Alias]map[uint64]time.Duration // how long each frame was under way, by its number
	odd   int                                      // frames that were none of ours, or came again
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
		number, at, ok := unsealed(frame)
		if err != nil {
			ok = false
		}
		l.take(alias, number, now-at, ok)
	}
}

// take notes one frame.
func (l *listener) take(a proto.Alias, number uint64, took time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, again := l.heard[a][number]; !ok || again {
		l.odd++
		return
	}
	if l.heard[a] == nil {
		l.heard[a] = make(map[uint64]time.Duration)
	}
	l.heard[a][number] = took
}

// burst returns how long the frames first to last, which were said on a channel, were
// under way, those that came, and forgets all. Earlier ones came too late, and are lost.
// Whatever else came is an error: it would make up for a frame that was lost, or is
// voice that went astray.
func (l *listener) burst(a proto.Alias, first, last uint64) (list []time.Duration, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	odd := l.odd
	for alias, frames := range l.heard {
		for number, took := range frames {
			switch {
			case number < first:
			case alias == a && number <= last:
				list = append(list, took)
			default:
				odd++
			}
		}
	}
	clear(l.heard)
	if l.odd = 0; odd > 0 {
		return nil, fmt.Errorf("%w: %d", errOdd, odd)
	}
	return list, nil
}

// errOdd says that a listener heard what was not said for it.
var errOdd = errors.New("frames came twice, or on a channel that they were not said on")

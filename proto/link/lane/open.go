package lane

import (
	"encoding/binary"
	"errors"
)

// Why a packet is not taken. Neither changes anything.
var (
	ErrForged   = errors.New("lane: not sealed by the relay")
	ErrReplayed = errors.New("lane: taken before, or too old to tell")
)

// Opener opens one generation's packets, each once.
type Opener struct {
	keys     *Keys
	window   window
	received uint32
	scratch  Nonce
}

// NewOpener opens what is sealed with the keys.
func NewOpener(k *Keys) *Opener { return &Opener{keys: k} }

// Generation returns the one that it opens.
func (o *Opener) Generation() Generation { return o.keys.Generation }

// ID returns the generation's.
func (o *Opener) ID() ID { return o.keys.ID }

// Open returns what a packet that Identify gave this generation's ID carries: a
// voice datagram, or nothing if it is a probe. It is opened in place. A packet
// that is refused moves no window and counts nowhere.
func (o *Opener) Open(packet []byte) ([]byte, error) {
	header, sealed := packet[:HeaderSize], packet[HeaderSize:]
	sequence := binary.BigEndian.Uint32(header[5:])
	if o.window.has(sequence) {
		return nil, ErrReplayed
	}
	o.keys.nonce(&o.scratch, sequence)
	plain, err := o.keys.aead.Open(sealed[:0], o.scratch[:], sealed, header)
	if err != nil {
		return nil, ErrForged
	}
	o.window.take(sequence)
	o.received++
	return plain, nil
}

// Report says what has been received.
func (o *Opener) Report() Report {
	return Report{Generation: o.keys.Generation, Highest: o.window.highest, Received: o.received}
}

// windowSize is how far back a packet may come: more than half a second of
// voice on ten channels.
const windowSize = 256

// window remembers which sequence numbers have been taken (RFC 4303 3.4.3).
type window struct {
	begun   bool
	highest uint32
	taken   [windowSize / 64]uint64 // by sequence modulo windowSize
}

func (w *window) has(s uint32) bool {
	switch {
	case !w.begun || s > w.highest:
		return false
	case w.highest-s >= windowSize:
		return true
	}
	return w.taken[s/64%uint32(len(w.taken))]&(1<<(s%64)) != 0
}

func (w *window) take(s uint32) {
	switch {
	case !w.begun || s > w.highest && s-w.highest >= windowSize:
		w.taken = [len(w.taken)]uint64{}
		w.begun, w.highest = true, s
	case s > w.highest:
		for n := w.highest + 1; n != s; n++ {
			w.taken[n/64%uint32(len(w.taken))] &^= 1 << (n % 64)
		}
		w.highest = s
	}
	w.taken[s/64%uint32(len(w.taken))] |= 1 << (s % 64)
}

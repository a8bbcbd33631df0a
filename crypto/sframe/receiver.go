package sframe

import (
	"fmt"
	"slices"
	"time"

	"crossband/proto"
)

// Limits of a Receiver.
const (
	// PastEpochLife is how long an epoch's keys outlive the next epoch: long
	// enough for frames under way, short enough that a removed member's last
	// key opens nothing more.
	PastEpochLife = 10 * time.Second
	// MaxEpochs is how many epochs are held at once. The oldest goes first.
	// Two hundred changes of membership in a minute make 34 live epochs.
	MaxEpochs = 64
	// MaxContexts is how many restarts of one leaf are told apart in an epoch.
	MaxContexts = 4
	// MaxKeys bounds the keys of all epochs together: one thousand members
	// with MaxContexts each. Past epochs make room for the current one.
	MaxKeys = 4096
)

// Opened is what a frame held and what its key proves.
type Opened struct {
	Plaintext []byte // dst with the plaintext appended
	Leaf      uint32 // whose key it was: compare it with the link, or the burst's signer
	Epoch     uint64
	Context   uint64
	CTR       uint64
}

// Receiver opens the frames of all members of one group. The zero Receiver is
// of no use: see NewReceiver.
type Receiver struct {
	suite  Suite
	layout proto.KIDLayout
	epochs []*epoch // ascending; the last is the current one
	keys   int      // in all epochs
}

// NewReceiver returns a Receiver without any key. The layout of its KIDs is
// proto.ChannelKIDLayout unless one is given that is not zero.
func NewReceiver(suite Suite, layout proto.KIDLayout) (*Receiver, error) {
	if err := suite.ForChannel(); err != nil {
		return nil, err
	}
	layout = layoutOrDefault(layout)
	if !layout.Valid() {
		return nil, fmt.Errorf("%w: %+v", ErrLayout, layout)
	}
	return &Receiver{suite: suite, layout: layout}, nil
}

// AddEpoch makes the epoch the current one and starts the end of the one
// before: its keys are wiped PastEpochLife after now. The base key is copied.
// Epochs only go up. An older epoch with the same low bits is dropped at once,
// for its KIDs now mean the new one (RFC 9605 section 5.2).
func (r *Receiver) AddEpoch(number uint64, baseKey []byte, now time.Time) error {
	if err := checkKeying(r.suite, baseKey); err != nil {
		return err
	}
	if n := len(r.epochs); n > 0 {
		current := r.epochs[n-1]
		if number <= current.number {
			return fmt.Errorf("%w: %d after %d", ErrEpoch, number, current.number)
		}
		current.ends = now.Add(PastEpochLife)
	}
	r.Expire(now)
	r.dropEpochs(func(e *epoch) bool {
		return r.layout.LowEpoch(e.number) == r.layout.LowEpoch(number)
	})
	if len(r.epochs) == MaxEpochs {
		oldest := r.epochs[0]
		r.dropEpochs(func(e *epoch) bool { return e == oldest })
	}
	r.epochs = append(r.epochs, newEpoch(number, baseKey))
	return nil
}

// Expire wipes the epochs whose time is over. Open refuses them in any case;
// calling it at Deadline sees to it that a quiet channel forgets as well.
func (r *Receiver) Expire(now time.Time) {
	r.dropEpochs(func(e *epoch) bool { return e.over(now) })
}

// Deadline returns when the next epoch is due to be wiped, if one is.
func (r *Receiver) Deadline() (time.Time, bool) {
	var first time.Time
	for _, e := range r.epochs {
		if !e.ends.IsZero() && (first.IsZero() || e.ends.Before(first)) {
			first = e.ends
		}
	}
	return first, !first.IsZero()
}

// Wipe drops every key.
func (r *Receiver) Wipe() { r.dropEpochs(func(*epoch) bool { return true }) }

// Open checks a frame and appends its plaintext to dst, which must not overlap
// the frame. A refused frame leaves the Receiver as it was; the error is one
// of ErrHeader, ErrTooLong, ErrTooShort, ErrUnknownKey, ErrTag, ErrReplay,
// ErrOld and ErrFull. The tag is checked before the window, so that ErrReplay
// and ErrOld are said of genuine frames only.
func (r *Receiver) Open(dst, metadata, frame []byte, now time.Time) (Opened, error) {
	if len(frame) > MaxFrameLen || len(metadata) > MaxFrameLen {
		return Opened{}, fmt.Errorf("%w: %d octets, %d of metadata", ErrTooLong, len(frame), len(metadata))
	}
	h, n, err := proto.ParseSFrameHeader(frame)
	if err != nil {
		return Opened{}, fmt.Errorf("%w: %w", ErrHeader, err)
	}
	if len(frame)-n < maxTagLen { // both suites of ForChannel have the longest tag
		return Opened{}, ErrTooShort
	}
	parts := r.layout.Split(h.KID)
	e := r.epochOf(parts.Epoch, now)
	if e == nil {
		return Opened{}, fmt.Errorf("%w: epoch ending in %d", ErrUnknownKey, parts.Epoch)
	}
	state, known := e.senders[h.KID]
	if !known {
		if state, err = newSenderState(r.suite, h.KID, e.baseKey); err != nil {
			return Opened{}, err
		}
	}
	out, err := state.key.open(dst, h.CTR, frame[:n], metadata, frame[n:])
	if err != nil {
		return Opened{}, err
	}
	if err := r.accept(e, parts, h, state, known); err != nil {
		clear(out[len(dst):])
		return Opened{}, err
	}
	return Opened{Plaintext: out, Leaf: parts.Leaf, Epoch: e.number, Context: parts.Context, CTR: h.CTR}, nil
}

// accept records a genuine frame, or says why it comes again or too late.
func (r *Receiver) accept(e *epoch, parts proto.KIDParts, h proto.SFrameHeader, state *senderState, known bool) error {
	if !known {
		if err := r.admit(e, parts, h.KID, state); err != nil {
			return err
		}
	}
	if err := state.window.check(h.CTR); err != nil {
		return err
	}
	state.window.mark(h.CTR)
	return nil
}

// admit stores the key of a KID heard for the first time.
func (r *Receiver) admit(e *epoch, parts proto.KIDParts, kid uint64, state *senderState) error {
	older, err := e.contextToRetire(parts)
	if err != nil {
		return err
	}
	for r.keys >= MaxKeys && !older.found {
		if r.epochs[0] == e {
			return ErrFull
		}
		oldest := r.epochs[0]
		r.dropEpochs(func(x *epoch) bool { return x == oldest })
	}
	if older.found {
		oldKID, err := r.layout.Compose(proto.KIDParts{Epoch: e.number, Leaf: parts.Leaf, Context: older.context})
		if err != nil {
			return fmt.Errorf("%w: %w", ErrLayout, err)
		}
		e.retire(oldKID, parts.Leaf)
		r.keys--
	}
	e.add(kid, parts, state)
	r.keys++
	return nil
}

// epochOf finds the live epoch with these low bits, the newest first: nearly
// every frame is of the current one.
func (r *Receiver) epochOf(low uint64, now time.Time) *epoch {
	for _, e := range slices.Backward(r.epochs) {
		if r.layout.LowEpoch(e.number) == low && !e.over(now) {
			return e
		}
	}
	return nil
}

func (r *Receiver) dropEpochs(drop func(*epoch) bool) {
	r.epochs = slices.DeleteFunc(r.epochs, func(e *epoch) bool {
		if !drop(e) {
			return false
		}
		r.keys -= len(e.senders)
		e.wipe()
		return true
	})
}

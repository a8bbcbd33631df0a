package client

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"time"

	"crossband/proto"
)

// contextBits are the random part of an SFrame context. Above them it counts the
// starts of this group's state, because receivers take contexts of one sender in
// rising order only.
const contextBits = 30

// newContext makes the SFrame context of an epoch's voice key. The count alone
// would come again in a state that was put back from a backup, and with it the
// same key, counted from zero (RFC 9605 section 9.1); chance does not.
func newContext(restart uint64) uint64 {
	var b [4]byte
	rand.Read(b[:])
	return restart%(1<<(64-proto.KIDEpochBits-proto.KIDSenderBits-contextBits))<<contextBits | uint64(binary.BigEndian.Uint32(b[:])>>(32-contextBits))
}

// freshTimeout bounds how long a text waits for new keys.
const freshTimeout = 5 * time.Second

// freshenFor enters an epoch of this run's own making before the first text of a
// run: a state that was put back from a backup then seals nothing under keys that
// have been used. Calls for help do not wait for it, nor does anything when the hub
// is away: there the number that our relay has seen of us and the random guard in
// each seal (RFC 9420 section 6.3.1) must do.
func (ch *Channel) freshenFor(ctx context.Context) {
	ch.s.mu.Lock()
	o := ch.nextOutLocked()
	stale := o != nil && len(o.Sealed) == 0 && ch.restored && ch.group != nil && !ch.hubAway
	if stale {
		f, err := o.frame()
		stale = err == nil && f.GetText() != nil
	}
	ch.s.mu.Unlock()
	if !stale {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, freshTimeout)
	defer cancel()
	err := ch.Refresh(ctx)
	ch.s.mu.Lock()
	ch.restored = ch.restored && err != nil && passes(proto.ReasonOf(err)) // then the next text tries again
	ch.s.mu.Unlock()
	if err != nil {
		ch.s.log.Info("keys not renewed before the first text", "channel", ch.id.Short(), "why", err.Error())
	}
}

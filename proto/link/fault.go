package link

import "crossband/proto"

// RefusedByPeer says that the other side closed the link, and why.
type RefusedByPeer struct{ Refusal *proto.Refusal }

func (e *RefusedByPeer) Error() string { return "refused by the peer: " + e.Refusal.Error() }

// Unwrap returns the Refusal, so that proto.ReasonOf finds it.
func (e *RefusedByPeer) Unwrap() error { return e.Refusal }

// Lost says that the link ended without either side's word: silence, a
// restarted peer, a closed socket.
type Lost struct{ Cause error }

func (e *Lost) Error() string { return "link lost: " + e.Cause.Error() }

// Unwrap returns what the transport reported.
func (e *Lost) Unwrap() error { return e.Cause }

// Package hub is a relay's heart: the pure state of links, channels,
// membership, floors, hails, directory and routes.
//
// It turns (now, event) into effects and nothing else: it has no socket,
// clock, goroutine or lock, and it links nothing that could open content. The
// caller owns it from one goroutine and performs the effects in order. The
// same Hub serves the channels that its agency owns, for which it is the hub,
// and those of other agencies, for which it is a follower.
package hub

// Package views compares what the members of a channel believe its membership
// to be, so that a hub which tells two halves of them different things cannot
// do so in silence (RFC 9420 section 8.7, RFC 9750 section 5.2).
//
// Each member signs heartbeats: the epoch that it is in, and a digest of that
// epoch's authenticator, which only those can know who share the whole history.
// A Book keeps one member's own epochs and what the others have said, and
// answers whether the views agree, differ, or are not confirmed.
//
// The package is pure: it holds no clock, goroutine or lock.
package views

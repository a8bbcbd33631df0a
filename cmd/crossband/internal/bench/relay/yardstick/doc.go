// Package yardstick is what a relay's work is measured against: the simplest
// correct fan-out on quic-go, and a floor below which a fan-out by sealed UDP
// datagrams can hardly go. Both serve one benchmark, on loopback; nothing else may
// use them.
//
// It imports quic-go by itself, the only package beside proto/link that does: a
// yardstick that went through our own door would measure our door.
package yardstick

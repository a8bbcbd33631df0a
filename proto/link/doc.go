// Package link carries frames and voice datagrams over one QUIC connection
// between two parties that have proven who they are. It is the only door to
// quic-go, and it knows nothing of channels, agencies or pins: whether a
// certificate is good is judged by the function in Config.Verify, what the
// frames mean is for relay and client.
//
// # A link's beginning
//
//	dialler                                   listener
//	   | ------- TLS 1.3, ALPN crossband/1 ------> |
//	   |  each side proves possession of its key;  |
//	   |  each judges the other's chain (Verify)   |
//	   |     refusal: QUIC close, code = Reason    |
//	   | -- Hello: versions, capabilities, clock ->|
//	   | <- HelloAck: version, capabilities, clock |
//	   |              frames, voice                |
//
// The listener requires a certificate, lets TLS check that the peer holds its
// key, and judges the chain after the handshake, before it reads or writes
// anything: a TLS alert could not carry the reason, a QUIC close does. A relay
// that dials does the same. An endpoint that dials judges the relay within the
// handshake, before it shows its own certificate: an attacker in between must
// not learn which device this is. The price is that the relay's side then only
// sees that its certificate was not accepted, not why.
//
// A device without a certificate dials with ALPN crossband-enroll/1. Such a
// link carries a greeting, one Enrol and its answer, and ends by itself.
package link

// Package proto is Crossband's vocabulary: typed identifiers, limits, reason
// codes, the permission table, the protobuf schema (in proto/wire) and the
// voice datagram.
//
// It imports nothing else of the project and holds no state: no sockets, no
// goroutines, no clock. Links are in proto/link, rules of a node in relay/hub.
package proto

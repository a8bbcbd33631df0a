// Package wire holds the protobuf messages of the control stream, generated
// from wire.proto. Codec rules (header, limits, strictness) are in proto.
package wire

//go:generate protoc --proto_path=. --go_out=. --go_opt=paths=source_relative wire.proto stored.proto

//go:build !linux

package link

// canBatch is whether the system sends several packets with one call.
const canBatch = false

func inOnePiece(int, []byte) bool { return false }

func appendPlain(b, oob []byte) []byte { return append(b, oob...) }

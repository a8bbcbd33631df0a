//go:build !linux

package nodump

func noCores() error  { return ErrNotHere }
func noMemory() error { return ErrNotHere }

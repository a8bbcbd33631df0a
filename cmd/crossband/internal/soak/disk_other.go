//go:build !linux

package soak

const storeLimit = 16 // MiB

// disk is a small file system; there is none here.
type disk struct{}

func newDisk(string) (*disk, error) { return nil, ErrNoDisk }

func (*disk) fill() error   { return ErrNoDisk }
func (*disk) free() error   { return ErrNoDisk }
func (*disk) remove() error { return nil }

//go:build !linux

package growth

func (m *Machine) look() {}

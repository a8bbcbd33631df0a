// Package fips says how the program stands with FIPS 140-3 and refuses to go
// on where that was asked for and is not so. What is approved and what is not
// is in docs/decisions/0015-fips.md.
package fips

import (
	"crypto/fips140"
	"errors"
	"fmt"
	"runtime/debug"
)

// State is how the running program stands.
type State struct {
	Mode   string `json:"mode"`   // off, on, or only: unapproved calls fail or panic
	Module string `json:"module"` // version of the Go Cryptographic Module; latest: the toolchain's own, not frozen
	Build  string `json:"build"`  // what GOFIPS140 named when the program was built; empty: nothing
}

// Read returns how the running program stands.
func Read() State {
	s := State{Mode: "off", Module: fips140.Version()}
	switch {
	case fips140.Enforced():
		s.Mode = "only"
	case fips140.Enabled():
		s.Mode = "on"
	}
	if b, ok := debug.ReadBuildInfo(); ok {
		for _, set := range b.Settings {
			if set.Key == "GOFIPS140" {
				s.Build = set.Value
			}
		}
	}
	return s
}

// String is the state in one line.
func (s State) String() string {
	built := "built without GOFIPS140"
	if s.Build != "" && s.Build != "off" {
		built = "built with GOFIPS140=" + s.Build
	}
	return fmt.Sprintf("FIPS 140-3 mode %s, Go Cryptographic Module %s, %s", s.Mode, s.Module, built)
}

// ErrOff says that FIPS 140-3 mode was asked for and is not in force.
var ErrOff = errors.New("FIPS 140-3 mode is asked for and not in force")

// Require returns an error that wraps ErrOff unless the mode is in force. by
// says who asks, such as a file's key. The mode is set when a program starts:
// nothing in it can turn it on.
func Require(by string) error {
	if s := Read(); s.Mode == "off" {
		return fmt.Errorf("%s: %w (%s)", by, ErrOff, s)
	}
	return nil
}

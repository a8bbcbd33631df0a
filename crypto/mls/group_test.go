package mls

import (
	"errors"
	"testing"
)

// wantErr demands a refusal by a certain rule.
func wantErr(t *testing.T, why string, rule error, f func() error) {
	t.Helper()
	if err := f(); !errors.Is(err, rule) {
		t.Errorf("%s: got %v, want %v", why, err, rule)
	}
}

//go:build unix

package handheld

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestAReceiverThatSaysNothingHoldsNobodyUp: neither one that does not open, as a serial
// line without carrier, nor one that is silent keeps the program from ending.
func TestAReceiverThatSaysNothingHoldsNobodyUp(t *testing.T) {
	for name, there := range map[string]bool{"it does not open": false, "it is silent": true} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "receiver")
			if err := syscall.Mkfifo(path, 0o600); err != nil {
				t.Fatal(err)
			}
			if there {
				other, err := os.OpenFile(path, os.O_RDWR, 0)
				if err != nil {
					t.Fatal(err)
				}
				defer other.Close()
			}
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan struct{})
			go func() { // ends with ctx
				defer close(ended)
				FixSource{"nmea", path}.Follow(ctx, func(Fix) {}, func(error) {})
			}()
			time.Sleep(100 * time.Millisecond) // it is at it
			cancel()
			select {
			case <-ended:
			case <-time.After(10 * time.Second):
				t.Fatal("the program cannot end")
			}
		})
	}
}

package hub

import (
	"testing"

	pb "google.golang.org/protobuf/proto"

	"crossband/proto/wire"
)

// TestKeptCommitsAreBounded: in number and in octets, and none is kept without a request
// that it could overtake.
func TestKeptCommitsAreBounded(t *testing.T) {
	commit := func(octets int) *wire.Entry {
		return &wire.Entry{Item: &wire.Entry_Commit{Commit: &wire.Commit{Message: make([]byte, octets/2), GroupInfo: make([]byte, octets-octets/2), Welcome: make([]byte, 900<<10), Added: []string{"x"}}}}
	}
	for _, c := range []struct {
		why          string
		request      uint64
		octets, want int
	}{
		{"no request", 0, 1, 0},
		{"many small ones", 1, 1, maxKept},
		{"large ones", 1, maxKeptOctets / 3, 3},
		{"one that is too large", 1, maxKeptOctets + 1, 0},
	} {
		f := followed{request: c.request}
		for range 2 * maxKept {
			f.keep(commit(c.octets))
		}
		if len(f.later) != c.want {
			t.Errorf("%s: %d are kept, want %d", c.why, len(f.later), c.want)
		}
		for _, e := range f.later {
			if over := pb.Size(e) - c.octets; over > 64 {
				t.Fatalf("%s: an entry with %d octets more than its commit is kept", c.why, over)
			}
		}
	}
}

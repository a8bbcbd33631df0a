package proto_test

import (
	"testing"

	"crossband/proto"
)

// TestDispositionsAreReadAsTheyAreWritten: what a person types closes an incident
// for good, so nothing else is taken for a disposition.
func TestDispositionsAreReadAsTheyAreWritten(t *testing.T) {
	n := 0
	for d := proto.Disposition(0); d < 255; d++ {
		got, err := proto.ParseDisposition(d.String())
		if d.Valid() != (err == nil) || d.Valid() && got != d {
			t.Errorf("%d is written %q and read as %d, %v", d, d, got, err)
		}
		if d.Valid() {
			n++
		}
	}
	if n != 7 {
		t.Errorf("%d dispositions, want 7", n)
	}
	for _, s := range []string{"", "Resolved", "resolved ", "open", "unknown"} {
		if _, err := proto.ParseDisposition(s); proto.ReasonOf(err) != proto.ReasonMalformed {
			t.Errorf("%q: %v", s, err)
		}
	}
}

package client

import (
	"testing"

	"crossband/proto/wire"
)

// TestOnlyEnvelopesLieElsewhere: a hub that gives a commit a digest sends nobody to
// ask for what it is.
func TestOnlyEnvelopesLieElsewhere(t *testing.T) {
	digest := make([]byte, 32)
	if liesElsewhere(&wire.Entry{Item: &wire.Entry_Commit{Commit: &wire.Commit{}}, Digest: digest, Agency: "usbp.example"}) {
		t.Error("a commit")
	}
	if !liesElsewhere(&wire.Entry{Item: &wire.Entry_Text{Text: &wire.Text{}}, Digest: digest, Agency: "usbp.example"}) {
		t.Error("a text without its sealed part does not")
	}
}

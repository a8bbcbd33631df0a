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

// TestPortionsMakeAPage: as many parts are asked for as are likely to make a page, more
// only by degrees, and never more than the protocol allows or none.
func TestPortionsMakeAPage(t *testing.T) {
	parts := func(n, octets int) (list []*wire.Sealed_Part) {
		for range n {
			list = append(list, &wire.Sealed_Part{Sealed: make([]byte, octets)})
		}
		return list
	}
	var p portion
	for i, x := range []struct {
		came []*wire.Sealed_Part
		want int
	}{
		{nil, portionFirst},         // nobody knows yet
		{parts(8, 100), 16},         // small ones: twice as many
		{parts(16, 100), 32},        // again
		{parts(32, 100), 64},        //
		{parts(64, 100), 128},       // the most that may be asked for
		{parts(128, 100), 128},      //
		{parts(20, 16<<10), 4},      // large ones, and not all came
		{nil, 4},                    // none came: as they were
		{parts(4, 2*bulkPage), 1},   // larger than a page
		{parts(1, 0), portionFirst}, // empty ones, which a relay may make up
	} {
		if i > 0 {
			p.took(p.most(bulkPage), x.came)
		}
		if got := p.most(bulkPage); got != x.want {
			t.Errorf("step %d: %d are asked for, want %d", i, got, x.want)
		}
	}
}

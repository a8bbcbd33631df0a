package hub_test

import (
	"fmt"
	"strings"
	"testing"

	"crossband/crypto/mls/tree"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/hub"
)

// fat is a unit whose certificate chain has so many octets more, in certificates of which
// nobody needs any.
func fat(t *testing.T, w *world, short string, more int) {
	t.Helper()
	n, err := parseName(short)
	if err != nil {
		t.Fatal(err)
	}
	id := w.people.identity(n)
	chain := [][]byte{id.Credential.Chain[0]}
	for ; more > 0; more -= tree.MaxCertLen {
		chain = append(chain, make([]byte, min(more, tree.MaxCertLen)))
	}
	id.Credential = tree.X509(chain...)
	w.people.ids[n] = id
}

// TestGroupIsNoLargerThanItsMembersCanComeBackTo: a channel takes nobody in whose coming
// would leave the group larger than what may be handed out. Who is in can come back,
// renew and remove; after a removal there is room again.
func TestGroupIsNoLargerThanItsMembersCanComeBackTo(t *testing.T) {
	const each = 14 << 10
	w := newWorld(t)
	do(t, w, "charter border party=us:send=unit+desk")
	do(t, w, "up us/desk/d")
	do(t, w, "up mx/relay")
	do(t, w, "channel border us/desk/d")
	say := func(format string, args ...any) string {
		t.Helper()
		w.lines = nil
		do(t, w, format, args...)
		return strings.Join(w.lines, "\n")
	}
	fat(t, w, "us/unit/fat", proto.MaxLeaf)
	do(t, w, "up us/unit/fat")
	do(t, w, "make fat by us/unit/fat on border join")
	if said := say("from us/unit/fat id=1: commit border fat"); !strings.Contains(said, "(202)") {
		t.Errorf("a leaf of more than %d octets: %.300s", proto.MaxLeaf, said)
	}
	in := 0
	for ; in < 80; in++ {
		who := fmt.Sprintf("us/unit/u%d", in)
		fat(t, w, who, each)
		do(t, w, "up %s", who)
		do(t, w, "make j%d by %s on border join", in, who)
		if said := say("from %s id=1: commit border j%d", who, in); !strings.Contains(said, "Appended") {
			if !strings.Contains(said, "(600)") {
				t.Fatalf("member %d: %s", in, said)
			}
			break
		}
	}
	if want := proto.MaxGroup / each; in > want || in < want-want/16 { // a leaf has keys, too
		t.Errorf("%d members of %d octets came in, want %d", in, each, want)
	}
	tell := func() {
		t.Helper()
		for _, x := range w.hub.Apply(w.now, hub.FrameIn{Link: w.links["us/desk/d"], Frame: withID(frameOf(t, w, "fetch-group-info border"))}) {
			if s, ok := x.(hub.Send); ok {
				if b, err := proto.AppendFrame(nil, s.Frame); err != nil || s.Frame.GetGroupInfo() == nil || len(b) < (in-1)*each {
					t.Errorf("told %d octets, %v", len(b), err)
				}
				return
			}
		}
		t.Error("nothing is told")
	}
	tell()
	for i, what := range []string{"by us/unit/u0 on border rejoin", "by us/unit/u1 on border update", "by us/desk/d on border remove us/unit/u2"} {
		do(t, w, "make k%d %s", i, what)
		who := strings.Fields(what)[1]
		if said := say("from %s id=2: commit border k%d", who, i); !strings.Contains(said, "Appended") {
			t.Errorf("%s: %s", what, said)
		}
	}
	do(t, w, "make again by us/unit/u%d on border join", in)
	if said := say("from us/unit/u%d id=3: commit border again", in); !strings.Contains(said, "Appended") {
		t.Errorf("after a removal: %s", said)
	}
	tell()

	// Those who are in may make it larger by new certificates, though not so large that no
	// frame holds it; then they may still make it smaller.
	const more = 5 << 10
	grown := 0
	for i := 3; i < in; i++ {
		who := fmt.Sprintf("us/unit/u%d", i)
		fat(t, w, who, each+more)
		do(t, w, "make f%d by %s on border rejoin", i, who)
		if said := say("from %s id=4: commit border f%d", who, i); strings.Contains(said, "Appended") {
			grown++
		} else if !strings.Contains(said, "(600)") {
			t.Errorf("a larger certificate: %s", said)
		}
		tell()
	}
	if want := (proto.MaxFrame - proto.MaxGroup) / more; grown < want-2 || grown > want+3 {
		t.Errorf("%d grew by %d octets, want about %d", grown, more, want)
	}
	fat(t, w, "us/unit/u3", each/2)
	do(t, w, "make s by us/unit/u3 on border rejoin")
	if said := say("from us/unit/u3 id=5: commit border s"); !strings.Contains(said, "Appended") {
		t.Errorf("a smaller certificate: %s", said)
	}
}

// TestCommitIsBounded: message and group information together.
func TestCommitIsBounded(t *testing.T) {
	w := newWorld(t)
	do(t, w, "charter border party=us:send=unit+desk")
	do(t, w, "up us/desk/d")
	do(t, w, "channel border us/desk/d")
	w.lines = nil
	do(t, w, "from us/desk/d id=1: commit border big epoch=0 message=big:%d group-info=big:%d", proto.MaxCommit/2, proto.MaxCommit/2+1)
	if said := strings.Join(w.lines, "\n"); !strings.Contains(said, "(202)") {
		t.Errorf("%s", said)
	}
}

func withID(f *wire.Frame) *wire.Frame {
	f.Id = 1
	return f
}

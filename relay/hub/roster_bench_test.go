package hub_test

import (
	"fmt"
	"testing"
	"time"

	"crossband/crypto/mls"
	"crossband/crypto/mls/suite"
	"crossband/proto/wire"
	"crossband/relay/hub"
)

// large is a follower that has subscribed to Mexico's channel of n members, and
// the group of its desk. Certificates and their judge are real.
func large(b *testing.B, n int) (*world, *mls.Group) {
	w := newWorld(b)
	w.deep, w.mute = false, true
	do(b, w, "judge us mx trusting us mx")
	do(b, w, "charter border owner=mx party=mx:send=desk party=us:send=unit")
	do(b, w, "channel border mx/desk/m")
	desk, err := parseName("mx/desk/m")
	if err != nil {
		b.Fatal(err)
	}
	g := w.people.groups["border"][desk]
	o := mls.CommitOptions{Now: w.now}
	for i := range n - 1 {
		who, err := parseName(fmt.Sprintf("us/unit/u%d", i))
		if err != nil {
			b.Fatal(err)
		}
		p, _, err := mls.NewKeyPackage(w.people.identity(who), mls.KeyPackageOptions{Suite: suite.P256AES128, NotBefore: w.now.Add(-time.Hour), NotAfter: w.now.Add(24 * time.Hour)})
		if err != nil {
			b.Fatal(err)
		}
		o.Add = append(o.Add, p)
	}
	if n > 1 {
		p, err := g.Commit(o)
		if err == nil {
			err = g.Merge(p)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	do(b, w, "up us/unit/u0")
	do(b, w, "up mx/relay")
	do(b, w, "from mx/relay: channel-offer border created=true")
	do(b, w, "from us/unit/u0: subscribe border alias=1")
	do(b, w, "from mx/relay re=1: subscribed border alias=7 head=1 epoch=%d", g.Epoch())
	return w, g
}

func followSizes(b *testing.B, run func(b *testing.B, n int)) {
	for _, n := range []int{10, 100, 500, 1000} {
		b.Run(fmt.Sprintf("members%d", n), func(b *testing.B) { run(b, n) })
	}
}

// BenchmarkFollowGroupInfo is what it costs a follower to judge a channel's group
// information: once for each time that it finds itself behind.
func BenchmarkFollowGroupInfo(b *testing.B) {
	followSizes(b, func(b *testing.B, n int) {
		w, g := large(b, n)
		info, err := g.GroupInfo()
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			b.StopTimer()
			w.become("us/relay")
			clear(w.routes)
			do(b, w, "up us/unit/u0")
			do(b, w, "up mx/relay")
			do(b, w, "from mx/relay: channel-offer border created=true")
			do(b, w, "from us/unit/u0: subscribe border alias=1")
			do(b, w, "from mx/relay re=1: subscribed border alias=7 head=1 epoch=%d", g.Epoch())
			f := frameOf(b, w, "group-info border")
			f.Re, f.GetGroupInfo().GroupInfo, f.GetGroupInfo().RatchetTree = 2, info, g.RatchetTree()
			in := hub.FrameIn{Link: w.links["mx/relay"], Frame: f}
			b.StartTimer()
			w.hub.Apply(w.now, in)
			b.StopTimer()
			if v := w.hub.View()[0]; v.Roster != uint64(g.Epoch()) {
				b.Fatalf("the roster is of epoch %d", v.Roster)
			}
			b.StartTimer()
		}
	})
}

// BenchmarkFollowCommit is what a commit in the hub's log costs a follower: it is
// judged, and the roster written.
func BenchmarkFollowCommit(b *testing.B) {
	followSizes(b, func(b *testing.B, n int) {
		w, g := large(b, n)
		info, err := g.GroupInfo()
		if err != nil {
			b.Fatal(err)
		}
		f := frameOf(b, w, "group-info border")
		f.Re, f.GetGroupInfo().GroupInfo, f.GetGroupInfo().RatchetTree = 2, info, g.RatchetTree()
		w.apply(hub.FrameIn{Link: w.links["mx/relay"], Frame: f})
		seq := uint64(1)
		for b.Loop() {
			b.StopTimer()
			p, err := g.Commit(mls.CommitOptions{Now: w.now})
			if err != nil {
				b.Fatal(err)
			}
			c := &wire.Commit{Id: id(fmt.Sprint("c", seq), 16), Epoch: uint64(g.Epoch()), Message: p.Commit}
			if err := g.Merge(p); err != nil {
				b.Fatal(err)
			}
			seq++
			e := frameOf(b, w, "entries border")
			e.GetEntries().Entries = []*wire.Entry{{Seq: seq, Item: &wire.Entry_Commit{Commit: c}}}
			in := hub.FrameIn{Link: w.links["mx/relay"], Frame: e}
			b.StartTimer()
			w.hub.Apply(w.now, in)
			b.StopTimer()
			if v := w.hub.View()[0]; v.Roster != uint64(g.Epoch()) {
				b.Fatalf("the roster is of epoch %d, the group of %d", v.Roster, g.Epoch())
			}
			b.StartTimer()
		}
	})
}

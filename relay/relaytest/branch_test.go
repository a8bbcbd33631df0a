package relaytest_test

import (
	"bytes"
	"testing"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/crypto/mls/roster"
	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/tree"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
)

// branch is a channel's group at one epoch as who stands between two relays can put it
// together: what a hub hands out to joiners.
type branch struct {
	info, tree []byte
}

// into puts it into an answer, in place of the true one.
func (br branch) into(g *wire.GroupInfo) { g.GroupInfo, g.RatchetTree = br.info, br.tree }

// seenBranch follows a channel's group by what has passed: group information as it was
// handed out, and the commits after it. It is of the newest epoch for which both passed.
func seenBranch(t *testing.T, m *relaytest.Middle, ch proto.ChannelID) (br branch) {
	t.Helper()
	var g *roster.Group
	for _, s := range m.Seen() {
		if f := s.Frame.GetGroupInfo(); f != nil && bytes.Equal(f.Channel, ch[:]) {
			next, err := roster.New(f.GroupInfo, f.RatchetTree, anybody{}, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			if g == nil || next.Epoch() > g.Epoch() {
				g, br = next, branch{f.GroupInfo, f.RatchetTree}
			}
		}
		for _, c := range commitsIn(s.Frame) {
			if g == nil || !bytes.Equal(c.Channel, ch[:]) || c.Epoch != uint64(g.Epoch()) || len(c.GroupInfo) == 0 {
				continue
			}
			next, _, err := g.Apply(c.Message, time.Now())
			if err == nil && next.CheckGroupInfo(c.GroupInfo) == nil {
				g, br = next, branch{c.GroupInfo, next.Tree().AppendTo(nil)}
			}
		}
	}
	if g == nil {
		t.Fatal("no group information has passed")
	}
	return br
}

// commitsIn is a commit on its way to the hub, or those of entries that come from it.
func commitsIn(f *wire.Frame) (list []*wire.Commit) {
	if c := f.GetCommit(); c != nil {
		list = append(list, c)
	}
	for _, e := range f.GetEntries().GetEntries() {
		if c := e.GetCommit(); c != nil {
			list = append(list, c)
		}
	}
	return list
}

// withhold is a hub that keeps group information from the relays that it feeds, so that
// they must ask it when one of their devices joins.
func withhold(x relaytest.Passing) []*wire.Frame {
	f := pb.Clone(x.Frame).(*wire.Frame)
	if f.GetEntries() != nil {
		for _, c := range commitsIn(f) {
			c.GroupInfo = nil
		}
	}
	return []*wire.Frame{f}
}

// withoutFirst is a ratchet tree of suite 2 without its first member.
func withoutFirst(t *testing.T, ratchetTree []byte) []byte {
	s, err := suite.Lookup(suite.P256AES128)
	if err != nil {
		t.Error(err)
	}
	x, err := tree.Parse(s, ratchetTree)
	if err == nil {
		err = x.Remove(0)
	}
	if err != nil {
		t.Error(err)
		return nil
	}
	return x.AppendTo(nil)
}

package relaytest_test

import (
	"bytes"
	"sync"
	"testing"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/client"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
)

// lastEntry is the number of the newest log entry that has passed.
func lastEntry(m *relaytest.Middle, ch proto.ChannelID) (head uint64) {
	for _, s := range m.Seen() {
		if e := s.Frame.GetEntries(); e != nil && bytes.Equal(e.Channel, ch[:]) {
			head = max(head, e.Head)
		}
	}
	return head
}

// entry is a log entry that the middle makes up.
func entry(ch proto.ChannelID, e *wire.Entry) *wire.Frame {
	return &wire.Frame{Body: &wire.Frame_Entries{Entries: &wire.Entries{Channel: ch[:], Head: e.Seq, Entries: []*wire.Entry{e}}}}
}

// TestReplayedWelcomeReusesNoVoiceKey: a hub uses up a device's packages until
// only the one of last resort is left, adds it by that, spoils a commit so that
// the device drops the group, and sends the same welcome again. The device must
// not come back into the epoch in which it has talked: its counters would begin
// at zero under the same key.
func TestReplayedWelcomeReusesNoVoiceKey(t *testing.T) {
	between(t, func(t *testing.T, p *patrol, m *relaytest.Middle) {
		rookie := p.border.mx.Endpoint("unit/rookie")
		time.Sleep(time.Second)
		drain := p.Rogue(p.border.us.Identity("unit/drain"), p.border.us)
		last := false
		for range 4 {
			a := drain.Call(&wire.Frame{Body: &wire.Frame_FetchKeyPackage{FetchKeyPackage: &wire.FetchKeyPackage{
				Name: rookie.Name().String(), Suite: uint32(proto.SuiteP256), Channel: p.group[:],
			}}})
			last = a.GetKeyPackage().GetLastResort()
		}
		if last {
			t.Fatal("the packages were used up too early for this test")
		}
		drain.Close()
		if err := p.us.Add(minute(t), rookie.Name()); err != nil {
			t.Fatal(err)
		}
		relaytest.Wait(t, rookie.Watch, "it is added", func(j client.Joined) bool { return j.Channel == p.group })
		time.Sleep(time.Second)
		var welcome *wire.Welcome
		for _, s := range m.Seen() {
			if w := s.Frame.GetWelcome(); w != nil && w.To == rookie.Name().String() {
				welcome = pb.Clone(w).(*wire.Welcome)
			}
		}

		var mu sync.Mutex
		sealed := make(map[string][]byte) // by header: key and counter
		reused := 0
		m.TamperVoice(func(toward proto.Agency, _ proto.Alias, f []byte) [][]byte {
			if toward == p.border.us.Name {
				_, n, _ := proto.ParseSFrameHeader(f)
				mu.Lock()
				if old, ok := sealed[string(f[:n])]; ok && !bytes.Equal(old, f) {
					reused++
				}
				sealed[string(f[:n])] = bytes.Clone(f)
				mu.Unlock()
			}
			return [][]byte{f}
		})
		ch := rookie.Channel(p.group)
		before, _ := ch.Epoch()
		push(t, ch, 30, client.TalkOptions{}).well()
		time.Sleep(5 * time.Second)

		m.Tamper(func(x relaytest.Passing) []*wire.Frame {
			if x.Toward == p.border.us.Name && x.Frame.GetFetchGroupInfo() != nil {
				return nil
			}
			return []*wire.Frame{x.Frame}
		})
		id, next := proto.NewMessageID(), lastEntry(m, p.group)+1
		m.Say(p.border.mx, entry(p.group, &wire.Entry{Seq: next, Item: &wire.Entry_Commit{Commit: &wire.Commit{Channel: p.group[:], Id: id[:], Epoch: before, Message: []byte("noise")}}}))
		time.Sleep(15 * time.Second)
		welcome.Head = next
		m.Say(p.border.mx, &wire.Frame{Body: &wire.Frame_Welcome{Welcome: welcome}})
		time.Sleep(time.Minute)                      // it takes its turn behind the tries to come back
		<-push(t, ch, 30, client.TalkOptions{}).done // refused if it is out, and sealed anew if it is in
		time.Sleep(time.Second)
		mu.Lock()
		defer mu.Unlock()
		if reused > 0 {
			t.Errorf("%d voice keys were used with one counter for two frames", reused)
		}
		if epoch, auth := ch.Epoch(); auth != nil && epoch <= before {
			t.Errorf("the replayed welcome led back into epoch %d", epoch)
		}
	})
}

// TestAHubMovesNoHailOfAnotherChannel: the US relay, hub of one channel, must
// not end a hail on a channel of Mexico's.
func TestAHubMovesNoHailOfAnotherChannel(t *testing.T) {
	var m *relaytest.Middle
	var own proto.ChannelID
	runWith(t, 1, func(b *border) {
		m = b.Middle(b.mx, b.us)
		both := []*wire.Charter_Party{relaytest.Party(b.us), relaytest.Party(b.mx)}
		own = b.mx.Calling("Piedras Negras calls", both, both)
	}, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		desk := b.us.Endpoint("desk/del-rio")
		caller := p.guard.MustJoin(own)
		desk.MustJoin(own)
		time.Sleep(time.Second)
		mine, theirs := ring(t, caller, desk, client.HailOptions{})
		stands(t, proto.HailReceived, mine, theirs)
		id, hail := proto.NewMessageID(), mine.ID()
		m.Say(b.mx, entry(p.group, &wire.Entry{Seq: lastEntry(m, p.group) + 1, Item: &wire.Entry_HailReply{HailReply: &wire.HailReply{
			Channel: p.group[:], Id: id[:], Hail: hail[:], From: "spiffe://usbp.example/relay/r1", State: uint32(proto.HailExpired),
		}}}))
		time.Sleep(time.Second)
		if st, _ := mine.State(); st != proto.HailReceived {
			t.Errorf("a hub moved a hail of another channel to %s", st)
		}
		reply(t, theirs, proto.HailAccepted, 0)
		time.Sleep(2 * time.Second)
		if st, _ := mine.State(); st != proto.HailAccepted {
			t.Errorf("accepted at the desk; the caller sees %s", st)
		}
	})
}

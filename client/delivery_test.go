package client

import (
	"fmt"
	"testing"

	"crossband/crypto/identity"
	"crossband/proto"
	"crossband/proto/wire"
)

// TestOnlyMembersHaveRead: a relay can name whom it likes. Nobody but a member, or
// who was one, is shown to have read, or is remembered; and no agency but a party.
func TestOnlyMembersHaveRead(t *testing.T) {
	party := proto.Agency("usbp.example")
	name := func(i int) proto.Name {
		return proto.Name{Agency: party, Role: proto.RoleUnit, Label: fmt.Sprintf("u%d", i)}
	}
	me := name(0)
	s := &Session{cfg: Config{Identity: &identity.Identity{Name: me}}, channels: make(map[proto.ChannelID]*Channel), changed: make(chan struct{})}
	ch := s.newChannelLocked(proto.Charter{Channel: proto.ChannelID{1}, Parties: []proto.Party{{Agency: party, Send: []proto.Role{proto.RoleUnit}}}}, nil)
	ch.present = map[proto.Name]struct{}{me: {}, name(1): {}, name(2): {}}
	ch.mine.add(proto.MessageID{1}, 5)
	progress := func(seq uint64) *wire.Progress {
		b := &wire.Progress{Channel: ch.id[:], Delivered: []*wire.Progress_Mark{{Name: "nobody.example", Seq: seq}}}
		for i := range 2 * maxReaders {
			b.Read = append(b.Read, &wire.Progress_Mark{Name: name(i).String(), Seq: seq})
		}
		return b
	}
	news := s.progressLocked(progress(5))
	if len(news) != 1 || len(news[0].(MessageMoved).Readers) != 2 {
		t.Errorf("told %+v, want two readers and no agency", news)
	}
	if d := ch.Delivery(proto.MessageID{1}); len(d.Read) != 2 || len(d.Delivered) != 0 {
		t.Errorf("delivery %+v, want two readers and no agency", d)
	}

	delete(ch.present, name(2)) // it has left, and what it had read stays
	ch.mine.add(proto.MessageID{2}, 6)
	s.progressLocked(progress(6))
	if d := ch.Delivery(proto.MessageID{2}); len(d.Read) != 2 {
		t.Errorf("delivery %+v, want who is there and who was", d)
	}

	for i := range 2 * maxReaders { // members come and go for years
		ch.present = map[proto.Name]struct{}{name(i): {}}
		ch.noteProgressLocked(&wire.Progress{Read: []*wire.Progress_Mark{{Name: name(i).String(), Seq: 7}}})
	}
	if n := len(ch.read); n > maxReaders {
		t.Errorf("%d readers are remembered, want %d at most", n, maxReaders)
	}
}

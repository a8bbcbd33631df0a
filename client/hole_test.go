package client

import (
	"log/slog"
	"slices"
	"testing"
	"time"

	"crossband/client/views"
	"crossband/proto"
	"crossband/proto/incident"
	"crossband/proto/wire"
)

// holed is a channel of a device that is not linked.
func holed() *Channel {
	s := &Session{cfg: Config{State: NewMemoryState()}, log: slog.New(slog.DiscardHandler)}
	ch := &Channel{book: incident.NewBook(proto.Charter{}), s: s, charter: proto.Charter{Owner: "usbp.example", Parties: []proto.Party{{Agency: "gn.example"}}}}
	ch.heart.book = views.NewBook(ch.id, proto.Name{}, spread(proto.Name{}))
	return ch
}

// unsealed is an entry whose hole needs no keys.
func unsealed(seq uint64) *wire.Entry {
	return &wire.Entry{Seq: seq, Agency: "gn.example", Digest: []byte{1}, Item: &wire.Entry_Text{Text: &wire.Text{}}}
}

// seqs lists what is missed for good.
func seqs(news []Event) (list []uint64) {
	for _, e := range news {
		if m, ok := e.(Missed); ok && m.Origin == "" {
			list = append(list, m.Seq)
		}
	}
	return list
}

// TestHolesAreBounded: beyond 64 the oldest is given up, and said to be.
func TestHolesAreBounded(t *testing.T) {
	ch := holed()
	var gone []uint64
	for seq := range uint64(maxHoles + 2) {
		news := ch.passOverLocked(unsealed(seq + 1))
		if m, ok := news[0].(Missed); !ok || m.Origin != "gn.example" || m.Seq != seq+1 {
			t.Fatalf("entry %d: told %+v", seq+1, news)
		}
		gone = append(gone, seqs(news)...)
	}
	if !slices.Equal(gone, []uint64{1, 2}) || len(ch.holes.list) != maxHoles || ch.holes.list[0].Seq != 3 {
		t.Errorf("given up %v, kept %d", gone, len(ch.holes.list))
	}
	stranger := unsealed(100)
	stranger.Agency = "nobody.example"
	if got := seqs(ch.passOverLocked(stranger)); !slices.Equal(got, []uint64{100}) || len(ch.holes.list) != maxHoles {
		t.Errorf("an entry of an agency that is no party: missed %v", got)
	}
}

// TestKeysOfHolesAreBounded: beyond four epochs the oldest one's keys go, with all
// its holes; and an epoch's keys go with its last hole.
func TestKeysOfHolesAreBounded(t *testing.T) {
	ch := holed()
	keys := make(map[uint64][]byte)
	for seq := range uint64(2 * (maxLateEpochs + 1)) {
		epoch := 10 - seq/2 // the oldest comes last
		ch.holes.list = append(ch.holes.list, &hole{Seq: seq + 1, Epoch: epoch, Since: time.Now()})
		if ch.holes.epoch(epoch) == nil {
			keys[epoch] = []byte("secret")
			ch.holes.epochs = append(ch.holes.epochs, &lateEpoch{Epoch: epoch, Keys: keys[epoch]})
		}
	}
	wiped := func(epoch uint64) bool { return string(keys[epoch]) == string(make([]byte, 6)) }
	if got := seqs(ch.keepKeysLocked(10)); !slices.Equal(got, []uint64{9, 10}) || len(ch.holes.epochs) != maxLateEpochs {
		t.Errorf("given up %v, the keys of %d epochs are kept", got, len(ch.holes.epochs))
	}
	if !wiped(6) || wiped(7) {
		t.Error("not the oldest epoch's keys are wiped")
	}
	ch.holes.remove(ch.holes.list[0])
	if wiped(10) || ch.holes.epoch(10) == nil {
		t.Error("keys are gone while one of their holes waits")
	}
	ch.holes.remove(ch.holes.list[0])
	if !wiped(10) || ch.holes.epoch(10) != nil {
		t.Error("keys are left after their last hole")
	}
	ch.forgetHolesLocked()
	for epoch := range keys {
		if !wiped(epoch) {
			t.Errorf("the keys of epoch %d are left", epoch)
		}
	}
}

// TestHolesAreGivenUpAfterAWeek: and that is said, and saved.
func TestHolesAreGivenUpAfterAWeek(t *testing.T) {
	ch := holed()
	ch.passOverLocked(unsealed(1))
	ch.passOverLocked(unsealed(2))
	now := time.Now()
	ch.holes.list[0].Since = now.Add(-holeLife - time.Second)
	ch.holes.list[1].Since = now.Add(-holeLife + time.Second)
	if got := seqs(ch.expireHolesLocked(now)); !slices.Equal(got, []uint64{1}) || len(ch.holes.list) != 1 {
		t.Errorf("given up %v, %d left", got, len(ch.holes.list))
	}
	if v, err := ch.s.cfg.State.Load(channelKey + ch.id.String()); err != nil || len(v) == 0 {
		t.Errorf("not saved: %q, %v", v, err)
	}
}

// TestALateTextTakesItsPlace: what nobody was shown is given in the log's order.
func TestALateTextTakesItsPlace(t *testing.T) {
	ch := holed()
	ch.cursor = 9
	for _, seq := range []uint64{5, 8, 3, 6} {
		ch.receivedLocked(TextReceived{Seq: seq})
	}
	var got []uint64
	for _, x := range ch.inbox {
		got = append(got, x.Seq)
	}
	if !slices.Equal(got, []uint64{3, 5, 6, 8}) || ch.readUpToLocked() != 2 {
		t.Errorf("in the order %v, read up to %d", got, ch.readUpToLocked())
	}
}

// TestExpelledKeepsNoKeysOfHoles: not in memory either.
func TestExpelledKeepsNoKeysOfHoles(t *testing.T) {
	ch := holed()
	s, keys := ch.s, []byte("secret")
	s.ctx, s.changed, s.channels = t.Context(), make(chan struct{}), map[proto.ChannelID]*Channel{ch.id: ch}
	s.ears = newEars(s, nil)
	ch.holes.list = []*hole{{Seq: 1, Epoch: 1}}
	ch.holes.epochs = []*lateEpoch{{Epoch: 1, Keys: keys}}
	s.expelLocked(proto.Refuse(proto.ReasonRevoked, ""))
	if string(keys) != string(make([]byte, len(keys))) || len(ch.holes.list) != 0 {
		t.Errorf("%d holes and the keys %q are left", len(ch.holes.list), keys)
	}
}

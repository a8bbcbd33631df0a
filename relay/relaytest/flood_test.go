package relaytest_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crossband/client"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
	"crossband/relay/store"
)

// quality is how talking went: what was lost, and how long presses waited.
type quality struct {
	sent, lost int
	access     []time.Duration // press to grant, sorted
}

func (q quality) share() float64 { return float64(q.lost) / float64(q.sent) }

func (q quality) p99() time.Duration { return q.access[len(q.access)*99/100] }

// converse has the speaker talk in short bursts and two listeners hear it, one
// of them beyond the border.
func converse(t *testing.T, ch *client.Channel, bursts int, listeners ...*relaytest.Endpoint) (q quality) {
	t.Helper()
	for range bursts {
		r := push(t, ch, 25, client.TalkOptions{}).well()
		q.access = append(q.access, r.Granted.Sub(r.Pressed))
		for _, e := range listeners {
			q.sent += r.Sent
			q.lost += max(0, r.Sent-heard(t, e, r, "the burst is heard").Frames)
		}
	}
	slices.Sort(q.access)
	return q
}

// floods is a US relay with a talker, two listeners, and room for floods: what
// Canada's relay, and a stolen device of the US, can do.
type floods struct {
	*border
	field  *client.Channel
	desk   *relaytest.Endpoint
	guard  *relaytest.Endpoint
	peer   *relaytest.Rogue // Canada's relay
	device *relaytest.Rogue // a US unit, a member of both channels
}

func withFloods(t *testing.T, fn func(t *testing.T, f *floods)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBorder(t, 3, directly)
		f := &floods{border: b}
		b.Start(b.us, b.mx)
		defer b.Close(b.us, b.mx)
		f.desk, f.guard = b.us.Endpoint("desk/del-rio"), b.mx.Endpoint("desk/piedras-negras")
		f.desk.MustJoin(b.group)
		f.desk.MustJoin(b.calling)
		f.guard.MustJoin(b.group)
		f.guard.MustJoin(b.calling)
		f.field = b.us.Endpoint("unit/del-rio-214").MustJoin(b.group)
		id := b.us.Identity("unit/stolen")
		was := b.us.EndpointWith(id, client.NewMemoryState())
		was.MustJoin(b.group)
		was.MustJoin(b.calling)
		was.Close()
		f.device = b.Rogue(id, b.us)
		f.peer = b.Rogue(b.ca.Identity("relay/r1"), b.us)
		time.Sleep(5 * time.Second)
		fn(t, f)
	})
}

// while runs a flood for as long as people talk and compares with the same talk
// before it.
func (f *floods) while(t *testing.T, flood func(until time.Time)) {
	t.Helper()
	before := converse(t, f.field, 12, f.desk, f.guard)
	var wg sync.WaitGroup
	wg.Go(func() { flood(time.Now().Add(15 * time.Second)) }) // ends with the flood
	during := converse(t, f.field, 12, f.desk, f.guard)
	wg.Wait()
	if during.share() > before.share()+0.01 {
		t.Errorf("others lost %d of %d frames during the flood, %d of %d before", during.lost, during.sent, before.lost, before.sent)
	}
	if slower := during.p99() - before.p99(); slower > 20*time.Millisecond {
		t.Errorf("the floor took %v, 99 in 100, %v more than without the flood", during.p99(), slower)
	}
}

func unsubscribe(int) *wire.Frame {
	return &wire.Frame{Body: &wire.Frame_Unsubscribe{Unsubscribe: &wire.Unsubscribe{Channel: make([]byte, 32)}}}
}

// TestFloodOfFrames: a device and a partner's relay that send as fast as they
// can are read at their rate, and wait for the rest of the time.
func TestFloodOfFrames(t *testing.T) {
	for _, c := range []struct {
		who   string
		most  int // 15 s at the rate, the burst, and what lies in windows and queues
		floor int
	}{{"device", 15*50 + 400, 1000}, {"peer", 15*1000 + 4000, 15000}} {
		t.Run(c.who, func(t *testing.T) {
			withFloods(t, func(t *testing.T, f *floods) {
				r := f.device
				if c.who == "peer" {
					r = f.peer
				}
				stats := f.us.Node.Stats()
				f.while(t, func(until time.Time) { r.Flood(until, unsubscribe) })
				if n := f.us.Node.Stats(); n.FramesHeld == stats.FramesHeld || n.HeldFor == 0 {
					t.Errorf("no frame was held back: %+v", n)
				}
				read := int(f.us.Node.Stats().FramesRead - stats.FramesRead)
				if read > c.most+2000 || read < c.floor {
					t.Errorf("%d frames were read of the flood and all else, want about %d", read, c.most)
				}
			})
		})
	}
}

// slowStore is a store whose writes wait while it is told to.
type slowStore struct {
	store.Store
	gate chan struct{} // closed: writes pass
}

func (s *slowStore) Write(ctx context.Context, records []store.Record) error {
	<-s.gate
	return s.Store.Write(ctx, records)
}

// TestOneLinkHasAShareOfTheQueue: while the loop waits for the disk, a flooding
// device fills its own share of the queue to the loop and no more.
func TestOneLinkHasAShareOfTheQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBorder(t, 3, directly)
		disk := &slowStore{store.NewMemory(), make(chan struct{})}
		b.us.Store = disk
		open := disk.gate
		close(open)
		b.Start(b.us)
		defer b.Close(b.us)
		desk := b.us.Endpoint("desk/del-rio")
		ch := desk.MustJoin(b.group)
		device := b.Rogue(b.us.Identity("unit/stolen"), b.us)
		time.Sleep(5 * time.Second)

		disk.gate = make(chan struct{}) // the loop is at rest: it reads the field with its next write
		text := send(ch, "while the disk is slow")
		time.Sleep(time.Second)
		device.Flood(time.Now().Add(2*time.Second), unsubscribe)
		if n := b.us.Node.Stats().EventsQueued; n < 16 || n > 16+8 {
			t.Errorf("%d events wait for the loop, want the device's share of 16 and some of others", n)
		}
		if text.sent() {
			t.Error("the text was acknowledged before it was stored: the test shows nothing")
		}
		close(disk.gate)
		if <-text.done; text.err != nil {
			t.Errorf("the text: %v", text.err)
		}
		time.Sleep(time.Second)
	})
}

// TestFloodOfCommitsAndHails: what is within the link's rate and over the hub's
// quota is refused by name.
func TestFloodOfCommitsAndHails(t *testing.T) {
	withFloods(t, func(t *testing.T, f *floods) {
		f.while(t, func(until time.Time) {
			f.device.Flood(until, func(i int) *wire.Frame {
				id := proto.NewMessageID()
				if i%2 == 0 {
					return &wire.Frame{Id: uint64(i + 1000), Body: &wire.Frame_Commit{Commit: &wire.Commit{Channel: f.group[:], Id: id[:], Epoch: 99, Message: make([]byte, 500)}}}
				}
				return &wire.Frame{Id: uint64(i + 1000), Body: &wire.Frame_Hail{Hail: &wire.Hail{
					Channel: f.calling[:], Id: id[:], Incident: id[:], From: "spiffe://usbp.example/unit/stolen", To: "spiffe://gn.example/desk/piedras-negras",
					Urgency: uint32(proto.PriorityRoutine), ExpiresMs: time.Now().Add(time.Minute).UnixMilli(), Epoch: 99,
				}}}
			})
		})
		if n := f.device.Refusals()[proto.ReasonQuota]; n < 50 {
			t.Errorf("%d refusals for the quota, want most of the flood: %v", n, f.device.Refusals())
		}
	})
}

// TestFloodOfVoice: datagrams without a floor go nowhere; with the floor of
// another channel no more pass than a talker needs.
func TestFloodOfVoice(t *testing.T) {
	withFloods(t, func(t *testing.T, f *floods) {
		s := f.device.Call(&wire.Frame{Body: &wire.Frame_Subscribe{Subscribe: &wire.Subscribe{Channel: f.calling[:], Alias: 9}}}).GetSubscribed()
		stats := f.us.Node.Stats()
		f.while(t, func(until time.Time) {
			frame := f.takeFloor(t, f.calling)
			for time.Now().Before(until) { // ten times a talker's rate, and as much with no floor
				for range 20 {
					f.device.SendVoice(proto.Alias(s.Alias), frame)
					f.device.SendVoice(777, frame)
				}
				time.Sleep(20 * time.Millisecond)
			}
		})
		now := f.us.Node.Stats()
		if now.VoiceOverRate-stats.VoiceOverRate < 5000 || now.VoiceNoFloor-stats.VoiceNoFloor < 10000 {
			t.Errorf("of 15,000 frames on a route and as many on none, %d were over the rate and %d without a floor",
				now.VoiceOverRate-stats.VoiceOverRate, now.VoiceNoFloor-stats.VoiceNoFloor)
		}
	})
}

// takeFloor gives the stolen device the floor of a channel and returns a frame
// that passes there.
func (f *floods) takeFloor(t *testing.T, id proto.ChannelID) []byte {
	t.Helper()
	burst := proto.NewBurstID()
	press := &wire.FloorRequest{Channel: id[:], Burst: burst[:], Priority: uint32(proto.PriorityRoutine)}
	if err := f.device.Send(&wire.Frame{Body: &wire.Frame_FloorRequest{FloorRequest: press}}); err != nil {
		t.Error(err)
	}
	taken := f.device.Await("its leaf", func(a *wire.Frame) bool { return string(a.GetFloorTaken().GetBurst()) == string(burst[:]) }).GetFloorTaken()
	kid, err := proto.ChannelKIDLayout().Compose(proto.KIDParts{Leaf: taken.Leaf})
	if err != nil {
		t.Error(err)
	}
	return append(proto.SFrameHeader{KID: kid}.AppendTo(nil), make([]byte, 100)...)
}

// TestFloodOfLinks: a partner's relay and a device that link again and again
// are told why not, in the end.
func TestFloodOfLinks(t *testing.T) {
	for _, who := range []string{"device", "peer"} {
		t.Run(who, func(t *testing.T) {
			withFloods(t, func(t *testing.T, f *floods) {
				id := f.us.Identity("unit/stolen")
				if who == "peer" {
					id = f.ca.Identity("relay/r1")
				}
				again := f.Looper(id, f.us)
				made, refused := 0, 0
				f.while(t, func(until time.Time) {
					for time.Now().Before(until) {
						err := again.Link()
						switch {
						case err == nil:
							made++
						case proto.ReasonOf(err) == proto.ReasonQuota:
							refused++
						default:
							t.Errorf("a link was refused with %v, want %d", err, proto.ReasonQuota)
						}
						time.Sleep(20 * time.Millisecond)
					}
				})
				if made > 30+15+1 || refused < 50 {
					t.Errorf("%d links were made in 15 s and %d refused, want the burst of 30 and one a second", made, refused)
				}
			})
		})
	}
}
